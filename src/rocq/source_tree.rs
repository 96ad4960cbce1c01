//! The `.v` files in a folder, without what editors, version control and build tools keep there.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::RocqError;

/// Folders of build tools; those that begin with a period are passed over, too.
const PASSED_OVER: &[&str] = &["_build", "_opam", "_esy"];

/// The `.v` files at or below a path, sorted by name folder by folder, each as often as a link leads to it.
pub fn sources(path: &Path) -> Result<Vec<PathBuf>, RocqError> {
    files(path, &["v"])
}

/// The same of files with some extensions.
pub fn files(path: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>, RocqError> {
    let mut files = Vec::new();
    for entry in WalkDir::new(path).follow_links(true).sort_by_file_name().into_iter().filter_entry(is_looked_at) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().unwrap_or(path).to_owned();
                // A link to a folder around it shows nothing that was not seen already.
                if error.loop_ancestor().is_some() || is_lock_of_editor(&path) {
                    continue;
                }
                return Err(RocqError::Read { path, source: error.into() });
            }
        };
        let has_one = |extension: &OsStr| extensions.iter().any(|wanted| extension == *wanted);
        if entry.file_type().is_file() && entry.path().extension().is_some_and(has_one) {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

/// Whether an entry is looked into: what the user names always is.
fn is_looked_at(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    entry.depth() == 0 || !(name.starts_with('.') || PASSED_OVER.contains(&&*name))
}

/// Editors say who is editing a file by a link beside it that leads nowhere: `.#a.v`.
fn is_lock_of_editor(path: &Path) -> bool {
    path.is_symlink() && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

/// An absolute path without `.` and `..`: behind a link `..` leads to where the link's target lies.
pub fn absolute(path: &Path) -> Result<PathBuf, RocqError> {
    let failed = |source| RocqError::Read { path: path.to_owned(), source };
    let mut absolute = PathBuf::new();
    for component in std::path::absolute(path).map_err(failed)?.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                if absolute.is_symlink() {
                    absolute = absolute.canonicalize().map_err(failed)?;
                }
                absolute.pop();
            }
            component => absolute.push(component),
        }
    }
    Ok(absolute)
}

/// Whether Rocq can load a file or folder of this name: it has to be an identifier.
pub fn is_identifier(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && characters.all(|character| character.is_alphanumeric() || "_'".contains(character))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn m63_hidden_files_build_folders_dangling_links_and_loops_are_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join(".lib");
        for file in ["a.v", "sub/ü.v", ".git/h.v", "_build/default/a.v", "_opam/x.v", "sub/.hidden.v", "README"] {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        symlink("user@host.123", root.join(".#a.v")).unwrap();
        symlink("..", root.join("sub/loop")).unwrap();
        let found = sources(&root).unwrap();
        assert_eq!(found, [root.join("a.v"), root.join("sub/ü.v")]);
    }

    #[test]
    fn m62_a_path_is_made_absolute_as_the_system_follows_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("far/away")).unwrap();
        symlink("far/away", root.join("near")).unwrap();
        assert_eq!(absolute(&root.join("./far/../x.v")).unwrap(), root.join("x.v"));
        assert_eq!(absolute(&root.join("near/../x.v")).unwrap(), root.join("far/x.v"));
        assert_eq!(absolute(&root.join("near/x.v")).unwrap(), root.join("near/x.v"));
    }

    #[test]
    fn m63_what_rocq_can_load_is_named_by_an_identifier() {
        assert!(["a", "_a", "ℕat'", "x₁", "Ünï"].into_iter().all(is_identifier));
        assert!(!["", "1bad", "old-stuff", "a.b", "a b", "'a"].into_iter().any(is_identifier));
    }
}
