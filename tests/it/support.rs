//! What the tests of the steps share: records made by hand, and folders that hold them as a step would.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use assert_cmd::Command;
use rocq_distill::llm::budget::Limit;
use rocq_distill::record::{
    AnswerOutcome, FORMAT_VERSION, FinishReason, LogicalPath, Position, ProofState, ProofTerm, Provenance, Reasoning,
    ReasoningSource, Record, RecordId, Rejected, Source, Step, StepKind, TheoremKind, Usage,
};
use rocq_distill::stages::event::Silent;
use rocq_distill::stages::{Context, Stop};
use rocq_distill::store::digest::Digest;
use rocq_distill::store::layout::{Stage, StageDir, UnitName};
use rocq_distill::store::ledger::{Input, Ledger};
use rocq_distill::store::sealed::SealedUnits;
use rocq_distill::store::shard::Shard;
use rocq_distill::store::unit::Outcome;
use serde_json::json;
use walkdir::WalkDir;

/// The wish of nobody.
pub(crate) static NOBODY_ASKS: Stop = Stop::new();

/// What a stage is given that works with so many threads on all units and tells nobody.
pub(crate) fn context(jobs: usize) -> Context<'static> {
    Context {
        jobs,
        shard: Shard::WHOLE,
        observer: &Silent,
        stop: &NOBODY_ASKS,
        retry_faults: false,
        budget: Limit::default(),
    }
}

/// The program in a folder of its own, with an empty settings file; its run directory is `export` there.
pub(crate) fn program(folder: &Path) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("rocq-distill"));
    fs::write(folder.join("empty.toml"), "").unwrap();
    command.current_dir(folder).args(["--config", "empty.toml"]);
    command
}

/// A record with this identity (`library.file:name`), a short statement and one tactic.
pub(crate) fn record(id: &str) -> Record {
    let (logical_path, name) = id.split_once(':').unwrap();
    let logical_path = LogicalPath::new(logical_path);
    let position = |line, character| Position { line, character };
    let statement = format!("Lemma {name} : True.");
    Record {
        format_version: FORMAT_VERSION,
        id: RecordId::new(id),
        source: Source {
            project: logical_path.as_str().split('.').next().unwrap().to_owned(),
            file: format!("{}.v", logical_path.as_str().replace('.', "/")),
            full_name: logical_path.object(name),
            logical_path,
            kind: TheoremKind::Lemma,
            start: position(0, 0),
            end: position(2, 4),
            byte_start: 0,
            byte_end: statement.len() + "\nProof. exact: I.\nQed.".len(),
            sha256: Digest::of(&statement).to_string(),
        },
        statement,
        statement_type: "True".to_owned(),
        section_context: vec![],
        proof_script: "Proof. exact: I.\nQed.".to_owned(),
        steps: vec![step(0, "exact: I.", StepKind::Tactic)],
        closing: "Qed.".to_owned(),
        proof_term: ProofTerm { text: "I".to_owned() },
        premises: vec![],
        notations: vec![],
        axioms: vec![],
        verification: None,
        tokens: None,
        selection: None,
        reasonings: vec![],
        scores: vec![],
        verdicts: vec![],
        reasoning_index: None,
    }
}

/// A step without premises and states.
pub(crate) fn step(index: usize, text: &str, kind: StepKind) -> Step {
    let start = Position { line: 1, character: 0 };
    Step {
        index,
        text: text.to_owned(),
        kind,
        start,
        end: start,
        premises: vec![],
        state_before: ProofState::default(),
        state_after: ProofState::default(),
    }
}

/// A finished thought of some model.
pub(crate) fn reasoning(index: usize, text: &str) -> Reasoning {
    let provenance = Provenance {
        model: "large".to_owned(),
        provider: None,
        usage: Usage::default(),
        request_hash: String::new(),
        is_rehearsal: false,
    };
    Reasoning {
        index,
        sample: index,
        text: text.to_owned(),
        source: ReasoningSource::Thought,
        answer: None,
        outcome: AnswerOutcome::Missing,
        flaw: None,
        finish_reason: FinishReason::Stop,
        provenance,
    }
}

/// Fills a folder as the step does when it keeps these records, units by the logical path of their file.
pub(crate) fn write_stage(folder: &StageDir, stage: Stage, units: &[(&str, Vec<Record>)]) {
    let outcome = |records: &Vec<Record>| Outcome { kept: records.clone(), rejected: vec![] };
    let units: Vec<_> = units.iter().map(|(logical_path, records)| (*logical_path, outcome(records))).collect();
    write_outcomes(folder, stage, &units);
}

/// Fills a folder as the step does when this is what it makes of each unit.
pub(crate) fn write_outcomes(folder: &StageDir, stage: Stage, units: &[(&str, Outcome)]) {
    let inputs = units.iter().map(|(logical_path, outcome)| Input {
        unit: UnitName::of_logical_path(logical_path).unwrap(),
        size: outcome.kept.len() as u64,
        digest: Digest::of_json(&outcome.kept).unwrap(),
    });
    let ledger = Ledger::open(stage, folder, json!({ "made": "by hand" }), inputs.collect(), Shard::WHOLE).unwrap();
    for (logical_path, outcome) in units {
        let n_in = outcome.kept.len() + outcome.rejected.len();
        ledger
            .commit(&UnitName::of_logical_path(logical_path).unwrap(), n_in, outcome, std::time::Duration::ZERO)
            .unwrap();
    }
    ledger.finish().unwrap();
}

/// The records of all units of a folder, by unit and place in it.
pub(crate) fn kept(folder: &StageDir) -> Vec<Record> {
    let units = SealedUnits::find(folder, Stage::Extract).unwrap();
    units.names().flat_map(|unit| units.read(unit).unwrap()).collect()
}

/// Every record has its premises and notations by name: in another order they would tell how the proof goes.
#[track_caller]
pub(crate) fn assert_lists_are_by_name(records: &[Record]) {
    assert!(!records.is_empty());
    for record in records {
        let names = record.premises.iter().map(|premise| premise.full_name.as_str());
        let texts = record.notations.iter().map(|notation| (&notation.text, &notation.scope));
        assert!(names.is_sorted() && texts.is_sorted(), "{}", record.id);
    }
}

/// What was rejected in all units of a folder, by unit and place in it.
pub(crate) fn rejected(folder: &StageDir) -> Vec<Rejected> {
    let units = SealedUnits::find(folder, Stage::Extract).unwrap();
    units.names().flat_map(|unit| units.read_rejected(unit).unwrap()).collect()
}

/// The bytes of every file below a folder but locks and timings, which are not part of what a stage makes.
pub(crate) fn contents(folder: &Path) -> BTreeMap<PathBuf, String> {
    files(folder).map(|path| (path.clone(), fs::read_to_string(path).unwrap())).map(relative(folder)).collect()
}

/// When and as what file every file of a unit below a folder was written: another pair after it was written again.
pub(crate) fn writes(folder: &Path) -> BTreeMap<PathBuf, (u64, SystemTime)> {
    let of_units = files(folder).filter(|path| !path.ends_with("manifest.json"));
    let write = |path: &PathBuf| {
        let metadata = fs::metadata(path).unwrap();
        (metadata.ino(), metadata.modified().unwrap())
    };
    of_units.map(|path| (path.clone(), write(&path))).map(relative(folder)).collect()
}

/// The text of every seal below a folder: another one after the unit was made from something else.
pub(crate) fn seals(folder: &Path) -> BTreeMap<PathBuf, String> {
    contents(folder).into_iter().filter(|(path, _)| path.to_str().unwrap().ends_with(".unit.json")).collect()
}

fn files(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = WalkDir::new(folder).into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file());
    entries.map(walkdir::DirEntry::into_path).filter(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        !name.starts_with(".lock-") && !name.starts_with("timings-")
    })
}

fn relative<T>(folder: &Path) -> impl Fn((PathBuf, T)) -> (PathBuf, T) {
    move |(path, value)| (path.strip_prefix(folder).unwrap().to_owned(), value)
}
