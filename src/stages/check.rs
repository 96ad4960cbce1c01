//! `check`: reads candidate scripts, one a line, and writes for each what Rocq makes of it at its theorem's place.
//!
//! A line is `{"id": …, "script": …}` with the id of a record; other fields are carried through. All candidates of a file
//! are tried in one walk through it. What no prover is needed for is no error: a line that holds no script is
//! `malformed`, an id that no record has is an `unknown_theorem`.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, future, stream};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::files::{SourceKey, SourceKeys, limits, unit_name};
use super::{Context, StageError};
use crate::check::{self, CheckOptions, Checked};
use crate::record::{Axiom, ProofVerdict, Reason, Record, RecordId, VerifyReason};
use crate::rocq::RocqError;
use crate::rocq::engine::Engine;
use crate::rocq::file_walk::FileWalk;
use crate::rocq::idetop::{Idetop, IdetopEngine};
use crate::rocq::installation::Installation;
use crate::rocq::library::{self, SourceFile};
use crate::rocq::petanque::{Petanque, PetanqueEngine};
use crate::rocq::prover::ProverSession;
use crate::settings::{CheckSettings, MemorySize, Settings};
use crate::store::digest::Digest;
use crate::store::layout::{Stage, StageDir, UnitName};
use crate::store::lock::Lock;
use crate::store::sealed::SealedUnits;
use crate::store::{StoreError, jsonl};

/// Where verdicts go.
#[derive(Clone, Copy)]
pub enum Target<'a> {
    /// A folder in which a later run goes on.
    Folder(&'a StageDir),
    /// Whoever reads a line as soon as it is known.
    Lines(&'a (dyn Fn(&[u8]) + Sync)),
}

/// How many candidates got which verdict.
pub type Tally = BTreeMap<String, usize>;

/// A line of the candidates.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Candidate {
    /// Counts from one.
    line: usize,
    id: RecordId,
    script: String,
    /// The other fields.
    rest: Map<String, Value>,
}

/// A line of the verdicts.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct VerdictLine {
    /// Of the candidates; counts from one.
    line: usize,
    #[serde(flatten)]
    verdict: ProofVerdict,
    /// How long the script's sentences took.
    seconds: f64,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// Written last, beside a unit's verdicts: what they were made from.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct VerdictSeal {
    key: Digest,
}

/// Checks candidates against the records of a stage's folder.
pub async fn run(
    context: Context<'_>,
    settings: &Settings,
    rocq: &Installation,
    engine: &Engine,
    input: &StageDir,
    candidates: &str,
    target: Target<'_>,
) -> Result<Tally, StageError> {
    let options = &options(&settings.check);
    let files = library::find(&settings.extract.input, &settings.rocq.args, &rocq.library)?.files;
    let mut source_keys = SourceKeys::of(&files)?;
    let files: BTreeMap<UnitName, SourceFile> =
        files.into_iter().map(|file| Ok((unit_name(&file)?, file))).collect::<Result<_, StageError>>()?;
    let records = SealedUnits::find(input, Stage::Verify)?;
    let seals: BTreeMap<_, _> = records.iter().collect();
    let (by_unit, settled) = sort(candidates, |unit| seals.contains_key(unit));
    let check = CheckKey::of(settings, engine, rocq);
    let mut keys = BTreeMap::new();
    for (unit, candidates) in &by_unit {
        let file = files.get(unit).map(|file| source_keys.key(file)).transpose()?;
        let key = CandidatesKey { check: &check, file, records: &seals[unit].records_sha256, candidates };
        keys.insert(unit, Digest::of_json(&key)?);
    }
    let _lock = match target {
        Target::Folder(output) => Some(Lock::take(&output.lock(context.shard))?),
        Target::Lines(_) => None,
    };
    let mut todo = Vec::new();
    for (unit, candidates) in
        context.shard.pick(by_unit.iter().collect(), |it| it.1.len() as u64, |it| it.0.to_string())
    {
        let is_done = match target {
            Target::Folder(output) => is_done(output, unit, &keys[unit])?,
            Target::Lines(_) => false,
        };
        if !is_done {
            todo.push((unit, candidates));
        }
    }
    let n_todo = todo.len();
    let found = stream::iter(todo)
        .take_while(|_| future::ready(!context.stop.is_asked()))
        .map(async |(unit, candidates)| {
            let file = files
                .get(unit)
                .ok_or_else(|| RocqError::NoInput { path: unit.as_str().into(), library: rocq.library.clone() })?;
            let records = records.read(unit)?;
            let text = &file.read()?;
            let limits = limits(&settings.rocq);
            let lines = match engine {
                Engine::Petanque(server) => {
                    let engine = PetanqueEngine { server: server.clone(), rocq: rocq.clone() };
                    let walk = FileWalk::<Petanque>::new(&engine, file, text, limits);
                    in_walk(walk, &records, candidates, options).await?
                }
                Engine::Coqidetop { .. } => {
                    let engine = IdetopEngine::of(rocq);
                    let walk = FileWalk::<Idetop>::new(&engine, file, text, limits);
                    in_walk(walk, &records, candidates, options).await?
                }
            };
            match target {
                Target::Folder(output) => write(output, unit, &keys[unit], &lines)?,
                Target::Lines(tell) => tell_lines(&lines, tell)?,
            }
            Ok::<_, StageError>(lines)
        })
        .buffer_unordered(context.jobs)
        .try_collect::<Vec<_>>()
        .await?;
    if found.len() < n_todo {
        return Err(StageError::Stopped { stage: "check", n_left: n_todo - found.len() });
    }
    match target {
        Target::Folder(output) => finish(output, &keys, settled),
        Target::Lines(tell) => {
            tell_lines(&settled, tell)?;
            Ok(tally(found.iter().flatten().chain(&settled)))
        }
    }
}

/// How the settings say that scripts are checked.
fn options(CheckSettings { limit_s, allowed_axioms, details }: &CheckSettings) -> CheckOptions {
    CheckOptions {
        limit: Duration::from_secs(*limit_s),
        allowed_axioms: allowed_axioms.iter().map(Axiom::new).collect(),
        is_detailed: *details,
    }
}

/// What every verdict depends on besides the candidates, their file and its records.
#[derive(Serialize)]
struct CheckKey<'a> {
    engine: &'static str,
    engine_version: &'a str,
    rocq_version: &'a str,
    limit_s: u64,
    allowed_axioms: &'a [String],
    details: bool,
    max_memory: MemorySize,
    max_answer: MemorySize,
}

impl<'a> CheckKey<'a> {
    fn of(settings: &'a Settings, engine: &'a Engine, rocq: &'a Installation) -> Self {
        let CheckSettings { limit_s, allowed_axioms, details } = &settings.check;
        Self {
            engine: engine.name(),
            engine_version: engine.version(),
            rocq_version: &rocq.version,
            limit_s: *limit_s,
            allowed_axioms,
            details: *details,
            max_memory: settings.rocq.max_memory,
            max_answer: settings.rocq.max_answer,
        }
    }
}

/// What the verdicts of one file are made from.
#[derive(Serialize)]
struct CandidatesKey<'a> {
    check: &'a CheckKey<'a>,
    file: Option<SourceKey>,
    records: &'a Digest,
    candidates: &'a [Candidate],
}

/// Checks candidates in one walk through their file.
async fn in_walk<P: ProverSession>(
    mut walk: FileWalk<'_, P>,
    records: &[Record],
    candidates: &[Candidate],
    options: &CheckOptions,
) -> Result<Vec<VerdictLine>, RocqError> {
    let sha256 = Digest::of(walk.source().as_str());
    let mut lines = Vec::with_capacity(candidates.len());
    for record in records {
        let its: Vec<_> = candidates.iter().filter(|candidate| candidate.id == record.id).collect();
        if its.is_empty() {
            continue;
        }
        let found = if record.source.sha256 == sha256.as_str() {
            let scripts: Vec<_> = its.iter().map(|candidate| candidate.script.as_str()).collect();
            check::theorem(&mut walk, record, &scripts, options).await?
        } else {
            let (expected, found) = (record.source.sha256.clone(), sha256.to_string());
            let reason = Reason::Verify(VerifyReason::SourceChanged { expected, found });
            vec![Checked::at_once(ProofVerdict::Unreachable { reason }); its.len()]
        };
        lines.extend(its.into_iter().zip(found).map(|(candidate, checked)| candidate.with(checked)));
    }
    walk.close().await;
    let is_known = |candidate: &&Candidate| records.iter().any(|record| record.id == candidate.id);
    let unknown = candidates.iter().filter(|candidate| !is_known(candidate));
    lines.extend(unknown.map(|candidate| candidate.with(Checked::at_once(ProofVerdict::UnknownTheorem))));
    lines.sort_unstable_by_key(|line| line.line);
    Ok(lines)
}

impl Candidate {
    fn with(&self, Checked { verdict, took }: Checked) -> VerdictLine {
        let seconds = (took.as_secs_f64() * 1000.0).round() / 1000.0;
        VerdictLine { line: self.line, verdict, seconds, rest: self.rest.clone() }
    }
}

/// Sorts the lines of a text by the units that their ids name, and settles those that name none.
fn sort(text: &str, has: impl Fn(&UnitName) -> bool) -> (BTreeMap<UnitName, Vec<Candidate>>, Vec<VerdictLine>) {
    let (mut by_unit, mut settled) = (BTreeMap::<_, Vec<_>>::new(), Vec::new());
    for (index, text) in text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
        match candidate(index + 1, text) {
            Ok(candidate) => {
                let library = candidate.id.as_str().split(':').next().unwrap_or_default();
                match UnitName::of_logical_path(library).ok().filter(&has) {
                    Some(unit) => by_unit.entry(unit).or_default().push(candidate),
                    None => settled.push(candidate.with(Checked::at_once(ProofVerdict::UnknownTheorem))),
                }
            }
            Err(line) => settled.push(*line),
        }
    }
    (by_unit, settled)
}

/// Reads a line; one that holds no script is settled.
fn candidate(line: usize, text: &str) -> Result<Candidate, Box<VerdictLine>> {
    let malformed = |message: &str, rest| {
        let verdict = ProofVerdict::Malformed { message: message.to_owned() };
        Box::new(VerdictLine { line, verdict, seconds: 0.0, rest })
    };
    let mut rest: Map<String, Value> = match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) => return Err(malformed("the line is no JSON object", Map::new())),
        Err(error) => return Err(malformed(&format!("the line is no JSON: {error}"), Map::new())),
    };
    // What we say wins over what the line says.
    let script = rest.remove("script");
    for name in ["line", "verdict", "seconds"] {
        rest.remove(name);
    }
    let id = match rest.get("id") {
        Some(Value::String(id)) => RecordId::new(id),
        _ => return Err(malformed("`id` is no text", rest)),
    };
    match script {
        Some(Value::String(script)) => Ok(Candidate { line, id, script, rest }),
        _ => Err(malformed("`script` is no text", rest)),
    }
}

fn is_done(output: &StageDir, unit: &UnitName, key: &Digest) -> Result<bool, StoreError> {
    let files = output.unit(unit);
    let seal: Option<VerdictSeal> = jsonl::read_value(&files.seal(), "seal")?;
    Ok(seal.is_some_and(|seal| seal.key == *key) && files.records().is_file())
}

fn write(output: &StageDir, unit: &UnitName, key: &Digest, lines: &[VerdictLine]) -> Result<(), StoreError> {
    let files = output.unit(unit);
    jsonl::remove(&files.seal())?;
    jsonl::write_lines(&files.records(), lines)?;
    jsonl::write_pretty(&files.seal(), &VerdictSeal { key: key.clone() })?;
    Ok(())
}

/// Puts the verdicts together in the order of the candidates, once all units are done.
fn finish(
    output: &StageDir,
    keys: &BTreeMap<&UnitName, Digest>,
    mut lines: Vec<VerdictLine>,
) -> Result<Tally, StageError> {
    let mut n_left = 0;
    for (unit, key) in keys {
        if is_done(output, unit, key)? {
            lines.extend(jsonl::read::<VerdictLine>(&output.unit(unit).records(), "verdict")?);
        } else {
            n_left += 1;
        }
    }
    lines.sort_unstable_by_key(|line| line.line);
    if n_left == 0 {
        jsonl::write_lines(&output.verdicts(), &lines)?;
    }
    Ok(tally(&lines))
}

fn tell_lines(lines: &[VerdictLine], tell: &(dyn Fn(&[u8]) + Sync)) -> Result<(), StoreError> {
    if lines.is_empty() {
        return Ok(());
    }
    tell(&jsonl::to_lines(lines, Path::new("-"))?);
    Ok(())
}

fn tally<'l>(lines: impl IntoIterator<Item = &'l VerdictLine>) -> Tally {
    let mut tally = Tally::new();
    for line in lines {
        *tally.entry(line.verdict.kind().to_owned()).or_default() += 1;
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_a_script_is_a_verdict_and_no_error() {
        let text = "{\"id\": \"L.a:x\", \"script\": \"Qed.\", \"n\": 1}\n\n[]\n{\"id\": 3}\n{\"id\": \"L.b:x\"}\n{\n\
                    {\"id\": \"M:x\", \"script\": \"Qed.\"}";
        let (by_unit, settled) = sort(text, |unit| unit.as_str().starts_with("L/"));
        let candidates = &by_unit[&UnitName::of_logical_path("L.a").unwrap()];
        assert_eq!((candidates[0].line, candidates[0].rest["n"].as_u64()), (1, Some(1)));
        let settled: Vec<_> = settled.iter().map(|line| (line.line, line.verdict.kind())).collect();
        let expected = [(3, "malformed"), (4, "malformed"), (5, "malformed"), (6, "malformed"), (7, "unknown_theorem")];
        assert_eq!(settled, expected);
    }
}
