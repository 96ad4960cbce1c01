//! A folder in which an empty file has the name that a source file has in its library.
//!
//! Every request that names a file makes the server check the whole of it, and the error recovery of that check admits
//! what fails. The state before the first sentence depends on the file's logical path alone, so it is asked for an empty
//! file of that path; the sentences of the real file are then run from there, each refusal being seen.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::rocq::library::SourceFile;

/// The folder; it goes with this value.
#[derive(Debug)]
pub(super) struct Workspace {
    folder: TempDir,
    file: PathBuf,
}

impl Workspace {
    /// Makes the folder for a source file.
    pub(super) fn of(file: &SourceFile) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("rocq-distill-").tempdir()?;
        let twin = folder.path().join(&file.relative);
        fs::create_dir_all(twin.parent().unwrap_or(&twin))?;
        fs::write(&twin, "")?;
        let prefix = file.logical_path.as_str().split('.').next().unwrap_or_default();
        let line = |root: &Path| {
            // The file has no way to write a quote, and Rocq none to read a path that is no UTF-8.
            match root.to_str().filter(|root| !root.contains(['"', '\n'])) {
                Some(root) => Ok(format!("-R \"{root}\" {prefix}\n")),
                None => Err(io::Error::other(format!("Rocq cannot be told of the folder `{}`", root.display()))),
            }
        };
        // The real folder comes last: it is the one that Rocq looks into first.
        let project = [line(folder.path())?, line(&file.root)?].concat();
        fs::write(folder.path().join("_CoqProject"), project)?;
        Ok(Self { folder, file: twin })
    }

    /// The folder.
    pub(super) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// The empty file.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }
}
