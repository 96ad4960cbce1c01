//! What was paid for survives: killed at random moments, or with a full disk, a run goes on to the same bytes and asks
//! for nothing that it has on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rocq_distill::store::digest::Digest;
use rocq_distill::store::layout::{RunDir, Stage};
use serde_json::Value;

use crate::harness::TestRun;
use crate::model_server::{Asked, ModelServer, Said};
use crate::support::{contents, record, write_stage};

const WORKERS: usize = 16;

/// Says what a test found, or why it was not run.
#[expect(clippy::print_stdout, reason = "the test runner shows it")]
fn tell(line: &str) {
    println!("{line}");
}

/// A server that answers the same request always the same, after a while that differs from request to request.
fn recording_server(most_ms: u64) -> ModelServer {
    ModelServer::start(move |index, asked| {
        let delay = Duration::from_millis(10 + (index as u64).wrapping_mul(7919) % most_ms);
        let name = name(asked);
        Said::chat(
            &format!("I think about {name}, at length: {}", "so it goes on. ".repeat(20)),
            &format!("{name} \\boxed{{exact: I.}}"),
        )
        .after(delay)
    })
}

/// What tells a request from all others: the seed is another one for each sample.
fn name(asked: &Asked) -> String {
    Digest::of(asked.body.to_string()).as_str()[..16].to_owned()
}

fn run_in(run: &TestRun, n_records: usize) -> PathBuf {
    let input = RunDir::new(run.path().join("export")).stage(Stage::Select);
    let records: Vec<_> = (0..n_records).map(|index| record(&format!("lib.f{}:r{index}", index % 7))).collect();
    let units: Vec<_> = (0..7).map(|unit| format!("lib.f{unit}")).collect();
    let of =
        |unit: &str| records.iter().filter(|record| record.source.logical_path.as_str() == unit).cloned().collect();
    let units: Vec<_> = units.iter().map(|unit| (unit.as_str(), of(unit))).collect();
    write_stage(&input, Stage::Select, &units);
    input.path().to_owned()
}

fn settings(run: TestRun, server: &ModelServer, num_gen: usize) -> TestRun {
    let toml = format!(
        "[reason]\nbase_url = {:?}\nmodel = \"m\"\nnum_gen = {num_gen}\nmax_workers = {WORKERS}\nretry_delay_s = 0.05\n\
         [reason.body]\nseed = 1\n",
        server.base_url()
    );
    run.file("rocq-distill.toml", &toml)
}

/// The requests whose answers stand in the journal, whole.
fn journaled(folder: &Path) -> BTreeSet<String> {
    let text = fs::read(folder.join("journal/00000-of-00001.jsonl")).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let name = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        let content = line.pointer("/outcome/answer/content")?.as_str().unwrap();
        Some(content.split_once(' ').unwrap().0.to_owned())
    };
    whole.lines().filter_map(name).collect()
}

/// The bytes of a stage's folder but for the journal, whose lines stand in the order in which they arrived, and for the
/// temporary file that a kill may leave and that nothing reads.
fn output(folder: &Path) -> BTreeMap<PathBuf, String> {
    let is_temporary = |path: &Path| path.file_name().unwrap().to_str().unwrap().starts_with(".writing-");
    contents(folder).into_iter().filter(|(path, _)| !path.starts_with("journal") && !is_temporary(path)).collect()
}

/// The bytes of what is exported.
fn dataset(run: &TestRun) -> BTreeMap<PathBuf, String> {
    let outcome = run.run("export --input export/reason --formats json,jsonl --quiet");
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    contents(&run.path().join("export/dataset"))
}

#[test]
fn m24_m26_killed_at_a_hundred_random_moments_a_run_ends_with_the_same_bytes_and_asks_nothing_twice() {
    const KILLS: usize = 100;
    let (n_records, num_gen) = (56, 40);
    let undisturbed = {
        let server = recording_server(20);
        let run = settings(TestRun::new(), &server, num_gen);
        run_in(&run, n_records);
        let outcome = run.run("reason --quiet");
        assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
        assert_eq!(server.asked().len(), n_records * num_gen);
        (output(&run.path().join("export/reason")), dataset(&run))
    };

    let server = recording_server(120);
    let run = settings(TestRun::new(), &server, num_gen);
    run_in(&run, n_records);
    let folder = run.path().join("export/reason");
    let (mut n_kills, mut n_under_load) = (0, 0);
    let mut on_disk: Vec<(usize, BTreeSet<String>)> = Vec::new();
    while n_kills < KILLS {
        let before = server.asked().len();
        let mut child = run.command("reason --quiet").stdout(Stdio::null()).spawn().unwrap();
        // Half of the kills hit at any time, half of them while requests are under way.
        let (until, requests) = if rand::random() {
            (Duration::from_millis(rand::random_range(0..400)), usize::MAX)
        } else {
            (Duration::from_secs(20), rand::random_range(1..40))
        };
        let started = Instant::now();
        while started.elapsed() < until && server.asked().len() - before < requests {
            thread::sleep(Duration::from_millis(1));
        }
        if child.try_wait().unwrap().is_some() {
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        n_kills += 1;
        // What the killed process had sent may still be on its way.
        thread::sleep(Duration::from_millis(30));
        let asked = server.asked().len();
        n_under_load += usize::from(asked > before);
        on_disk.push((asked, journaled(&folder)));
    }
    let outcome = run.run("reason --quiet");
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr());

    let asked: Vec<_> = server.asked().iter().map(name).collect();
    let mut counts = BTreeMap::<_, usize>::new();
    for name in &asked {
        *counts.entry(name).or_default() += 1;
    }
    let n_twice = asked.len() - counts.len();
    tell(&format!(
        "{n_kills} kills, {n_under_load} of them with requests under way; {} requests, {} sent, {n_twice} more than once",
        counts.len(),
        asked.len()
    ));
    assert_eq!(counts.len(), n_records * num_gen);
    assert!(n_kills >= KILLS / 2 && n_under_load >= KILLS / 4, "{n_kills} kills, {n_under_load} under load");
    assert!(n_twice <= n_kills * WORKERS, "{n_twice} duplicates after {n_kills} kills");
    for (at, names) in &on_disk {
        let again = asked[*at..].iter().find(|name| names.contains(*name));
        assert_eq!(again, None, "what was on disk was asked again");
    }
    assert!(output(&folder) == undisturbed.0, "other bytes in {}", folder.display());
    assert!(dataset(&run) == undisturbed.1, "another dataset");
}

#[test]
fn a_full_disk_stops_the_run_cleanly_and_it_goes_on_once_there_is_room() {
    let script = "mount -t tmpfs -o size=400k none disk && \
                  { \"$0\" reason --quiet --output disk/reason; echo first $?; \
                    mount -o remount,size=64m disk; cp -r disk/reason half; \
                    \"$0\" reason --quiet --output disk/reason; echo second $?; cp -r disk/reason whole; }";
    let server = recording_server(20);
    let run = settings(TestRun::new(), &server, 20);
    run_in(&run, 40);
    fs::create_dir(run.path().join("disk")).unwrap();
    let program = run.command("");
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", script]).arg(program.get_program()).current_dir(run.path());
    let output = match command.output() {
        Ok(output) if String::from_utf8_lossy(&output.stdout).contains("first") => output,
        refused => {
            tell(&format!("NOT RUN: no small disk can be made here ({refused:?})"));
            return;
        }
    };
    let (said, errors) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(said, "first 1\nsecond 0\n", "{errors}");
    assert!(errors.contains("make room on this disk and run the same command again: what is done is kept"), "{errors}");
    let kept = journaled(&run.path().join("half"));
    assert!(!kept.is_empty());
    let asked = server.asked().len();
    assert!(asked <= 40 * 20 + WORKERS, "{asked} requests for {} answers", 40 * 20);
    let names: Vec<_> = server.asked().iter().map(name).collect();
    for name in &kept {
        assert_eq!(names.iter().filter(|other| *other == name).count(), 1, "an answer on disk was asked for again");
    }
    let small = self::output(&run.path().join("whole"));
    let outcome = run.run("reason --quiet --output roomy");
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    assert!(small == self::output(&run.path().join("roomy")), "other bytes");
}
