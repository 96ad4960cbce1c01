//! `measure`: the counts are those of the Python package, and every tokenizer is found or missed with a clear word.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use assert_cmd::Command;
use rocq_distill::record::Record;
use rocq_distill::settings::MeasureSettings;
use rocq_distill::stages::measure;
use rocq_distill::store::layout::{RunDir, Stage, UnitName};
use rocq_distill::store::ledger::Summary;
use rocq_distill::text::tokenizer::{BUILT_IN, Tokenizer};
use serde::Deserialize;
use tempfile::TempDir;

use crate::support::{contents, context, kept, program, record, seals, write_stage, writes};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tokenizer");

#[derive(Deserialize)]
struct Counted {
    text: String,
    n_tokens: usize,
}

fn counted() -> Vec<Counted> {
    let lines = fs::read_to_string(Path::new(FIXTURES).join("counts.jsonl")).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn fixture_file() -> PathBuf {
    Path::new(FIXTURES).join("tokenizer.json")
}

fn with_term(id: &str, term: &str) -> Record {
    let mut record = record(id);
    term.clone_into(&mut record.proof_term.text);
    record
}

/// A run with a unit of every counted text, a small one and an empty one.
fn run_dir() -> (TempDir, RunDir) {
    let folder = tempfile::tempdir().unwrap();
    let run_dir = RunDir::new(folder.path().join("export"));
    let many =
        counted().into_iter().enumerate().map(|(index, one)| with_term(&format!("lib.many:l{index}"), &one.text));
    let units = [("lib.many", many.collect()), ("lib.few", vec![record("lib.few:a")]), ("lib.none", vec![])];
    write_stage(&run_dir.stage(Stage::Verify), Stage::Verify, &units);
    (folder, run_dir)
}

fn run(run_dir: &RunDir, jobs: usize, tokenizer: Option<&str>) -> Summary {
    let settings = MeasureSettings { tokenizer: tokenizer.map(str::to_owned) };
    let (input, output) = (run_dir.stage(Stage::Verify), run_dir.stage(Stage::Measure));
    measure::run(context(jobs), &settings, &input, &output).unwrap()
}

#[test]
fn every_count_is_that_of_the_python_package() {
    let tokenizer = Tokenizer::load(Some(FIXTURES)).unwrap();
    for Counted { text, n_tokens } in counted() {
        assert_eq!(tokenizer.count(&text).unwrap(), n_tokens, "{text:?}");
    }
}

#[test]
fn m18_special_tokens_padding_and_truncation_are_not_counted() {
    let tokenizer = Tokenizer::load(Some(FIXTURES)).unwrap();
    let as_a_model_wants_it = tokenizers::Tokenizer::from_file(fixture_file()).unwrap();
    let (short, long) = ("by [].", "by []. ".repeat(100));
    assert_eq!(as_a_model_wants_it.encode(short, true).unwrap().len(), 16);
    assert_eq!(tokenizer.count(short).unwrap(), 2);
    assert_eq!(as_a_model_wants_it.encode(long.as_str(), true).unwrap().len(), 64);
    assert_eq!(tokenizer.count(&long).unwrap(), 201);
    assert_eq!(tokenizer.count("").unwrap(), 0);
}

#[test]
fn a_definition_that_drops_merges_at_random_counts_the_same_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let definition = fs::read_to_string(fixture_file()).unwrap();
    let random = definition
        .replace(r#""dropout":null"#, r#""dropout":0.5"#)
        .replace(r#""ignore_merges":true"#, r#""ignore_merges":false"#);
    assert_ne!(random, definition);
    fs::write(folder.path().join("tokenizer.json"), random).unwrap();
    let tokenizer = Tokenizer::load(folder.path().to_str()).unwrap();
    let fixture = Tokenizer::load(Some(FIXTURES)).unwrap();
    let text = &counted()[0].text;
    assert_eq!(tokenizer.count(text).unwrap(), fixture.count(text).unwrap());
    assert_ne!(tokenizer.sha256(), fixture.sha256());
}

#[test]
fn the_built_in_tokenizer_is_the_published_one() {
    let tokenizer = Tokenizer::load(None).unwrap();
    assert_eq!(tokenizer.name(), "tiktoken/o200k_base");
    // The digest that OpenAI's own package checks its download against.
    assert_eq!(tokenizer.sha256(), "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d");
    // The counts that OpenAI publishes as examples.
    assert_eq!(tokenizer.count("antidisestablishmentarianism").unwrap(), 6);
    assert_eq!(tokenizer.count("2 + 2 = 4").unwrap(), 7);
    assert_eq!(tokenizer.count("お誕生日おめでとう").unwrap(), 8);
    assert!(tokenizer.count("<|endoftext|>").unwrap() > 1, "what a text says is no special token");
    assert_eq!(Tokenizer::load(Some(BUILT_IN)).unwrap().sha256(), tokenizer.sha256());
}

#[test]
fn a_record_says_what_counted_it_without_a_path() {
    let (_folder, run_dir) = run_dir();
    for tokenizer in [FIXTURES.to_owned(), fixture_file().display().to_string()] {
        run(&run_dir, 2, Some(&tokenizer));
        let text = fs::read_to_string(
            run_dir.stage(Stage::Measure).unit(&UnitName::of_logical_path("lib.few").unwrap()).records(),
        );
        assert!(!text.unwrap().contains(env!("CARGO_MANIFEST_DIR")));
    }
    let record = kept(&run_dir.stage(Stage::Measure)).remove(0);
    insta::assert_json_snapshot!(record.tokens.unwrap(), @r#"
    {
      "tokenizer": "tokenizer.json",
      "tokenizer_sha256": "38cc7304598759a3676e3a757ea7b9b2b77de2f0aefb3409d0f5a9b9130f7e4f",
      "proof_term": 1,
      "proof_script": 8
    }
    "#);
}

#[test]
fn every_record_is_kept_in_its_place_with_its_counts() {
    let (_folder, run_dir) = run_dir();
    let summary = run(&run_dir, 2, Some(FIXTURES));
    let (before, after) = (kept(&run_dir.stage(Stage::Verify)), kept(&run_dir.stage(Stage::Measure)));
    assert_eq!((summary.manifest.n_in, summary.manifest.n_kept, summary.manifest.n_rejected()), (123, 123, 0));
    let expected: Vec<_> = counted().iter().map(|one| one.n_tokens).collect();
    let found: Vec<_> = after.iter().skip(1).map(|record| record.tokens.as_ref().unwrap().proof_term).collect();
    assert_eq!(found, expected);
    let stripped: Vec<_> = after.into_iter().map(|record| Record { tokens: None, ..record }).collect();
    assert_eq!(stripped, before);
}

#[test]
fn one_and_four_threads_write_the_same_bytes() {
    let (_folder, run_dir) = run_dir();
    let output = run_dir.stage(Stage::Measure);
    run(&run_dir, 1, Some(FIXTURES));
    let alone = contents(output.path());
    fs::remove_dir_all(output.path()).unwrap();
    run(&run_dir, 4, Some(FIXTURES));
    assert_eq!(contents(output.path()), alone);
}

#[test]
fn a_second_run_writes_nothing_and_another_tokenizer_counts_again() {
    let (_folder, run_dir) = run_dir();
    let output = run_dir.stage(Stage::Measure);
    run(&run_dir, 2, Some(FIXTURES));
    let (written, sealed) = (writes(output.path()), seals(output.path()));
    run(&run_dir, 2, Some(FIXTURES));
    assert_eq!(writes(output.path()), written);
    run(&run_dir, 2, None);
    assert!(seals(output.path()).iter().all(|(path, seal)| sealed[path] != *seal));
    assert!(kept(&output).iter().all(|record| record.tokens.as_ref().unwrap().tokenizer == BUILT_IN));
}

#[test]
fn a_torn_line_is_an_error_with_its_file_and_number() {
    let (_folder, run_dir) = run_dir();
    let path = run_dir.stage(Stage::Verify).unit(&UnitName::of_logical_path("lib.many").unwrap()).records();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, &text[..text.len() - 10]).unwrap();
    let (input, output) = (run_dir.stage(Stage::Verify), run_dir.stage(Stage::Measure));
    let error = measure::run(context(2), &MeasureSettings::default(), &input, &output).unwrap_err();
    assert_eq!(error.to_string(), format!("line 122 of `{}` is not a record", path.display()));
}

#[test]
fn a_name_that_names_nothing_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("tokenizer.json").display().to_string();
    for name in [missing.as_str(), "gpt2", "models/tokenizer.json", "../x", "a/b/c", "a/b@"] {
        let error = Tokenizer::load(Some(name)).err().unwrap().to_string();
        assert!(error.starts_with(&format!("there is no tokenizer `{name}`")), "{error}");
    }
    let error = Tokenizer::load(folder.path().to_str()).err().unwrap().to_string();
    assert_eq!(error, format!("cannot read the tokenizer `{missing}`"));
    fs::write(&missing, "{}").unwrap();
    let error = Tokenizer::load(Some(&missing)).err().unwrap().to_string();
    assert_eq!(error, format!("`{missing}` is not the tokenizer.json of a Hugging Face tokenizer"));
}

#[test]
fn a_text_that_a_tokenizer_refuses_is_an_error_that_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("words.json");
    fs::write(&path, r#"{"added_tokens":[],"model":{"type":"WordLevel","vocab":{"a":0},"unk_token":"none"}}"#).unwrap();
    let tokenizer = Tokenizer::load(path.to_str()).unwrap();
    assert_eq!(tokenizer.count("a").unwrap(), 1);
    let error = tokenizer.count("by []. Qed.").unwrap_err().to_string();
    assert_eq!(error, "the tokenizer `words.json` refuses the text that starts with `by []. Qed.`");
}

/// `measure` of the run directory below `folder`, with nothing of the hub in its environment.
fn program_with(folder: &Path, tokenizer: &str) -> Command {
    let mut command = program(folder);
    command.env_clear().env("HOME", folder).args(["--quiet", "measure", "--tokenizer", tokenizer]);
    command
}

fn stderr(command: &mut Command) -> String {
    String::from_utf8(command.assert().failure().get_output().stderr.clone()).unwrap()
}

/// Puts the fixture where the hub's clients keep a commit of a repository.
fn fill_cache(cache: &Path) {
    let repository = cache.join("models--owner--name");
    fs::create_dir_all(repository.join("snapshots/c0ffee")).unwrap();
    fs::copy(fixture_file(), repository.join("snapshots/c0ffee/tokenizer.json")).unwrap();
    fs::create_dir_all(repository.join("refs")).unwrap();
    fs::write(repository.join("refs/main"), "c0ffee").unwrap();
}

#[test]
fn a_cached_tokenizer_needs_no_network() {
    let (folder, run_dir) = run_dir();
    let caches = [
        ("HF_HUB_CACHE", "cache", "cache"),
        ("HF_HOME", "home", "home/hub"),
        ("XDG_CACHE_HOME", "xdg", "xdg/huggingface/hub"),
    ];
    for (variable, value, cache) in caches {
        fill_cache(&folder.path().join(cache));
        for name in ["owner/name", "owner/name@main", "owner/name@c0ffee"] {
            program_with(folder.path(), name)
                .env("HF_HUB_OFFLINE", "1")
                .env(variable, folder.path().join(value))
                .assert()
                .success();
            let record = kept(&run_dir.stage(Stage::Measure)).remove(0);
            assert_eq!(record.tokens.unwrap().tokenizer, name);
        }
    }
}

#[test]
fn offline_only_the_cache_is_read() {
    let (folder, _) = run_dir();
    fill_cache(&folder.path().join("cache"));
    for name in ["owner/other", "owner/name@v2"] {
        let mut command = program_with(folder.path(), name);
        let error = stderr(command.env("HF_HUB_OFFLINE", "TRUE").env("HF_HUB_CACHE", folder.path().join("cache")));
        assert!(error.contains(&format!("the tokenizer `{name}` is not in the cache")), "{error}");
        assert!(error.contains("HF_HUB_OFFLINE forbids to fetch it"), "{error}");
    }
}

#[test]
fn a_hub_that_cannot_be_reached_is_a_quick_and_clear_error() {
    let (folder, _) = run_dir();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = format!("http://{closed}");
    let started = Instant::now();
    let error = stderr(program_with(folder.path(), "owner/name").env("HF_ENDPOINT", &endpoint));
    assert!(started.elapsed() < Duration::from_secs(20));
    assert!(error.contains(&format!("cannot fetch the tokenizer `owner/name` from {endpoint}")), "{error}");
    assert!(error.contains("name the path of its tokenizer.json"), "{error}");
}

#[test]
fn a_tokenizer_is_fetched_once_and_then_cached() {
    let (folder, run_dir) = run_dir();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", server.local_addr().unwrap());
    let hub = thread::spawn(move || (0..2).map(|_| serve(server.accept().unwrap().0)).collect::<Vec<_>>());
    let mut command = program_with(folder.path(), "owner/name@v1");
    command.env("HF_ENDPOINT", &endpoint).env("HF_TOKEN", "secret").assert().success();
    for request in hub.join().unwrap() {
        assert!(request.starts_with("get /owner/name/resolve/v1/tokenizer.json "), "{request}");
        assert!(request.contains("authorization: bearer secret"), "{request}");
    }
    let record = kept(&run_dir.stage(Stage::Measure)).remove(0);
    assert_eq!(record.tokens.unwrap().tokenizer_sha256, Tokenizer::load(Some(FIXTURES)).unwrap().sha256());
    program_with(folder.path(), "owner/name@v1").env("HF_HUB_OFFLINE", "1").assert().success();
}

/// Answers one request as the hub does; the request in lower case.
fn serve(mut stream: TcpStream) -> String {
    let lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let request: Vec<_> = lines.map(Result::unwrap).take_while(|line| !line.is_empty()).collect();
    let request = request.join("\n").to_lowercase();
    let body = fs::read(fixture_file()).unwrap();
    let n_bytes = body.len();
    let sent = if request.contains("bytes=0-0") { &body[..1] } else { &body[..] };
    let head = format!(
        "HTTP/1.1 206 Partial Content\r\nconnection: close\r\ncontent-length: {}\r\ncontent-range: bytes 0-{}/{n_bytes}\r\n\
         etag: \"etag\"\r\nx-repo-commit: c0ffee\r\n\r\n",
        sent.len(),
        sent.len() - 1,
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(sent).unwrap();
    request
}
