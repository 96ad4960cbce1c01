//! Runs that are killed, interrupted or out of disk: no process stays behind, nothing is lost, the bytes are the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::{Child, Command, Output};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::TestRun;
use crate::library::{bytes, compile, provers_in};

const SETTINGS: &str = "[filter]\nmin_number_instructions = 1\n[verify]\nengine = \"coqidetop\"\n";

const RUN: &str = "run --input lib --quiet --jobs 2";

/// A folder with a library of three small files, in which a run takes all stages.
fn library() -> TestRun {
    let tokenizer = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tokenizer/tokenizer.json");
    let settings = format!("{SETTINGS}[measure]\ntokenizer = {tokenizer:?}\n");
    let run = TestRun::new().file("rocq-distill.toml", &settings);
    let lemma = |name: &str| format!("Lemma {name} : True /\\ {name}.t.\nProof. split. exact I. exact I. Qed.\n");
    let text = |names: &[&str]| {
        let module = |name: &&str| format!("Module {name}. Definition t := True. End {name}.\n{}", lemma(name));
        names.iter().map(module).collect::<String>().replace("Lemma ", "Lemma l_")
    };
    let texts = [text(&["a", "b", "c"]), text(&["d"]), text(&["e", "f"])];
    compile(&run.path().join("lib"), &[("x.v", &texts[0]), ("y.v", &texts[1]), ("z.v", &texts[2])]);
    run
}

/// The whole run directory once a run has come to its end.
#[track_caller]
fn finished(run: &TestRun) -> BTreeMap<String, Vec<u8>> {
    let outcome = run.run(RUN);
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    bytes(&run.path().join("export"))
}

/// Compares run directories and names the files that differ.
#[track_caller]
fn check_same(found: &BTreeMap<String, Vec<u8>>, expected: &BTreeMap<String, Vec<u8>>) {
    let names = found.keys().chain(expected.keys());
    let different: BTreeSet<_> = names.filter(|name| found.get(*name) != expected.get(*name)).collect();
    assert!(different.is_empty(), "{different:?}");
}

/// Waits until no prover of this folder is left.
#[track_caller]
fn wait_for_provers_to_end(run: &TestRun) {
    let started = Instant::now();
    while !provers_in(run.path()).is_empty() && started.elapsed() < Duration::from_secs(20) {
        sleep(Duration::from_millis(5));
    }
    assert_eq!(provers_in(run.path()), Vec::<u32>::new());
}

/// Ends a process after a while; false if it had ended by itself.
fn end_after(mut child: Child, delay: Duration, signal: Signal) -> bool {
    sleep(delay);
    if child.try_wait().unwrap().is_some() {
        return false;
    }
    kill_process(Pid::from_child(&child), signal).unwrap();
    child.wait().unwrap();
    true
}

#[test]
fn a_run_that_is_ended_at_thirty_moments_comes_to_the_same_bytes_and_leaves_no_process() {
    let run = library();
    let export = run.path().join("export");
    let started = Instant::now();
    let expected = finished(&run);
    let whole = started.elapsed();
    fs::remove_dir_all(&export).unwrap();
    // Numbers that look random and are the same each time, by the constants of Knuth's MMIX.
    let mut random = 20_u64;
    let mut n_ended = 0;
    for round in 0..30 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let delay = whole.mul_f64(f64::from(u32::try_from(random >> 33).unwrap()) / f64::from(u32::MAX >> 1));
        let signal = [Signal::KILL, Signal::TERM, Signal::INT][round % 3];
        if end_after(run.command(RUN).spawn().unwrap(), delay, signal) {
            n_ended += 1;
        } else {
            check_same(&bytes(&export), &expected);
            fs::remove_dir_all(&export).unwrap();
        }
        wait_for_provers_to_end(&run);
    }
    assert!(n_ended > 0);
    check_same(&finished(&run), &expected);
}

#[test]
fn a_signal_ends_the_run_and_its_provers_at_once_and_says_how_to_go_on() {
    let run = TestRun::new();
    crate::library::with_tactic(&run, "Lemma slow : True. Proof. TACTIC exact I. Qed.\n", "do 1000000000 idtac.");
    for signal in [Signal::INT, Signal::TERM] {
        let mut child = run.command("extract --input lib").stderr(std::process::Stdio::piped()).spawn().unwrap();
        let started = Instant::now();
        while provers_in(run.path()).is_empty() && started.elapsed() < Duration::from_mins(1) {
            sleep(Duration::from_millis(5));
        }
        kill_process(Pid::from_child(&child), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130));
        let mut said = String::new();
        std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut said).unwrap();
        assert!(said.contains("run the same command again"), "{said}");
        wait_for_provers_to_end(&run);
    }
}

/// Runs a script of the shell in a name space of its own, where it may mount; `$PROGRAM` is the program.
pub(crate) fn in_namespace(run: &TestRun, script: &str) -> Output {
    let program = run.command("");
    let mut shell = Command::new("unshare");
    shell.args(["--map-root-user", "--mount", "sh", "-c", script]).current_dir(run.path());
    shell.env("PROGRAM", program.get_program());
    shell.output().unwrap()
}

/// Whether this system lets a test mount; if not, it says so.
#[expect(clippy::print_stdout, reason = "a test that cannot run says that it was not run")]
pub(crate) fn can_mount(run: &TestRun, test: &str) -> bool {
    let can = in_namespace(run, "mkdir -p disk && mount -t tmpfs -o size=64k t disk").status.success();
    if !can {
        println!("NOT RUN: {test}: this system lets no test mount a disk");
    }
    can
}

#[test]
fn a_full_disk_is_an_error_that_says_so_and_loses_nothing() {
    let run = library();
    if !can_mount(&run, "a_full_disk_is_an_error_that_says_so_and_loses_nothing") {
        return;
    }
    let expected = finished(&run);
    fs::remove_dir_all(run.path().join("export")).unwrap();
    // What was written before the disk was full is copied to a larger one, where the run goes on.
    let script = format!(
        "mkdir -p disk export && mount -t tmpfs -o size=48k t disk && $PROGRAM {RUN} --output disk/export; \
         code=$?; cp -r disk/export/. export; exit $code"
    );
    let output = in_namespace(&run, &script);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("No space left on device") && said.contains("hint: make room on this disk"), "{said}");
    check_same(&finished(&run), &expected);
}

#[test]
fn a_read_only_disk_is_an_error_that_says_so() {
    let run = library();
    if !can_mount(&run, "a_read_only_disk_is_an_error_that_says_so") {
        return;
    }
    let script = format!("mkdir -p disk && mount -t tmpfs -o ro t disk && $PROGRAM {RUN} --output disk/export");
    let output = in_namespace(&run, &script);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("hint: this disk is read-only"), "{said}");
    wait_for_provers_to_end(&run);
}
