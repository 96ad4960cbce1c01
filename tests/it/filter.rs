//! `filter`: what lies within the limits stays as it is, the rest says by how much it does not.

use std::fs;
use std::path::Path;

use rocq_distill::cli::Cli;
use rocq_distill::record::{Measured, Quantity, Reason, Record, SizeReason, StepKind, TokenCounts};
use rocq_distill::settings::{FilterSettings, Settings, SettingsError};
use rocq_distill::stages::{Context, filter};
use rocq_distill::store::layout::{RunDir, Stage, UnitName};
use rocq_distill::store::ledger::Summary;
use rocq_distill::store::shard::Shard;
use tempfile::TempDir;

use crate::support::{contents, context, kept, program, record, rejected, seals, step, write_stage, writes};

/// A record with so many tokens in its proof term and so many tactics, each behind a bullet.
fn sized(id: &str, n_tokens: usize, n_tactics: usize) -> Record {
    let sentences = (0..n_tactics).flat_map(|_| [("-", StepKind::Bullet), ("by [].", StepKind::Tactic)]);
    Record {
        steps: sentences.enumerate().map(|(index, (text, kind))| step(index, text, kind)).collect(),
        tokens: Some(TokenCounts {
            tokenizer: "test".to_owned(),
            tokenizer_sha256: "0".repeat(64),
            proof_term: n_tokens,
            proof_script: 9,
        }),
        ..record(id)
    }
}

fn run_dir() -> (TempDir, RunDir) {
    let folder = tempfile::tempdir().unwrap();
    let run_dir = RunDir::new(folder.path().join("export"));
    let units = [
        ("lib.tokens", vec![sized("lib.tokens:most", 3750, 3), sized("lib.tokens:too_many", 3751, 3)]),
        ("lib.tactics", (2..=8).map(|n| sized(&format!("lib.tactics:n{n}"), 100, n)).collect()),
        ("lib.both", vec![sized("lib.both:b", 3751, 0)]),
        ("lib.none", vec![]),
    ];
    write_stage(&run_dir.stage(Stage::Measure), Stage::Measure, &units);
    (folder, run_dir)
}

fn run_in(context: Context<'_>, run_dir: &RunDir, settings: &FilterSettings) -> Summary {
    filter::run(context, settings, &run_dir.stage(Stage::Measure), &run_dir.stage(Stage::Filter)).unwrap()
}

fn run(run_dir: &RunDir) -> Summary {
    run_in(context(2), run_dir, &FilterSettings::default())
}

#[test]
fn limits_are_inclusive_and_tokens_are_looked_at_first() {
    let (_folder, run_dir) = run_dir();
    let summary = run(&run_dir);
    let output = run_dir.stage(Stage::Filter);
    let ids: Vec<_> = kept(&output).iter().map(|record| record.id.to_string()).collect();
    assert_eq!(
        ids,
        ["lib.tactics:n3", "lib.tactics:n4", "lib.tactics:n5", "lib.tactics:n6", "lib.tactics:n7", "lib.tokens:most"]
    );
    let reasons: Vec<_> = rejected(&output).into_iter().map(|one| (one.id.to_string(), one.reason)).collect();
    let tokens =
        Reason::Size(SizeReason::OutOfRange { quantity: Quantity::ProofTermTokens, found: 3751, min: 0, max: 3750 });
    let tactics = |found| Reason::Size(SizeReason::OutOfRange { quantity: Quantity::Steps, found, min: 3, max: 7 });
    assert_eq!(
        reasons,
        [
            ("lib.both:b".to_owned(), tokens.clone()),
            ("lib.tactics:n2".to_owned(), tactics(2)),
            ("lib.tactics:n8".to_owned(), tactics(8)),
            ("lib.tokens:too_many".to_owned(), tokens),
        ]
    );
    assert_eq!((summary.manifest.n_in, summary.manifest.n_kept, summary.manifest.n_rejected()), (10, 6, 4));
    assert_eq!(summary.manifest.rejected["out_of_range"], 4);
}

#[test]
fn what_is_kept_is_not_changed() {
    let (_folder, run_dir) = run_dir();
    run(&run_dir);
    let before = kept(&run_dir.stage(Stage::Measure));
    assert!(kept(&run_dir.stage(Stage::Filter)).iter().all(|record| before.contains(record)));
}

#[test]
fn only_tactics_are_steps() {
    let sentences = [
        ("move=> n.", StepKind::Tactic),
        ("-", StepKind::Bullet),
        ("{", StepKind::Brace),
        ("by [].", StepKind::Tactic),
        ("}", StepKind::Brace),
        ("Opaque addn.", StepKind::Command),
    ];
    let mut record = sized("lib.a:a", 1, 0);
    record.steps = sentences.iter().enumerate().map(|(index, (text, kind))| step(index, text, *kind)).collect();
    let measured = Measured::try_from(record).unwrap();
    let exactly = |n| FilterSettings { min_number_instructions: n, max_number_instructions: n, ..Default::default() };
    assert_eq!(filter::out_of_range(&measured, &exactly(2)), None);
    assert!(filter::out_of_range(&measured, &exactly(6)).is_some());
}

#[test]
fn threads_and_shards_write_the_same_bytes() {
    let (_folder, run_dir) = run_dir();
    let output = run_dir.stage(Stage::Filter);
    run_in(context(1), &run_dir, &FilterSettings::default());
    let alone = contents(output.path());
    for shards in [1, 3] {
        fs::remove_dir_all(output.path()).unwrap();
        for index in 0..shards {
            let context = Context { shard: Shard::new(index, shards).unwrap(), ..context(4) };
            run_in(context, &run_dir, &FilterSettings::default());
        }
        assert_eq!(contents(output.path()), alone);
    }
}

#[test]
fn forty_shards_at_once_give_the_same_bytes_and_leave_the_manifest_behind() {
    let (_folder, run_dir) = run_dir();
    let output = run_dir.stage(Stage::Filter);
    run(&run_dir);
    let alone = contents(output.path());
    // A run with other limits lies there, so that each of them finds something to clear away.
    run_in(context(1), &run_dir, &FilterSettings { max_num_tokens: 1, ..Default::default() });
    std::thread::scope(|scope| {
        for index in 0..40 {
            let context = Context { shard: Shard::new(index, 40).unwrap(), ..context(1) };
            let run_dir = &run_dir;
            scope.spawn(move || run_in(context, run_dir, &FilterSettings::default()));
        }
    });
    assert_eq!(contents(output.path()), alone);
}

#[test]
fn a_second_run_writes_nothing_and_another_limit_filters_again() {
    let (_folder, run_dir) = run_dir();
    let output = run_dir.stage(Stage::Filter);
    run(&run_dir);
    let (written, sealed) = (writes(output.path()), seals(output.path()));
    run(&run_dir);
    assert_eq!(writes(output.path()), written);
    run_in(context(2), &run_dir, &FilterSettings { max_num_tokens: 4000, ..Default::default() });
    assert_eq!(kept(&output).len(), 7);
    assert!(seals(output.path()).iter().all(|(path, seal)| sealed[path] != *seal));
    let stale = output.unit(&UnitName::of_logical_path("lib.tokens").unwrap()).rejected();
    assert!(!stale.exists(), "nothing of this unit is rejected any more");
}

#[test]
fn a_changed_input_is_filtered_again_and_a_vanished_one_leaves_nothing() {
    let (_folder, run_dir) = run_dir();
    run(&run_dir);
    let units = [("lib.tokens", vec![sized("lib.tokens:new", 7, 3)])];
    write_stage(&run_dir.stage(Stage::Measure), Stage::Measure, &units);
    let summary = run(&run_dir);
    assert_eq!((summary.manifest.n_in, summary.manifest.n_kept), (1, 1));
    let output = run_dir.stage(Stage::Filter);
    assert_eq!(kept(&output)[0].id.as_str(), "lib.tokens:new");
    assert!(rejected(&output).is_empty());
}

#[test]
fn a_record_that_was_not_measured_is_an_error_that_names_the_step() {
    let folder = tempfile::tempdir().unwrap();
    let run_dir = RunDir::new(folder.path().join("export"));
    let input = run_dir.stage(Stage::Measure);
    write_stage(&input, Stage::Measure, &[("lib.a", vec![record("lib.a:a")])]);
    let output = program(folder.path()).arg("filter").assert().failure();
    let error = String::from_utf8(output.get_output().stderr.clone()).unwrap();
    assert!(error.contains("records such as `lib.a:a` in `export/measure` lack what `measure` adds"), "{error}");
}

#[test]
fn a_garbled_line_is_an_error_with_its_file_and_number() {
    let (_folder, run_dir) = run_dir();
    let input = run_dir.stage(Stage::Measure);
    let path = input.unit(&UnitName::of_logical_path("lib.tactics").unwrap()).records();
    fs::write(&path, fs::read_to_string(&path).unwrap().replacen("\"n_", "", 1).replacen("lib.tactics:n4\",", "", 1))
        .unwrap();
    let error = filter::run(context(2), &FilterSettings::default(), &input, &run_dir.stage(Stage::Filter));
    assert_eq!(error.unwrap_err().to_string(), format!("line 3 of `{}` is not a record", path.display()));
}

fn resolve(folder: &Path, arguments: &[&str]) -> Result<Settings, SettingsError> {
    let file = folder.join("empty.toml");
    fs::write(&file, "").unwrap();
    let cli = Cli::read([&["rocq-distill", "filter"], arguments].concat()).unwrap();
    Settings::resolve(Some(&file), &cli.overrides)
}

#[test]
fn m19_numbers_on_the_command_line_are_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--min_num_tokens", "10", "--max-num-tokens", "3000", "--min-number-instructions=2"];
    let settings = resolve(folder.path(), &arguments).unwrap().filter;
    let limits = (
        settings.min_num_tokens,
        settings.max_num_tokens,
        settings.min_number_instructions,
        settings.max_number_instructions,
    );
    assert_eq!(limits, (10, 3000, 2, 7));
    let error = Cli::read(["rocq-distill", "filter", "--max-num-tokens", "many"]).unwrap_err();
    assert_eq!(error.kind(), clap::error::ErrorKind::ValueValidation);
}

#[test]
fn limits_that_nothing_lies_between_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |arguments: &[&str]| resolve(folder.path(), arguments).unwrap_err().to_string();
    insta::assert_snapshot!(refused(&["--min-num-tokens", "4000"]), @"setting `filter.min_num_tokens` is 4000, more than `filter.max_num_tokens`, which is 3750: no record would be kept");
    insta::assert_snapshot!(refused(&["--min-number-instructions", "8"]), @"setting `filter.min_number_instructions` is 8, more than `filter.max_number_instructions`, which is 7: no record would be kept");
    resolve(folder.path(), &["--min-number-instructions", "7"]).unwrap();
}
