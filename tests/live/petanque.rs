//! Tests with a real `pet` and `pet-server`, from the folder that `LIVE_PET` names or from the path; where there are
//! none, each says by its name that it was not run.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rocq_distill::record::{Goal, Hypothesis, ProofState, Record, Step};
use rocq_distill::rocq::petanque::client::{CallError, Client, ErrorObject};
use rocq_distill::rocq::petanque::framing::Framing;
use rocq_distill::rocq::petanque::protocol::{
    GetGoals, GetStateAtPos, Goals, Options, Run, RunResult, SetWorkspace, StateId, Uri,
};
use rocq_distill::rocq::position::LineIndex;
use rocq_distill::store::digest::Digest;
use rocq_distill::store::layout::Stage;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::fault::AROUND;
use crate::harness::TestRun;
use crate::library::{compile, installed, kept, names, put, reasons, rejected, replace, with_tactic};
use crate::mathcomp::SUBSET;

const LIMIT: Duration = Duration::from_mins(5);

/// Why a test is not run that asks for states by their places.
const OLD: &str = "this `pet-server` takes no place without its byte offset";

/// Where a program of petanque lies; says that a test is not run where there is none.
fn program(name: &str, test: &str) -> Option<PathBuf> {
    let folders: Vec<_> = match env::var_os("LIVE_PET") {
        Some(folder) => vec![folder.into()],
        None => env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect(),
    };
    let found = folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file());
    if found.is_none() {
        not_run(test, &format!("there is no `{name}` in LIVE_PET or on PATH"));
    }
    found
}

#[expect(clippy::print_stderr, reason = "a test that is not run must say so")]
fn not_run(test: &str, why: &str) {
    eprintln!("NOT RUN: {test}: {why}");
}

/// The records of a stage's folder without what the engines put in, which is all that may differ.
fn without_engine(folder: &Path) -> BTreeMap<PathBuf, Vec<Value>> {
    let files = crate::support::contents(folder);
    let lines = files.into_iter().filter(|(path, _)| path.extension().is_some_and(|extension| extension == "jsonl"));
    lines
        .map(|(path, text)| {
            let records = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            let without = records.map(|mut record| {
                record.as_object_mut().unwrap().remove("verification");
                record
            });
            (path, without.collect())
        })
        .collect()
}

#[test]
fn both_engines_reach_every_state_of_the_snapshot_subset() {
    let Some(pet) = program("pet", "both_engines_reach_every_state_of_the_snapshot_subset") else { return };
    let files: Vec<_> = SUBSET.iter().map(|(file, _)| *file).collect();
    let only: Vec<_> = SUBSET
        .iter()
        .flat_map(|(file, theorems)| {
            let library = file.trim_end_matches(".v").replace('/', ".");
            theorems.iter().map(move |theorem| format!("{library}.{theorem}"))
        })
        .collect();
    let run = TestRun::new().file("rocq-distill.toml", &format!("[extract]\ninput = {files:?}\nonly = {only:?}\n"));
    assert_eq!(run.run("extract --quiet").code(), 0);
    let pet = pet.display();
    for (engine, flags) in [("petanque", format!("--pet {pet}")), ("coqidetop", String::new())] {
        let outcome = run.run(&format!("verify --engine {engine} {flags} --output {engine}"));
        assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
        assert!(outcome.stderr().contains(&format!("proofs are replayed in {engine}")));
    }
    let petanque = without_engine(&run.path().join("petanque"));
    assert_eq!(petanque, without_engine(&run.path().join("coqidetop")));
    assert_eq!(petanque.values().map(Vec::len).sum::<usize>(), only.len());
    assert!(petanque.keys().all(|path| !path.to_str().unwrap().contains("rejected")), "{petanque:?}");
}

#[test]
fn hypotheses_whose_bound_names_and_qualified_names_petanque_prints_otherwise_are_known_again() {
    const TEST: &str = "hypotheses_whose_bound_names_and_qualified_names_petanque_prints_otherwise_are_known_again";
    let Some(pet) = program("pet", TEST) else { return };
    let source = "Module M. Definition env := nat. End M. Import M.\n\
                  Section S. Variable k : nat. Hypothesis K : forall n, n = k. Let d := k + 0. Definition c := d.\n\
                  Lemma a (n : nat) (H : forall n, n = k) (env : env) (e : env = n) (y := env : M.env) : y = c /\\ True.\n\
                  Proof. split. exact (eq_trans (K y) (eq_sym (K c))). exact I. Qed. End S.\n";
    let run = crate::library::extract(&[("a.v", source)], "");
    let verify = || {
        let outcome = run.run(&format!("verify --library lib --quiet --engine petanque --pet {}", pet.display()));
        assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
        let reason = rejected(&run, "verify", "L/a").pop().map(|record| record.reason.kind().to_owned());
        fs::remove_dir_all(run.path().join("export/verify")).unwrap();
        reason
    };
    let record = kept(&run, "extract", "L/a").remove(0);
    let context: Vec<_> = record.steps[0].state_before.goals[0].hypotheses.iter().map(ToString::to_string).collect();
    let of_section = ["k : nat", "K : forall n : nat, n = k", "d := k + 0 : nat"];
    let of_lemma = ["n : nat", "H : forall n : nat, n = k", "env : env", "e : env = n", "y := env : M.env"];
    assert_eq!(context, [&of_section[..], &of_lemma].concat());
    assert_eq!(verify(), None);
    for (index, ty) in [
        (1, "forall m : nat, m = k"),
        (4, "forall n : nat, k = n"),
        (4, "forall m : nat, m = k"),
        (5, "nat"),
        (7, "env"),
    ] {
        let mut other = record.clone();
        ty.clone_into(&mut other.steps[0].state_before.goals[0].hypotheses[index].ty);
        put(&run, Stage::Extract, "L/a", &[other]);
        assert_eq!(verify().as_deref(), Some("state_mismatch"), "{ty}");
    }
}

#[test]
fn a_goal_that_the_proof_names_is_verified_by_both_engines() {
    let Some(pet) = program("pet", "a_goal_that_the_proof_names_is_verified_by_both_engines") else { return };
    let source = "Lemma a : exists n : nat, n = 0 /\\ True.\n\
                  Proof. refine (ex_intro _ ?[n] (conj _ _)). [n]: exact 0. reflexivity. exact I. Qed.\n";
    let run = crate::library::extract(&[("a.v", source)], "");
    for engine in [format!("petanque --pet {}", pet.display()), "coqidetop".to_owned()] {
        let outcome = run.run(&format!("verify --library lib --quiet --engine {engine}"));
        assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
        assert_eq!(names(&kept(&run, "verify", "L/a")), ["L.a:a"], "{engine}");
    }
}

#[test]
fn petanque_calls_axioms_by_the_names_that_are_recorded() {
    let Some(pet) = program("pet", "petanque_calls_axioms_by_the_names_that_are_recorded") else { return };
    let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/odd/axioms.v")).unwrap();
    let run = crate::library::extract(&[("axioms.v", &source)], "");
    let outcome = run.run(&format!("verify --library lib --quiet --engine petanque --pet {}", pet.display()));
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    assert_eq!(rejected(&run, "verify", "L/axioms"), []);
    assert_eq!(kept(&run, "verify", "L/axioms").len(), kept(&run, "extract", "L/axioms").len());
}

/// What an engine makes of [`AROUND`] with a tactic, under some settings: of the records that `extract` makes of it, and
/// of those that an honest proof would have given.
#[track_caller]
fn standings_around(tactic: &str, settings: &str, engine: &str) -> [Vec<(String, String)>; 2] {
    let run = TestRun::new().file("rocq-distill.toml", settings);
    with_tactic(&run, AROUND, "");
    let extract = || assert_eq!(run.run("extract --input lib --quiet").code(), 0);
    extract();
    let mut honest = kept(&run, "extract", "L/a");
    with_tactic(&run, AROUND, tactic);
    extract();
    let text = fs::read_to_string(run.path().join("lib/a.v")).unwrap();
    let mut shift = 0;
    for record in &mut honest {
        let Record { source, steps, proof_script, .. } = record;
        source.sha256 = Digest::of(&text).to_string();
        source.byte_start += shift;
        if source.full_name.as_str().ends_with("bad") {
            shift = tactic.len();
            let state = steps[0].state_before.clone();
            let step = Step { text: tactic.to_owned(), state_after: state, ..steps[0].clone() };
            steps.insert(0, step);
            steps[1].index = 1;
            *proof_script = proof_script.replace("Proof. ", &format!("Proof. {tactic}"));
        }
        source.byte_end += shift;
    }
    let standings = |_| {
        let outcome = run.run(&format!("verify --library lib --quiet --jobs 1 {engine}"));
        assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
        let kept = kept(&run, "verify", "L/a");
        let rejected = rejected(&run, "verify", "L/a");
        let kept = names(&kept).into_iter().map(|name| (name.to_owned(), "verified".to_owned()));
        let mut all: Vec<_> =
            kept.chain(reasons(&rejected).into_iter().map(|(id, kind)| (id.to_owned(), kind.to_owned()))).collect();
        all.sort();
        fs::remove_dir_all(run.path().join("export/verify")).unwrap();
        put(&run, Stage::Extract, "L/a", &honest);
        all
    };
    [0, 1].map(standings)
}

#[test]
fn m41_a_proof_that_no_prover_gets_through_costs_the_same_records_under_both_engines() {
    const TEST: &str = "m41_a_proof_that_no_prover_gets_through_costs_the_same_records_under_both_engines";
    let Some(pet) = program("pet", TEST) else { return };
    let petanque = format!("--engine petanque --pet {}", pet.display());
    let (tactic, settings) = ("do 1000000000 idtac.", "[rocq]\nsentence_limit_s = 3\n");
    let [extracted, honest] = standings_around(tactic, settings, &petanque);
    let pair = |(name, standing): (&str, &str)| (name.to_owned(), standing.to_owned());
    let free = ["L.a:M.after", "L.a:before", "L.a:free"].map(|name| pair((name, "verified")));
    assert_eq!(extracted, free);
    let lost = [("L.a:M.bad", "timed_out"), ("L.a:M.uses", "rests_on_left_out"), ("L.a:last", "rests_on_left_out")];
    let mut expected = free.to_vec();
    expected.extend(lost.map(pair));
    expected.sort();
    assert_eq!(honest, expected);
    assert_eq!(standings_around(tactic, settings, "--engine coqidetop"), [extracted, honest]);
}

/// What petanque says of a false lemma that is proved by these tactics, which reach these states.
///
/// The file is compiled with an honest proof in their place.
#[track_caller]
fn verdict(pet: &Path, tactics: &[&str], states: &[ProofState]) -> Value {
    let run = TestRun::new();
    let file = |proof: &str| format!("Axiom absurd : nat -> False.\nLemma a : nat -> False. Proof. {proof:<20} Qed.\n");
    compile(&run.path().join("lib"), &[("a.v", &file("exact absurd."))]);
    assert_eq!(run.run("extract --input lib --quiet").code(), 0);
    let text = file(&tactics.join(" "));
    replace(&run.path().join("lib/a.v"), &text);
    let mut record = kept(&run, "extract", "L/a").remove(0);
    let honest = record.steps.remove(0);
    for (index, tactic) in tactics.iter().enumerate() {
        let (state_before, state_after) = (states[index].clone(), states[index + 1].clone());
        record.steps.push(Step { index, text: (*tactic).to_owned(), state_before, state_after, ..honest.clone() });
    }
    record.source.sha256 = Digest::of(&text).to_string();
    text[text.find("Proof.").unwrap()..].trim_end().clone_into(&mut record.proof_script);
    put(&run, Stage::Extract, "L/a", &[record]);
    let outcome = run.run(&format!("verify --library lib --quiet --engine petanque --pet {}", pet.display()));
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    serde_json::to_value(&rejected(&run, "verify", "L/a").remove(0).reason).unwrap()
}

#[test]
fn m13_m39_what_the_kernel_refuses_is_refused_by_petanque_too() {
    let Some(pet) = program("pet", "m13_m39_what_the_kernel_refuses_is_refused_by_petanque_too") else { return };
    let goal = |hypotheses| Goal { name: None, hypotheses, conclusion: "nat -> False".to_owned() };
    let state = |goals| ProofState { goals, ..ProofState::default() };
    let start = state(vec![goal(vec![])]);
    let given_up = ProofState { given_up: vec![goal(vec![])], ..ProofState::default() };
    let f = Hypothesis { names: vec!["f".to_owned()], body: None, ty: "nat -> False".to_owned() };
    let assumed = state(vec![goal(vec![f])]);
    for (tactics, states, word) in [
        (vec!["admit."], vec![start.clone(), given_up], "given up (admitted) goals"),
        (vec!["fix f 1.", "exact f."], vec![start, assumed, state(vec![])], "ill-formed"),
    ] {
        let reason = verdict(&pet, &tactics, &states);
        assert_eq!((&reason["kind"], &reason["sentence"]), (&"rocq_error".into(), &"Qed.".into()), "{reason}");
        assert!(reason["message"].as_str().unwrap().contains(word), "{reason}");
    }
}

/// A `pet-server` that ends with the test.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    async fn start(program: &Path) -> (Self, TcpStream) {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(program);
        command.args(["--port", &port.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
        let server = Self { child: command.spawn().unwrap(), port };
        loop {
            if let Ok(stream) = TcpStream::connect(("127.0.0.1", port)).await {
                return (server, stream);
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Our client on a connection to a `pet-server`.
struct Ours {
    client: Client,
    stream: TcpStream,
}

impl Ours {
    async fn open(stream: TcpStream, root: &Path) -> Self {
        let mut ours = Self { client: Client::new(Framing::Line, 1 << 28), stream };
        let workspace = SetWorkspace { debug: false, root: Uri::of_path(root) };
        ours.client.call(&mut ours.stream, &workspace, LIMIT).await.unwrap();
        ours
    }

    /// The state after the statement of a record, by its place in the file.
    ///
    /// Nothing if the server takes no place without its byte offset, as 0.2.3 does not.
    async fn start(&mut self, file: &Path, text: &str, record: &Record) -> Option<StateId> {
        let end = record.source.byte_start + record.statement.len() - 1;
        let position = LineIndex::new(text).position(end).into();
        let there = GetStateAtPos { uri: Uri::of_path(file), position, opts: Options::FORGETFUL };
        match self.client.call(&mut self.stream, &there, LIMIT).await {
            Ok(result) => Some(result.st),
            Err(CallError::Refused(ErrorObject { code: ErrorObject::BAD_PARAMETERS, .. })) => None,
            Err(error) => panic!("{error}"),
        }
    }

    async fn run(&mut self, st: StateId, tac: &str) -> RunResult {
        self.client.call(&mut self.stream, &Run { st, tac, opts: Options::FORGETFUL }, LIMIT).await.unwrap()
    }

    async fn goals(&mut self, st: StateId) -> ProofState {
        self.client.call(&mut self.stream, &GetGoals { st }, LIMIT).await.unwrap().unwrap().into_state()
    }
}

#[tokio::test]
async fn the_state_at_the_place_of_a_theorem_is_the_recorded_one_behind_any_characters() {
    const TEST: &str = "the_state_at_the_place_of_a_theorem_is_the_recorded_one_behind_any_characters";
    let Some(pet_server) = program("pet-server", TEST) else { return };
    let run = TestRun::new();
    let source = "(* 𝔸 *) Lemma a : 1 = 1. Proof. reflexivity. Qed. (* ≤𝔹 *) Lemma b : exists é : nat, é = 2.\n\
                  Proof. exists 2. reflexivity. Qed. (* é *) Lemma c : True. Proof. exact I. Qed.\n";
    let lib = run.path().join("lib");
    compile(&lib, &[("a.v", source)]);
    fs::write(lib.join("_CoqProject"), "-R . L\n").unwrap();
    assert_eq!(run.run("extract --input lib --quiet").code(), 0);
    let (_server, stream) = Server::start(&pet_server).await;
    let mut ours = Ours::open(stream, &lib).await;
    let records = kept(&run, "extract", "L/a");
    assert_eq!(names(&records), ["L.a:a", "L.a:b", "L.a:c"]);
    for record in &records {
        let Some(state) = ours.start(&lib.join("a.v"), source, record).await else { return not_run(TEST, OLD) };
        assert_eq!(ours.goals(state).await, record.steps[0].state_before, "{}", record.id);
    }
}

#[tokio::test]
async fn two_programs_with_two_files_each_share_one_server_that_is_left_running() {
    const TEST: &str = "two_programs_with_two_files_each_share_one_server_that_is_left_running";
    let Some(pet_server) = program("pet-server", TEST) else { return };
    let source = |tactic: &str| {
        let lemma = |index: usize| format!("Lemma l{index} (n : nat) : n = n. Proof. {tactic} Qed.\n");
        (0..20).map(lemma).collect::<String>()
    };
    let (mut server, _) = Server::start(&pet_server).await;
    let runs: Vec<_> = ["reflexivity.", "exact eq_refl."]
        .iter()
        .map(|tactic| crate::library::extract(&[("a.v", &source(tactic)), ("b.v", &source(tactic))], ""))
        .collect();
    let verify = format!("verify --library lib --quiet --jobs 2 --pet-server 127.0.0.1:{}", server.port);
    let children: Vec<_> = runs.iter().map(|run| run.command(&verify).spawn().unwrap()).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    for run in &runs {
        for unit in ["L/a", "L/b"] {
            assert_eq!(kept(run, "verify", unit).len(), 20);
        }
    }
    assert!(server.child.try_wait().unwrap().is_none());
}

/// Ten theorems of `div.v`.
const TEN: &[&str] =
    &["edivnP", "edivn_eq", "divnMl", "ltn_divLR", "edivnD", "leqDmod", "divnB", "modnB", "divnMA", "gcdnE"];

#[tokio::test]
async fn pytanque_and_this_client_get_the_same_goals_of_ten_proofs_from_one_server() {
    const TEST: &str = "pytanque_and_this_client_get_the_same_goals_of_ten_proofs_from_one_server";
    let Some(pet_server) = program("pet-server", TEST) else { return };
    let Some(pytanque) = env::var_os("PYTANQUE") else {
        return not_run(TEST, "PYTANQUE names no checkout of Pytanque's Python client");
    };
    let file = "mathcomp/ssreflect/div.v";
    let only: Vec<_> = TEN.iter().map(|name| format!("mathcomp.ssreflect.div.{name}")).collect();
    let run = TestRun::new().file("rocq-distill.toml", &format!("[extract]\ninput = [{file:?}]\nonly = {only:?}\n"));
    assert_eq!(run.run("extract --quiet").code(), 0);
    let records = kept(&run, "extract", "mathcomp/ssreflect/div");
    assert_eq!(records.len(), TEN.len());
    let path = installed().join(file);
    let text = fs::read_to_string(&path).unwrap();
    let root = path.parent().unwrap();
    let (server, stream) = Server::start(&pet_server).await;

    let mut ours = Ours::open(stream, root).await;
    let mut by_us = Vec::new();
    for record in &records {
        let Some(mut state) = ours.start(&path, &text, record).await else { return not_run(TEST, OLD) };
        let mut states = vec![ours.goals(state).await];
        for step in &record.steps {
            state = ours.run(state, &step.text).await.st;
            states.push(ours.goals(state).await);
        }
        by_us.push(states);
    }

    let theorems: Vec<_> = records
        .iter()
        .map(|record| {
            let name = record.source.full_name.as_str().rsplit('.').next().unwrap();
            (name, record.steps.iter().map(|step| step.text.as_str()).collect::<Vec<_>>())
        })
        .collect();
    let arguments: [OsString; 4] =
        ["127.0.0.1".into(), server.port.to_string().into(), root.into(), path.clone().into()];
    let mut python = Command::new("python3")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/live/pytanque_goals.py"))
        .args(arguments)
        .env("PYTANQUE", pytanque)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(serde_json::to_string(&theorems).unwrap().as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    let by_pytanque: Vec<Vec<ProofState>> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<Vec<Goals>>(line).unwrap().into_iter().map(Goals::into_state).collect())
        .collect();
    assert_eq!(by_pytanque, by_us);
    assert_eq!(
        by_us.iter().map(Vec::len).sum::<usize>(),
        TEN.len() + records.iter().map(|r| r.steps.len()).sum::<usize>()
    );
}
