//! The source files of a library: where they lie, what Rocq calls them, what they say.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use md5::{Digest as _, Md5};
use walkdir::WalkDir;

use super::RocqError;
use super::glob::{self, Glob};
use crate::record::LogicalPath;

/// The library that is taken when none is named.
pub const DEFAULT: &str = "mathcomp";

/// A source file of a compiled library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Where it lies.
    pub path: PathBuf,
    /// What Rocq calls it.
    pub logical_path: LogicalPath,
    /// The folder that the first component of the logical path stands for.
    pub root: PathBuf,
    /// The path below the root, with `/`.
    pub relative: String,
    /// Bytes.
    pub size: u64,
}

/// What a source file says.
#[derive(Debug, Clone)]
pub struct SourceText {
    /// The text.
    pub text: String,
    /// What its names mean.
    pub glob: Glob,
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
        let sources = sources(path)?;
        if sources.is_empty() {
            return Err(RocqError::NoSources { path: path.clone() });
        }
        for source in sources {
            let file = source_file(source)?;
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

impl SourceFile {
    /// Reads the text and its `.glob` file.
    pub fn read(&self) -> Result<SourceText, RocqError> {
        let read =
            |path: &Path| fs::read_to_string(path).map_err(|source| RocqError::Read { path: path.to_owned(), source });
        let text = read(&self.path)?;
        let glob = glob::parse(&read(&self.path.with_extension("glob"))?)
            .map_err(|source| RocqError::BadGlob { path: self.path.clone(), source })?;
        if glob.digest != md5_hex(text.as_bytes()) {
            return Err(RocqError::StaleGlob { path: self.path.clone() });
        }
        Ok(SourceText { text, glob })
    }
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

/// What the `.glob` file beside a source says it is.
fn source_file(path: PathBuf) -> Result<SourceFile, RocqError> {
    let path = std::path::absolute(&path).map_err(|source| RocqError::Read { path, source })?;
    let glob_path = path.with_extension("glob");
    if !glob_path.is_file() {
        return Err(RocqError::NoGlob { path });
    }
    let read = |source| RocqError::Read { path: path.clone(), source };
    let size = fs::metadata(&path).map_err(read)?.len();
    let glob_text = fs::read_to_string(&glob_path).map_err(|source| RocqError::Read { path: glob_path, source })?;
    let logical_path =
        glob_text.lines().nth(1).and_then(|line| line.strip_prefix('F')).map(LogicalPath::new).ok_or_else(|| {
            RocqError::BadGlob {
                path: path.clone(),
                source: glob::BadGlob { line: 2, text: glob_text.lines().nth(1).unwrap_or_default().to_owned() },
            }
        })?;
    let (root, relative) = root(&path, logical_path.as_str())
        .ok_or_else(|| RocqError::WrongFolder { path: path.clone(), logical_path: logical_path.to_string() })?;
    Ok(SourceFile { path, logical_path, root, relative, size })
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
