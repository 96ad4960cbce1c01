//! `select`: what is chosen, against a naive reference, and what the stage writes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Mutex;

use rocq_distill::record::{Reason, Record, RecordId, Rejected, SelectReason, StepKind, TheoremKind};
use rocq_distill::settings::SelectSettings;
use rocq_distill::stages::event::{Event, Observer, Silent};
use rocq_distill::stages::{Context, StageError, select};
use rocq_distill::store::digest::Digest;
use rocq_distill::store::layout::{StageDir, UnitName};
use rocq_distill::store::ledger::Summary;
use rocq_distill::store::sealed::SealedUnits;
use rocq_distill::store::shard::Shard;
use rocq_distill::store::unit::{self, Outcome};
use rocq_distill::text::bm25::{B, Bm25, K1, Similarity};
use rocq_distill::text::farthest_first::{Choice, farthest_first};
use rocq_distill::text::inverted_index::InvertedIndex;
use rocq_distill::text::rocq_tokens::tokens;

use crate::support::{self, step};

// --- What is chosen ---------------------------------------------------------------------------------------------------

#[test]
fn m20_m22_the_choice_and_every_similarity_are_those_of_a_naive_reference() {
    let documents = random_documents(500, 7);
    let bm25 = index(&documents);
    let naive = Naive::new(&documents);

    for query in 0..documents.len() {
        let similarities = bm25.similarities(&bm25.query(query), 0..documents.len());
        for (document, similarity) in similarities.into_iter().enumerate() {
            let expected = naive.similarity(query, document);
            assert!(
                (similarity.value() - expected).abs() <= 1e-9,
                "{query} and {document}: {} is not {expected}",
                similarity.value()
            );
        }
    }
    assert_eq!(farthest_first(&bm25, 100), naive.farthest_first(100));
}

#[test]
fn m20_twenty_documents_of_five_topics_come_from_all_five_whatever_their_sizes() {
    let sizes = [120, 60, 20, 5, 1];
    let mut random = Random(3);
    let mut documents = Vec::new();
    for (topic, size) in sizes.into_iter().enumerate() {
        for _ in 0..size {
            let own: String =
                (0..8).map(|_| format!("topic{topic}x{}", random.below(12))).collect::<Vec<_>>().join(" ") + " ";
            let shared: String =
                (0..4).map(|_| format!("shared{}", random.below(6))).collect::<Vec<_>>().join(" ") + " ";
            documents.push((topic, format!("Lemma {own} : {shared}.")));
        }
    }
    let texts: Vec<_> = documents.iter().map(|(_, text)| text.clone()).collect();
    let chosen = farthest_first(&index(&texts), 20);
    let topics: BTreeSet<_> = chosen.iter().map(|choice| documents[choice.document].0).collect();
    assert_eq!(topics, BTreeSet::from([0, 1, 2, 3, 4]));
    assert_eq!(chosen.len(), 20);
}

#[test]
fn each_choice_is_at_least_as_near_to_those_before_it_as_the_one_before_was() {
    let choices = farthest_first(&index(&random_documents(300, 11)), 300);
    assert_eq!(choices[0].nearest, None);
    assert_eq!(choices[0].similarity, Similarity::ZERO);
    assert!(choices.is_sorted_by_key(|choice| choice.similarity));
    assert_eq!(choices.iter().map(|choice| choice.document).collect::<BTreeSet<_>>().len(), 300);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let documents = random_documents(9000, 5);
    let bm25 = index(&documents);
    let choose = |n_threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| farthest_first(&bm25, 40))
    };
    assert_eq!(choose(1), choose(4));
}

#[test]
fn a_document_without_tokens_is_chosen_last() {
    let documents = ["(* only a comment *)", "a b", "a c", "", "d"].map(str::to_owned);
    let choices = farthest_first(&index(&documents), 5);
    let order: Vec<_> = choices.iter().map(|choice| choice.document).collect();
    assert_eq!(order, [1, 4, 2, 0, 3]);
    assert_eq!(choices[4].similarity, Similarity::ONE);
    assert_eq!(farthest_first(&index(&[String::new(), "(**)".to_owned()]), 5).len(), 2);
    assert_eq!(farthest_first(&index(&[]), 5), []);
}

#[test]
fn equal_documents_resemble_each_other_wholly_and_ties_go_to_the_first() {
    let documents = ["a b", "a b", "c d", "c d"].map(str::to_owned);
    let bm25 = index(&documents);
    let similarities: Vec<_> = bm25.similarities(&bm25.query(1), 0..4).into_iter().map(Similarity::value).collect();
    assert_eq!(similarities, [1.0, 1.0, 0.0, 0.0]);
    let order: Vec<_> = farthest_first(&bm25, 4).iter().map(|choice| choice.document).collect();
    assert_eq!(order, [0, 2, 1, 3]);
}

// --- What the stage writes ---------------------------------------------------------------------------------------------

#[test]
fn every_record_is_kept_with_its_rank_or_rejected_with_its_reason() {
    let folders = Folders::new(&[
        ("lib/a", &[("a:1", "Lemma x : p = q.", "by rewrite pq."), ("a:2", "Lemma y : r.", "exact: s.")]),
        (
            "lib/b",
            &[
                ("b:1", "Lemma x :\n  p = q.", "by  rewrite pq."),
                ("b:2", "Lemma x : p = q.", "by rewrite qp."),
                ("b:3", "Lemma z : t <= u.", "apply: v; first by case: w."),
            ],
        ),
        ("lib/c", &[]),
    ]);
    let (summary, warnings) = folders.run(3);

    assert_eq!((summary.manifest.n_in, summary.manifest.n_kept, summary.n_missing), (5, 3, 0));
    assert_eq!(
        summary.manifest.rejected,
        BTreeMap::from([("duplicate".to_owned(), 1), ("not_selected".to_owned(), 1)])
    );
    assert_eq!(warnings, [""; 0]);
    insta::assert_snapshot!(folders.outcome(), @r#"
    lib/a
      a:1 {"rank":0,"similarity":0.0}
      a:2 {"rank":1,"nearest_id":"a:1","similarity":0.053290806}
    lib/b
      b:3 {"rank":2,"nearest_id":"a:1","similarity":0.086281461}
      b:1 duplicate of a:1
      b:2 not_selected
    lib/c
    "#);
}

#[test]
fn obligations_of_the_same_words_and_tactics_are_told_apart_by_their_types() {
    let folders = Folders::new(&[]);
    let obligation = |(id, statement_type): (&str, &str)| {
        let mut record = record((id, "Next Obligation.", "by []."));
        record.source.kind = TheoremKind::Obligation;
        Record { statement_type: statement_type.to_owned(), ..record }
    };
    folders.write_records("lib/a", [("a:1", "0 < 1"), ("a:2", "n = n"), ("a:3", "0 <  1")].map(obligation).into());
    folders.run(3);
    insta::assert_snapshot!(folders.outcome(), @r#"
    lib/a
      a:1 {"rank":0,"similarity":0.0}
      a:2 {"rank":1,"nearest_id":"a:1","similarity":0.191050776}
      a:3 duplicate of a:1
    "#);
}

#[test]
fn m22_more_records_asked_for_than_there_are_gives_all_of_them_and_a_warning() {
    let folders = Folders::new(&[("lib/a", &[("a:1", "Lemma x : p.", "by []."), ("a:2", "Lemma y : r.", "by [].")])]);
    let (summary, warnings) = folders.run(1000);
    assert_eq!(summary.manifest.n_kept, 2);
    assert_eq!(warnings, ["asked for 1000 records of which only 2 are there: all of them are selected"]);
}

#[test]
fn no_records_at_all_give_an_empty_selection_and_a_warning() {
    let folders = Folders::new(&[("lib/a", &[])]);
    let (summary, warnings) = folders.run(10);
    assert_eq!((summary.manifest.n_in, summary.manifest.n_kept), (0, 0));
    assert_eq!(warnings.len(), 1);
    assert_eq!(fs::read_to_string(folders.output.unit(&unit_name("lib/a")).records()).unwrap(), "");
}

#[test]
fn the_same_records_in_other_units_and_another_order_give_the_same_choice() {
    let documents = random_documents(60, 9);
    let ids: Vec<_> = (0..60).map(|number| format!("m:{number:02}")).collect();
    let one = |number: usize| (ids[number].as_str(), documents[number].as_str(), "by [].");
    let forwards: Vec<_> = (0..60).map(one).collect();
    let backwards: Vec<_> = (0..60).rev().map(one).collect();
    let whole = Folders::new(&[("lib/a", &forwards)]);
    let parted = Folders::new(&[("lib/b", &backwards[..20]), ("lib/a", &backwards[20..])]);
    whole.run(12);
    parted.run(12);
    assert_eq!(whole.choice().len(), 12);
    assert_eq!(whole.choice(), parted.choice());
}

#[test]
fn one_thread_and_four_write_the_same_bytes() {
    let documents = random_documents(80, 13);
    let ids: Vec<_> = (0..80).map(|number| format!("m:{number:02}")).collect();
    let records: Vec<_> = ids.iter().zip(&documents).map(|(id, text)| (id.as_str(), text.as_str(), "by [].")).collect();
    let written = |jobs| {
        let folders = Folders::new(&[("lib/a", &records[..50]), ("lib/b", &records[50..])]);
        folders.run_with(25, Context { jobs, ..context(&Silent) }).unwrap();
        ["lib/a", "lib/b"].map(|unit| {
            let files = folders.output.unit(&unit_name(unit));
            [files.records(), files.rejected(), files.seal()].map(|path| fs::read_to_string(path).unwrap())
        })
    };
    assert_eq!(written(1), written(4));
}

#[test]
fn a_second_run_makes_nothing_and_a_unit_that_was_lost_is_made_again_alone() {
    let folders = Folders::new(&[
        ("lib/a", &[("a:1", "Lemma x : p.", "by []."), ("a:2", "Lemma y : r.", "by [].")]),
        ("lib/b", &[("b:1", "Lemma z : s.", "by [].")]),
    ]);
    assert_eq!(folders.made(2), ["lib/a", "lib/b"]);
    let before = folders.outcome();
    assert_eq!(folders.made(2), [""; 0]);
    fs::remove_file(folders.output.unit(&unit_name("lib/b")).seal()).unwrap();
    assert_eq!(folders.made(2), ["lib/b"]);
    assert_eq!(folders.outcome(), before);
}

#[test]
fn another_number_of_documents_or_another_record_anywhere_makes_every_unit_again() {
    let folders = Folders::new(&[
        ("lib/a", &[("a:1", "Lemma x : p.", "by []."), ("a:2", "Lemma y : r.", "by [].")]),
        ("lib/b", &[("b:1", "Lemma z : s.", "by [].")]),
    ]);
    folders.run(2);
    assert_eq!(folders.made(1), ["lib/a", "lib/b"]);
    assert_eq!(folders.choice().len(), 1);
    folders.write("lib/b", &[("b:1", "Lemma z : changed.", "by [].")]);
    assert_eq!(folders.made(1), ["lib/a", "lib/b"]);
}

#[test]
fn a_shard_is_refused() {
    let folders = Folders::new(&[("lib/a", &[("a:1", "Lemma x : p.", "by [].")])]);
    let error = folders.run_with(1, Context { shard: Shard::new(0, 2).unwrap(), ..context(&Silent) }).unwrap_err();
    assert!(matches!(error, StageError::NotShardable { stage: "select" }), "{error}");
}

// --- The naive reference ----------------------------------------------------------------------------------------------

/// The formulas as they are written down, for every pair of documents.
struct Naive {
    /// `bm25(query→document)`
    scores: Vec<Vec<f64>>,
}

impl Naive {
    fn new(documents: &[String]) -> Self {
        let lengths: Vec<f64> = documents.iter().map(|document| float(tokens(document).len())).collect();
        let mean_length = lengths.iter().sum::<f64>() / float(documents.len());
        let mut n_holders = BTreeMap::new();
        let mut counts = Vec::new();
        for document in documents {
            let mut of_document = BTreeMap::new();
            for token in tokens(document) {
                *of_document.entry(token).or_insert(0.0) += 1.0;
            }
            for token in of_document.keys() {
                *n_holders.entry(*token).or_insert(0.0) += 1.0;
            }
            counts.push(of_document);
        }
        let bm25 = |query: &BTreeMap<&str, f64>, document: usize| -> f64 {
            let score = |(token, in_query): (&&str, &f64)| {
                let count = counts[document].get(token)?;
                let n_holders = n_holders[token];
                let idf = (1.0 + (float(documents.len()) - n_holders + 0.5) / (n_holders + 0.5)).ln();
                let saturation = K1 * (1.0 - B + B * lengths[document] / mean_length);
                Some(in_query * idf * count * (K1 + 1.0) / (count + saturation))
            };
            query.iter().filter_map(score).sum()
        };
        let scores =
            counts.iter().map(|query| (0..documents.len()).map(|document| bm25(query, document)).collect()).collect();
        Self { scores }
    }

    fn unbounded_similarity(&self, left: usize, right: usize) -> f64 {
        let there = self.scores[left][right] / self.scores[left][left];
        let back = self.scores[right][left] / self.scores[right][right];
        f64::midpoint(there, back)
    }

    fn similarity(&self, left: usize, right: usize) -> f64 {
        self.unbounded_similarity(left, right).min(1.0)
    }

    fn farthest_first(&self, n_wanted: usize) -> Vec<Choice> {
        let n_documents = self.scores.len();
        let mean = |document| {
            let total: f64 = (0..n_documents).map(|other| self.unbounded_similarity(document, other)).sum();
            Similarity::of(total / float(n_documents))
        };
        let means: Vec<_> = (0..n_documents).map(mean).collect();
        let first = (0..n_documents).rev().max_by_key(|&document| means[document]).unwrap();
        let mut choices = vec![Choice { document: first, nearest: None, similarity: Similarity::ZERO }];
        while choices.len() < n_wanted {
            let next = (0..n_documents)
                .filter(|&document| choices.iter().all(|choice| choice.document != document))
                .map(|document| {
                    let similarity = |choice: &Choice| Similarity::of(self.similarity(choice.document, document));
                    let nearest = choices.iter().rev().max_by_key(|choice| similarity(choice)).unwrap();
                    Choice { document, nearest: Some(nearest.document), similarity: similarity(nearest) }
                })
                .min_by_key(|choice| choice.similarity)
                .unwrap();
            choices.push(next);
        }
        choices
    }
}

fn index(documents: &[String]) -> Bm25 {
    Bm25::new(InvertedIndex::of(documents.iter().map(String::as_str)).unwrap())
}

/// Documents of 1 to 30 words, of which a few are frequent and many are rare.
fn random_documents(n: usize, seed: u64) -> Vec<String> {
    let mut random = Random(seed);
    let word = |random: &mut Random| {
        let kind = random.below(4);
        let range = [5, 20, 80, 400][kind];
        format!("w{kind}_{}", random.below(range))
    };
    (0..n)
        .map(|_| {
            let length = 1 + random.below(30);
            (0..length).map(|_| word(&mut random)).collect::<Vec<_>>().join(" ")
        })
        .collect()
}

/// SplitMix64 of Steele, Lea and Flood (2014).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        usize::try_from(bits % n as u64).unwrap()
    }
}

fn float(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap())
}

// --- A run directory --------------------------------------------------------------------------------------------------

/// Identity, statement and proof of a record.
type Row<'a> = (&'a str, &'a str, &'a str);

struct Folders {
    _root: tempfile::TempDir,
    input: StageDir,
    output: StageDir,
}

impl Folders {
    fn new(units: &[(&str, &[Row<'_>])]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let input = StageDir::new(root.path().join("filter"));
        let output = StageDir::new(root.path().join("select"));
        let folders = Self { _root: root, input, output };
        for (unit, rows) in units {
            folders.write(unit, rows);
        }
        folders
    }

    fn write(&self, unit: &str, rows: &[Row<'_>]) {
        self.write_records(unit, rows.iter().map(|row| record(*row)).collect());
    }

    fn write_records(&self, unit: &str, records: Vec<Record>) {
        let (unit, n_in) = (unit_name(unit), records.len());
        let outcome = Outcome { kept: records, rejected: Vec::new() };
        unit::commit(&unit, &self.input.unit(&unit), Digest::of("key"), n_in, &outcome, None).unwrap();
    }

    fn run_with(&self, num_documents: usize, context: Context<'_>) -> Result<Summary, StageError> {
        select::run(context, &SelectSettings { num_documents }, &self.input, &self.output)
    }

    fn run(&self, num_documents: usize) -> (Summary, Vec<String>) {
        let heard = Heard::default();
        let summary = self.run_with(num_documents, context(&heard)).unwrap();
        (summary, heard.warnings.into_inner().unwrap())
    }

    /// The units that a run makes.
    fn made(&self, num_documents: usize) -> Vec<String> {
        let heard = Heard::default();
        self.run_with(num_documents, context(&heard)).unwrap();
        let mut made = heard.made.into_inner().unwrap();
        made.sort();
        made
    }

    fn units(&self) -> Vec<(UnitName, Vec<Record>, Vec<Rejected>)> {
        let units = SealedUnits::find(&self.output, rocq_distill::store::layout::Stage::Select).unwrap();
        let read = |unit: &UnitName| (unit.clone(), units.read(unit).unwrap(), units.read_rejected(unit).unwrap());
        units.names().map(read).collect()
    }

    fn choice(&self) -> BTreeMap<usize, (RecordId, Option<RecordId>, String)> {
        let kept = self.units().into_iter().flat_map(|(_, kept, _)| kept);
        kept.map(|record| {
            let selection = record.selection.unwrap();
            (selection.rank, (record.id, selection.nearest_id, selection.similarity.to_string()))
        })
        .collect()
    }

    /// A line for each record that the step wrote.
    fn outcome(&self) -> String {
        let mut lines = Vec::new();
        for (unit, kept, rejected) in self.units() {
            lines.push(format!("{unit}"));
            for record in kept {
                lines.push(format!("  {} {}", record.id, serde_json::to_string(&record.selection).unwrap()));
            }
            for rejected in rejected {
                let reason = match rejected.reason {
                    Reason::Select(SelectReason::Duplicate { of }) => format!("duplicate of {of}"),
                    reason => reason.kind().to_owned(),
                };
                lines.push(format!("  {} {reason}", rejected.id));
            }
        }
        lines.join("\n")
    }
}

#[derive(Default)]
struct Heard {
    warnings: Mutex<Vec<String>>,
    made: Mutex<Vec<String>>,
}

impl Observer for Heard {
    fn observe(&self, event: &Event<'_>) {
        match event {
            Event::Warning { message } => self.warnings.lock().unwrap().push(message.clone()),
            Event::UnitDone { unit, .. } => self.made.lock().unwrap().push(unit.to_string()),
            _ => {}
        }
    }
}

fn context(observer: &dyn Observer) -> Context<'_> {
    Context { observer, ..support::context(2) }
}

fn unit_name(path: &str) -> UnitName {
    UnitName::of_logical_path(&path.replace('/', ".")).unwrap()
}

fn record((id, statement, proof): Row<'_>) -> Record {
    Record {
        statement: statement.to_owned(),
        proof_script: format!("Proof. {proof} Qed."),
        steps: vec![step(0, proof, StepKind::Tactic)],
        ..support::record(id)
    }
}
