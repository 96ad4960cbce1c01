//! What a person gets wrong: each mistake ends with its exit code, an error that names it and a hint, and costs nothing
//! that was done.

use std::fs;

use insta::assert_snapshot;
use rocq_distill::store::layout::{RunDir, Stage};

use crate::harness::TestRun;
use crate::interruption::{can_mount, in_namespace};
use crate::library::{bytes, installed};
use crate::model_server::{Asked, ModelServer, Said};
use crate::support::{record, write_stage};

/// A run directory in which a step is done, with two records.
fn done(stage: Stage) -> TestRun {
    let run = TestRun::new();
    let folder = RunDir::new(run.path().join("export")).stage(stage);
    write_stage(&folder, stage, &[("lib.a", vec![record("lib.a:x"), record("lib.a:y")])]);
    run
}

/// How a wrong command ends; every file that was in the run directory is still there as it was.
#[track_caller]
fn refused(run: &TestRun, arguments: &str) -> String {
    let export = run.path().join("export");
    let before = if export.exists() { bytes(&export) } else { [].into() };
    let outcome = run.run(arguments);
    if !before.is_empty() {
        let after = bytes(&export);
        let lost: Vec<_> = before.iter().filter(|(name, text)| after.get(*name) != Some(text)).collect();
        assert!(lost.is_empty(), "{lost:?}");
    }
    assert_ne!(outcome.code(), 0);
    outcome.text().replace(installed().to_str().unwrap(), "[LIBRARIES]")
}

#[test]
fn a_folder_without_source_files() {
    let run = done(Stage::Extract).file("notes/readme.txt", "no Rocq here");
    assert_snapshot!(refused(&run, "extract --input notes"), @"
    exit 1
    --- stderr
    error: there are no .v files in `[DIR]/notes`

    hint: name folders and .v files with `--input` (for `verify`: `--library`); `rocq-distill doctor` says which library is found
    ");
}

#[test]
fn a_path_that_is_not_there() {
    assert_snapshot!(refused(&done(Stage::Extract), "extract --input mathcomp/ssreflekt"), @r#"
    exit 1
    --- stderr
    error: there is no `mathcomp/ssreflekt`, neither here nor in `[LIBRARIES]`

    hint: name folders and .v files with `--input` (for `verify`: `--library`); `rocq-distill doctor` says which library is found
    "#);
}

#[test]
fn a_library_that_was_not_built() {
    let text = "Lemma x : True. Proof. exact I. Qed.\n";
    let run = done(Stage::Extract).file("lib/a.v", text);
    assert_snapshot!(refused(&run, "extract --input lib"), @r#"
    exit 1
    --- stderr
    error: `[DIR]/lib/a.v` has no .glob file beside it and no project file above it

    hint: build the library with this Rocq first (`make`, `dune build`), which leaves a .glob file beside each .v file; sources that are not installed also need their `_CoqProject` or `dune-project` in a folder above
    "#);
    let run = run
        .file("lib/_CoqProject", "-R . L\n")
        .file("lib/b.v", "Require Import L.a.\nLemma y : True. Proof. exact x. Qed.\n");
    assert_snapshot!(refused(&run, "extract --input lib"), @r#"
    exit 1
    --- stderr
    error: `[DIR]/lib/b.v` requires `L.a`, which was not compiled

    hint: build the library with this Rocq first (`make`, `dune build`): nothing is ever compiled or written in its folder here
    "#);
}

#[test]
fn a_typo_in_a_setting() {
    let run = done(Stage::Measure).file("rocq-distill.toml", "[filter]\nmax_num_token = 4000\n");
    assert_snapshot!(refused(&run, "run"), @r#"
    exit 2
    --- stderr
    error: unknown setting `filter.max_num_token` in `rocq-distill.toml`

    hint: did you mean `filter.max_num_tokens`?
    "#);
    let run = done(Stage::Measure).file("rocq-distill.toml", "[filters]\nmax_num_tokens = 4000\n");
    assert_snapshot!(refused(&run, "filter"), @r#"
    exit 2
    --- stderr
    error: unknown setting `filters` in `rocq-distill.toml`

    hint: did you mean `filter`?
    "#);
    assert_snapshot!(refused(&done(Stage::Measure), "filter --max-num-token 4000"), @r#"
    exit 2
    --- stderr
    error: unexpected argument '--max-num-token' found

      tip: a similar argument exists: '--max-num-tokens'

    Usage: rocq-distill filter --max-num-tokens <N>

    For more information, try '--help'.
    "#);
}

#[test]
fn records_of_the_wrong_step() {
    let run = done(Stage::Extract);
    assert_snapshot!(refused(&run, "filter --input export/extract"), @r#"
    exit 1
    --- stderr
    error: the records of `extract` in `export/extract` lack what `measure` adds

    hint: run `measure` first, or name the folder that it wrote with `--input`
    "#);
    assert_snapshot!(refused(&run, "filter"), @"
    exit 1
    --- stderr
    error: `export/measure` holds no records of the stage `measure`

    hint: run `measure` first, or name the folder with its records with `--input`
    ");
    assert_snapshot!(refused(&run.file("mine.jsonl", "{}\n"), "measure --input mine.jsonl"), @r#"
    exit 1
    --- stderr
    error: cannot read `mine.jsonl/manifest.json`
      caused by: Not a directory (os error 20)

    hint: a stage reads the folder that another stage wrote: name that folder, and no file, with `--input`
    "#);
    let run = done(Stage::Select)
        .file("rocq-distill.toml", "[score]\nbase_url = \"http://127.0.0.1:9/v1\"\nmodel = \"small\"\n");
    assert_snapshot!(refused(&run, "score --input export/select"), @r#"
    exit 1
    --- stderr
    error: the records of `select` in `export/select` lack what `reason` adds

    hint: run `reason` first, or name the folder that it wrote with `--input`
    "#);
}

#[test]
fn a_file_that_is_no_file_of_records() {
    let run = done(Stage::Measure);
    fs::write(run.path().join("export/measure/lib/a.jsonl"), "{\"id\": \"lib.a:x\"}\n").unwrap();
    assert_snapshot!(refused(&run, "filter"), @r#"
    exit 1
    --- stderr
    filter: 1 of 1 files to do
    error: line 1 of `export/measure/lib/a.jsonl` is not a record
      caused by: missing field `format_version` at line 1 column 17

    hint: `export/measure/lib/a.jsonl` was changed or damaged: remove it and run the stage that wrote it again, which makes only what is missing
    "#);
}

#[test]
fn a_full_disk() {
    let Some(said) = measured_onto("a_full_disk", "size=8k") else { return };
    assert_snapshot!(said, @r#"
    error: cannot write `disk/measure/lib/a.jsonl`
      caused by: No space left on device (os error 28)

    hint: make room on this disk and run the same command again: what is done is kept
    "#);
}

#[test]
fn a_read_only_output() {
    let Some(said) = measured_onto("a_read_only_output", "ro") else { return };
    assert_snapshot!(said, @r#"
    error: cannot create `disk/measure`
      caused by: Read-only file system (os error 30)

    hint: this disk is read-only: name another folder with `--output`
    "#);
}

/// What `measure` says on stderr, and ends with 1, where it is to write onto a disk that was mounted with these options;
/// nothing where no test may mount one.
fn measured_onto(test: &str, options: &str) -> Option<String> {
    let run = done(Stage::Verify);
    if !can_mount(&run, &format!("wrong_input::{test}")) {
        return None;
    }
    let script = format!("mount -t tmpfs -o {options} t disk && $PROGRAM measure --output disk/measure --quiet");
    let output = in_namespace(&run, &script);
    assert_eq!(output.status.code(), Some(1));
    Some(String::from_utf8(output.stderr).unwrap())
}

/// Two records to ask a large model about, at this address.
fn to_reason(base_url: &str) -> TestRun {
    let settings = format!(
        "[reason]\nbase_url = {base_url:?}\nmodel = \"large\"\nnum_gen = 1\nmax_workers = 1\nmax_tries = 2\n\
         retry_delay_s = 0.01\napi_key_env = \"LARGE_KEY\"\n"
    );
    done(Stage::Select).file("rocq-distill.toml", &settings)
}

/// A server that answers the first request and lets no other pass that comes without the key.
fn guarded() -> ModelServer {
    let is_let_in = |index: usize, asked: &Asked| index == 0 || asked.authorization.as_deref() == Some("Bearer right");
    ModelServer::start(move |index, asked| {
        if is_let_in(index, asked) {
            Said::chat("I think", "\\boxed{exact: I.}")
        } else {
            Said::text(401, "{\"error\": {\"message\": \"invalid api key\"}}")
        }
    })
}

/// What is said at an address that differs from test to test.
fn without_port(text: &str) -> String {
    let mut parts = text.split("127.0.0.1:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + "127.0.0.1:[PORT]" + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}

#[test]
fn no_key_and_the_answer_that_came_before_is_kept() {
    let server = guarded();
    let run = to_reason(&server.base_url());
    assert_snapshot!(without_port(&refused(&run, "reason --quiet")), @r#"
    exit 6
    --- stderr
    error: `http://127.0.0.1:[PORT]/v1` refused a request about `lib.a:y` with status 401: invalid api key

    hint: put a key for this server into the environment variable `LARGE_KEY` and run the same command again: every answer so far is kept and will not be asked for again
    "#);
    let n_asked = server.asked().len();
    let run = run.variable("LARGE_KEY", "right");
    assert_eq!(run.run("reason --quiet").text(), "exit 0\n");
    assert_eq!(server.asked().len(), n_asked + 1, "what was answered is not asked again");
}

#[test]
fn a_wrong_key_which_is_not_repeated() {
    let server = guarded();
    let run = to_reason(&server.base_url()).variable("LARGE_KEY", "wrong-secret");
    let said = refused(&run, "reason --quiet");
    assert!(!said.contains("wrong-secret"), "{said}");
    assert_snapshot!(without_port(&said), @r#"
    exit 6
    --- stderr
    error: `http://127.0.0.1:[PORT]/v1` refused a request about `lib.a:y` with status 401: invalid api key

    hint: the key in the environment variable `LARGE_KEY` is not one that this server accepts for this model: put the right one there and run the same command again: every answer so far is kept and will not be asked for again
    "#);
    let n_asked = server.asked().len();
    let run = run.variable("LARGE_KEY", "right");
    assert_eq!(run.run("reason --quiet").text(), "exit 0\n");
    assert_eq!(server.asked().len(), n_asked + 1, "what was answered is not asked again");
}

#[test]
fn a_server_that_is_not_there() {
    // Nothing listens on the port of `discard`.
    let run = to_reason("http://127.0.0.1:9/v1");
    assert_snapshot!(refused(&run, "reason --quiet"), @r#"
    exit 7
    --- stderr
    error: 2 requests to `http://127.0.0.1:9/v1` had no answer after 2 tries each; the last one: error sending request: client error (Connect): tcp connect error: Connection refused (os error 111)

    hint: start that server or set its right address (`base_url`), or ask for less with `--max-workers` if it has too much to do, and run the same command again: every answer so far is kept and will not be asked for again
    "#);
    assert_snapshot!(refused(&to_reason("127.0.0.1:9"), "reason --quiet"), @r#"
    exit 2
    --- stderr
    error: `127.0.0.1:9` is no address of a model server

    hint: write it as the server's client libraries take it, such as `http://127.0.0.1:8000/v1`
    "#);
}

#[test]
fn a_wrong_address_is_told_as_such_also_where_there_are_no_certificates() {
    let run = to_reason("127.0.0.1:9").variable("SSL_CERT_FILE", "/nowhere/certificates.pem");
    let run = run.variable("SSL_CERT_DIR", "/nowhere");
    let told = refused(&run, "reason --quiet");
    assert!(told.starts_with("exit 2\n"), "{told}");
    assert!(told.contains("error: `127.0.0.1:9` is no address of a model server"), "{told}");
}

#[test]
fn a_machine_without_certificates() {
    let run = to_reason("https://127.0.0.1:9/v1");
    let run = run.variable("SSL_CERT_FILE", "/nowhere/certificates.pem").variable("SSL_CERT_DIR", "/nowhere");
    assert_snapshot!(refused(&run, "reason --quiet"), @r#"
    exit 1
    --- stderr
    error: cannot make a client for `https://127.0.0.1:9/v1`
      caused by: builder error
      caused by: unexpected error: No CA certificates were loaded from the system

    hint: `https` needs the certificates of this system: install them (`apt-get install ca-certificates`), or name their file in SSL_CERT_FILE
    "#);
}

#[test]
fn a_model_step_without_a_server() {
    assert_snapshot!(refused(&done(Stage::Select), "reason"), @r#"
    exit 2
    --- stderr
    error: no model server is set for `reason`

    hint: set `reason.base_url` and `reason.model`; `rocq-distill example` prints files to start from
    "#);
}
