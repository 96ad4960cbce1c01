//! A run that is asked to stop early, as batch systems do before its time is over.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rocq_distill::settings::FilterSettings;
use rocq_distill::stages::event::{Event, Observer};
use rocq_distill::stages::{Context, StageError, Stop, filter};
use rocq_distill::store::layout::{RunDir, Stage};
use rustix::process::{Pid, Signal, kill_process};

use crate::harness::TestRun;
use crate::library::compile;
use crate::model_server::{ModelServer, Said};
use crate::support::{contents, context, record, write_stage};

/// Wishes to stop as soon as the first unit is on disk.
struct AfterOne<'a>(&'a Stop);

impl Observer for AfterOne<'_> {
    fn observe(&self, event: &Event<'_>) {
        if matches!(event, Event::UnitDone { .. }) {
            self.0.ask();
        }
    }
}

#[test]
fn a_step_that_is_asked_to_stop_makes_no_further_unit_and_the_next_run_makes_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let run_dir = RunDir::new(folder.path());
    let measured = |id: &str| {
        let mut record = record(id);
        record.tokens = serde_json::from_value(serde_json::json!({
            "tokenizer": "t", "tokenizer_sha256": "", "proof_term": 1, "proof_script": 1
        }))
        .unwrap();
        vec![record]
    };
    let units = ["lib.a", "lib.b", "lib.c"].map(|path| (path, measured(&format!("{path}:x"))));
    write_stage(&run_dir.stage(Stage::Measure), Stage::Measure, &units);
    let output = run_dir.stage(Stage::Filter);
    let run = |context: Context<'_>| {
        filter::run(context, &FilterSettings::default(), &run_dir.stage(Stage::Measure), &output)
    };

    let stop = Stop::new();
    let after_one = AfterOne(&stop);
    let error = run(Context { stop: &stop, observer: &after_one, ..context(1) }).unwrap_err();
    assert!(matches!(error, StageError::Stopped { stage: "filter", n_left: 2 }), "{error}");
    assert!(!output.manifest().exists());
    assert!(matches!(run(Context { stop: &stop, ..context(1) }), Err(StageError::Stopped { n_left: 2, .. })));

    assert_eq!(run(context(1)).unwrap().n_missing, 0);
    let in_two_runs = contents(output.path());
    fs::remove_dir_all(output.path()).unwrap();
    run(context(1)).unwrap();
    assert_eq!(contents(output.path()), in_two_runs);
}

/// Two files, and a prover that does not start while the file `hold` is there.
struct Held {
    run: TestRun,
}

impl Held {
    fn new(settings: &str) -> Self {
        // It does not stand where it lies: provers work in a folder of their own.
        let prover = "#!/bin/sh\nhere=$(dirname \"$0\")\n\
                      case \"$*\" in *-topfile*) touch $here/started; while [ -e $here/hold ]; do sleep 0.02; done ;; esac\n\
                      exec $(command -v coqidetop || command -v coqidetop.opt) \"$@\"\n";
        let settings = format!("{settings}\n[rocq]\nprogram = \"./prover\"\n");
        let run = TestRun::new().file("prover", prover).file("rocq-distill.toml", &settings).file("hold", "");
        fs::set_permissions(run.path().join("prover"), fs::Permissions::from_mode(0o755)).unwrap();
        let (a, b) = ("Lemma a : True. Proof. exact I. Qed.\n", "Lemma b : True. exact I. Qed.\n");
        compile(&run.path().join("lib"), &[("a.v", a), ("b.v", b)]);
        Self { run }
    }

    /// The program, once it waits for the prover of its first file.
    fn start(&self) -> Child {
        let child = self.run.command("extract --input lib --jobs 1 --quiet").spawn().unwrap();
        wait_until(|| self.run.path().join("started").exists());
        child
    }

    fn release(&self) {
        fs::remove_file(self.run.path().join("hold")).unwrap();
    }

    fn sealed(&self) -> Vec<String> {
        let sealed = |name: &&&str| self.extracted().join(format!("L/{name}.unit.json")).is_file();
        ["a", "b"].iter().filter(sealed).map(|name| (*name).to_owned()).collect()
    }

    fn extracted(&self) -> PathBuf {
        self.run.path().join("export/extract")
    }

    /// What is there once the program has run to its end.
    fn rest(&self) -> BTreeMap<PathBuf, String> {
        let outcome = self.run.run("extract --input lib --quiet");
        assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
        contents(&self.extracted())
    }
}

/// Comes back after a minute in any case: then the test sees what is wrong.
fn wait_until(it_is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !it_is_so() && started.elapsed() < Duration::from_mins(1) {
        sleep(Duration::from_millis(5));
    }
}

fn send(signal: Signal, child: &Child) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

#[test]
fn after_sigusr1_the_file_at_work_is_finished_no_other_is_started_and_the_end_is_75() {
    let held = Held::new("");
    let mut child = held.start();
    send(Signal::USR1, &child);
    // Once more does no harm: batch systems repeat themselves.
    send(Signal::USR1, &child);
    sleep(Duration::from_millis(200));
    held.release();
    assert_eq!(child.wait().unwrap().code(), Some(75));
    assert_eq!(held.sealed(), ["a"]);
    let in_two_runs = held.rest();
    fs::remove_dir_all(held.extracted()).unwrap();
    assert_eq!(held.rest(), in_two_runs);
}

#[test]
fn after_sigusr1_a_model_step_keeps_what_is_under_way_sends_nothing_more_and_asks_nothing_twice_later() {
    let (n_records, num_gen, workers) = (6, 5, 4);
    let server =
        ModelServer::start(|_, _| Said::chat("I think", "\\boxed{exact: I.}").after(Duration::from_millis(400)));
    let settings = format!(
        "[reason]\nbase_url = {:?}\nmodel = \"m\"\nnum_gen = {num_gen}\nmax_workers = {workers}\n",
        server.base_url()
    );
    let run = TestRun::new().file("rocq-distill.toml", &settings);
    let input = RunDir::new(run.path().join("export")).stage(Stage::Select);
    let records = |unit: &str| (0..n_records / 2).map(|index| record(&format!("{unit}:r{index}"))).collect();
    write_stage(&input, Stage::Select, &["lib.a", "lib.b"].map(|unit| (unit, records(unit))));

    let mut child = run.command("reason --quiet").spawn().unwrap();
    wait_until(|| server.asked().len() >= workers);
    send(Signal::USR1, &child);
    assert_eq!(child.wait().unwrap().code(), Some(75));
    let n_asked = server.asked().len();
    let journal = fs::read_to_string(run.path().join("export/reason/journal/00000-of-00001.jsonl")).unwrap();
    assert!((workers..n_records * num_gen).contains(&n_asked), "{n_asked} requests");
    assert_eq!((server.answered().len(), journal.lines().count()), (n_asked, n_asked));

    let outcome = run.run("reason --quiet");
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    assert_eq!(server.asked().len(), n_records * num_gen);
}

#[test]
fn a_model_step_that_is_stopped_before_the_first_answer_ends_with_76() {
    let server = ModelServer::start(|_, _| Said::chat("I think", "\\boxed{exact: I.}").after(Duration::from_mins(1)));
    let url = server.base_url();
    let settings = format!("stop_grace_s = 0\n[reason]\nbase_url = {url:?}\nmodel = \"m\"\nnum_gen = 1\n");
    let run = TestRun::new().file("rocq-distill.toml", &settings);
    let input = RunDir::new(run.path().join("export")).stage(Stage::Select);
    write_stage(&input, Stage::Select, &[("lib.a", vec![record("lib.a:x")])]);
    let mut child = run.command("reason --quiet").spawn().unwrap();
    wait_until(|| !server.asked().is_empty());
    send(Signal::USR1, &child);
    assert_eq!(child.wait().unwrap().code(), Some(76));
}

#[test]
fn a_file_that_takes_longer_than_the_grace_is_left_to_the_next_run_and_with_nothing_finished_the_end_is_76() {
    let held = Held::new("stop_grace_s = 0");
    let mut child = held.start();
    send(Signal::USR1, &child);
    assert_eq!(child.wait().unwrap().code(), Some(76));
    assert_eq!(held.sealed(), Vec::<String>::new());
    held.release();
    held.rest();
    assert_eq!(held.sealed(), ["a", "b"]);
}

#[test]
fn a_prover_that_is_ended_together_with_the_program_makes_no_rejection() {
    let held = Held::new("");
    let mut child = held.start();
    let prover = child_of(child.id());
    kill_process(prover, Signal::TERM).unwrap();
    // The program hears of its own end a little later than of the prover's.
    sleep(Duration::from_millis(300));
    send(Signal::TERM, &child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(held.sealed(), Vec::<String>::new());
}

/// The only child of a process.
#[track_caller]
fn child_of(parent: u32) -> Pid {
    let children = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let id: i32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // After the name in parentheses: the state, then the parent.
        let its_parent: u32 = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
        (its_parent == parent).then(|| Pid::from_raw(id))?
    });
    let [child] = children.collect::<Vec<_>>()[..] else { panic!("{parent} does not have one child") };
    child
}

#[test]
fn m100_no_folder_of_a_prover_stays_behind_when_the_program_is_interrupted() {
    let held = Held::new("");
    let temporary = tempfile::tempdir().unwrap();
    let folders = || fs::read_dir(temporary.path()).unwrap().count();
    let mut command = held.run.command("extract --input lib --jobs 1 --quiet");
    let mut child = command.env("TMPDIR", temporary.path()).spawn().unwrap();
    wait_until(|| held.run.path().join("started").exists());
    assert_ne!(folders(), 0);
    send(Signal::TERM, &child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(folders(), 0);
}
