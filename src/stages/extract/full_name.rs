//! From what Rocq says of a name to the full name of the object, and whether it is what the `.glob` file says.
//!
//! Within a section Rocq puts the section's name into the path of what the section defines, which it will lose; and what
//! a functor's parameter gives has no path but the parameter's.

use std::ops::Range;

use crate::record::{FullName, KernelName, LogicalPath};
use crate::rocq::answers::About;
use crate::rocq::functors::Functors;
use crate::rocq::glob::{Definition, Glob, Reference, Target, in_open_sections, within};

/// Where a proof stands, for finding out what its references mean.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    /// The source text.
    pub(super) text: &'a str,
    /// What the names in it mean, as far as the `.glob` file tells.
    pub(super) glob: &'a Glob,
    /// Whose parameters are in sight.
    pub(super) functors: &'a Functors,
    /// The bytes of the theorem's statement.
    pub(super) statement: &'a Range<usize>,
    /// The library's path with the modules and sections that are open.
    pub(super) here: &'a [String],
}

/// What a reference names.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) full_name: FullName,
    pub(super) kernel_name: KernelName,
    pub(super) library: LogicalPath,
    /// Whether a parameter of a functor gives it.
    pub(super) is_parameter: bool,
    pub(super) about: About,
}

/// What an object is called that a proof term names.
pub(super) struct OfTerm {
    pub(super) full_name: FullName,
    pub(super) kernel_name: KernelName,
    pub(super) library: LogicalPath,
    pub(super) is_parameter: bool,
}

/// Whether Rocq's answer is about what the `.glob` file says that a reference names.
pub(super) fn agrees(reference: &Reference, about: &About, surroundings: Surroundings<'_>) -> bool {
    if reference.target() == Target::Abbreviation && !matches!(about, About::Abbreviation { .. }) {
        return false;
    }
    let path = path_of(about);
    let expected = reference.full_name();
    if path == expected.as_str() {
        return true;
    }
    // Of what lies in the file itself modules may be left out, and what a parameter gives is told to lie in the file.
    surroundings.full_path(reference, path).is_some_and(|full_path| {
        let is_in_module = is_below(&full_path, &module(&reference.library, &reference.path));
        let is_of_parameter = !is_below(path, surroundings.library().as_str());
        (is_in_module || is_of_parameter) && full_path.rsplit('.').next() == Some(&reference.name)
    })
}

/// Whether an answer that does not agree with a reference is about an object of the same name and file.
pub(super) fn is_near(reference: &Reference, about: &About) -> bool {
    let is_sort = reference.target() != Target::Abbreviation || matches!(about, About::Abbreviation { .. });
    let path = path_of(about);
    let is_there = is_below(path, reference.library.as_str());
    is_sort && is_there && path.rsplit('.').next() == Some(&reference.name)
}

impl Surroundings<'_> {
    /// The file as Rocq names it.
    pub(super) fn library(&self) -> &LogicalPath {
        &self.glob.logical_path
    }

    /// The word at a reference.
    pub(super) fn written(&self, reference: &Reference) -> &str {
        self.text.get(reference.range.clone()).unwrap_or_default()
    }

    /// What the object of a reference may be called, whatever the word for it means here.
    ///
    /// The file's definitions tell of a module that the `.glob` file leaves out, unless there are homonyms.
    pub(super) fn longer_names(&self, reference: &Reference) -> Vec<String> {
        let module_told = module(&reference.library, &reference.path);
        let mut names = in_open_sections(&module_told, &reference.name, self.here);
        if self.is_own(reference) {
            names.push(within(&reference.path, &reference.name));
            let is_it = |path: &str| path != reference.path && is_below(path, &reference.path);
            let definitions = self.glob.definitions.iter().filter(|definition| definition.name == reference.name);
            let mut paths: Vec<_> =
                definitions.map(|definition| &*definition.path).filter(|path| is_it(path)).collect();
            paths.sort_unstable();
            paths.dedup();
            if let [path] = paths[..] {
                names.extend(in_open_sections(&module(&reference.library, path), &reference.name, self.here));
            }
        }
        names
    }

    /// What an object may be called of which all but the sections around it is known.
    pub(super) fn names_of(&self, full_name: &str) -> Vec<String> {
        let (module, name) = full_name.rsplit_once('.').unwrap_or(("", full_name));
        in_open_sections(module, name, self.here)
    }

    /// What a reference names by an answer of Rocq's.
    pub(super) fn found(&self, reference: &Reference, about: &About) -> Found {
        let path = path_of(about);
        let full_path = self.full_path(reference, path).unwrap_or_else(|| path.to_owned());
        let is_parameter = self.is_own(reference) && !is_below(path, self.library().as_str());
        let kernel_name = match about {
            About::Object { alias_of: Some(original), .. } => {
                self.full_path(reference, original).unwrap_or_else(|| original.clone())
            }
            About::Object { .. } | About::Abbreviation { .. } => full_path.clone(),
        };
        Found {
            full_name: FullName::new(full_path),
            kernel_name: KernelName::new(kernel_name),
            library: reference.library.clone(),
            is_parameter,
            about: about.clone(),
        }
    }

    /// What an object is called that a proof term names; `libraries` are the files that are loaded.
    pub(super) fn of_term(&self, full_name: &str, alias_of: Option<&str>, libraries: &[String]) -> OfTerm {
        let library = |path: &str| {
            let around = libraries.iter().filter(|library| is_below(path, library));
            around.max_by_key(|library| library.len()).cloned()
        };
        let unique = |path: &str| {
            let full_path = self.functors.full_path(self.statement.start, path, |path| library(path).is_some());
            full_path.unwrap_or_else(|| path.to_owned())
        };
        let full_path = unique(full_name);
        OfTerm {
            kernel_name: KernelName::new(unique(alias_of.unwrap_or(full_name))),
            library: library(&full_path).map_or_else(|| self.library().clone(), LogicalPath::new),
            is_parameter: full_path != full_name,
            full_name: FullName::new(full_path),
        }
    }

    /// The full path of what a reference names, which Rocq says to lie at a path; nothing if it is of another file.
    fn full_path(&self, reference: &Reference, path: &str) -> Option<String> {
        if !self.is_own(reference) {
            None
        } else if is_below(path, self.library().as_str()) {
            Some(self.without_sections(path))
        } else {
            let is_told_so = reference.full_name().as_str() == within(self.library().as_str(), path);
            self.functors.full_path(self.statement.start, path, |_| !is_told_so)
        }
    }

    /// A path in this file without the sections that are open: modules come first, as no section holds one.
    fn without_sections(&self, path: &str) -> String {
        let n_modules = self.library().as_str().split('.').count() + self.n_modules();
        let parts: Vec<_> = path.split('.').collect();
        let n_open = parts.iter().zip(self.here).take_while(|(part, open)| *part == open).count();
        let kept = parts[..n_modules.min(parts.len())].iter().chain(&parts[n_open.max(n_modules).min(parts.len())..]);
        kept.copied().collect::<Vec<_>>().join(".")
    }

    /// How many modules are open: a plugin may open some of which only the `.glob` file tells. What a section defines for
    /// itself has the section in its path.
    fn n_modules(&self) -> usize {
        let is_of_module = |definition: &&Definition| !["var", "binder"].contains(&definition.kind.as_str());
        match self.glob.definitions_in(self.statement).iter().find(is_of_module) {
            Some(definition) if definition.path.is_empty() => 0,
            Some(definition) => definition.path.split('.').count(),
            None => self.functors.depth(self.statement.start),
        }
    }

    fn is_own(&self, reference: &Reference) -> bool {
        reference.library == *self.library()
    }
}

fn path_of(about: &About) -> &str {
    let (About::Object { path, .. } | About::Abbreviation { path, .. }) = about;
    path
}

/// A library and a path within it, which may be empty.
fn module(library: &LogicalPath, path: &str) -> String {
    if path.is_empty() { library.to_string() } else { within(library.as_str(), path) }
}

/// Whether a path is another one or lies below it.
fn is_below(path: &str, other: &str) -> bool {
    other.is_empty() || path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rocq::glob;
    use crate::rocq::source_text::SourceText;

    const TEXT: &str = "Module M (X : T). Section S. Lemma a : T.";

    /// What is found for a reference where Rocq says that the word leads to a path; nothing if the two do not agree.
    fn found(reference: &str, path: &str) -> Option<String> {
        let glob = glob::parse(&format!("DIGEST 0\nFL.f\nprf 35:35 M a\nR0:0 {reference} def\n")).unwrap();
        let functors = Functors::of(&glob.logical_path, &SourceText::new(TEXT));
        let here = ["L", "f", "M", "S"].map(str::to_owned);
        let statement = &(29..TEXT.len());
        let surroundings = Surroundings { text: TEXT, glob: &glob, functors: &functors, statement, here: &here };
        let (ty, word) = ("T".to_owned(), "Constant".to_owned());
        let about = About::Object { ty, path: path.to_owned(), word, alias_of: None };
        let reference = &glob.references[0];
        agrees(reference, &about, surroundings).then(|| surroundings.found(reference, &about).full_name.to_string())
    }

    #[test]
    fn m73_modules_that_a_glob_file_leaves_out_are_told_and_open_sections_are_not() {
        assert_eq!(found("K.g M x", "K.g.M.x").as_deref(), Some("K.g.M.x"));
        assert_eq!(found("L.f M x", "L.f.M.S.x").as_deref(), Some("L.f.M.x"));
        assert_eq!(found("L.f M x", "L.f.M.V.x").as_deref(), Some("L.f.M.V.x"));
        assert_eq!(found("L.f M x", "L.f.N.x"), None);
        assert_eq!(found("L.f M x", "K.g.x"), None);
        assert_eq!(found("K.g <> x", "L.f.x"), None);
    }

    #[test]
    fn m72_what_a_parameter_gives_is_told_with_the_module_that_binds_it() {
        assert_eq!(found("L.f X x", "X.x").as_deref(), Some("L.f.M.X.x"));
        assert_eq!(found("L.f X.Y x", "X.Y.x").as_deref(), Some("L.f.M.X.Y.x"));
        assert_eq!(found("L.f Z x", "Z.x").as_deref(), Some("L.f.M.Z.x"));
        assert_eq!(found("L.f Z x", "K.x"), None);
    }
}
