//! The Rocq that is in use: its program, its version, its libraries.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::{Fault, RocqError};

/// What older versions say and print was never read.
const OLDEST: [u32; 2] = [8, 16];

/// How long the program may take to say what it is.
const LIMIT: Duration = Duration::from_secs(30);

/// The Rocq that is in use.
#[derive(Debug, Clone)]
pub struct Installation {
    /// `coqidetop`, by an absolute path.
    pub program: PathBuf,
    /// `coqc`, by an absolute path, where there is one beside `coqidetop` or on the path.
    pub compiler: Option<PathBuf>,
    /// Its version, such as `8.20.1`.
    pub version: String,
    /// The folder of installed libraries, `user-contrib`.
    pub library: PathBuf,
}

impl Installation {
    /// Finds the program and asks it what it is.
    pub async fn find(program: &Path) -> Result<Self, RocqError> {
        let program = find_program(program)?;
        let version = answer(&program, "--version").await?;
        // "The Coq Proof Assistant, version 8.20.1" or "The Rocq Prover, version 9.0.0", then how it was built.
        let version = version
            .split_once("version ")
            .and_then(|(_, rest)| rest.split_whitespace().next())
            .ok_or_else(|| garbled(&program, &version))?
            .to_owned();
        if number(&version) < OLDEST {
            return Err(RocqError::TooOld { program, version });
        }
        let library = answer(&program, "-where").await?;
        let beside = Some(program.with_file_name("coqc")).filter(|compiler| compiler.is_file());
        let compiler = beside.or_else(|| find_program(Path::new("coqc")).ok());
        Ok(Self { version, library: Path::new(library.trim()).join("user-contrib"), compiler, program })
    }

    /// The folder of everything that was installed, and in it the first library that any file loads.
    pub fn home_and_prelude(&self) -> (&Path, PathBuf) {
        let home = self.library.parent().unwrap_or(&self.library);
        (home, home.join("theories/Init/Prelude.vo"))
    }
}

/// The first two numbers of a version such as `8.20.1` or `9.2+rc1`.
fn number(version: &str) -> [u32; 2] {
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(|digits| digits.parse().unwrap_or(0));
    [numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)]
}

/// The absolute path of a program that is named by a path or is on the path.
pub fn find_program(program: &Path) -> Result<PathBuf, RocqError> {
    on_path(program, std::env::var_os("PATH").as_deref())
        .ok_or_else(|| RocqError::NoProgram { program: program.display().to_string() })
}

/// The program's absolute path; Debian calls it `coqidetop.opt`.
fn on_path(program: &Path, path: Option<&OsStr>) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return program.is_file().then(|| std::path::absolute(program).ok())?;
    }
    let mut native = program.as_os_str().to_owned();
    native.push(".opt");
    let folders: Vec<_> = std::env::split_paths(path?).collect();
    [program.as_os_str(), &native]
        .iter()
        .find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|candidate| candidate.is_file()))
}

/// What a program says to a question that is a flag.
pub(super) async fn answer(program: &Path, question: &str) -> Result<String, RocqError> {
    let child = Command::new(program).arg(question).stdin(std::process::Stdio::null()).kill_on_drop(true).output();
    let output = timeout(LIMIT, child)
        .await
        .map_err(|_| RocqError::Handshake { program: program.to_owned(), fault: Fault::TimedOut { limit: LIMIT } })?
        .map_err(|source| RocqError::Start { program: program.to_owned(), source })?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() && !text.is_empty() { Ok(text) } else { Err(garbled(program, &text)) }
}

fn garbled(program: &Path, text: &str) -> RocqError {
    // What another program says of itself can be long.
    const SHOWN: usize = 100;
    let first: String = text.trim().lines().next().unwrap_or_default().chars().take(SHOWN).collect();
    let message = format!("it says `{first}`");
    RocqError::Handshake { program: program.to_owned(), fault: Fault::Garbled { message } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(number("8.9.1") < OLDEST && number("8.15+alpha") < OLDEST);
        assert!(number("8.16") >= OLDEST && number("8.20.1") >= OLDEST && number("9.2") >= OLDEST);
    }
}
