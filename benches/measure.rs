//! Throughput of token counting, in bytes of text, by number of threads.
//!
//! Counts the texts of the tests' tokenizer, or those of the file of JSON lines (`{"text": …}`) that `MEASURE_TEXTS`
//! names, with that tokenizer or the one that `MEASURE_TOKENIZER` names.

use std::{env, fs};

use divan::Bencher;
use divan::counter::BytesCount;
use rayon::prelude::*;
use rocq_distill::text::tokenizer::Tokenizer;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tokenizer");

fn main() {
    divan::main();
}

fn texts() -> Vec<String> {
    let path = env::var("MEASURE_TEXTS").unwrap_or_else(|_| format!("{FIXTURES}/counts.jsonl"));
    let lines = fs::read_to_string(path).expect("a file of texts");
    let text = |line| match serde_json::from_str::<serde_json::Value>(line).expect("a line of JSON")["text"].take() {
        serde_json::Value::String(text) => text,
        other => panic!("`text` is {other}"),
    };
    lines.lines().map(text).collect()
}

fn bench(bencher: Bencher, n_threads: usize, tokenizer: &Tokenizer) {
    let texts = texts();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().expect("threads");
    bencher
        .counter(BytesCount::new(texts.iter().map(String::len).sum::<usize>()))
        .bench(|| pool.install(|| texts.par_iter().map(|text| tokenizer.count(text).expect("a count")).sum::<usize>()));
}

#[divan::bench(args = [1, 2], sample_count = 10, sample_size = 1)]
fn tokenizer_json(bencher: Bencher, n_threads: usize) {
    let name = env::var("MEASURE_TOKENIZER").unwrap_or_else(|_| FIXTURES.to_owned());
    bench(bencher, n_threads, &Tokenizer::load(Some(&name)).expect("a tokenizer"));
}

#[divan::bench(args = [1, 2], sample_count = 10, sample_size = 1)]
fn built_in(bencher: Bencher, n_threads: usize) {
    bench(bencher, n_threads, &Tokenizer::load(None).expect("a tokenizer"));
}
