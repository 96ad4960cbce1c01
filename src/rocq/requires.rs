//! What a source file is compiled against: the files of its library that it requires, directly or through others. Each of
//! them has to be compiled from the text that stands beside it, or else names mean something else than the text says.
//!
//! `Require` sentences are resolved by the load path. Where a name fits several files of the library, all of them count:
//! one file too many costs a little time, one too few would keep what is out of date.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::RocqError;
use super::library::{SourceFile, md5_hex};
use super::sentence::{self, skip_blank};
use super::{source_tree, vernac};
use crate::record::LogicalPath;

/// The files of some libraries by what Rocq calls them, and what each requires of the others.
#[derive(Debug)]
pub struct Requires {
    /// The path of each file without its extension; there may be a source, a compiled file or both.
    stems: BTreeMap<LogicalPath, PathBuf>,
    /// The files by the last part of their names.
    by_last_name: HashMap<String, Vec<LogicalPath>>,
    /// What each file requires, as far as anyone wanted to know.
    direct: HashMap<LogicalPath, Vec<LogicalPath>>,
}

impl Requires {
    /// Finds all files below the folders in which some files are looked for.
    pub fn of(files: &[SourceFile]) -> Result<Self, RocqError> {
        let mut load_paths: Vec<_> = files.iter().map(|file| &file.load_path).collect();
        load_paths.dedup();
        let mut stems = BTreeMap::new();
        let mut walked = BTreeSet::new();
        for load_path in load_paths {
            for binding in load_path.bindings.iter().filter(|binding| binding.folder.is_dir()) {
                if !walked.insert(&binding.folder) {
                    continue;
                }
                for path in source_tree::files(&binding.folder, &["v", "vo"])? {
                    stems.extend(load_path.logical_path_of(&path).map(|name| (name, path.with_extension(""))));
                }
            }
        }
        let mut by_last_name: HashMap<_, Vec<_>> = HashMap::new();
        for name in stems.keys() {
            by_last_name.entry(last_name(name.as_str()).to_owned()).or_default().push(name.clone());
        }
        Ok(Self { stems, by_last_name, direct: HashMap::new() })
    }

    /// The compiled files of everything that a file requires, by name. Refused is a file that requires another one which
    /// was not compiled, or not from its present text.
    pub fn compiled_for(&mut self, file: &SourceFile) -> Result<BTreeMap<LogicalPath, PathBuf>, RocqError> {
        let mut compiled = BTreeMap::new();
        let mut open = vec![(file.path.clone(), self.named_in(&file.read()?))];
        while let Some((path, required)) = open.pop() {
            for name in required.into_iter().filter(|name| *name != file.logical_path) {
                if compiled.contains_key(&name) {
                    continue;
                }
                let Some(stem) = self.stems.get(&name).cloned() else { continue };
                if !self.direct.contains_key(&name) {
                    let direct = self.checked(&path, &name, &stem)?;
                    self.direct.insert(name.clone(), direct);
                }
                open.push((stem.with_extension("v"), self.direct[&name].clone()));
                compiled.insert(name, stem.with_extension("vo"));
            }
        }
        Ok(compiled)
    }

    /// What a file requires that the one at `path` requires, if it was compiled from its present text.
    fn checked(&self, path: &Path, name: &LogicalPath, stem: &Path) -> Result<Vec<LogicalPath>, RocqError> {
        let (source, compiled) = (stem.with_extension("v"), stem.with_extension("vo"));
        let (path, required) = (path.to_owned(), name.to_string());
        if !compiled.is_file() {
            return Err(RocqError::NotBuilt { path, required });
        }
        if !source.is_file() {
            return Ok(Vec::new());
        }
        let bytes = fs::read(&source).map_err(|error| RocqError::Read { path: source.clone(), source: error })?;
        if !is_compiled_from(&source, &bytes)? {
            return Err(RocqError::OutdatedBuild { path, required, source_file: source });
        }
        Ok(self.named_in(&String::from_utf8_lossy(&bytes)))
    }

    /// The files that the sentences of a text require.
    fn named_in(&self, text: &str) -> Vec<LogicalPath> {
        let sentences = sentence::split(text).into_iter().map(|sentence| &text[sentence.range]);
        let mut named: Vec<_> =
            sentences.flat_map(required).flat_map(|(prefix, name)| self.resolved(prefix, name)).cloned().collect();
        named.sort_unstable();
        named.dedup();
        named
    }

    /// The files that a name may stand for behind `From prefix`.
    fn resolved(&self, prefix: &str, name: &str) -> impl Iterator<Item = &LogicalPath> {
        let candidates = self.by_last_name.get(last_name(name)).into_iter().flatten();
        candidates.filter(move |path| {
            let is_below = path
                .as_str()
                .strip_prefix(prefix)
                .is_some_and(|rest| prefix.is_empty() || rest.is_empty() || rest.starts_with('.'));
            let is_it = path.as_str().strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
            is_below && is_it
        })
    }
}

/// Whether the compiled file beside a source comes from this text of it.
///
/// The `.glob` file of the same compilation has a digest of the text; without one, the times of the files have to do.
fn is_compiled_from(source: &Path, text: &[u8]) -> Result<bool, RocqError> {
    let changed = |path: &Path| -> Result<SystemTime, RocqError> {
        let changed = fs::metadata(path).and_then(|metadata| metadata.modified());
        changed.map_err(|source| RocqError::Read { path: path.to_owned(), source })
    };
    let glob = source.with_extension("glob");
    if glob.is_file() {
        let said = fs::read(&glob).map_err(|source| RocqError::Read { path: glob.clone(), source })?;
        let digest = said.split(|byte| *byte == b'\n').next().and_then(|line| line.strip_prefix(b"DIGEST "));
        if let Some(digest) = digest.filter(|digest| digest.len() == 32) {
            return Ok(digest == md5_hex(text).as_bytes());
        }
    }
    Ok(changed(&source.with_extension("vo"))? >= changed(source)?)
}

/// The files that a sentence requires: the prefix behind `From`, which may be empty, and the name.
fn required(sentence: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_command = sentence.contains("Require") && ["From", "Require"].contains(&vernac::head(sentence));
    let mut words = words(sentence).skip_while(move |word| !is_command || !["From", "Require"].contains(word));
    let mut prefix = "";
    if words.next() == Some("From") {
        prefix = words.next().unwrap_or("");
        words.by_ref().find(|word| *word == "Require");
    }
    // `Import` may say which part of each file it imports.
    let names = words.map(|word| word.split('(').next().unwrap_or(word).trim_end_matches('.'));
    names.filter(|name| !["", "-", "Import", "Export"].contains(name)).map(move |name| (prefix, name))
}

/// The words of a sentence, without its comments.
fn words(sentence: &str) -> impl Iterator<Item = &str> {
    let mut rest = sentence;
    std::iter::from_fn(move || {
        rest = skip_blank(rest);
        let blank = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(rest.find("(*").map_or(blank, |comment| comment.min(blank)));
        rest = behind;
        (!word.is_empty()).then_some(word)
    })
}

fn last_name(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rocq::project::{Binding, LoadPath};

    #[test]
    fn what_a_sentence_requires_is_read_with_and_without_a_prefix_and_around_comments() {
        let of = |text: &'static str| required(text).collect::<Vec<_>>();
        assert_eq!(of("From mathcomp Require Import div all.seq."), [("mathcomp", "div"), ("mathcomp", "all.seq")]);
        assert_eq!(of("Require Export\n L.a."), [("", "L.a")]);
        assert_eq!(of("From A (* where *) Require (* what *) Import a."), [("A", "a")]);
        assert_eq!(of("Require Import -(notations) a b(c, d)."), [("", "a"), ("", "b"), ("", "d)")]);
        assert_eq!(of("From A Extra Dependency \"x\" as x."), []);
        assert_eq!(of("Lemma Require : True."), []);
        assert_eq!(of("Proof."), []);
    }

    /// A library `L` of these files, each compiled if it is said so; its folder and `user` in it.
    fn library(files: &[(&str, &str, bool)]) -> (tempfile::TempDir, SourceFile) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text, is_compiled) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path.with_extension("v"), text).unwrap();
            if *is_compiled {
                fs::write(path.with_extension("vo"), "").unwrap();
            }
        }
        let binding = Binding { folder: folder.path().to_owned(), logical_path: "L".to_owned(), is_recursive: true };
        let user = SourceFile {
            path: folder.path().join("user.v"),
            logical_path: LogicalPath::new("L.user"),
            load_path: LoadPath { bindings: vec![binding], flags: vec![] },
            relative: "user.v".to_owned(),
            size: 0,
            has_glob: false,
        };
        (folder, user)
    }

    fn names(user: &SourceFile) -> Result<Vec<String>, RocqError> {
        let compiled = Requires::of(std::slice::from_ref(user))?.compiled_for(user)?;
        Ok(compiled.into_keys().map(|name| name.to_string()).collect())
    }

    #[test]
    fn a_file_is_compiled_against_what_it_requires_directly_and_through_others_and_nothing_else() {
        let files = [
            ("user", "From L Require Import b.\nFrom Coq Require Import List.", false),
            ("sub/b", "Require L.a.", true),
            ("a", "", true),
            ("c", "Require user.", false),
            ("List", "", false),
        ];
        assert_eq!(names(&library(&files).1).unwrap(), ["L.a", "L.sub.b"]);
    }

    #[test]
    fn a_name_that_fits_several_files_stands_for_all_of_them() {
        let (_kept, user) =
            library(&[("user", "Require Import same.", false), ("x/same", "", true), ("y/same", "", true)]);
        assert_eq!(names(&user).unwrap(), ["L.x.same", "L.y.same"]);
    }

    #[test]
    fn m108_a_required_file_that_was_compiled_from_another_text_is_refused_by_name() {
        let files = [("user", "Require b.", false), ("b", "Require a.", true), ("a", "Definition x := 1.", true)];
        let (folder, user) = library(&files);
        let glob = |text: &str| format!("DIGEST {}\nFL.a\n", md5_hex(text.as_bytes()));
        fs::write(folder.path().join("a.glob"), glob("Definition x := 1.")).unwrap();
        assert_eq!(names(&user).unwrap(), ["L.a", "L.b"]);
        fs::write(folder.path().join("a.glob"), glob("Definition x := 0.")).unwrap();
        let error = names(&user).unwrap_err();
        let RocqError::OutdatedBuild { path, required, .. } = &error else { panic!("{error}") };
        assert!(path.ends_with("b.v") && required == "L.a", "{error}");
    }

    #[test]
    fn m108_without_a_glob_file_a_compiled_file_that_is_older_than_its_source_is_refused() {
        let (folder, user) = library(&[("user", "Require a.", false), ("a", "", true)]);
        assert_eq!(names(&user).unwrap(), ["L.a"]);
        let source = fs::File::options().write(true).open(folder.path().join("a.v")).unwrap();
        source.set_modified(SystemTime::now() + std::time::Duration::from_secs(9)).unwrap();
        assert!(matches!(names(&user), Err(RocqError::OutdatedBuild { .. })));
        fs::remove_file(folder.path().join("a.vo")).unwrap();
        assert!(matches!(names(&user), Err(RocqError::NotBuilt { .. })));
    }
}
