//! How long the selection takes and how much memory: `cargo bench --bench select -- LIBRARY [N_DOCUMENTS [N_WANTED]]`.
//!
//! LIBRARY is a folder of `.v` files. Its statements and proofs, crudely cut, are recombined by a seeded generator into
//! as many documents as asked for, by default 200,000, from which 1,000 are chosen. Without LIBRARY nothing is done.
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::error::Error;
use std::path::Path;
use std::time::Instant;
use std::{env, fs};

use rocq_distill::text::bm25::Bm25;
use rocq_distill::text::farthest_first::farthest_first;
use rocq_distill::text::inverted_index::InvertedIndex;
use walkdir::WalkDir;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let Some(library) = arguments.first() else {
        println!("select: no library given; usage: cargo bench --bench select -- LIBRARY [N_DOCUMENTS [N_WANTED]]");
        return Ok(());
    };
    let number = |index: usize, default| arguments.get(index).map_or(Ok(default), |argument| argument.parse());
    let (n_documents, n_wanted) = (number(1, 200_000)?, number(2, 1_000)?);

    let proofs = proofs(Path::new(library))?;
    let documents = recombine(&proofs, n_documents);
    let n_bytes: usize = documents.iter().map(String::len).sum();
    println!("{} proofs recombined into {} documents of {n_bytes} bytes", proofs.len(), documents.len());
    report("documents made", 0.0);

    let started = Instant::now();
    let index = InvertedIndex::of(documents.iter().map(String::as_str))?;
    println!("{} postings of {} terms", index.postings().len(), index.n_terms());
    let index_seconds = started.elapsed().as_secs_f64();
    report("index by tantivy", index_seconds);

    let started = Instant::now();
    let bm25 = Bm25::new(index);
    let weights_seconds = started.elapsed().as_secs_f64();
    report("BM25 weights", weights_seconds);

    let started = Instant::now();
    let first = bm25.most_central();
    report("start", started.elapsed().as_secs_f64());

    let started = Instant::now();
    let choices = farthest_first(&bm25, n_wanted);
    let traversal_seconds = started.elapsed().as_secs_f64();
    report("traversal, start included", traversal_seconds);
    assert_eq!(choices.first().map(|choice| choice.document), first);

    report("all", index_seconds + weights_seconds + traversal_seconds);
    if let Some(last) = choices.last() {
        println!("{} chosen, the last at similarity {}", choices.len(), last.similarity.value());
    }
    Ok(())
}

fn report(phase: &str, seconds: f64) {
    println!("{phase:26} {seconds:7.2} s   peak memory {:5} MiB", peak_mebibytes().unwrap_or_default());
}

/// The most memory that this process has held so far.
fn peak_mebibytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes / 1024)
}

struct Proof {
    statement: String,
    sentences: Vec<String>,
}

/// The proofs of a library's files, in the order of their paths.
fn proofs(library: &Path) -> Result<Vec<Proof>, Box<dyn Error>> {
    let mut proofs = Vec::new();
    for entry in WalkDir::new(library).follow_links(true).sort_by_file_name() {
        let path = entry?.into_path();
        if path.extension().is_some_and(|extension| extension == "v") {
            proofs.extend(cut(&fs::read_to_string(path)?));
        }
    }
    if proofs.is_empty() {
        return Err(format!("no proofs in the .v files of `{}`", library.display()).into());
    }
    Ok(proofs)
}

/// Cuts at `Lemma` or `Theorem`, `Proof.` and `Qed.`, and a proof at its periods before white space.
fn cut(text: &str) -> Vec<Proof> {
    let cut_one = |after: &str| {
        let (statement, rest) = after.split_once("Proof.")?;
        let (script, _) = rest.split_once("Qed.")?;
        let whole = !script.contains("Proof.") && statement.len() < 2_000;
        let sentences =
            script.replace(".\n", ". ").split(". ").map(|sentence| sentence.trim().to_owned() + ".").collect();
        whole.then(|| Proof { statement: format!("Lemma {}", statement.trim()), sentences })
    };
    text.split("\nLemma ").flat_map(|part| part.split("\nTheorem ")).skip(1).filter_map(cut_one).collect()
}

/// Documents of a statement, the first half of one proof and the second half of another.
fn recombine(proofs: &[Proof], n_documents: usize) -> Vec<String> {
    let mut state = 1_u64;
    let mut any = || {
        // Knuth's MMIX generator; the high bits are the random ones.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        &proofs[usize::try_from(state >> 33).unwrap_or_default() % proofs.len()]
    };
    (0..n_documents)
        .map(|_| {
            let (statement, first, second) = (any(), any(), any());
            let first = &first.sentences[..first.sentences.len().div_ceil(2)];
            let second = &second.sentences[second.sentences.len() / 2..];
            format!("{}\n{}\n{}", statement.statement, first.join(" "), second.join(" "))
        })
        .collect()
}
