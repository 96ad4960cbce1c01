//! Makes `.glob` files that are missing or stale: with `coqc`, in a folder of ours, so that the user's tree is only read.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use super::glob::{self, Glob};
use super::installation::Installation;
use super::library::SourceFile;
use super::limits::Limits;
use super::process::Process;
use super::scratch::Scratch;
use super::{RocqError, Setback};
use crate::record::{ProverReason, Reason};

/// A `.glob` file that was made.
#[derive(Debug)]
pub struct MadeGlob {
    /// What it says.
    pub glob: Glob,
    /// Why it does not tell of the whole text, if so: the file does not compile, `coqc` had to be ended, or the `.glob`
    /// file that it wrote is not understood.
    pub flaw: Option<Reason>,
}

/// Compiles a copy of a source under the source's own name.
pub async fn make_glob(
    rocq: &Installation,
    file: &SourceFile,
    text: &str,
    limits: Limits,
) -> Result<MadeGlob, RocqError> {
    let folder = Scratch::new().map_err(|source| RocqError::Read { path: std::env::temp_dir(), source })?;
    let copy = folder.path().join(file.path.file_name().unwrap_or_default());
    fs::write(&copy, text).map_err(|source| RocqError::Read { path: copy.clone(), source })?;
    let compiler = rocq.compiler.as_deref().ok_or_else(|| RocqError::NoGlob { path: file.path.clone() })?;
    let process = Process::start(compiler, &arguments(file, folder.path(), &copy), limits.bounds)?;
    let nothing = |reason| MadeGlob { glob: Glob::empty(file.logical_path.clone()), flaw: Some(reason) };
    let flaw = match process.run_to_end(limits.file).await {
        Ok(()) => None,
        // Where the file does not compile, the `.glob` file ends.
        Err(setback @ Setback::Refused(_)) => Some(setback.into_reason("")?),
        Err(setback) => return Ok(nothing(setback.into_reason("the whole file, for its .glob file")?)),
    };
    let path = copy.with_extension("glob");
    let made = fs::read_to_string(&path).map_err(|source| RocqError::Read { path, source })?;
    Ok(match glob::parse(&made) {
        Ok(glob) => MadeGlob { glob: glob.counted_in(text), flaw },
        Err(error) => {
            let query = format!("the .glob file of {}", file.logical_path);
            nothing(Reason::Prover(ProverReason::Unreadable { query, message: error.to_string() }))
        }
    })
}

/// The flags of the file, and the folder of the copy under the logical path of the file's own folder.
fn arguments(file: &SourceFile, folder: &Path, copy: &Path) -> Vec<OsString> {
    let parent = file.logical_path.as_str().rsplit_once('.').map_or("", |(parent, _)| parent);
    let mut arguments: Vec<OsString> = vec!["-q".into()];
    arguments.extend(file.load_path.arguments().into_iter().map(Into::into));
    arguments.extend(["-Q".into(), folder.into(), parent.into(), copy.into()]);
    arguments
}
