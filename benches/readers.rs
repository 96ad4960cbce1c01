//! Throughput of the readers, in bytes of input: the prover's XML, `.glob` files, the cut into sentences, records.
//!
//! `cargo bench --bench readers` reads the seeds of the fuzzers many times over. `READERS_LIBRARY=FOLDER` takes the `.v`
//! and `.glob` files of a library instead, `READERS_XML=FILE` what `coqidetop` has said, and `READERS_RECORDS=FOLDER` the
//! records of a step.

use std::{env, fs};

use divan::Bencher;
use divan::counter::BytesCount;
use rocq_distill::record::Record;
use rocq_distill::rocq::wire::{Answer, END};
use rocq_distill::rocq::{glob, sentence};
use walkdir::WalkDir;

const SEEDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz/corpus");

/// Seeds are read so often that a run of the clock has something to measure.
const N_COPIES: usize = 200;

fn main() {
    divan::main();
}

/// The files of one extension below the folder or at the path that a variable names, else below the seeds' folder.
fn texts(variable: &str, seeds: &str, extension: &str) -> Vec<String> {
    let (folder, n_copies) = match env::var(variable) {
        Ok(folder) => (folder, 1),
        Err(_) => (format!("{SEEDS}/{seeds}"), N_COPIES),
    };
    let files = WalkDir::new(folder).sort_by_file_name().into_iter().map(|entry| entry.expect("a file"));
    let files = files.filter(|entry| entry.path().to_string_lossy().ends_with(extension));
    let texts: Vec<_> = files.map(|entry| fs::read_to_string(entry.path()).expect("a text")).collect();
    assert!(!texts.is_empty(), "{variable}: there is no file of this kind");
    std::iter::repeat_n(texts, n_copies).flatten().collect()
}

fn bench<T>(bencher: Bencher, texts: &[String], read: impl Fn(&str) -> T + Sync) {
    let n_bytes = texts.iter().map(String::len).sum::<usize>();
    bencher.counter(BytesCount::new(n_bytes)).bench(|| {
        for text in texts {
            divan::black_box(read(text));
        }
    });
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn xml(bencher: Bencher) {
    let end = std::str::from_utf8(END).expect("a text");
    let texts = texts("READERS_XML", "xml", ".xml");
    let answers: Vec<_> = texts.iter().flat_map(|text| text.split_inclusive(end)).map(str::to_owned).collect();
    bench(bencher, &answers, |answer| Answer::decode(answer.as_bytes()).map(|answer| answer.notices).ok());
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn glob_file(bencher: Bencher) {
    bench(bencher, &texts("READERS_LIBRARY", "glob", ".glob"), |text| glob::parse(text).expect("a .glob file"));
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn sentences(bencher: Bencher) {
    bench(bencher, &texts("READERS_LIBRARY", "sentence", ".v"), sentence::split);
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn records(bencher: Bencher) {
    bench(bencher, &texts("READERS_RECORDS", "record", "record.jsonl"), |text| {
        text.lines().map(|line| serde_json::from_str::<Record>(line).expect("a record")).collect::<Vec<_>>()
    });
}
