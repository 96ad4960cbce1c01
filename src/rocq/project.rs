//! Projects: under which names and with which flags the files of a source tree are compiled.
//!
//! Read from `_CoqProject` or `_RocqProject` as `coq_makefile` reads it (`-Q`, `-R`, `-I`, `-arg`, `-docroot`, files,
//! comments, quotes; source: `lib/coqProject_file.ml` of Coq 8.20), or from the `(coq.theory …)` stanzas of a dune
//! workspace whose `_build` is there.

use std::fs;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::{RocqError, flags, source_tree};
use crate::record::LogicalPath;

/// The names of the file that describes a project.
const FILES: &[&str] = &["_RocqProject", "_CoqProject"];

/// Under which names and with which flags a file is compiled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadPath {
    /// Folders of sources, in the order in which Rocq is told of them.
    pub bindings: Vec<Binding>,
    /// Any other flags.
    pub flags: Vec<String>,
}

/// A folder and the logical path that it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The folder.
    pub folder: PathBuf,
    /// The logical path; may be empty.
    pub logical_path: String,
    /// `-R`, where a part of a name may be left out, or `-Q`.
    pub is_recursive: bool,
}

/// A project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Project {
    /// Its folder.
    pub folder: PathBuf,
    /// How its files are compiled.
    pub load_path: LoadPath,
    /// The `.v` files that it lists; none: all that lie in the folders of its load path.
    pub files: Vec<PathBuf>,
}

impl LoadPath {
    /// The arguments for `coqc`, `coqidetop` and the like.
    pub fn arguments(&self) -> Vec<String> {
        let binding = |binding: &Binding| {
            let flag = if binding.is_recursive { "-R" } else { "-Q" };
            [flag.to_owned(), binding.folder.display().to_string(), binding.logical_path.clone()]
        };
        self.bindings.iter().flat_map(binding).chain(self.flags.iter().cloned()).collect()
    }

    /// What a file is called: by the longest folder that it lies in.
    pub fn logical_path_of(&self, file: &Path) -> Option<LogicalPath> {
        let inside = |binding: &&Binding| file.starts_with(&binding.folder);
        let binding = self.bindings.iter().filter(inside).max_by_key(|binding| binding.folder.components().count())?;
        let below = file.strip_prefix(&binding.folder).ok()?.with_extension("");
        let below = below.iter().map(|part| part.to_str()).collect::<Option<Vec<_>>>()?;
        let prefix = Some(binding.logical_path.as_str()).filter(|prefix| !prefix.is_empty());
        Some(LogicalPath::new(prefix.into_iter().chain(below).collect::<Vec<_>>().join(".")))
    }
}

impl Project {
    /// The project that a file or a folder is part of: that of the nearest folder above it that describes one.
    ///
    /// A folder of installed libraries is no part of a project that it lies in.
    pub fn of(path: &Path, installed: &Path) -> Result<Option<Self>, RocqError> {
        let is_of_it = |folder: &&Path| !path.starts_with(installed) || folder.starts_with(installed);
        for folder in path.ancestors().take_while(is_of_it) {
            if let Some(file) = FILES.iter().map(|name| folder.join(name)).find(|file| file.is_file()) {
                let text = fs::read_to_string(&file).map_err(|source| RocqError::Read { path: file, source })?;
                return described(folder, &text).map(Some);
            }
            let build = folder.join("_build/default");
            if folder.join("dune-project").is_file() && build.is_dir() {
                let project = of_dune(folder, &build)?;
                return Ok((!project.load_path.bindings.is_empty()).then_some(project));
            }
        }
        Ok(None)
    }

    /// The `.v` files of the project at or below an absolute path, sorted.
    pub fn sources(&self, path: &Path) -> Result<Vec<PathBuf>, RocqError> {
        // What dune builds from a folder lies in a folder of the same name.
        let build = self.folder.join("_build/default");
        let is_built = self.load_path.bindings.iter().any(|binding| binding.folder.starts_with(&build));
        let path = match path.strip_prefix(&self.folder) {
            Ok(below) if is_built && !path.starts_with(&build) => build.join(below),
            _ => path.to_owned(),
        };
        if !self.files.is_empty() && !path.is_file() {
            return Ok(self.files.iter().filter(|file| file.starts_with(&path)).cloned().collect());
        }
        let mut sources = source_tree::sources(&path)?;
        if !self.load_path.bindings.is_empty() {
            sources.retain(|source| self.load_path.logical_path_of(source).is_some());
        }
        Ok(sources)
    }
}

/// What a `_CoqProject` says.
fn described(folder: &Path, text: &str) -> Result<Project, RocqError> {
    let mut project = Project { folder: folder.to_owned(), ..Project::default() };
    let LoadPath { bindings, flags } = &mut project.load_path;
    let mut words = words(text).into_iter();
    while let Some(word) = words.next() {
        let mut next = || words.next().unwrap_or_default();
        match word.as_str() {
            "-R" | "-Q" => {
                let (path, logical_path) = (next(), next());
                let is_recursive = word == "-R";
                bindings.push(Binding {
                    folder: source_tree::absolute(&folder.join(path))?,
                    logical_path,
                    is_recursive,
                });
            }
            "-I" => flags.extend(["-I".to_owned(), source_tree::absolute(&folder.join(next()))?.display().to_string()]),
            "-arg" => flags.extend(self::words(&next())),
            // For documentation, for make, or for the plugins' compiler.
            "-docroot" | "-generate-meta-for-package" | "-install" | "-extra-phony" | "-o" | "-f" => drop(next()),
            word if Path::new(word).extension().is_some_and(|extension| extension == "v") => {
                project.files.push(source_tree::absolute(&folder.join(word))?);
            }
            _ => {}
        }
    }
    project.load_path.flags = flags::of_meaning(project.load_path.flags);
    project.files.sort_unstable();
    project.files.dedup();
    Ok(project)
}

/// Words between blanks; `#` starts a comment, quotes hold blanks.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for line in text.lines() {
        let mut word: Option<String> = None;
        let mut quote = None;
        for character in line.chars() {
            match (quote, character) {
                (Some(open), _) if character == open => quote = None,
                (None, '"' | '\'') => {
                    quote = Some(character);
                    word.get_or_insert_default();
                }
                (None, '#') => break,
                (None, ' ' | '\t' | '\r') => words.extend(word.take()),
                (Some(_) | None, _) => word.get_or_insert_default().push(character),
            }
        }
        words.extend(word);
    }
    words
}

/// The theories of a dune workspace, where they were built.
fn of_dune(folder: &Path, build: &Path) -> Result<Project, RocqError> {
    let mut project = Project { folder: folder.to_owned(), ..Project::default() };
    let is_source =
        |entry: &walkdir::DirEntry| entry.depth() == 0 || !entry.file_name().to_string_lossy().starts_with(['_', '.']);
    for entry in WalkDir::new(folder).sort_by_file_name().into_iter().filter_entry(is_source) {
        let entry = entry.map_err(|error| RocqError::Read { path: folder.to_owned(), source: error.into() })?;
        if entry.file_name() != "dune" || !entry.file_type().is_file() {
            continue;
        }
        let path = entry.path();
        let text = fs::read_to_string(path).map_err(|source| RocqError::Read { path: path.to_owned(), source })?;
        let below = path.parent().and_then(|parent| parent.strip_prefix(folder).ok()).unwrap_or(Path::new(""));
        for (name, flags) in theories(&text) {
            let binding =
                Binding { folder: source_tree::absolute(&build.join(below))?, logical_path: name, is_recursive: true };
            project.load_path.bindings.push(binding);
            let flags = flags::of_meaning(flags);
            // Theories of one workspace most often have the same.
            if !project.load_path.flags.ends_with(&flags) {
                project.load_path.flags.extend(flags);
            }
        }
    }
    Ok(project)
}

/// Name and flags of each `(coq.theory …)` or `(rocq.theory …)` of a `dune` file.
fn theories(text: &str) -> Vec<(String, Vec<String>)> {
    let text: String =
        text.lines().map(|line| line.split(';').next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    let starts = ["(coq.theory", "(rocq.theory"].into_iter().flat_map(|stanza| text.match_indices(stanza));
    let field = |stanza: &str, name: &str| {
        let (_, rest) = stanza.split_once(name)?;
        Some(rest.split(')').next()?.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    };
    let mut theories = Vec::new();
    for (at, _) in starts {
        let stanza = balanced(&text[at..]);
        if let Some(name) = field(stanza, "(name ").and_then(|words| words.into_iter().next()) {
            let flags = field(stanza, "(flags ").unwrap_or_default();
            let flags = flags.into_iter().map(|flag| flag.trim_start_matches('(').to_owned());
            theories.push((name, flags.filter(|flag| !flag.is_empty() && flag != ":standard").collect()));
        }
    }
    theories
}

/// The expression in brackets that a text starts with.
fn balanced(text: &str) -> &str {
    let mut depth = 0_usize;
    for (index, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[..=index];
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_file_is_read_as_coq_makefile_reads_it() {
        let text = "# a comment\n-Q theories My.Lib -R \"ot her\" Other # more\n-I plugin\n-arg -w -arg '-a,-b'\n\
                    -arg \"-set 'Some Option=3'\"\n-docroot My\ntheories/a.v ./theories/sub/b.v\nplugin/x.mlg\n";
        let project = described(Path::new("/p"), text).unwrap();
        let arguments = project.load_path.arguments().join("|");
        assert_eq!(arguments, "-Q|/p/theories|My.Lib|-R|/p/ot her|Other|-I|/p/plugin|-w|-a,-b|-set|Some Option=3");
        let name = |file: &str| project.load_path.logical_path_of(Path::new(file)).map(|name| name.to_string());
        assert_eq!(name("/p/theories/sub/b.v").as_deref(), Some("My.Lib.sub.b"));
        assert_eq!(name("/p/elsewhere/b.v"), None);
        assert_eq!(project.files, [Path::new("/p/theories/a.v"), Path::new("/p/theories/sub/b.v")]);
    }

    #[test]
    fn theories_of_dune_have_names_and_flags() {
        let text = "; (coq.theory (name No))\n(include_subdirs qualified)\n(coq.theory\n (name My.Lib)\n (theories Stdlib)\n \
                    (flags (:standard -w -all)))\n(rocq.theory (name B))";
        let flags = ["-w".to_owned(), "-all".to_owned()].to_vec();
        assert_eq!(theories(text), [("My.Lib".to_owned(), flags), ("B".to_owned(), vec![])]);
    }
}
