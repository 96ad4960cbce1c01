//! One prover process: owned by one value, never outliving it, its standard error always drained.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use memchr::memmem;
use rustix::process::{
    Pid, Resource, Rlimit, Signal, getppid, getrlimit, kill_process_group, set_parent_process_death_signal, setrlimit,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Join};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::scratch::Scratch;
use super::{Fault, Refusal, RocqError, Setback};

/// How much of a prover's standard error is remembered.
const STDERR_TAIL: usize = 2000;

/// How long a prover that talks no more may take to say what it ended of.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How much a prover may use and say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of memory, as `RLIMIT_DATA` counts them.
    pub memory: u64,
    /// Bytes of one answer.
    pub answer: u64,
}

/// How long the end of a prover by a signal is kept back. A batch system that ends a job signals all processes of it,
/// this one too; what its prover did not live to say must not be taken for what the prover says.
const AFTER_SIGNAL: Duration = Duration::from_secs(2);

/// Whether a prover sees an environment variable: those that say where its files are and how to speak, and no keys.
fn is_for_provers(name: &str) -> bool {
    const NAMES: &[&str] = &["HOME", "LANG", "LD_LIBRARY_PATH", "OPAM_SWITCH_PREFIX", "PATH", "TMPDIR", "TZ"];
    const PREFIXES: &[&str] = &["CAML", "COQ", "LC_", "OCAML", "ROCQ", "XDG_"];
    let is_ours = name.starts_with("ROCQ_DISTILL") || name.ends_with("_KEY") || name.ends_with("_TOKEN");
    !is_ours && (NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
}

/// A running prover, in a process group of its own, which is ended when this value is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    unread: Vec<u8>,
    stderr: Arc<Mutex<Vec<u8>>>,
    stderr_reader: JoinHandle<()>,
    bounds: Bounds,
    /// Where it runs, and where it writes what a library makes it write: extracted programs, redirected messages.
    _scratch: Scratch,
}

impl Process {
    /// Starts a prover that the system ends with this process, even if this process is killed.
    pub fn start(program: &Path, arguments: &[OsString], bounds: Bounds) -> Result<Self, RocqError> {
        let failed = |source| RocqError::Start { program: program.to_owned(), source };
        // Only the child itself can ask to be ended with its parent and to be given less memory than it, so it starts as
        // this program: the very one that runs, even where its file has been replaced since.
        let scratch = Scratch::new().map_err(failed)?;
        let mut child = Command::new("/proc/self/exe")
            .args(["tether", &std::process::id().to_string(), &bounds.memory.to_string()])
            .arg(program)
            .args(arguments)
            .current_dir(scratch.path())
            .env_clear()
            .envs(std::env::vars_os().filter(|(name, _)| is_for_provers(&name.to_string_lossy())))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let pipe_missing = || failed(io::Error::other("a pipe is missing"));
        let stdin = child.stdin.take().ok_or_else(pipe_missing)?;
        let stdout = child.stdout.take().ok_or_else(pipe_missing)?;
        let mut stderr_pipe = child.stderr.take().ok_or_else(pipe_missing)?;
        let stderr = Arc::new(Mutex::new(Vec::new()));
        let tail = Arc::clone(&stderr);
        let stderr_reader = tokio::spawn(async move {
            let mut chunk = [0; 1024];
            while let Ok(n_bytes @ 1..) = stderr_pipe.read(&mut chunk).await {
                let Ok(mut tail) = tail.lock() else { return };
                tail.extend_from_slice(&chunk[..n_bytes]);
                let excess = tail.len().saturating_sub(STDERR_TAIL);
                tail.drain(..excess);
            }
        });
        Ok(Self { child, stdin, stdout, unread: Vec::new(), stderr, stderr_reader, bounds, _scratch: scratch })
    }

    /// Sends some requests and reads an answer to each, up to and including `end`.
    ///
    /// Writing and reading go on together: a prover that is busy answering reads no more requests. The limits of time
    /// and size hold for each answer; a prover that oversteps one is ended, so that no later request can read the rest.
    pub async fn exchange(&mut self, requests: &[String], end: &[u8], limit: Duration) -> Result<Vec<Vec<u8>>, Fault> {
        let text = requests.concat();
        let Self { stdin, stdout, unread, bounds, .. } = self;
        let write = async { stdin.write_all(text.as_bytes()).await };
        let read = async {
            let mut answers = Vec::with_capacity(requests.len());
            for _ in requests {
                match timeout(limit, read_until(stdout, unread, end, bounds.answer)).await {
                    Ok(answer) => answers.push(answer?),
                    Err(_) => return Err(Broken::Late),
                }
            }
            Ok(answers)
        };
        let outcome = tokio::select! {
            // The answers are complete only after the requests are: the writer need not be waited for.
            outcome = read => outcome,
            Err(error) = write => Err(Broken::Pipe(error)),
        };
        let fault = match outcome {
            Ok(answers) => return Ok(answers),
            Err(Broken::Pipe(error)) => self.diagnose(&error).await,
            Err(Broken::Late) => Fault::TimedOut { limit },
            Err(Broken::Long) => Fault::Flooded { limit: self.bounds.answer },
        };
        self.kill();
        Err(fault)
    }

    /// What the prover says and hears, for a protocol that tells messages apart in another way.
    pub fn stream(&mut self) -> Join<&mut ChildStdout, &mut ChildStdin> {
        tokio::io::join(&mut self.stdout, &mut self.stdin)
    }

    /// How much of the bounded memory the prover has, where the system tells.
    pub fn data_bytes(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).ok()?;
        let kib = status.lines().find_map(|line| line.strip_prefix("VmData:"))?.split_whitespace().next()?;
        Some(kib.parse::<u64>().ok()? * 1024)
    }

    /// Lets a program that is asked nothing run to its end; one that ends without success refuses with its last words.
    pub async fn run_to_end(mut self, limit: Duration) -> Result<(), Setback> {
        let Self { stdout, unread, child, .. } = &mut self;
        let end = async {
            while stdout.read_buf(unread).await? > 0 {
                unread.clear();
            }
            child.wait().await
        };
        let fault = match timeout(limit, end).await {
            Ok(Ok(status)) if status.success() => return Ok(()),
            Ok(Ok(status)) => match self.diagnose(&io::ErrorKind::UnexpectedEof.into()).await {
                Fault::Died { message } if status.code().is_some() => return Err(Refusal { message }.into()),
                fault => fault,
            },
            Ok(Err(error)) => Fault::Died { message: error.to_string() },
            Err(_) => Fault::TimedOut { limit },
        };
        self.kill();
        Err(fault.into())
    }

    /// Ends the prover and waits until the system has forgotten it.
    pub async fn close(mut self) {
        self.kill();
        let _ = self.child.wait().await;
    }

    /// How the prover ended, once talking to it has failed.
    pub async fn diagnose(&mut self, error: &io::Error) -> Fault {
        let status = match timeout(LAST_WORDS, self.child.wait()).await {
            Ok(Ok(status)) => {
                if status.signal().is_some() {
                    tokio::time::sleep(AFTER_SIGNAL).await;
                }
                status.to_string()
            }
            _ => error.to_string(),
        };
        // What it wrote last may still be on its way.
        let _ = timeout(LAST_WORDS, &mut self.stderr_reader).await;
        let stderr =
            self.stderr.lock().map(|tail| String::from_utf8_lossy(&tail).trim().to_owned()).unwrap_or_default();
        if is_lack_of_memory(&stderr) {
            return Fault::OutOfMemory { limit: self.bounds.memory };
        }
        Fault::Died { message: if stderr.is_empty() { status } else { format!("{status}: {stderr}") } }
    }

    /// Ends the prover and whatever it started.
    pub fn kill(&mut self) {
        // Once the child was waited for, its number may belong to another process.
        if let Some(group) = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Whether a prover says that it was given too little memory, in the words of OCaml's runtime or of Rocq.
pub fn is_lack_of_memory(message: &str) -> bool {
    const WORDS: &[&str] =
        &["out of memory", "out_of_memory", "not enough memory", "not enough heap memory", "allocation failure"];
    let message = message.to_ascii_lowercase();
    WORDS.iter().any(|words| message.contains(words))
}

/// Why there is no answer.
enum Broken {
    /// The prover hears or says no more.
    Pipe(io::Error),
    /// Not in time.
    Late,
    /// Too much is said.
    Long,
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Pipe(error)
    }
}

/// Reads up to and including `end`, leaving what follows in `unread`.
async fn read_until(stdout: &mut ChildStdout, unread: &mut Vec<u8>, end: &[u8], limit: u64) -> Result<Vec<u8>, Broken> {
    let mut searched = 0_usize;
    loop {
        if let Some(found) = memmem::find(&unread[searched..], end) {
            let rest = unread.split_off(searched + found + end.len());
            return Ok(std::mem::replace(unread, rest));
        }
        if unread.len() as u64 > limit {
            return Err(Broken::Long);
        }
        // The end may lie across two reads.
        searched = unread.len().saturating_sub(end.len());
        unread.reserve(64 * 1024);
        if stdout.read_buf(unread).await? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
    }
}

/// Becomes another program that may use no more than `memory` bytes and that the system ends together with `parent`;
/// comes back only with an error.
///
/// The limit is `RLIMIT_DATA`, which counts what a program writes to: OCaml's runtime reserves far more address space
/// (`RLIMIT_AS`) than it ever uses.
pub fn tether(parent: u32, memory: u64, command: &[OsString]) -> RocqError {
    let Some((program, arguments)) = command.split_first() else {
        return RocqError::NoProgram { program: String::new() };
    };
    let failed = |source| RocqError::Start { program: program.into(), source };
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        return failed(error.into());
    }
    // The parent may have ended before the request was made.
    if getppid().map(Pid::as_raw_nonzero).map(|id| id.get().cast_unsigned()) != Some(parent) {
        return failed(io::Error::other("the process that asked for it has ended"));
    }
    // Where the system allows less already, it stays at that.
    let limit = Some(getrlimit(Resource::Data).maximum.map_or(memory, |maximum| maximum.min(memory)));
    if let Err(error) = setrlimit(Resource::Data, Rlimit { current: limit, maximum: limit }) {
        return failed(error.into());
    }
    failed(std::process::Command::new(program).args(arguments).exec())
}
