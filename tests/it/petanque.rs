//! The client of petanque, over streams in memory: recorded conversations with the real server, and what it never says.

use std::fmt::{Debug, Write as _};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rocq_distill::record::{Position, ProofState};
use rocq_distill::rocq::petanque::client::{CallError, Client};
use rocq_distill::rocq::petanque::framing::Framing;
use rocq_distill::rocq::petanque::protocol::{
    GetGoals, GetRootState, GetStateAtPos, Goals, Options, Request, Run, RunResult, SetWorkspace, StateId, Uri,
};
use rocq_distill::rocq::position::LineIndex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

const LIMIT: Duration = Duration::from_mins(1);
const LONGEST: u64 = 1 << 20;

/// A request and all that came back, notifications included.
#[derive(Deserialize)]
struct Exchange {
    sent: String,
    received: Vec<String>,
}

/// The recorded conversations, by the version of coq-lsp.
fn recordings() -> Vec<(String, Vec<Exchange>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/petanque");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let exchanges = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (path.file_stem().unwrap().to_str().unwrap().to_owned(), exchanges)
    };
    paths.into_iter().map(read).collect()
}

/// Plays the server's part of a recording; every request must be the recorded one.
async fn play(exchanges: Vec<Exchange>, framing: Framing, mut stream: DuplexStream) {
    let mut unread = Vec::new();
    for Exchange { sent, received } in exchanges {
        let request = loop {
            if let Some(message) = framing.next(&mut unread, LONGEST).unwrap() {
                break message;
            }
            assert_ne!(stream.read_buf(&mut unread).await.unwrap(), 0, "`{sent}` was not sent");
        };
        let json = |text: &[u8]| serde_json::from_slice::<Value>(text).unwrap();
        assert_eq!(json(&request), json(sent.as_bytes()));
        for message in received {
            let message = if framing == Framing::Line { message.trim_end() } else { &message };
            stream.write_all(&framing.encode(message)).await.unwrap();
        }
    }
}

/// The client's part of a recording: what it understands is written down.
struct Script {
    client: Client,
    stream: DuplexStream,
    told: String,
}

impl Script {
    async fn call<R: Request>(&mut self, request: &R) -> Option<R::Response> {
        match self.client.call(&mut self.stream, request, LIMIT).await {
            Ok(response) => Some(response),
            Err(CallError::Refused(error)) => {
                writeln!(self.told, "refused ({}): {}", error.code, error.message).unwrap();
                None
            }
            Err(error) => panic!("{}: {error}", R::METHOD),
        }
    }

    async fn run(&mut self, st: StateId, tac: &str) -> Option<RunResult> {
        writeln!(self.told, "> {tac}").unwrap();
        let result = self.call(&Run { st, tac, opts: Options::FORGETFUL }).await;
        for (level, text) in result.iter().flat_map(|result| &result.feedback) {
            writeln!(self.told, "[{level}] {text}").unwrap();
        }
        result
    }

    async fn goals(&mut self, st: StateId) {
        let Some(goals) = self.call(&GetGoals { st }).await else { return };
        let Some(state) = goals.map(Goals::into_state) else {
            self.told.push_str("no proof is open\n");
            return;
        };
        let ProofState { shelved, given_up, background, .. } = &state;
        let others = [shelved.len(), given_up.len(), background.len()];
        writeln!(self.told, "{state}\n(shelved, given up, background: {others:?})").unwrap();
    }
}

/// A request that lacks what it needs.
macro_rules! probe {
    ($name:ident, $method:literal) => {
        #[derive(Debug, Serialize)]
        struct $name {}

        impl Request for $name {
            const METHOD: &'static str = $method;
            type Response = ();
        }
    };
}

probe!(AstProbe, "petanque/ast");
probe!(ProofInfoProbe, "petanque/proof_info");

/// The line of the recorded source whose second statement is asked for by its place.
const SECOND: &str = "(* 𝔸𝔹 *) Lemma second : exists é : nat, é = 0 /\\ True.";

/// What the client understands of a recording.
async fn understand(exchanges: Vec<Exchange>, framing: Framing) -> String {
    // So few bytes at a time that characters are cut.
    let (ours, theirs) = duplex(7);
    let server = tokio::spawn(play(exchanges, framing, theirs));
    let mut script = Script { client: Client::new(framing, LONGEST), stream: ours, told: String::new() };
    let uri = |file: &str| Uri::of_path(Path::new(file));
    script.call(&SetWorkspace { debug: false, root: uri("/proj") }).await.unwrap();
    let root = script.call(&GetRootState { uri: uri("/proj/empty.v"), opts: Options::FORGETFUL }).await.unwrap().st;
    script.run(root, "Axiom probe : Type. About probe. Locate Library Prelude.").await;
    let wide = script.run(root, "Set Printing Width 1000000.").await.unwrap().st;
    let mut state = script.run(wide, "Lemma first (m n : nat) : m + n = n + m.").await.unwrap().st;
    script.goals(state).await;
    state = script.run(state, "induction m.").await.unwrap().st;
    script.goals(state).await;
    script.run(state, "- nothing.").await;
    script.run(state, "Qed.").await;
    state = script.run(state, "- simpl. apply plus_n_O. - simpl. now rewrite IHm, plus_n_Sm.").await.unwrap().st;
    script.goals(state).await;
    state = script.run(state, "Qed.").await.unwrap().st;
    script.goals(state).await;
    script.run(state, "Print Assumptions first.").await;
    state = script.run(wide, &format!("{} Proof. refine (ex_intro _ _ _). split.", &SECOND[15..])).await.unwrap().st;
    script.goals(state).await;
    script.run(state, "Show 1. ").await;
    let behind_name = SECOND.find(" :").unwrap();
    let Position { character, .. } = LineIndex::new(SECOND).position(behind_name);
    let position = Position { line: 1, character }.into();
    let there = GetStateAtPos { uri: uri("/proj/a.v"), position, opts: Options::FORGETFUL };
    // 0.2.3 takes no place without its byte offset.
    if let Some(there) = script.call(&there).await {
        script.goals(there.st).await;
    }
    script.goals(serde_json::from_value(json!(99999)).unwrap()).await;
    script.call(&AstProbe {}).await;
    script.call(&ProofInfoProbe {}).await;
    server.await.unwrap();
    script.told
}

#[tokio::test]
async fn recorded_conversations_of_every_version_are_understood() {
    let mut versions = Vec::new();
    for (version, exchanges) in recordings() {
        let told = understand(exchanges, Framing::Header).await;
        insta::with_settings!({ snapshot_suffix => version.clone(), omit_expression => true }, {
            insta::assert_snapshot!("recorded", told);
        });
        versions.push(version);
    }
    assert_eq!(versions, ["pet-0.2.3", "pet-0.2.4", "pet-0.2.5"]);
}

#[tokio::test]
async fn the_same_conversation_is_understood_line_by_line() {
    let [by_header, by_line] = [recordings(), recordings()].map(|mut recordings| recordings.pop().unwrap().1);
    assert_eq!(understand(by_header, Framing::Header).await, understand(by_line, Framing::Line).await);
}

/// Makes one request to a server that says this, and gives the server's end to see what comes next.
async fn ask(bytes: &[u8], limit: Duration) -> (Result<(), CallError>, Client, DuplexStream, DuplexStream) {
    let (mut ours, mut theirs) = duplex(1 << 22);
    theirs.write_all(bytes).await.unwrap();
    let mut client = Client::new(Framing::Header, LONGEST);
    let request = SetWorkspace { debug: false, root: Uri::of_path(Path::new("/a b/≤.v")) };
    let outcome = client.call(&mut ours, &request, limit).await;
    (outcome, client, ours, theirs)
}

fn framed(body: &str) -> Vec<u8> {
    Framing::Header.encode(body)
}

#[track_caller]
fn assert_fails_as<T: Debug>(outcome: Result<T, CallError>, expected: &str) {
    assert_eq!(outcome.unwrap_err().to_string(), expected);
}

#[tokio::test]
async fn notifications_are_passed_over() {
    let log = r#"{"jsonrpc":"2.0","method":"$/logTrace","params":{"message":"≤"}}"#;
    let said = [framed(log), framed(log), framed(r#"{"jsonrpc":"2.0","id":1,"result":null}"#)].concat();
    ask(&said, LIMIT).await.0.unwrap();
}

#[tokio::test]
async fn m15_an_answer_to_another_request_is_never_taken() {
    for (id, named) in [("2", "2"), ("0", "0"), ("\"1\"", "\"1\"")] {
        let said = framed(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":null}}"#));
        assert_fails_as(ask(&said, LIMIT).await.0, &format!("request 1 was answered as request {named}"));
    }
}

#[tokio::test]
async fn m15_a_late_answer_is_not_taken_for_the_next() {
    let (outcome, mut client, mut ours, mut theirs) = ask(b"", Duration::from_millis(1)).await;
    assert!(matches!(outcome, Err(CallError::Late(_))));
    theirs.write_all(&framed(r#"{"jsonrpc":"2.0","id":1,"result":null}"#)).await.unwrap();
    let next = client.call(&mut ours, &SetWorkspace { debug: false, root: Uri::of_path(Path::new("/")) }, LIMIT).await;
    assert_fails_as(next, "request 2 was answered as request 1");
}

#[tokio::test]
async fn an_answer_that_is_none_says_what_is_wrong_with_it() {
    for (body, expected) in [
        ("[]", "a message is no JSON object"),
        ("{", "a message is no JSON object"),
        (r#"{"id":1}"#, "an answer has neither result nor error"),
        (r#"{"id":1,"error":"no"}"#, "an error has no code"),
        (
            r#"{"id":1,"result":3}"#,
            "the answer to `petanque/setWorkspace` is no such: invalid type: integer `3`, expected unit",
        ),
    ] {
        assert_fails_as(ask(&framed(body), LIMIT).await.0, expected);
    }
    assert_fails_as(ask(b"Content-Length: -1\r\n\r\n", LIMIT).await.0, "a message has the length `-1`");
    let long = ask(b"Content-Length: 99999999\r\n\r\n", LIMIT).await.0;
    assert_fails_as(long, "an answer is longer than 1048576 bytes");
}

#[tokio::test]
async fn half_a_message_and_then_the_end_is_a_broken_stream() {
    let (mut ours, mut theirs) = duplex(1 << 10);
    theirs.write_all(b"Content-Length: 39\r\n\r\n{\"jsonrpc\":").await.unwrap();
    theirs.shutdown().await.unwrap();
    let mut client = Client::new(Framing::Header, LONGEST);
    let request = SetWorkspace { debug: false, root: Uri::of_path(Path::new("/")) };
    let outcome = client.call(&mut ours, &request, LIMIT).await;
    assert!(matches!(outcome, Err(CallError::Stream(_))), "{outcome:?}");
}

#[tokio::test]
async fn the_path_of_a_file_is_written_as_an_address() {
    let (_, _, ours, mut theirs) = ask(&framed(r#"{"id":1,"result":null}"#), LIMIT).await;
    drop(ours);
    let mut sent = String::new();
    theirs.read_to_string(&mut sent).await.unwrap();
    assert!(sent.contains(r#""root":"file:///a%20b/%E2%89%A4.v""#), "{sent}");
}
