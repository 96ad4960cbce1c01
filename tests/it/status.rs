//! How far a run is, as `status` says it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use insta::assert_snapshot;
use rocq_distill::record::{ExtractReason, ProverReason, Reason, Record};
use rocq_distill::store::digest::Digest;
use rocq_distill::store::layout::{RunDir, Stage, UnitName};
use rocq_distill::store::ledger::{Input, Ledger};
use rocq_distill::store::shard::Shard;
use rocq_distill::store::unit::Outcome;
use serde_json::{Value, json};

use crate::harness::TestRun;
use crate::support::{record, write_outcomes, write_stage};

/// `extract` is done: two files, three records.
fn extracted() -> TestRun {
    let run = TestRun::new();
    write_stage(&run_dir(&run).stage(Stage::Extract), Stage::Extract, &[("mathcomp.a", a()), ("mathcomp.b", b())]);
    run
}

fn run_dir(run: &TestRun) -> RunDir {
    RunDir::new(run.path().join("export"))
}

fn a() -> Vec<Record> {
    vec![record("mathcomp.a:x"), record("mathcomp.a:y")]
}

fn b() -> Vec<Record> {
    vec![record("mathcomp.b:z")]
}

/// Makes of `verify` only the file `mathcomp/a`, of which one record is rejected.
fn verify_a(run: &TestRun) {
    let input = |name, records: &Vec<Record>| Input {
        unit: UnitName::of_logical_path(name).unwrap(),
        size: records.len() as u64,
        digest: Digest::of_json(records).unwrap(),
    };
    let (a, b) = (a(), b());
    let inputs = vec![input("mathcomp.a", &a), input("mathcomp.b", &b)];
    let folder = run_dir(run).stage(Stage::Verify);
    let ledger = Ledger::open(Stage::Verify, &folder, json!("by hand"), inputs, Shard::WHOLE).unwrap();
    let outcome =
        Outcome { kept: vec![a[0].clone()], rejected: vec![a[1].rejected(Reason::Extract(ExtractReason::GivenUp))] };
    ledger.commit(&UnitName::of_logical_path("mathcomp.a").unwrap(), 2, &outcome, Duration::ZERO).unwrap();
    ledger.finish().unwrap();
}

fn manifest(run: &TestRun) -> std::path::PathBuf {
    run_dir(run).stage(Stage::Extract).manifest()
}

#[test]
fn of_an_empty_folder_it_says_how_to_start() {
    assert_snapshot!(TestRun::new().run("status").text(), @r#"
    exit 3
    --- stdout
    nothing in `export` yet
    next: rocq-distill extract
    "#);
}

#[test]
fn of_a_run_that_is_half_done_it_says_what_is_missing_and_ends_with_3() {
    let run = extracted();
    verify_a(&run);
    assert_snapshot!(run.run("status").text(), @"
    exit 3
    --- stdout
    stage    files  in  kept  rejected
    extract    2/2   3     3         0
    verify     1/2   2     1         1  1 given_up

    verify: `mathcomp/b` is not done: `rocq-distill verify` makes what is missing
    dataset: not written
    not started: measure, filter, select
    incomplete
    next: rocq-distill verify
    ");
    let json: Value = serde_json::from_str(&run.run("status --json").stdout()).unwrap();
    assert_eq!(json["is_complete"], false);
    assert_eq!(json["stages"][1]["missing"], json!(["mathcomp/b"]));
    assert_eq!(json["stages"][1]["rejected"], json!({ "given_up": 1 }));
}

#[test]
fn of_a_run_whose_stages_are_whole_it_says_what_was_not_started_and_what_comes_next() {
    assert_snapshot!(extracted().run("status export").text(), @"
    exit 3
    --- stdout
    stage    files  in  kept  rejected
    extract    2/2   3     3         0

    dataset: not written
    not started: verify, measure, filter, select
    incomplete: what was started is whole and every record of it accounted for, the rest is to come
    next: rocq-distill verify
    ");
}

#[test]
fn a_run_is_complete_once_every_stage_is_whole_and_the_dataset_is_written() {
    let run = TestRun::new();
    let chain = [Stage::Extract, Stage::Verify, Stage::Measure, Stage::Filter, Stage::Select];
    for stage in chain {
        write_stage(&run_dir(&run).stage(stage), stage, &[("mathcomp.a", a()), ("mathcomp.b", b())]);
    }
    let verdict =
        |outcome: &str| outcome.lines().skip_while(|line| !line.starts_with("dataset")).collect::<Vec<_>>().join("\n");
    let before = run.run("status");
    assert_eq!(before.code(), 3);
    assert_snapshot!(verdict(&before.stdout()), @r"
    dataset: not written
    incomplete: what was started is whole and every record of it accounted for, the rest is to come
    next: rocq-distill export
    ");
    assert_eq!(run.run("export --quiet").code(), 0);
    let after = run.run("status --check");
    assert_eq!(after.code(), 0);
    assert_snapshot!(verdict(&after.stdout()), @r"
    dataset: 3 records
    complete: nothing is missing, and every record is accounted for
    ");
}

#[test]
fn for_a_job_array_it_says_which_shards_have_work_left() {
    let run = extracted();
    let work = |flags: &str| run.run(&format!("status {flags}")).stdout();
    assert_eq!(work("--shards 2"), "extract \nverify 0,1\nmeasure 0,1\nfilter 0,1\nselect 0,1\nexport 0\n");
    verify_a(&run);
    // `a` is the larger file, so `b` is in the second shard; of four shards, two have no file at all.
    assert!(work("--shards 2").starts_with("extract \nverify 1\nmeasure 0,1\n"));
    assert!(work("--shards 4").starts_with("extract \nverify 1\n"));
    assert!(work("--shards 1").starts_with("extract \nverify 0\n"));
}

#[test]
fn a_manifest_that_is_missing_is_written_the_same_again() {
    let run = extracted();
    let before = fs::read(manifest(&run)).unwrap();
    fs::remove_file(manifest(&run)).unwrap();
    assert_snapshot!(run.run("status").text(), @"
    exit 3
    --- stdout
    stage    files  in  kept  rejected
    extract    2/2   3     3         0

    extract: no manifest of these files: `rocq-distill status --write` writes it
    dataset: not written
    not started: verify, measure, filter, select
    incomplete
    next: the command that began it
    ");
    assert!(is_whole(&run, "--write"));
    assert_eq!(fs::read(manifest(&run)).unwrap(), before);
}

#[test]
fn a_manifest_is_not_written_for_a_stage_that_is_not_whole() {
    let run = extracted();
    verify_a(&run);
    assert_eq!(run.run("status --write").code(), 3);
    assert!(!run_dir(&run).stage(Stage::Verify).manifest().exists());
}

#[test]
fn a_file_that_was_changed_is_found_when_files_are_checked() {
    let run = extracted();
    let records = run.path().join("export/extract/mathcomp/a.jsonl");
    append(&records, "{}\n");
    assert!(is_whole(&run, ""));
    assert_snapshot!(run.run("status --check").text(), @"
    exit 3
    --- stdout
    stage    files  in  kept  rejected
    extract    2/2   3     3         0

    extract: `mathcomp/a` is not as written: remove what stands there and run the command that began it
    dataset: not written
    not started: verify, measure, filter, select
    incomplete
    next: the command that began it
    ");
}

#[test]
fn records_that_got_lost_between_two_stages_are_noticed() {
    let run = extracted();
    verify_a(&run);
    // The stage before is made again, of another text, and now keeps one record more.
    let more = [a(), vec![record("mathcomp.a:w")]].concat();
    write_stage(&run_dir(&run).stage(Stage::Extract), Stage::Extract, &[("mathcomp.a", more), ("mathcomp.b", b())]);
    assert_snapshot!(run.run("status").text(), @"
    exit 3
    --- stdout
    stage    files  in  kept  rejected
    extract    2/2   4     4         0
    verify     1/2   2     1         1  1 given_up

    verify: `mathcomp/b` is not done: `rocq-distill verify` makes what is missing
    verify: `mathcomp/a` is not made from what `extract` has now: `rocq-distill verify` brings it up to date
    dataset: not written
    not started: measure, filter, select
    incomplete
    next: rocq-distill verify
    ");
}

#[test]
fn a_dataset_of_other_records_than_the_stages_have_is_noticed() {
    let run = extracted();
    let export = "export --input export/extract --quiet";
    assert_eq!(run.run(export).code(), 0);
    assert!(is_whole(&run, "--check"));
    append(&run.path().join("export/dataset/dataset.jsonl"), "{}\n");
    assert_snapshot!(run.run("status --check").stdout(), @"
    stage    files  in  kept  rejected
    extract    2/2   3     3         0

    dataset: not as written: `rocq-distill export` writes it again
    not started: verify, measure, filter, select
    incomplete
    next: rocq-distill export
    ");
    assert_eq!(run.run(export).code(), 0);
    let less = vec![record("mathcomp.a:x")];
    write_stage(&run_dir(&run).stage(Stage::Extract), Stage::Extract, &[("mathcomp.a", less), ("mathcomp.b", b())]);
    assert_snapshot!(run.run("status").text(), @"
    exit 3
    --- stdout
    stage    files  in  kept  rejected
    extract    2/2   2     2         0

    dataset: not made from what the stages have now: `rocq-distill export` brings it up to date
    not started: verify, measure, filter, select
    incomplete
    next: rocq-distill export
    ");
    assert_eq!(run.run(export).code(), 0);
    assert!(is_whole(&run, ""));
}

/// What `next:` says of a run directory.
fn next(run: &TestRun, arguments: &str) -> String {
    let said = run.run(&format!("status {arguments}")).stdout();
    said.lines()
        .find_map(|line| line.strip_prefix("next: rocq-distill "))
        .unwrap_or_else(|| panic!("{said}"))
        .to_owned()
}

#[test]
fn of_another_run_directory_every_command_names_its_folders_and_does_its_work_there_as_it_is_shown() {
    let run = extracted().file("rocq-distill.toml", "[filter]\nmin_number_instructions = 1\n");
    verify_a(&run);
    fs::rename(run.path().join("export"), run.path().join("b")).unwrap();
    assert_snapshot!(run.run("status b").stdout(), @"
    stage    files  in  kept  rejected
    extract    2/2   3     3         0
    verify     1/2   2     1         1  1 given_up

    verify: `mathcomp/b` is not done: `rocq-distill verify --input b/extract --output b/verify` makes what is missing
    dataset: not written
    not started: measure, filter, select
    incomplete
    next: rocq-distill verify --input b/extract --output b/verify
    ");
    let stage = |stage| RunDir::new(run.path().join("b")).stage(stage);
    write_stage(&stage(Stage::Verify), Stage::Verify, &[("mathcomp.a", a()), ("mathcomp.b", b())]);
    for verb in ["measure", "filter", "select", "export"] {
        let command = next(&run, "b");
        assert!(command.starts_with(verb), "{command}");
        assert_eq!(run.run(&format!("{command} --quiet")).code(), 0, "{command}");
    }
    assert_eq!(run.run("status b").code(), 0);
    assert!(!run.path().join("export").exists());
    fs::remove_file(stage(Stage::Extract).manifest()).unwrap();
    assert!(run.run("status b").stdout().contains("`rocq-distill status b --write` writes it"));
}

#[test]
fn the_settings_file_is_named_where_it_was_named_and_the_folder_where_the_settings_say_another() {
    let run = TestRun::new().file("full.toml", "output = \"full\"\n");
    assert_eq!(next(&run, "full --config full.toml"), "extract --config full.toml");
    assert_eq!(next(&run, "export --config full.toml"), "extract --output export/extract --config full.toml");
    assert_eq!(next(&run, ""), "extract");
    assert_eq!(next(&run, "export"), "extract");
    let run = run.file("rocq-distill.toml", "output = \"run's\"\n");
    assert_eq!(next(&run, ""), "extract");
    assert_eq!(next(&run, "it's/mine"), "extract --output \"it's/mine/extract\"");
}

/// Whether nothing is missing of what was started.
fn is_whole(run: &TestRun, flags: &str) -> bool {
    let status: Value = serde_json::from_str(&run.run(&format!("status --json {flags}")).stdout()).unwrap();
    status["is_whole"].as_bool().unwrap()
}

fn append(path: &Path, text: &str) {
    let before = fs::read_to_string(path).unwrap();
    fs::write(path, before + text).unwrap();
}

#[test]
fn it_says_how_many_proofs_fell_to_faults_and_how_they_are_tried_again() {
    let run = TestRun::new();
    let [x, y, z] = ["x", "y", "z"].map(|name| record(&format!("lib.a:{name}")));
    let timed_out = Reason::Prover(ProverReason::TimedOut { sentence: "auto.".to_owned(), limit_s: 1 });
    let rejected = vec![y.rejected(timed_out), z.rejected(Reason::Extract(ExtractReason::GivenUp))];
    let outcome = Outcome { kept: vec![x], rejected };
    write_outcomes(&run_dir(&run).stage(Stage::Extract), Stage::Extract, &[("lib.a", outcome)]);
    assert_snapshot!(run.run("status").stdout().lines().take(5).collect::<Vec<_>>().join("\n"), @"
    stage    files  in  kept  rejected
    extract    1/1   3     1         2  1 given_up
                                        1 timed_out

    extract: 1 of the rejected are faults of provers: larger limits make their files again, and so does `--retry-faults`
    ");
    let status: Value = serde_json::from_str(&run.run("status --json").stdout()).unwrap();
    assert_eq!(status["stages"][0]["n_faults"], 1);
    assert_eq!(status["is_whole"], true);
}
