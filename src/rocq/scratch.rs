//! Folders in which provers work: each goes with its value, and all of them when the program is interrupted.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{fs, io};

use tempfile::TempDir;

/// The folders that are there. An interrupted program ends without dropping anything.
static FOLDERS: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// A folder of its own, below the system's folder for what is temporary.
#[derive(Debug)]
pub struct Scratch(TempDir);

impl Scratch {
    /// Makes a folder.
    pub fn new() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("rocq-distill-").tempdir()?;
        folders().insert(folder.path().to_owned());
        Ok(Self(folder))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        folders().remove(self.path());
    }
}

/// Removes the folders that are there, for a program that is about to end whatever is at work.
pub fn remove_all() {
    for folder in std::mem::take(&mut *folders()) {
        // What a prover writes in this moment stays, and its system's housekeeping finds it.
        let _ = fs::remove_dir_all(folder);
    }
}

fn folders() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    FOLDERS.lock().unwrap_or_else(PoisonError::into_inner)
}
