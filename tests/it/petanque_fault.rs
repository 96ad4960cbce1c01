//! Petanque servers that are absent, wrong, slow, broken or gone: each costs its own record at most.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rocq_distill::record::{FullName, Goal, LogicalPath, ProverReason, Reason, Record, VerifyReason};
use rocq_distill::store::digest::Digest;
use rocq_distill::store::layout::{RunDir, Stage};

use crate::harness::TestRun;
use crate::library::{kept, names, reasons, rejected, replace};
use crate::support::{record, write_stage};

/// A file of the library `L` with a lemma for each tactic, records of them, a Rocq that only says who it is, and a
/// scripted server that does what the tactics are called.
struct Bench {
    run: TestRun,
}

impl Bench {
    #[track_caller]
    fn new(tactics: &[&str]) -> Self {
        Self::with_prefix("", tactics)
    }

    #[track_caller]
    fn with_prefix(prefix: &str, tactics: &[&str]) -> Self {
        let mut run = TestRun::new().file("lib/a.glob", "DIGEST 0\nFL.a\n").file("coq/theories/x", "");
        let here = run.path().to_str().unwrap().to_owned();
        let python = program("python3");
        run = run
            .file("bin/scripted_pet.py", include_str!("../fixtures/petanque/scripted_pet.py"))
            .file(
                "bin/pet",
                &format!(
                    "#!/bin/sh\n. {here}/bin/pet.env\nexec {} {here}/bin/scripted_pet.py \"$@\"\n",
                    python.display()
                ),
            )
            .file("bin/pet.env", &format!("export PET_HERE={here}\n"))
            .file(
                "bin/coqidetop",
                &format!(
                    "#!/bin/sh\n[ $1 = -where ] && echo {here}/coq || echo The Coq Proof Assistant, version 8.20.1\n"
                ),
            )
            .variable("PATH", &format!("{here}/bin:/usr/bin:/bin"))
            .variable("PET_HERE", &here);
        for name in ["pet", "coqidetop"] {
            fs::set_permissions(run.path().join("bin").join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        let (text, records) = library(prefix, tactics);
        replace(&run.path().join("lib/a.v"), &text);
        write_stage(&RunDir::new(run.path().join("export")).stage(Stage::Extract), Stage::Extract, &[("L.a", records)]);
        Self { run }
    }

    /// With so short a limit for a sentence that a test can wait for it.
    fn in_a_hurry(self) -> Self {
        Self { run: self.run.file("rocq-distill.toml", "[rocq]\nsentence_limit_s = 3\n") }
    }

    /// Sets a variable of the scripted server, to which none of this process get.
    fn variable(self, name: &str, value: &str) -> Self {
        let path = self.run.path().join("bin/pet.env");
        let before = fs::read_to_string(path).unwrap();
        let run = self.run.file("bin/pet.env", &format!("{before}export {name}='{value}'\n"));
        Self { run: run.variable(name, value) }
    }

    /// The standing of each record after `verify`: `verified` or why not.
    #[track_caller]
    fn verify(&self, flags: &str) -> Vec<(String, String)> {
        let outcome = self.run.run(&format!("verify --library lib --engine petanque --quiet {flags}"));
        assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
        let records = kept(&self.run, "verify", "L/a");
        for record in &records {
            let verification = record.verification.as_ref().unwrap();
            assert_eq!((verification.engine.as_str(), verification.engine_version.as_str()), ("petanque", "0.2.4"));
        }
        let verified = names(&records).into_iter().map(|name| (name, "verified"));
        let rejected = rejected(&self.run, "verify", "L/a");
        let mut all: Vec<_> = verified.chain(reasons(&rejected)).collect();
        all.sort_unstable();
        all.into_iter().map(|(name, standing)| (name.replace("L.a:", ""), standing.to_owned())).collect()
    }

    /// What is said when nothing can be verified at all.
    #[track_caller]
    fn error(&self, flags: &str) -> String {
        let outcome = self.run.run(&format!("verify --library lib --engine petanque --quiet {flags}"));
        assert_eq!(outcome.code(), 1, "{}", outcome.stderr());
        outcome.stderr()
    }

    /// How often the scripted `pet` was started.
    fn n_starts(&self) -> usize {
        fs::read_to_string(self.run.path().join("starts")).unwrap().len()
    }

    /// A scripted `pet-server` on a port; 0 for any.
    fn serve(&self, port: u16) -> Listening {
        let mut command = self.run.command("");
        let environment: Vec<_> =
            command.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
        command = Command::new(program("python3"));
        let script = self.run.path().join("bin/scripted_pet.py");
        let mut child = command
            .arg(script)
            .args(["--port", &port.to_string()])
            .envs(environment)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Listening { child, port: line.trim().parse().unwrap() }
    }
}

/// A server that ends with the test.
struct Listening {
    child: Child,
    port: u16,
}

impl Listening {
    fn flag(&self) -> String {
        format!("--pet-server 127.0.0.1:{}", self.port)
    }

    fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Where a program lies that the tests need.
#[track_caller]
fn program(name: &str) -> PathBuf {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file()).expect(name)
}

/// The text of the file, and a record for each lemma in it; lemmas are named by their tactics.
fn library(prefix: &str, tactics: &[&str]) -> (String, Vec<Record>) {
    let mut text = prefix.to_owned();
    let mut records = Vec::new();
    for tactic in tactics {
        let mut record = record(&format!("L.a:{tactic}"));
        if *tactic == "no_steps" {
            record.steps.clear();
            "Proof.\nQed.".clone_into(&mut record.proof_script);
        } else {
            record.proof_script = format!("Proof. {tactic}.\nQed.");
            record.steps[0].text = format!("{tactic}.");
        }
        "a.v".clone_into(&mut record.source.file);
        record.source.logical_path = LogicalPath::new("L.a");
        record.source.byte_start = text.len();
        writeln!(text, "{} {}", record.statement, record.proof_script).unwrap();
        record.source.byte_end = text.len() - 1;
        records.push(record);
    }
    for record in &mut records {
        record.source.sha256 = Digest::of(&text).to_string();
    }
    (text, records)
}

fn standings(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, standing)| ((*name).to_owned(), (*standing).to_owned())).collect()
}

#[test]
fn an_absent_server_stops_the_step_and_says_what_to_do() {
    let bench = Bench::new(&["fine"]);
    let error = bench.error("--pet gone");
    assert!(error.contains("there is no `gone` on the path") && error.contains("--engine coqidetop"), "{error}");
    let error = bench.error("--pet-server 127.0.0.1:1");
    assert!(error.contains("there is no petanque server at `127.0.0.1:1`"), "{error}");
}

#[test]
fn a_server_of_an_older_version_is_not_used() {
    let bench = Bench::new(&["fine"]).variable("PET_VERSION", "0.2.2").variable("PET_LACKS", "get_root_state");
    let error = bench.error("");
    assert!(error.contains("is of coq-lsp 0.2.2, which is too old"), "{error}");
    let error = bench.error(&bench.serve(0).flag());
    assert!(error.contains("is of coq-lsp before 0.2.3, which is too old"), "{error}");
}

#[test]
fn a_server_of_another_rocq_is_not_used() {
    let error = Bench::new(&["fine"]).variable("PET_COQ", "/other").error("");
    assert!(error.contains("runs another Rocq: it loads `/other/theories/Init/Prelude.vo`"), "{error}");
}

#[test]
fn a_library_of_links_to_where_its_files_lie_is_of_the_same_rocq() {
    let bench = Bench::new(&["fine"]);
    let here = bench.run.path();
    let link = here.join("coq/theories/Init/Prelude.vo");
    fs::create_dir_all(link.parent().unwrap()).unwrap();
    fs::write(here.join("Prelude.vo"), "").unwrap();
    std::os::unix::fs::symlink(here.join("Prelude.vo"), link).unwrap();
    assert_eq!(bench.verify(""), [("fine".to_owned(), "verified".to_owned())]);
}

#[test]
fn m10_a_server_that_takes_the_file_for_another_is_not_used() {
    let error = Bench::new(&["fine"]).variable("PET_LIBRARY", "Other.a").error("");
    assert!(error.contains("it calls `L.a.rocq_distill_probe` `Other.a.rocq_distill_probe`"), "{error}");
}

#[test]
fn auto_is_petanque_where_there_is_a_pet_and_says_so() {
    let outcome = Bench::new(&["fine"]).run.run("verify --library lib");
    assert!(outcome.stderr().contains("proofs are replayed in petanque 0.2.4"), "{}", outcome.stderr());
    let manifest = |bench: &Bench| fs::read_to_string(bench.run.path().join("export/verify/manifest.json")).unwrap();
    let bench = Bench::new(&["fine"]);
    bench.verify("");
    assert!(manifest(&bench).contains("\"engine\": \"petanque\",\n    \"engine_version\": \"0.2.4\""));
}

#[test]
fn auto_is_coqidetop_where_there_is_no_pet_and_says_so() {
    let bench = Bench::new(&["fine"]);
    fs::remove_file(bench.run.path().join("bin/pet")).unwrap();
    // The Rocq of the bench can do no more than say who it is.
    let outcome = bench.run.run("verify --library lib");
    assert!(outcome.stderr().contains("proofs are replayed in coqidetop 8.20.1"), "{}", outcome.stderr());
}

#[test]
fn m41_a_record_at_which_the_server_dies_is_tried_once_more_on_a_fresh_one() {
    let bench = Bench::new(&["fine", "dies_once", "dies", "also_fine"]);
    let expected =
        [("also_fine", "verified"), ("dies", "prover_died"), ("dies_once", "verified"), ("fine", "verified")];
    assert_eq!(bench.verify(""), standings(&expected));
    // Each death is followed by a start, and what died twice of its record dies twice more before it is left out.
    assert_eq!(bench.n_starts(), 6);
}

#[test]
fn m41_a_proof_that_no_server_gets_through_costs_what_rests_on_it_and_the_file_goes_on() {
    let bench = Bench::new(&["before", "dies_always", "after", "uses_dies_always", "last"]);
    let expected = [
        ("after", "verified"),
        ("before", "verified"),
        ("dies_always", "prover_died"),
        ("last", "verified"),
        ("uses_dies_always", "rests_on_left_out"),
    ];
    assert_eq!(bench.verify(""), standings(&expected));
    let theorems = vec![FullName::new("L.a.dies_always")];
    assert_eq!(
        rejected(&bench.run, "verify", "L/a")[1].reason,
        Reason::Prover(ProverReason::RestsOnLeftOut { theorems })
    );
}

#[test]
fn a_proof_without_a_record_that_no_server_gets_through_costs_no_record() {
    let bench = Bench::with_prefix("Lemma no_record : True. Proof. dies_always. Qed.\n", &["a", "b"]);
    assert_eq!(bench.verify(""), standings(&[("a", "verified"), ("b", "verified")]));
    assert_eq!(bench.n_starts(), 4);
}

#[test]
fn what_ends_the_server_before_a_theorem_is_not_tried_for_each_theorem_after_it() {
    let prefix = "Lemma no_record : True. Proof. fine. Qed.\ndies_always.\n";
    let bench = Bench::with_prefix(prefix, &["a", "b", "c", "d"]);
    let expected = ["a", "b", "c", "d"].map(|name| (name, "prover_died"));
    assert_eq!(bench.verify(""), standings(&expected));
    assert_eq!(bench.n_starts(), 3);
}

#[test]
fn what_ends_every_server_before_the_first_theorem_ends_the_run() {
    let error = Bench::with_prefix("dies_always.\n", &["a"]).error("");
    assert!(error.contains("2 provers died in `L.a` before its first theorem, at `dies_always.`"), "{error}");
}

#[test]
fn m12_m15_a_hanging_tactic_costs_its_own_record_and_leaves_no_process() {
    let bench = Bench::new(&["before", "hangs", "after"]).in_a_hurry();
    let expected = [("after", "verified"), ("before", "verified"), ("hangs", "timed_out")];
    assert_eq!(bench.verify(""), standings(&expected));
    assert_eq!(bench.n_starts(), 3);
    let here = bench.run.path().to_str().unwrap();
    let processes = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path().join("cmdline"));
    let commands = processes.filter_map(|path| fs::read_to_string(path).ok());
    assert_eq!(commands.filter(|command| command.contains(here)).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn m11_m43_the_server_is_sent_the_files_own_text_and_each_sentence_of_it_once() {
    let bench = Bench::with_prefix("Prefix. (* ≤ *) Second.\n", &["a", "b"]);
    bench.verify("");
    let sent = fs::read_to_string(bench.run.path().join("sent")).unwrap();
    let ours =
        ["Set Printing Width", "Axiom rocq_distill_", "Locate Term", "Definition rocq_distill_", "Print Assumptions"];
    let is_of_the_file = |line: &&str| !ours.iter().any(|start| line.starts_with(start));
    let sent: Vec<_> = sent.lines().filter(is_of_the_file).flat_map(str::split_whitespace).collect();
    let file = fs::read_to_string(bench.run.path().join("lib/a.v")).unwrap();
    assert_eq!(sent, file.split_whitespace().collect::<Vec<_>>());
}

#[test]
fn m13_a_proof_of_which_no_goal_is_left_is_not_finished_before_its_closing_sentence() {
    let bench = Bench::new(&["fine", "cheats"]);
    assert_eq!(bench.verify(""), standings(&[("cheats", "rocq_error"), ("fine", "verified")]));
    let Reason::Prover(ProverReason::RocqError { sentence, .. }) = &rejected(&bench.run, "verify", "L/a")[0].reason
    else {
        panic!()
    };
    assert_eq!(sentence, "Qed.");
}

#[test]
fn m17_a_proof_without_steps_is_replayed_as_any_other() {
    let bench = Bench::new(&["before", "no_steps", "after"]);
    let expected = [("after", "verified"), ("before", "verified"), ("no_steps", "verified")];
    assert_eq!(bench.verify(""), standings(&expected));
}

#[test]
fn m14_a_flood_on_stderr_and_notifications_disturb_nothing() {
    let expected = [("chatty", "verified"), ("floods", "verified")];
    assert_eq!(Bench::new(&["floods", "chatty"]).verify(""), standings(&expected));
}

#[test]
fn half_a_message_is_no_answer() {
    assert_eq!(Bench::new(&["half"]).verify(""), standings(&[("half", "prover_died")]));
    assert_eq!(Bench::new(&["half_and_hangs"]).in_a_hurry().verify(""), standings(&[("half_and_hangs", "timed_out")]));
}

#[test]
fn m15_an_answer_that_is_late_or_has_another_number_is_never_taken_for_the_next() {
    let late = [("fine", "verified"), ("late", "timed_out")];
    assert_eq!(Bench::new(&["late", "fine"]).in_a_hurry().verify(""), standings(&late));
    let other = [("fine", "verified"), ("other_number", "unreadable")];
    assert_eq!(Bench::new(&["other_number", "fine"]).verify(""), standings(&other));
}

#[test]
fn m16_characters_that_are_cut_at_the_border_of_chunks_are_whole() {
    let bench = Bench::new(&["single_bytes"]);
    let (_, mut records) = library("", &["single_bytes"]);
    let goal = Goal { name: None, hypotheses: vec![], conclusion: "𝔸 ≤ é".to_owned() };
    records[0].steps[0].state_after.goals.push(goal);
    let extract = RunDir::new(bench.run.path().join("export")).stage(Stage::Extract);
    fs::remove_dir_all(extract.path()).unwrap();
    write_stage(&extract, Stage::Extract, &[("L.a", records)]);
    assert_eq!(bench.verify(""), standings(&[("single_bytes", "verified")]));
}

#[test]
fn a_file_that_the_server_refuses_and_coqc_accepts_has_its_own_reason() {
    let bench = Bench::with_prefix("Accepted. Refused. Never_reached.\n", &["fine", "also_fine"]);
    assert_eq!(bench.verify(""), standings(&[("also_fine", "file_refused"), ("fine", "file_refused")]));
    let reason = &rejected(&bench.run, "verify", "L/a")[0].reason;
    let expected = Reason::Verify(VerifyReason::FileRefused {
        sentence: "Refused.".to_owned(),
        message: "No such thing.".to_owned(),
    });
    assert_eq!(*reason, expected);
}

#[test]
fn a_server_that_has_grown_near_its_limit_is_replaced_between_two_proofs() {
    let bench = Bench::new(&["eats", "fine", "also_fine"]);
    let expected = [("also_fine", "verified"), ("eats", "verified"), ("fine", "verified")];
    assert_eq!(bench.verify("--max-memory 1GiB"), standings(&expected));
    assert_eq!(bench.n_starts(), 1);
    fs::remove_file(bench.run.path().join("starts")).unwrap();
    fs::remove_dir_all(bench.run.path().join("export/verify")).unwrap();
    assert_eq!(bench.verify("--max-memory 240MiB"), standings(&expected));
    assert_eq!(bench.n_starts(), 2);
}

#[test]
fn a_server_that_someone_else_runs_is_used_and_left_running() {
    let bench = Bench::new(&["fine", "other_number", "also_fine"]).variable("PET_LACKS", "proof_info");
    let mut server = bench.serve(0);
    let expected = [("also_fine", "verified"), ("fine", "verified"), ("other_number", "unreadable")];
    assert_eq!(bench.verify(&server.flag()), standings(&expected));
    assert!(server.is_running());
}

#[test]
fn m10_another_program_that_names_its_project_to_a_shared_server_in_between_does_no_harm() {
    let bench = Bench::new(&["fine"]).variable("PET_LACKS", "proof_info").variable("PET_MISTAKES", "3");
    let server = bench.serve(0);
    assert_eq!(bench.verify(&server.flag()), standings(&[("fine", "verified")]));
}

#[test]
fn a_shared_server_that_dies_stops_the_step_and_the_file_is_not_done() {
    let bench = Bench::new(&["fine", "dies"]).variable("PET_LACKS", "proof_info");
    let server = bench.serve(0);
    let error = bench.error(&server.flag());
    assert!(error.contains("there is no petanque server at"), "{error}");
    assert!(!bench.run.path().join("export/verify/L/a.jsonl").exists());
}

#[test]
fn a_shared_server_that_was_late_once_is_asked_again() {
    let bench = Bench::new(&["late", "fine"]).in_a_hurry().variable("PET_LACKS", "proof_info");
    let mut server = bench.serve(0);
    assert_eq!(bench.verify(&server.flag()), standings(&[("fine", "verified"), ("late", "timed_out")]));
    assert!(server.is_running());
}

#[test]
fn two_servers_on_one_port_do_not_mix_their_states() {
    let tactics = ["a", "other_number", "b", "half_way", "c"];
    let bench = Bench::new(&tactics).variable("PET_LACKS", "proof_info");
    let first = bench.serve(0);
    let _second = bench.serve(first.port);
    for _ in 0..4 {
        let standing = bench.verify(&first.flag());
        assert!(standing.iter().all(|(name, standing)| (name == "other_number") == (standing != "verified")));
        fs::remove_dir_all(bench.run.path().join("export/verify")).unwrap();
    }
}
