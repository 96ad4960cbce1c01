//! What the tests of the export share: run directories with few records, and what came of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rocq_distill::dataset::{self, DatasetManifest};
use rocq_distill::record::{
    AnswerOutcome, Finding, FinishReason, Foreseen, FullName, Goal, Hypothesis, Judge, LogicalPath, Notation, Premise,
    Prompted, ProofState, ProofTerm, Provenance, Reasoning, ReasoningSource, Record, Score, ScoreOutcome, Source,
    StepKind, TokenCounts, Usage, Verdict, Verification, VerificationStatus,
};
use rocq_distill::settings::ExportSettings;
use rocq_distill::store::digest::Digest;
use rocq_distill::store::jsonl;
use rocq_distill::store::layout::{RunDir, Stage};
use serde_json::Value;
use tempfile::TempDir;
use walkdir::WalkDir;

use crate::support::{context, record, step, write_stage};

pub(crate) fn run_with(run_dir: &RunDir, settings: &ExportSettings) -> DatasetManifest {
    dataset::run(context(2), settings, &run_dir.stage(Stage::Select), &run_dir.dataset()).unwrap()
}

pub(crate) fn failure_with(run_dir: &RunDir, settings: &ExportSettings) -> String {
    let (input, output) = (run_dir.stage(Stage::Select), run_dir.dataset());
    dataset::run(context(2), settings, &input, &output).unwrap_err().to_string()
}

/// A run directory with these records, each unit the file that they stand in.
pub(crate) fn run_dir_of(records: Vec<Record>) -> (TempDir, RunDir) {
    let folder = tempfile::tempdir().unwrap();
    let run_dir = RunDir::new(folder.path().join("export"));
    let mut units: BTreeMap<String, Vec<Record>> = BTreeMap::new();
    for record in records {
        units.entry(record.source.logical_path.to_string()).or_default().push(record);
    }
    let units: Vec<_> = units.iter().map(|(path, records)| (path.as_str(), records.clone())).collect();
    write_stage(&run_dir.stage(Stage::Select), Stage::Select, &units);
    (folder, run_dir)
}

/// A record that is connected with no other but those of its file.
pub(crate) fn distinct(id: &str) -> Record {
    let name = id.split_once(':').unwrap().1;
    Record {
        statement: format!("Lemma {name} : P_{name}."),
        statement_type: format!("P_{name}"),
        proof_term: ProofTerm { text: format!("proof_{name}") },
        ..record(id)
    }
}

pub(crate) fn lines(run_dir: &RunDir) -> Vec<Value> {
    jsonl::read(&run_dir.dataset().jsonl(), "row").unwrap()
}

/// The ids of each split.
pub(crate) fn sides(run_dir: &RunDir) -> BTreeMap<String, Vec<String>> {
    let mut sides: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in lines(run_dir) {
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        sides.entry(text("split")).or_default().push(text("id"));
    }
    sides
}

/// The digest of every file below a folder.
pub(crate) fn digests(folder: &Path) -> BTreeMap<PathBuf, Digest> {
    let files = WalkDir::new(folder).into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file());
    files.map(|file| (file.path().to_owned(), Digest::of_file(file.path()).unwrap())).collect()
}

/// A record with everything in it.
pub(crate) fn full(id: &str) -> Record {
    let name = FullName::new("lib.premises.addnC");
    let provenance = |model: &str| Provenance {
        model: model.to_owned(),
        provider: Some("host".to_owned()),
        usage: Usage { prompt_tokens: 100, completion_tokens: 20, cost: Some(0.25) },
        request_hash: "f00".to_owned(),
        is_rehearsal: false,
    };
    let reasoning = |index: usize| Reasoning {
        index,
        sample: index,
        text: format!("thought {index}"),
        source: ReasoningSource::Thought,
        answer: Some("exact: I.".to_owned()),
        outcome: AnswerOutcome::Same,
        flaw: None,
        finish_reason: FinishReason::Stop,
        provenance: provenance("large-model"),
    };
    let score = |prompted: Prompted| Score {
        prompted,
        outcome: ScoreOutcome::Foreseen(Foreseen { mean: Some(50.0), decision: Some(60.5), ..Foreseen::default() }),
    };
    let state = |conclusion: &str| ProofState {
        goals: vec![Goal { name: None, hypotheses: vec![], conclusion: conclusion.to_owned() }],
        ..ProofState::default()
    };
    let mut first = step(0, "rewrite addnC.", StepKind::Tactic);
    (first.premises, first.state_before, first.state_after) =
        (vec![name.clone()], state("n + 0 = n"), state("0 + n = n"));
    let mut last = step(1, "exact: I.", StepKind::Tactic);
    last.state_before = state("0 + n = n");
    let proof_script = "Proof.\n  rewrite addnC.\n  exact: I.\nQed.".to_owned();
    let distinct = distinct(id);
    let source = Source { byte_end: distinct.statement.len() + 1 + proof_script.len(), ..distinct.source.clone() };
    Record {
        source,
        proof_script,
        steps: vec![first, last],
        section_context: vec![Hypothesis { names: vec!["T".to_owned()], body: None, ty: "Type".to_owned() }],
        premises: vec![Premise {
            full_name: name,
            kernel_name: None,
            kind: "thm".to_owned(),
            ty: "commutative addn".to_owned(),
            implicit: false,
            library: LogicalPath::new("lib.premises"),
        }],
        notations: vec![Notation {
            text: "_ + _".to_owned(),
            scope: Some("nat_scope".to_owned()),
            definition: "addn m n".to_owned(),
            library: LogicalPath::new("lib.premises"),
        }],
        verification: Some(Verification {
            engine: "coqidetop".to_owned(),
            engine_version: "8.20.1".to_owned(),
            rocq_version: "8.20.1".to_owned(),
            status: VerificationStatus::Verified,
        }),
        tokens: Some(TokenCounts {
            tokenizer: "words".to_owned(),
            tokenizer_sha256: "abc".to_owned(),
            proof_term: 7,
            proof_script: 5,
        }),
        reasonings: vec![reasoning(0), reasoning(1)],
        scores: vec![score(Prompted::Obfuscated(0)), score(Prompted::Obfuscated(1)), score(Prompted::None)],
        verdicts: vec![Verdict {
            index: 1,
            finding: Finding::Accepted,
            explanation: "it does not say so".to_owned(),
            judge: Judge::Model(provenance("judge-model")),
        }],
        reasoning_index: Some(1),
        ..distinct
    }
}

/// The rows of a Parquet file as JSON, without what is null.
pub(crate) fn parquet_rows(path: &Path) -> Vec<Value> {
    let file = fs::File::open(path).unwrap();
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    assert_eq!(reader.metadata().file_metadata().created_by(), Some("rocq-distill 0.1.0"));
    let mut writer = arrow_json::LineDelimitedWriter::new(Vec::new());
    for batch in reader.build().unwrap() {
        writer.write(&batch.unwrap()).unwrap();
    }
    writer.finish().unwrap();
    let text = String::from_utf8(writer.into_inner()).unwrap();
    text.lines().map(|line| without_nulls(serde_json::from_str(line).unwrap())).collect()
}

/// A value without the fields that are null.
pub(crate) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        Value::Array(values) => values.into_iter().map(without_nulls).collect(),
        value => value,
    }
}
