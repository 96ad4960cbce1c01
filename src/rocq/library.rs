//! The source files of a library: where they lie, what Rocq calls them, what they say.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use md5::{Digest as _, Md5};

use super::glob::{self, Glob};
use super::project::{Binding, LoadPath, Project};
use super::sentence::{self, Sentence};
use super::{RocqError, flags, source_tree, vernac};
use crate::record::{LogicalPath, TheoremKind};

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
    /// Whether a compiled file and a `.glob` file that was made from this text lie beside it; if not, the latter is made
    /// again elsewhere.
    pub has_glob: bool,
}

/// What was found of a library.
#[derive(Debug, Default)]
pub struct Library {
    /// Its files, in the order of their logical paths.
    pub files: Vec<SourceFile>,
    /// Files that Rocq cannot load, as a part of their logical path is no identifier.
    pub left_out: Vec<PathBuf>,
}

/// Finds the `.v` files of some folders and files; `flags` are given to provers behind those that the library brings.
///
/// A relative path that is not here is looked for among the installed libraries; no paths mean the installed
/// [`DEFAULT`].
pub fn find(inputs: &[PathBuf], flags: &[String], installed: &Path) -> Result<Library, RocqError> {
    let default = [PathBuf::from(DEFAULT)];
    let inputs = if inputs.is_empty() { &default } else { inputs };
    let mut files: BTreeMap<String, SourceFile> = BTreeMap::new();
    let mut left_out = Vec::new();
    for input in inputs {
        let candidates = [input.clone(), installed.join(input)];
        let path = candidates
            .iter()
            .find(|path| path.exists())
            .ok_or_else(|| RocqError::NoInput { path: input.clone(), library: installed.to_owned() })?;
        let path = source_tree::absolute(path)?;
        let project = Project::of(&path, installed)?;
        let sources = match &project {
            Some(project) => project.sources(&path)?,
            None => source_tree::sources(&path)?,
        };
        let n_before = files.len();
        for source in sources {
            let file = source_file(source, project.as_ref(), flags)?;
            let name = file.logical_path.as_str().to_owned();
            if !name.split('.').all(source_tree::is_identifier) {
                left_out.push(file.path);
                continue;
            }
            if let Some(other) = files.insert(name.clone(), file.clone())
                && other.path != file.path
            {
                return Err(RocqError::SameName { first: other.path, second: file.path, logical_path: name });
            }
        }
        if files.len() == n_before && !files.values().any(|file| file.path.starts_with(&path)) {
            let left_out = left_out.into_iter().next();
            return Err(left_out.map_or(RocqError::NoSources { path }, |path| RocqError::NotLoadable { path }));
        }
    }
    Ok(Library { files: files.into_values().collect(), left_out })
}

impl SourceFile {
    /// Reads the text.
    pub fn read(&self) -> Result<String, RocqError> {
        read(&self.path)
    }

    /// What the `.glob` file beside it says of its text; nothing if that is not all.
    pub fn read_glob(&self, text: &str) -> Result<Option<Glob>, RocqError> {
        if !self.has_glob {
            return Ok(None);
        }
        let glob = glob::parse(&read(&self.path.with_extension("glob"))?).ok();
        Ok(glob.map(|glob| glob.counted_in(text)).filter(|glob| tells_all(glob, text)))
    }
}

/// Whether a `.glob` file tells of the whole text: the one of a `coqc` that was killed ends too early.
fn tells_all(glob: &Glob, text: &str) -> bool {
    let is_stated = |sentence: &Sentence| {
        vernac::theorem_kind(&text[sentence.range.clone()]).is_some_and(|kind| TheoremKind::DEFAULT.contains(&kind))
    };
    let last = sentence::split(text).into_iter().rfind(is_stated);
    last.is_none_or(|last| !glob.definitions_in(&last.range).is_empty())
}

fn read(path: &Path) -> Result<String, RocqError> {
    fs::read_to_string(path).map_err(|source| RocqError::Read { path: path.to_owned(), source })
}

/// What the project says of a source, or else the `.glob` file beside it.
fn source_file(path: PathBuf, project: Option<&Project>, more_flags: &[String]) -> Result<SourceFile, RocqError> {
    let bytes = fs::read(&path).map_err(|source| RocqError::Read { path: path.clone(), source })?;
    let size = bytes.len() as u64;
    let glob_path = path.with_extension("glob");
    let glob = if glob_path.is_file() { fs::read(&glob_path).unwrap_or_default() } else { Vec::new() };
    let mut header = glob.split(|byte| *byte == b'\n').map(String::from_utf8_lossy);
    let digest = header.next().and_then(|line| line.strip_prefix("DIGEST ").map(str::to_owned));
    let named = header.next().and_then(|line| line.strip_prefix('F').map(LogicalPath::new));
    // A `coqc` that was killed has written no compiled file beside it.
    let is_of_this_text = digest == Some(md5_hex(&bytes)) && path.with_extension("vo").is_file();
    let name_in_project = project.and_then(|project| project.load_path.logical_path_of(&path));
    let (logical_path, mut load_path, relative) = match (project, name_in_project) {
        (Some(project), Some(logical_path)) => {
            let relative = path.strip_prefix(&project.folder).unwrap_or(&path).to_string_lossy().into_owned();
            (logical_path, project.load_path.clone(), relative)
        }
        (project, _) => {
            let logical_path = installed_as(&path)
                .or_else(|| named.clone())
                .ok_or_else(|| RocqError::NoGlob { path: path.clone() })?;
            let (folder, relative) = root(&path, logical_path.as_str())
                .ok_or_else(|| RocqError::WrongFolder { path: path.clone(), logical_path: logical_path.to_string() })?;
            let first = logical_path.as_str().split('.').next().unwrap_or_default().to_owned();
            let binding = Binding { folder, logical_path: first, is_recursive: true };
            let flags = project.map(|project| project.load_path.flags.clone()).unwrap_or_default();
            (logical_path, LoadPath { bindings: vec![binding], flags }, relative)
        }
    };
    load_path.flags.splice(0..0, flags::known(&logical_path));
    load_path.flags.extend_from_slice(more_flags);
    let has_glob = is_of_this_text && named.as_ref() == Some(&logical_path);
    Ok(SourceFile { path, logical_path, load_path, relative, size, has_glob })
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

/// The MD5 of a text, as `.glob` files have it.
pub(super) fn md5_hex(bytes: &[u8]) -> String {
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
    fn m01_files_of_the_same_basename_are_two_files() {
        let folder = tempfile::tempdir().unwrap();
        for part in ["a", "b"] {
            let path = folder.path().join(part).join("same.v");
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "").unwrap();
            fs::write(path.with_extension("glob"), format!("DIGEST 0\nFL.{part}.same\n")).unwrap();
        }
        let files = find(&[folder.path().to_owned()], &[], Path::new("/nowhere")).unwrap().files;
        let names: Vec<_> = files.iter().map(|file| file.logical_path.as_str()).collect();
        assert_eq!(names, ["L.a.same", "L.b.same"]);
    }
}
