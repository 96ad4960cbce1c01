//! What the scripts in `slurm/` say and do where something is missing or takes too long; the programs of Slurm are
//! stand-ins here.

use std::env;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use insta::assert_snapshot;
use tempfile::TempDir;

/// A machine that has these programs and no others but those that it is given.
struct Machine(TempDir);

const PROGRAMS: &[&str] = &[
    "bash", "cat", "cut", "date", "env", "flock", "grep", "id", "mkdir", "mktemp", "od", "paste", "realpath", "rm",
    "sed", "sleep", "sort", "tail", "tee", "tr", "true", "uname", "wc",
];

impl Machine {
    fn new() -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        fs::create_dir(machine.path("bin")).unwrap();
        let folders: Vec<_> = env::split_paths(&env::var_os("PATH").unwrap()).collect();
        for program in PROGRAMS {
            let found = folders.iter().map(|folder| folder.join(program)).find(|path| path.is_file());
            symlink(found.unwrap_or_else(|| panic!("there is no {program}")), machine.path("bin").join(program))
                .unwrap();
        }
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Gives it a program, a shell script.
    fn with(self, program: &str, script: &str) -> Self {
        let path = self.path("bin").join(program);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    /// A site file that says this besides what every site says.
    fn site(&self, lines: &str) -> PathBuf {
        let path = self.path("site.sh");
        let (all, scratch) = (scripts().join("site.sh"), self.path("scratch"));
        let (all, scratch) = (all.display(), scratch.display());
        let text = format!("source \"{all}\"\nscratch=\"{scratch}\"\nvisible_after=0\n{lines}\n");
        fs::write(&path, text).unwrap();
        path
    }

    fn script(&self, name: &str, arguments: &[&Path], variables: &[(&str, &str)]) -> Ended {
        let mut command = Command::new(self.path("bin/bash"));
        command.env_clear().env("PATH", self.path("bin")).env("HOME", self.path("home"));
        command.envs(variables.iter().copied()).arg(scripts().join(name)).args(arguments);
        Ended { output: command.output().unwrap(), folder: self.0.path().to_str().unwrap().to_owned() }
    }

    fn submit(&self, site: &str) -> Ended {
        self.script("submit", &[Path::new("--site"), &self.site(site), &self.path("run")], &[])
    }

    /// What a task says whose program ends with `code` after so many restarts; whether it was queued again.
    fn task(self, verb: &str, code: i32, restarts: i32) -> (Ended, bool) {
        let scontrol =
            "case $* in *show*) echo Requeue=1 Restarts=$SLURM_RESTART_COUNT ;; *) >\"${0%/*}/../requeue\" ;; esac";
        let machine = self.with("scontrol", scontrol).with("rocq-distill", &format!("exit {code}"));
        let (site, run) = (machine.site(""), machine.path("run"));
        let before = run.join("select");
        fs::create_dir_all(&before).unwrap();
        fs::write(before.join("manifest.json"), "").unwrap();
        let restarts = restarts.to_string();
        let job = [("SLURM_JOB_ID", "8"), ("SLURM_JOB_NAME", verb), ("SLURM_RESTART_COUNT", restarts.as_str())];
        let array = [("SLURM_ARRAY_JOB_ID", "7"), ("SLURM_ARRAY_TASK_ID", "0")];
        let array = if verb == "extract" { &array[..] } else { &[] };
        let arguments = [&scripts(), &site, &run, Path::new("-"), Path::new("1")];
        let ended = machine.script(&format!("{verb}.sbatch"), &arguments, &[&job[..], array].concat());
        assert_eq!(ended.output.status.code(), Some(code), "{}", ended.text());
        let requeued = machine.path("requeue").exists();
        (ended, requeued)
    }
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("slurm")
}

/// How a script ended and what it said.
struct Ended {
    output: Output,
    folder: String,
}

impl Ended {
    /// Exit code and all that was said, without what differs from machine to machine.
    fn text(&self) -> String {
        let code = self.output.status.code().unwrap();
        let said = [&self.output.stdout, &self.output.stderr].map(|bytes| String::from_utf8(bytes.clone()).unwrap());
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        format!("exit {code}\n{}", said.concat())
            .replace(&self.folder, "[DIR]")
            .replace(scripts().to_str().unwrap(), "[SCRIPTS]")
            .replace(&format!("on {host}"), "on [HOST]")
    }
}

#[test]
fn without_slurm_nothing_is_handed_in_or_written() {
    let machine = Machine::new();
    assert_snapshot!(machine.submit("").text(), @r"
    exit 2
    submit: error: there is no sbatch on [HOST]: go where Slurm's programs are, such as a login node, or put them on PATH
    ");
    assert!(!machine.path("run").exists());
}

#[test]
fn a_site_whose_program_is_not_there_is_told_before_anything_is_written() {
    let machine = Machine::new().with("sbatch", "exit 1").with("squeue", "exit 1");
    let said = ["binary=rocq-distil", "program=container", "program=nix"].map(|site| machine.submit(site).text());
    assert_snapshot!(said.concat(), @r"
    exit 2
    submit: error: there is no rocq-distil on [HOST], which program=binary in [DIR]/site.sh needs: name it there, or put it on PATH in prepare_job
    exit 2
    submit: error: there is no apptainer on [HOST], which program=container in [DIR]/site.sh needs: name it there, or put it on PATH in prepare_job
    exit 2
    submit: error: there is no nix on [HOST], which program=nix in [DIR]/site.sh needs: name it there, or put it on PATH in prepare_job
    ");
    assert!(!machine.path("run").exists());
}

/// A Nix that would build something, and then does.
const NIX: &str =
    "case $* in *--dry-run*) echo 'these 7 derivations will be built:'; echo mathcomp ;; *) exit 9 ;; esac";

#[test]
fn nix_compiles_nothing_on_a_login_node_unless_told_to() {
    let machine = Machine::new().with("sbatch", "exit 1").with("squeue", "exit 1").with("nix", NIX);
    let site = machine.site("program=nix\nflake=project");
    let run = machine.path("run");
    let arguments = [Path::new("--site"), &site, &run];
    assert_snapshot!(machine.script("submit", &arguments, &[]).text(), @r"
    exit 2
    these 7 derivations will be built:
    mathcomp
    submit: error: Nix would compile this on [HOST], for tens of minutes: do it in a job, such as
      sbatch --wait --cpus-per-task=8 --time=2:00:00 --wrap='nix build --out-link [DIR]/run/slurm/program project#pipeline'
    and submit again then, or add --build-here
    ");
    let ended = machine.script("submit", &[&arguments[..], &[Path::new("--build-here")]].concat(), &[]);
    assert!(ended.text().starts_with("exit 9\n"), "{}", ended.text());
}

#[test]
fn a_node_without_the_program_says_so() {
    let machine = Machine::new();
    let arguments =
        [&scripts(), &machine.site("program=container"), &machine.path("run"), Path::new("-"), Path::new("1")];
    let said = machine.script("extract.sbatch", &arguments, &[("SLURM_JOB_ID", "8")]).text();
    assert!(said.starts_with("exit 2\n"), "{said}");
    assert!(
        said.contains("error: there is no apptainer on [HOST], which program=container in [DIR]/site.sh"),
        "{said}"
    );
}

/// A server that says how it was started, and a program that says where it was sent.
fn a_served_stage(site: &str, verb: &str) -> (Ended, String) {
    let vllm = "echo \"$HF_HUB_OFFLINE $*\" >\"${0%/*}/../started\"; sleep 60";
    let program = "case $* in *--show-settings*) printf '[reason]\\nmodel = \"m\"\\n' ;; \
                   *) env | grep ROCQ_DISTILL_REASON | sort; echo \"$no_proxy\" ;; esac";
    // It answers once the server is there.
    let curl = "[ -s \"${0%/*}/../started\" ] || exit 7; case $* in *chat/completions*) echo '{\"choices\": [{\"index\": 0}]}' ;; esac";
    let machine = Machine::new().with("vllm", vllm).with("rocq-distill", program).with("curl", curl);
    let machine = machine.with("scontrol", "exit 1");
    let (site, run) = (machine.site(site), machine.path("run"));
    fs::create_dir_all(run.join("select")).unwrap();
    fs::create_dir_all(run.join("slurm")).unwrap();
    fs::write(run.join("select/manifest.json"), "").unwrap();
    let job = [("SLURM_JOB_ID", "8"), ("SLURM_JOB_NAME", verb), ("CUDA_VISIBLE_DEVICES", "0,1")];
    let arguments = [&scripts(), &site, &run, Path::new("-"), Path::new("1")];
    let ended = machine.script(&format!("{verb}.sbatch"), &arguments, &job);
    let started = fs::read_to_string(machine.path("started")).unwrap_or_default();
    (ended, started)
}

#[test]
fn any_stage_that_asks_a_model_can_have_it_served_in_its_job() {
    let site = "served=(reason)\noffline=yes\nreason_vllm_options=(--reasoning-parser deepseek_r1)";
    let (ended, started) = a_served_stage(site, "reason");
    let text = ended.text();
    assert!(text.starts_with("exit 0\n"), "{text}");
    assert!(
        text.contains("ROCQ_DISTILL_REASON__API_KEY_ENV=VLLM_API_KEY\nROCQ_DISTILL_REASON__BASE_URL=http://127.0.0.1:")
    );
    assert!(started.starts_with("1 serve m --served-model-name m --host 127.0.0.1 --port "), "{started}");
    assert!(started.ends_with(" --tensor-parallel-size 2 --reasoning-parser deepseek_r1\n"), "{started}");
}

#[test]
fn m90_a_job_sends_nothing_to_its_own_machine_through_a_proxy() {
    let (ended, _) = a_served_stage("prepare_job() { :; }\nserved=(reason)", "reason");
    assert!(ended.text().contains("\n127.0.0.1,localhost\n"), "{}", ended.text());
}

#[test]
fn a_model_folder_that_the_node_does_not_see_is_named() {
    let (ended, started) = a_served_stage("served=(reason)\nreason_model=/nowhere/r1", "reason");
    assert!(ended.text().starts_with("exit 2\n"));
    assert!(
        ended.text().contains("error: there is no /nowhere/r1 on [HOST], which reason_model in [DIR]/site.sh names")
    );
    assert!(started.is_empty());
}

#[test]
fn a_task_that_was_stopped_is_queued_again_as_often_as_the_site_allows() {
    for (restarts, is_again) in [(0, true), (19, true), (20, false)] {
        let (ended, queued) = Machine::new().task("extract", 75, restarts);
        assert_eq!(queued, is_again, "{}", ended.text());
    }
}

#[test]
fn a_task_that_finished_nothing_in_all_its_time_is_queued_again_once_and_then_says_what_to_raise() {
    for verb in ["extract", "reason"] {
        assert!(Machine::new().task(verb, 76, 0).1);
        let (ended, queued) = Machine::new().task(verb, 76, 1);
        assert!(!queued);
        let advice = format!(
            "error: queued again, it has finished no file and got no answer in all its time: raise --time in \
             {verb}_options of [DIR]/site.sh; this goes on then: [SCRIPTS]/submit --site [DIR]/site.sh --resume [DIR]/run"
        );
        assert!(ended.text().contains(&advice), "{}", ended.text());
    }
}
