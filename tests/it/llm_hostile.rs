//! Servers, networks and systems that mean harm or lack something.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rocq_distill::store::layout::{RunDir, Stage};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::harness::TestRun;
use crate::model_server::{ModelServer, Said};
use crate::support::{record, write_stage};

/// A run of `reason` over one record.
fn reason(base_url: &str, more: &str) -> TestRun {
    let run = TestRun::new();
    let input = RunDir::new(run.path().join("export")).stage(Stage::Select);
    write_stage(&input, Stage::Select, &[("lib.f", vec![record("lib.f:r")])]);
    run.file(
        "rocq-distill.toml",
        &format!("[reason]\nbase_url = {base_url:?}\nmodel = \"m\"\nnum_gen = 4\nretry_delay_s = 0.01\n{more}"),
    )
}

#[test]
fn m87_an_answer_is_kept_as_it_was_whatever_a_local_server_takes_for_a_key() {
    for dummy in ["EMPTY", "none", "x", "0"] {
        let server = ModelServer::saying(vec![Said::chat("There is none left: x + 0", r"\boxed{exact x0.} EMPTY")]);
        let run = reason(&server.base_url(), "").variable("OPENAI_API_KEY", dummy);
        assert_eq!(run.run("reason --quiet").code(), 0);
        let text = fs::read_to_string(run.path().join("export/reason/journal/00000-of-00001.jsonl")).unwrap();
        assert!(text.contains("There is none left: x + 0") && text.contains(r"\\boxed{exact x0.} EMPTY"), "{text}");
    }
}

#[test]
fn m90_a_server_on_this_machine_is_asked_without_a_proxy() {
    let server = ModelServer::saying(vec![Said::chat("I think", "so")]);
    let mut run = reason(&server.base_url(), "");
    for name in ["http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"] {
        run = run.variable(name, "http://127.0.0.1:9");
    }
    let outcome = run.run("reason --quiet");
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
}

#[test]
fn m90_a_request_that_fails_by_a_proxy_names_it() {
    let run = reason("http://model.invalid/v1", "max_tries = 1\n").variable("http_proxy", "http://127.0.0.1:9");
    let outcome = run.run("reason --quiet");
    assert_eq!(outcome.code(), 7, "{}", outcome.stderr());
    assert!(outcome.stderr().contains("`http_proxy` names a proxy for it"), "{}", outcome.stderr());
}

#[test]
fn m94_a_server_that_asks_for_a_pause_without_end_ends_the_run() {
    for pause in ["86400", "Fri, 31 Dec 9999 23:59:59 GMT", "1e18"] {
        let server = ModelServer::saying(vec![Said::text(429, "later").header("retry-after", pause)]);
        let outcome = reason(&server.base_url(), "").run("reason --quiet");
        assert_eq!(outcome.code(), 7, "{pause}: {}", outcome.stderr());
        assert!(outcome.stderr().contains("asks to be left alone for"), "{pause}: {}", outcome.stderr());
    }
}

#[test]
fn m95_an_address_with_a_query_is_asked_at_its_path() {
    let server = ModelServer::saying(vec![Said::chat("I think", "so")]);
    let run = reason(&format!("{}?api-version=2024-10-21", server.base_url()), "");
    assert_eq!(run.run("reason --quiet").code(), 0);
    assert!(server.asked().iter().all(|asked| asked.path == "/v1/chat/completions"));
}

#[test]
fn m96_a_flood_is_cut_off() {
    let flood = "x".repeat(70 << 20);
    let server = ModelServer::start(move |_, _| Said::text(200, &flood));
    let outcome = reason(&server.base_url(), "max_tries = 1\n").run("reason --quiet --num-gen 1");
    assert_eq!(outcome.code(), 7, "{}", outcome.stderr());
    assert!(outcome.stderr().contains("an answer of more than 67108864 bytes"), "{}", outcome.stderr());
}

#[test]
fn m96_of_a_long_refusal_the_beginning_is_read() {
    let flood = "no ".repeat(1 << 20);
    let server = ModelServer::start(move |_, _| Said::text(401, &flood));
    let outcome = reason(&server.base_url(), "").run("reason --quiet");
    assert_eq!(outcome.code(), 6, "{}", outcome.stderr());
    assert!(outcome.stderr().len() < 2000, "{}", outcome.stderr());
}

#[test]
fn m97_what_a_server_says_is_shown_without_its_commands() {
    let server = ModelServer::saying(vec![Said::text(401, "{\"error\":\"\\u001b]0;owned\\u0007 \\u202egnp.exe\"}")]);
    let outcome = reason(&server.base_url(), "").run("reason --quiet");
    assert!(!outcome.stderr().contains(['\u{1b}', '\u{7}', '\u{202e}']), "{}", outcome.stderr());
    assert!(outcome.stderr().contains("owned"), "{}", outcome.stderr());
}

#[test]
fn m98_a_key_that_goes_to_another_server_than_it_is_named_for_is_told_once() {
    let server = ModelServer::saying(vec![Said::chat("I think", "so")]);
    let run = reason("http://model.invalid/v1", "max_tries = 1\n")
        .variable("OPENAI_API_KEY", "sk-marked-0123456789")
        .variable("http_proxy", server.base_url().trim_end_matches("/v1"));
    let said = run.run("reason").stderr();
    assert_eq!(
        said.matches("the key in `OPENAI_API_KEY` goes to").count(),
        2,
        "unencrypted, and to a stranger: {said}"
    );
    assert!(!said.contains("sk-marked"), "{said}");
}

fn fixture(name: &str) -> String {
    format!("{}/tests/fixtures/tls/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn m100_a_certificate_that_nobody_vouches_for_is_tried_once() {
    rocq_distill::tls::install();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let certificate = CertificateDer::from_pem_file(fixture("server.crt")).unwrap();
    let key = PrivateKeyDer::from_pem_file(fixture("server.key")).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    let config = Arc::new(config);
    let (sender, accepted) = std::sync::mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = sender.send(());
            let connection = ServerConnection::new(config.clone()).unwrap();
            let _ = StreamOwned::new(connection, stream.unwrap()).read(&mut [0; 1]);
        }
    });
    let run =
        reason(&format!("https://{address}/v1"), "max_workers = 1\n").variable("SSL_CERT_FILE", &fixture("other.crt"));
    let outcome = run.run("reason --quiet");
    assert_eq!(outcome.code(), 6, "{}", outcome.stderr());
    assert!(outcome.stderr().contains("cannot be trusted"), "{}", outcome.stderr());
    assert_eq!(accepted.try_iter().count(), 1);
}

#[test]
fn m100_more_workers_than_open_files_are_fewer_workers() {
    let server = ModelServer::saying(vec![Said::chat("I think", "so")]);
    let run = reason(&server.base_url(), "max_workers = 2000\n");
    let program = run.command("");
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 300 && exec \"$0\" reason --num-gen 600"]).arg(program.get_program());
    let output = command.current_dir(run.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("requests at once instead of 2000"), "{said}");
    assert_eq!(server.asked().len(), 600);
}

#[test]
fn m100_an_interruption_waits_for_requests_under_way_as_a_wish_to_stop_does() {
    let server = ModelServer::saying(vec![Said::chat("I think", "so").after(Duration::from_millis(1500))]);
    let run = reason(&server.base_url(), "max_workers = 2\n");
    let mut child = run.command("reason --quiet").spawn().unwrap();
    while server.asked().len() < 2 {
        thread::sleep(Duration::from_millis(10));
    }
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(75));
    let journal = fs::read_to_string(run.path().join("export/reason/journal/00000-of-00001.jsonl")).unwrap();
    assert_eq!((server.asked().len(), server.answered().len(), journal.lines().count()), (2, 2, 2));
}
