//! A folder in which an empty file has the name that a source file has in its library.
//!
//! Every request that names a file makes the server check the whole of it, and the error recovery of that check admits
//! what fails. The state before the first sentence depends on the file's logical path alone, so it is asked for an empty
//! file of that path; the sentences of the real file are then run from there, each refusal being seen.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::rocq::library::SourceFile;
use crate::rocq::project::Binding;
use crate::rocq::scratch::Scratch;

/// The folder; it goes with this value.
#[derive(Debug)]
pub(super) struct Workspace {
    folder: Scratch,
    file: PathBuf,
}

impl Workspace {
    /// Makes the folder for a source file.
    pub(super) fn of(file: &SourceFile) -> io::Result<Self> {
        let folder = Scratch::new()?;
        let (prefix, below) = file.logical_path.as_str().split_once('.').unwrap_or(("", file.logical_path.as_str()));
        let twin = folder.path().join(below.replace('.', "/")).with_extension("v");
        fs::create_dir_all(twin.parent().unwrap_or(&twin))?;
        fs::write(&twin, "")?;
        // The file has no way to write a quote.
        let quoted = |word: &str| {
            if word.contains(['"', '\n']) {
                return Err(io::Error::other(format!("the server cannot be told of `{word}`")));
            }
            Ok(format!("\"{word}\""))
        };
        // Rocq has no way to read a path that is no UTF-8.
        let binding = |folder: &Path, logical_path: &str, flag: &str| match folder.to_str() {
            Some(folder) => Ok(format!("{flag} {} {}\n", quoted(folder)?, quoted(logical_path)?)),
            None => Err(io::Error::other(format!("Rocq cannot be told of the folder `{}`", folder.display()))),
        };
        let mut lines = vec![binding(folder.path(), prefix, "-R")?];
        // The real folders come last: they are the ones that Rocq looks into first.
        for Binding { folder, logical_path, is_recursive } in &file.load_path.bindings {
            lines.push(binding(folder, logical_path, if *is_recursive { "-R" } else { "-Q" })?);
        }
        for flag in &file.load_path.flags {
            lines.push(format!("-arg {}\n", quoted(flag)?));
        }
        let project = lines.concat();
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
