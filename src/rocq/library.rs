//! The source files of a library: where they lie, what Rocq calls them, what they say.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use md5::{Digest as _, Md5};
use walkdir::WalkDir;

use super::glob::{self, Glob};
use super::project::{Binding, LoadPath, Project};
use super::{RocqError, sentence, vernac};
use crate::record::LogicalPath;

/// The library that is taken when none is named.
pub const DEFAULT: &str = "mathcomp";

/// A source file of a library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Where it lies.
    pub path: PathBuf,
    /// What Rocq calls it.
    pub logical_path: LogicalPath,
    /// How it is compiled.
    pub load_path: LoadPath,
    /// The path below the library's root, with `/`.
    pub relative: String,
    /// Bytes.
    pub size: u64,
    /// Whether the `.glob` file beside it was made from it; if not, it is made again elsewhere.
    pub has_glob: bool,
}

/// Finds the `.v` files of some folders and files, in the order of their logical paths.
///
/// A relative path that is not here is looked for among the installed libraries; no paths mean the installed
/// [`DEFAULT`].
pub fn find(inputs: &[PathBuf], installed: &Path) -> Result<Vec<SourceFile>, RocqError> {
    let default = [PathBuf::from(DEFAULT)];
    let inputs = if inputs.is_empty() { &default } else { inputs };
    let mut files: BTreeMap<String, SourceFile> = BTreeMap::new();
    for input in inputs {
        let candidates = [input.clone(), installed.join(input)];
        let path = candidates
            .iter()
            .find(|path| path.exists())
            .ok_or_else(|| RocqError::NoInput { path: input.clone(), library: installed.to_owned() })?;
        let project = if path.starts_with(installed) { None } else { Project::of(path)? };
        let sources = match &project {
            Some(project) => project.sources(path)?,
            None => sources(path)?,
        };
        if sources.is_empty() {
            return Err(RocqError::NoSources { path: path.clone() });
        }
        for source in sources {
            let file = source_file(source, project.as_ref())?;
            let name = file.logical_path.as_str().to_owned();
            if let Some(other) = files.insert(name.clone(), file.clone())
                && other.path != file.path
            {
                return Err(RocqError::SameName { first: other.path, second: file.path, logical_path: name });
            }
        }
    }
    Ok(files.into_values().collect())
}

/// Refuses files of which one requires another one that was not compiled.
pub fn check_built(files: &[SourceFile]) -> Result<(), RocqError> {
    let unbuilt: Vec<_> = files.iter().filter(|file| !file.path.with_extension("vo").is_file()).collect();
    if unbuilt.is_empty() {
        return Ok(());
    }
    for file in files {
        let text = file.read()?;
        let mut required = sentence::split(&text).into_iter().flat_map(|it| required(&text[it.range]));
        let lacking = |(prefix, name): (&str, &str)| {
            let is_it = |path: &str| path.starts_with(prefix) && (path == name || path.ends_with(&format!(".{name}")));
            unbuilt.iter().find(|other| is_it(other.logical_path.as_str()))
        };
        if let Some(other) = required.find_map(lacking) {
            return Err(RocqError::NotBuilt { path: file.path.clone(), required: other.logical_path.to_string() });
        }
    }
    Ok(())
}

/// The files that a sentence requires: the prefix behind `From`, which may be empty, and the name.
fn required(sentence: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut words = sentence.trim_end_matches('.').split_whitespace();
    let is_command = ["From", "Require"].contains(&vernac::head(sentence));
    let prefix = if vernac::head(sentence) == "From" { words.nth(1).unwrap_or_default() } else { "" };
    let names = words.skip_while(|word| *word != "Require").skip(1);
    names.filter(move |word| is_command && !["Import", "Export"].contains(word)).map(move |name| (prefix, name))
}

impl SourceFile {
    /// Reads the text.
    pub fn read(&self) -> Result<String, RocqError> {
        read(&self.path)
    }

    /// Reads the `.glob` file beside it.
    pub fn read_glob(&self) -> Result<Glob, RocqError> {
        glob::parse(&read(&self.path.with_extension("glob"))?)
            .map_err(|source| RocqError::BadGlob { path: self.path.clone(), source })
    }
}

fn read(path: &Path) -> Result<String, RocqError> {
    fs::read_to_string(path).map_err(|source| RocqError::Read { path: path.to_owned(), source })
}

/// The `.v` files at or below a path, sorted.
pub fn sources(path: &Path) -> Result<Vec<PathBuf>, RocqError> {
    let mut sources = Vec::new();
    for entry in WalkDir::new(path).follow_links(true).sort_by_file_name() {
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(path).to_owned();
            RocqError::Read { path, source: error.into() }
        })?;
        if entry.file_type().is_file() && entry.path().extension().is_some_and(|extension| extension == "v") {
            sources.push(entry.into_path());
        }
    }
    Ok(sources)
}

/// What the project says of a source, or else the `.glob` file beside it.
fn source_file(path: PathBuf, project: Option<&Project>) -> Result<SourceFile, RocqError> {
    let path = std::path::absolute(&path).map_err(|source| RocqError::Read { path, source })?;
    let bytes = fs::read(&path).map_err(|source| RocqError::Read { path: path.clone(), source })?;
    let size = bytes.len() as u64;
    let glob_path = path.with_extension("glob");
    let glob = if glob_path.is_file() { Some(read(&glob_path)?) } else { None };
    let header = |index: usize, prefix: &str| {
        let line = glob.as_deref().unwrap_or_default().lines().nth(index).unwrap_or_default();
        line.strip_prefix(prefix).map(str::to_owned).ok_or_else(|| RocqError::BadGlob {
            path: path.clone(),
            source: glob::BadGlob { line: index + 1, text: line.to_owned() },
        })
    };
    let is_of_this_text = glob.is_some() && header(0, "DIGEST ")? == md5_hex(&bytes);
    if let Some((project, logical_path)) =
        project.and_then(|project| Some((project, project.load_path.logical_path_of(&path)?)))
    {
        let relative = path.strip_prefix(&project.folder).unwrap_or(&path).to_string_lossy().into_owned();
        let has_glob = is_of_this_text && header(1, "F")? == logical_path.as_str();
        let load_path = project.load_path.clone();
        return Ok(SourceFile { path, logical_path, load_path, relative, size, has_glob });
    }
    let logical_path = match &glob {
        Some(_) => LogicalPath::new(header(1, "F")?),
        None => installed_as(&path).ok_or_else(|| RocqError::NoGlob { path: path.clone() })?,
    };
    let (folder, relative) = root(&path, logical_path.as_str())
        .ok_or_else(|| RocqError::WrongFolder { path: path.clone(), logical_path: logical_path.to_string() })?;
    let first = logical_path.as_str().split('.').next().unwrap_or_default().to_owned();
    let binding = Binding { folder, logical_path: first, is_recursive: true };
    let load_path = LoadPath { bindings: vec![binding], flags: Vec::new() };
    Ok(SourceFile { path, logical_path, load_path, relative, size, has_glob: is_of_this_text })
}

/// The logical path of a file that was installed: what lies below `user-contrib` is called by its path.
fn installed_as(path: &Path) -> Option<LogicalPath> {
    let root = path.ancestors().find(|folder| folder.file_name().is_some_and(|name| name == "user-contrib"))?;
    let below = path.strip_prefix(root).ok()?.with_extension("");
    let parts = below.iter().map(|part| part.to_str()).collect::<Option<Vec<_>>>()?;
    (parts.len() > 1).then(|| LogicalPath::new(parts.join(".")))
}

/// The folder that the first component of a logical path stands for, and the path of the file below it.
fn root(path: &Path, logical_path: &str) -> Option<(PathBuf, String)> {
    let (_, below) = logical_path.split_once('.')?;
    let mut root = path.with_extension("");
    for component in below.rsplit('.') {
        if root.file_name()?.to_str()? != component {
            return None;
        }
        root.pop();
    }
    Some((root, format!("{}.v", below.replace('.', "/"))))
}

fn md5_hex(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(32);
    for byte in Md5::digest(bytes) {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_what_the_first_component_stands_for() {
        let path = Path::new("/lib/mathcomp/ssreflect/div.v");
        assert_eq!(root(path, "mathcomp.ssreflect.div"), Some(("/lib/mathcomp".into(), "ssreflect/div.v".into())));
        assert_eq!(root(Path::new("/x/y/foo.v"), "Fixture.foo"), Some(("/x/y".into(), "foo.v".into())));
        assert_eq!(root(path, "mathcomp.algebra.div"), None);
    }

    #[test]
    fn an_installed_file_is_called_by_its_path() {
        let name = |path: &str| installed_as(Path::new(path)).map(|name| name.to_string());
        assert_eq!(name("/usr/coq/user-contrib/Flocq/Core/Zaux.v").as_deref(), Some("Flocq.Core.Zaux"));
        assert_eq!(name("/usr/coq/user-contrib/x.v"), None);
        assert_eq!(name("/home/Flocq/Core/Zaux.v"), None);
    }

    #[test]
    fn what_a_sentence_requires_is_read_with_and_without_a_prefix() {
        let of = |text: &'static str| required(text).collect::<Vec<_>>();
        assert_eq!(of("From mathcomp Require Import div all.seq."), [("mathcomp", "div"), ("mathcomp", "all.seq")]);
        assert_eq!(of("Require Export\n L.a."), [("", "L.a")]);
        assert_eq!(of("Lemma Require : True."), []);
        assert_eq!(of("Proof."), []);
    }

    #[test]
    fn m01_files_of_the_same_basename_are_two_files() {
        let folder = tempfile::tempdir().unwrap();
        for part in ["a", "b"] {
            let path = folder.path().join(part).join("same.v");
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "").unwrap();
            fs::write(path.with_extension("glob"), format!("DIGEST 0\nFL.{part}.same\n")).unwrap();
        }
        let files = find(&[folder.path().to_owned()], Path::new("/nowhere")).unwrap();
        let names: Vec<_> = files.iter().map(|file| file.logical_path.as_str()).collect();
        assert_eq!(names, ["L.a.same", "L.b.same"]);
    }
}
