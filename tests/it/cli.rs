//! What a person meets at the command line.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use rocq_distill::store::digest::Digest;
use rocq_distill::store::layout::{RunDir, Stage, UnitName};
use rocq_distill::store::ledger::{Input, Ledger};
use rocq_distill::store::shard::Shard;
use serde_json::{Value, json};

use crate::harness::TestRun;
use crate::library::bytes;
use crate::support::{contents, record, write_stage};

/// A folder in which `verify` is done: two files, three records.
fn verified() -> TestRun {
    let run = TestRun::new();
    let folder = RunDir::new(run.path().join("export")).stage(Stage::Verify);
    let units = [
        ("mathcomp.a", vec![record("mathcomp.a:x"), record("mathcomp.a:y")]),
        ("mathcomp.b", vec![record("mathcomp.b:z")]),
    ];
    write_stage(&folder, Stage::Verify, &units);
    run
}

#[test]
fn every_verb_has_a_help_that_fits_a_screen() {
    let run = TestRun::new();
    let verbs = [
        "run",
        "extract",
        "verify",
        "measure",
        "filter",
        "select",
        "reason",
        "score",
        "judge",
        "export",
        "check",
        "status",
        "report",
        "doctor",
        "example",
        "completions",
        "man",
    ];
    let mut text = run.run("--help").stdout();
    for verb in verbs {
        text += &["\n==== ", verb, "\n", &run.run(&format!("{verb} --help")).stdout()].concat();
    }
    assert_snapshot!("help", text);
}

#[test]
fn without_a_verb_the_help_is_shown_and_nothing_is_done() {
    let outcome = TestRun::new().run("");
    assert_eq!(outcome.code(), 2);
    assert_eq!(outcome.stdout(), "");
    assert!(outcome.stderr().contains("Usage: rocq-distill [OPTIONS] <COMMAND>"));
}

#[test]
fn an_unknown_verb_is_refused_with_the_right_one() {
    assert_snapshot!(TestRun::new().run("exract").text(), @r#"
    exit 2
    --- stderr
    error: unrecognized subcommand 'exract'

      tip: some similar subcommands exist: 'export', 'extract'

    Usage: rocq-distill [OPTIONS] <COMMAND>

    For more information, try '--help'.
    "#);
}

#[test]
fn a_step_without_input_says_which_step_makes_it() {
    assert_snapshot!(TestRun::new().run("measure --input nowhere").text(), @"
    exit 1
    --- stderr
    error: `nowhere` holds no records of the stage `verify`

    hint: run `verify` first, or name the folder with its records with `--input`
    ");
}

#[test]
fn an_output_that_cannot_be_written_is_refused_before_any_work() {
    let run = verified().file("taken", "");
    assert_snapshot!(run.run("measure --output taken/measure").text(), @r#"
    exit 1
    --- stderr
    error: cannot create `taken/measure`
      caused by: Not a directory (os error 20)

    hint: a file stands where a folder is needed: name another folder with `--output`
    "#);
}

#[test]
fn a_folder_that_another_process_writes_is_left_alone() {
    let run = verified();
    let folder = RunDir::new(run.path().join("export")).stage(Stage::Measure);
    let input = Input { unit: UnitName::of_logical_path("mathcomp.a").unwrap(), size: 2, digest: Digest::of("") };
    let _writer = Ledger::open(Stage::Measure, &folder, json!("another"), vec![input], Shard::WHOLE).unwrap();
    let before = contents(folder.path());
    insta::with_settings!({ filters => vec![(r"process \d+ on \S+", "process [PID] on [HOST]")] }, {
        assert_snapshot!(run.run("measure").text(), @r#"
        exit 4
        --- stderr
        error: `export/measure/.lock-0-of-1` is being written by process [PID] on [HOST]

        hint: wait until it ends, or make another part with `--shard`; if its machine is gone for good, remove that file
        "#);
        assert_snapshot!(run.run("status").text(), @"
        exit 3
        --- stdout
        stage    files  in  kept  rejected
        verify     2/2   3     3         0
        measure    0/1   0     0         0

        measure: `mathcomp/a` is not done: `rocq-distill measure` makes what is missing
        measure: `mathcomp/b` is not made from what `verify` has now: `rocq-distill measure` brings it up to date
        measure: shard 0/1 is being written by process [PID] on [HOST]
        dataset: not written
        not started: extract, filter, select
        incomplete
        next: rocq-distill measure
        ");
    });
    assert_eq!(contents(folder.path()), before);
}

#[test]
fn in_a_log_a_step_says_where_it_starts_and_ends_and_what_came_of_each_file() {
    let run = verified();
    insta::with_settings!({ filters => vec![(r", \d+s left", ""), (r"\b\d+s\b", "[TIME]")] }, {
        assert_snapshot!(run.run("measure --jobs 1").text(), @"
        exit 0
        --- stderr
        measure: 2 of 2 files to do
        measure: 1/2 files, 66 %; mathcomp/a: 2 kept, 0 rejected in [TIME]
        measure: 2/2 files, 100 %; mathcomp/b: 1 kept, 0 rejected in [TIME]
        measure: done in [TIME], 3 kept, 0 rejected

        stage    in  kept  rejected
        measure   3     3         0
        ");
        assert_snapshot!(run.run("measure --jobs 1").text(), @"
        exit 0
        --- stderr
        measure: nothing left to do

        stage    in  kept  rejected
        measure   3     3         0
        ");
        assert_snapshot!(run.run("filter --jobs 1").text(), @"
        exit 0
        --- stderr
        filter: 2 of 2 files to do
        filter: 1/2 files, 66 %; mathcomp/a: 0 kept, 2 rejected in [TIME]
        filter: 2/2 files, 100 %; mathcomp/b: 0 kept, 1 rejected in [TIME]
        filter: done in [TIME], 0 kept, 3 rejected

        stage   in  kept  rejected
        filter   3     0         3  3 out_of_range
        ");
    });
}

#[test]
fn with_quiet_only_errors_are_said() {
    let run = verified();
    assert_eq!(run.run("measure --quiet").text(), "exit 0\n");
    assert!(run.run("measure --quiet --input nowhere").stderr().starts_with("error: "));
}

#[test]
fn with_json_stdout_is_one_document() {
    let outcome = verified().run("measure --json --quiet");
    assert_snapshot!(outcome.text(), @r#"
    exit 0
    --- stdout
    {
      "stages": [
        {
          "stage": "measure",
          "n_in": 3,
          "n_kept": 3,
          "n_rejected": 0,
          "rejected": {},
          "n_units": 2,
          "n_units_missing": 0
        }
      ],
      "notes": []
    }
    "#);
    serde_json::from_str::<Value>(&outcome.stdout()).unwrap();
}

#[test]
fn the_old_name_of_a_step_is_that_step() {
    let run = verified();
    assert_eq!(run.run("step-1 --quiet").text(), "exit 0\n");
    assert!(run.path().join("export/measure/manifest.json").is_file());
}

#[test]
fn m57_step_2_filters_and_selects_in_one() {
    let run = verified();
    assert_eq!(run.run("step_1 --quiet --output export/counted").text(), "exit 0\n");
    let line = "step_2 --input export/counted --output export/chosen --num-documents 2 --max-num-tokens 3750 \
                --min-number-instructions 1 --max-number-instructions 7 --json --quiet";
    let outcome = run.run(line);
    assert_eq!(outcome.code(), 0, "{}", outcome.text());
    let summary: Value = serde_json::from_str(&outcome.stdout()).unwrap();
    let stages: Vec<_> =
        summary["stages"].as_array().unwrap().iter().map(|stage| stage["stage"].as_str().unwrap()).collect();
    assert_eq!(stages, ["filter", "select"]);
    for folder in ["filter", "chosen"] {
        assert!(run.path().join("export").join(folder).join("manifest.json").is_file(), "{folder}");
    }
}

#[test]
fn the_page_on_the_older_project_names_each_of_its_commands_as_the_help_does() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/older-project.md")).unwrap();
    let help = TestRun::new().run("--help").stdout();
    let (_, names) = help.split_once("Names of the older project:\n").unwrap();
    let names: Vec<_> = names.lines().take_while(|line| !line.is_empty()).collect();
    assert_eq!(names.len(), 7);
    for line in names {
        let (name, stages) = line.trim().split_once(' ').unwrap();
        let stages = stages.trim().replace(", then ", "`, then `");
        assert!(page.contains(&format!("| `{name}` | `{stages}` |")), "{line}");
    }
}

#[test]
fn m112_an_example_is_not_written_over_a_file_that_is_there() {
    let run = TestRun::new();
    assert_snapshot!(run.run("example rehearsal --output rocq-distill.toml").text(), @"
    exit 0
    --- stderr
    note: `rocq-distill.toml` is yours to change
    ");
    let path = run.path().join("rocq-distill.toml");
    assert_eq!(fs::read_to_string(&path).unwrap(), run.run("example rehearsal").stdout());
    assert_snapshot!(run.run("example openai --output rocq-distill.toml").text(), @"
    exit 2
    --- stderr
    error: there is a file `rocq-distill.toml` already

    hint: name another file, or move that one away: it is never written over
    ");
    assert_eq!(fs::read_to_string(&path).unwrap(), run.run("example rehearsal").stdout());
}

#[test]
fn m109_a_dry_run_of_the_whole_chain_says_what_is_known_and_does_nothing() {
    let run = TestRun::new().file(
        "rocq-distill.toml",
        "[reason]\nbase_url = \"scripted\"\nnum_gen = 2\n[score]\nbase_url = \"scripted\"\n",
    );
    let folder = RunDir::new(run.path().join("export")).stage(Stage::Select);
    write_stage(&folder, Stage::Select, &[("mathcomp.a", vec![record("mathcomp.a:x")])]);
    let before = bytes(&run.path().join("export"));
    let outcome = run.run("run --dry-run --input nothing --json");
    assert_eq!(outcome.code(), 0, "{}", outcome.text());
    let forecasts: Value = serde_json::from_str(&outcome.stdout()).unwrap();
    assert_eq!((&forecasts[0]["stage"], &forecasts[0]["n_requests"]), (&json!("reason"), &json!(2)));
    assert_eq!(forecasts[1], json!({ "stage": "score", "depends_on": "reason" }));
    assert_eq!(bytes(&run.path().join("export")), before);
}

/// A program of a folder's own, which says this of itself.
fn with_program(says: &str, mode: u32) -> TestRun {
    let text = format!("#!/bin/sh\ncat <<'END'\n{says}\nEND\n");
    let run = TestRun::new().file("mine", &text).file("rocq-distill.toml", "[rocq]\nprogram = \"./mine\"\n");
    fs::set_permissions(run.path().join("mine"), fs::Permissions::from_mode(mode)).unwrap();
    run
}

#[test]
fn m118_of_a_foreign_program_s_banner_a_line_is_shown() {
    let outcome = with_program("I am a teapot\nshort and stout\nthis is my handle", 0o755).run("extract");
    assert!(outcome.stderr().contains("it says `I am a teapot`"), "{}", outcome.stderr());
    assert!(!outcome.stderr().contains("stout"), "{}", outcome.stderr());
}

#[test]
fn m118_a_program_that_may_not_be_run_is_told_from_one_that_is_not_there() {
    assert_snapshot!(with_program("", 0o644).run("extract").text(), @r"
    exit 1
    --- stderr
    error: cannot start `[DIR]/mine`
      caused by: Permission denied (os error 13)

    hint: it may not be run: `chmod +x [DIR]/mine`, or name another program
    ");
}

#[test]
fn m111_doctor_looks_at_the_library_that_is_named() {
    let run =
        TestRun::new().file("lib/a.v", "Lemma x : True. Proof. exact I. Qed.\n").file("lib/_CoqProject", "-R . L\n");
    let library = |run: &TestRun| {
        let found: Value = serde_json::from_str(&run.run("doctor --input lib --json").stdout()).unwrap();
        let checks = found["checks"].as_array().unwrap();
        checks.iter().find(|check| check["what"] == "library").unwrap().clone()
    };
    let found = library(&run);
    assert_eq!(found["finding"], "ok", "{found}");
    let folder = run.path().canonicalize().unwrap();
    let detail = found["detail"].as_str().unwrap().replace(folder.to_str().unwrap(), "[DIR]");
    assert_snapshot!(detail, @"lib: 1 files, compiled: 0, with a .glob file of their text: 0 (those of the others are made again with coqc, elsewhere), flags: -R [DIR]/lib L");
    let run = run.file("lib/b.v", "Require Import L.a.\n");
    let found = library(&run);
    assert_eq!(found["finding"], "missing", "{found}");
}

#[test]
fn m110_a_key_that_is_not_set_is_noticed_before_anything_is_sent() {
    let run = TestRun::new().file(
        "rocq-distill.toml",
        "[reason]\nbase_url = \"https://openrouter.ai/api/v1\"\nmodel = \"large\"\napi_key_env = \"NO_SUCH_KEY\"\n",
    );
    let folder = RunDir::new(run.path().join("export")).stage(Stage::Select);
    write_stage(&folder, Stage::Select, &[("mathcomp.a", vec![record("mathcomp.a:x")])]);
    let of_stage = run.run("reason --quiet").text();
    assert_snapshot!(of_stage, @"
    exit 2
    --- stderr
    error: `https://openrouter.ai/api/v1` asks for a key, and the environment variable `NO_SUCH_KEY` is not set

    hint: put the key into it, `export NO_SUCH_KEY=…`, or name the variable that has it in `api_key_env`
    ");
    assert_eq!(run.run("run --quiet").text(), of_stage);
}

#[test]
fn doctor_says_of_each_thing_whether_it_is_here_and_what_to_do() {
    let run =
        TestRun::new().variable("PATH", "/nowhere").file("rocq-distill.toml", "[measure]\ntokenizer = \"gone.json\"\n");
    insta::with_settings!({ filters => vec![(r"\d+ MiB", "[SPACE]")] }, {
        assert_snapshot!(run.run("doctor").text(), @r#"
        exit 3
        --- stdout
        ok       settings   rocq-distill.toml
        missing  rocq       there is no `coqidetop` on the path
        missing  library    cannot be found without Rocq
        missing  engine     cannot be found without Rocq
        missing  tokenizer  there is no tokenizer `gone.json`: no such file or folder, and a name on the hub is `owner/name`
        ok       output     [DIR]/export, [SPACE] free
        off      telemetry  no `telemetry.endpoint` is set
        off      reason     no `reason.base_url` is set
        off      score      no `score.base_url` is set
        off      judge      no `judge.base_url` is set

        rocq: put Rocq and MathComp on PATH, set `rocq.program`, or put `containers/with-rocq` in front of the command, which fetches them
        tokenizer: leave `measure.tokenizer` out to use the built-in one
        "#);
    });
    let json: Value = serde_json::from_str(&run.run("doctor --json").stdout()).unwrap();
    assert_eq!(json["is_ready"], false);
}

#[test]
fn a_rocq_that_is_too_old_is_refused_at_the_start() {
    let rocq = "#!/bin/sh\necho 'The Coq Proof Assistant, version 8.13.2'\n";
    let run = TestRun::new().file("old", rocq).file("rocq-distill.toml", "[rocq]\nprogram = \"./old\"\n");
    fs::set_permissions(run.path().join("old"), fs::Permissions::from_mode(0o755)).unwrap();
    assert_snapshot!(run.run("extract").text(), @r"
    exit 1
    --- stderr
    error: `[DIR]/old` is of version 8.13.2; the oldest that is understood here is 8.16

    hint: put a newer Rocq on PATH, or name one in `rocq.program`
    ");
}

#[test]
fn completions_and_the_manual_go_to_stdout() {
    let run = TestRun::new();
    let completions = run.run("completions bash");
    assert_eq!((completions.code(), completions.stderr().as_str()), (0, ""));
    assert!(completions.stdout().contains("rocq__distill,doctor)"));
    let manual = run.run("man").stdout();
    assert!(manual.contains(".TH rocq-distill 1") && manual.contains(".SH \"rocq-distill filter\""), "{manual}");
}

#[test]
fn no_step_edits_its_input() {
    let run = verified();
    let export = run.path().join("export");
    for (verb, own) in [
        ("measure", "measure"),
        ("filter --min-number-instructions 1", "filter"),
        ("select", "select"),
        ("export", "dataset"),
        ("report", "page"),
    ] {
        let before = bytes(&export);
        assert_eq!(run.run(&format!("{verb} --quiet")).text(), "exit 0\n");
        let mut after = bytes(&export);
        after.retain(|path, _| !path.starts_with(own));
        assert_eq!(after, before, "{verb}");
    }
}

#[test]
fn an_interrupted_run_ends_at_once_and_says_how_to_go_on() {
    let run = TestRun::new().file("silent", "#!/bin/sh\ntouch started\nexec sleep 20\n");
    let program = run.path().join("silent");
    fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let run = run.variable("ROCQ_DISTILL_ROCQ__PROGRAM", program.to_str().unwrap());
    let mut child = run.command("run").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let started = Instant::now();
    while !run.path().join("started").exists() && started.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(50));
    }
    std::thread::sleep(Duration::from_millis(200));
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::TERM).unwrap();
    let code = child.wait().unwrap().code();
    assert!(started.elapsed() < Duration::from_secs(15));
    assert_eq!(code, Some(130));
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_snapshot!(said, @r#"
    note: taking the 10 files of the starter part of the library; `--all` takes all of it
    interrupted: what is done is kept; run the same command again to go on
    "#);
}
