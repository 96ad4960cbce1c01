//! What the tests that need a real Rocq share: the installed library, and small libraries compiled on the spot.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rocq_distill::record::{Record, Rejected};
use rocq_distill::store::digest::Digest;
use rocq_distill::store::jsonl;
use rocq_distill::store::layout::{RunDir, Stage, UnitName};
use rocq_distill::store::manifest::Manifest;
use rocq_distill::store::seal::Seal;

use crate::harness::TestRun;

/// The folder of the installed libraries; the tests do not pass without Rocq.
#[track_caller]
pub(crate) fn installed() -> PathBuf {
    let output = Command::new(program()).arg("-where").output().unwrap();
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim()).join("user-contrib")
}

/// The version of Rocq.
#[track_caller]
pub(crate) fn version() -> String {
    let output = Command::new(program()).arg("--version").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_once("version ").unwrap().1.split_whitespace().next().unwrap().to_owned()
}

/// `coqidetop` or `coqidetop.opt`.
#[track_caller]
fn program() -> PathBuf {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let names = ["coqidetop", "coqidetop.opt"];
    names
        .iter()
        .find_map(|name| std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file()))
        .expect("this test needs Rocq: run it as `containers/with-rocq cargo nextest run`")
}

/// Writes sources into a folder and compiles them, in this order, as the library `L`.
#[track_caller]
pub(crate) fn compile(folder: &Path, sources: &[(&str, &str)]) {
    program();
    for (name, text) in sources {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        let output = Command::new("coqc").args(["-q", "-R", ".", "L"]).arg(name).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Replaces a compiled source by another text and makes its `.glob` file say that it belongs to that text.
#[track_caller]
pub(crate) fn replace(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    let digest = Command::new("md5sum").arg(path).output().unwrap();
    let digest = String::from_utf8(digest.stdout).unwrap()[..32].to_owned();
    let glob = path.with_extension("glob");
    let references = fs::read_to_string(&glob).unwrap().split_once('\n').unwrap().1.to_owned();
    fs::write(glob, format!("DIGEST {digest}\n{references}")).unwrap();
}

/// The library `L` with one file `a.v`, in whose text the tactic stands where `TACTIC` is; it was compiled without it,
/// so that it may be one that never ends.
#[track_caller]
pub(crate) fn with_tactic(run: &TestRun, source: &str, tactic: &str) {
    let folder = run.path().join("lib");
    // Blanks in its place keep the offsets in the `.glob` file right.
    compile(&folder, &[("a.v", &source.replace("TACTIC", &" ".repeat(tactic.len())))]);
    replace(&folder.join("a.v"), &source.replace("TACTIC", tactic));
}

/// A compiled library and what `extract` makes of it.
#[track_caller]
pub(crate) fn extract(sources: &[(&str, &str)], flags: &str) -> TestRun {
    let run = TestRun::new();
    compile(&run.path().join("lib"), sources);
    let outcome = run.run(&format!("extract --input lib --quiet {flags}"));
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    run
}

/// The records of a unit that a stage kept.
#[track_caller]
pub(crate) fn kept(run: &TestRun, stage: &str, unit: &str) -> Vec<Record> {
    jsonl::read(&run.path().join("export").join(stage).join(format!("{unit}.jsonl")), "record").unwrap()
}

/// Puts other records in the place of those that a stage kept of its only unit, as if it had made them.
#[track_caller]
pub(crate) fn put(run: &TestRun, stage: Stage, unit: &str, records: &[Record]) {
    let folder = RunDir::new(run.path().join("export")).stage(stage);
    let unit = UnitName::of_logical_path(&unit.replace('/', ".")).unwrap();
    let files = folder.unit(&unit);
    let lines = jsonl::to_lines(records, &files.records()).unwrap();
    fs::write(files.records(), &lines).unwrap();
    let mut seal = Seal::read(&files).unwrap().unwrap();
    (seal.n_in, seal.n_kept) = (records.len() + seal.n_rejected(), records.len());
    seal.records_sha256 = Digest::of(&lines);
    jsonl::write_pretty(&files.seal(), &seal).unwrap();
    let manifest = Manifest::read(&folder).unwrap().unwrap();
    Manifest::assemble(stage, manifest.made_with, BTreeMap::from([(unit, seal)])).write(&folder).unwrap();
}

/// The records of a unit that a stage rejected.
pub(crate) fn rejected(run: &TestRun, stage: &str, unit: &str) -> Vec<Rejected> {
    let path = run.path().join("export").join(stage).join(format!("{unit}.rejected.jsonl"));
    if path.exists() { jsonl::read(&path, "rejected record").unwrap() } else { Vec::new() }
}

/// Which records they are.
pub(crate) fn names(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| record.id.as_str()).collect()
}

/// Which records they are, and why they were rejected.
pub(crate) fn reasons(rejected: &[Rejected]) -> Vec<(&str, &str)> {
    rejected.iter().map(|rejected| (rejected.id.as_str(), rejected.reason.kind())).collect()
}

/// Processes that were started with the prover's flags for a file below a folder.
pub(crate) fn provers_in(folder: &Path) -> Vec<u32> {
    let folder = folder.canonicalize().unwrap();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(id) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line);
        let state = fs::read_to_string(entry.path().join("status")).unwrap_or_default();
        if line.contains("-topfile") && line.contains(folder.to_str().unwrap()) && !state.contains("State:\tZ") {
            found.push(id);
        }
    }
    found
}

/// Every file below a folder that is output: no lock, no timings, nothing that a kill left of a file being written.
pub(crate) fn bytes(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    walkdir::WalkDir::new(folder)
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| (entry.path().strip_prefix(folder).unwrap().display().to_string(), entry))
        .filter(|(name, _)| ![".lock", ".writing-", "timings"].iter().any(|part| name.contains(part)))
        .map(|(name, entry)| (name, fs::read(entry.path()).unwrap()))
        .collect()
}
