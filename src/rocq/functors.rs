//! What the parameters of functors and module types are called: unique in the world, where Rocq says `X.le`.
//!
//! `Module M (X : T).` binds `X`; what it gives has no path but `X.le`, in each functor of each file that calls its
//! parameter so. Its full name here is that of the module that binds the parameter, then Rocq's: `library.M.X.le`.

use std::ops::Range;

use super::source_text::{SentenceIndex, SourceText};
use super::vernac;
use crate::record::LogicalPath;

/// The functors and parametrised module types of a file.
#[derive(Debug, Clone)]
pub struct Functors {
    library: LogicalPath,
    /// In the order of their starts.
    modules: Vec<Module>,
}

/// An interactive module or module type.
#[derive(Debug, Clone)]
struct Module {
    /// Bytes of the text behind the sentence that opens it, up to the one that closes it.
    range: Range<usize>,
    /// With the library in front.
    path: String,
    parameters: Vec<String>,
}

impl Functors {
    /// Reads them from a file's text.
    pub fn of(library: &LogicalPath, source: &SourceText<'_>) -> Self {
        let mut modules: Vec<Module> = Vec::new();
        // By their places in `modules`.
        let mut open: Vec<usize> = Vec::new();
        for index in SentenceIndex::FIRST.until(source.end()) {
            let range = &source.sentence(index).range;
            match vernac::module_change(source.text_of(index)) {
                Some(vernac::ModuleChange::Opened { name, parameters }) => {
                    let around = open.last().map_or(library.as_str(), |index| &modules[*index].path);
                    let path = format!("{around}.{name}");
                    open.push(modules.len());
                    modules.push(Module { range: range.end..source.as_str().len(), path, parameters });
                }
                Some(vernac::ModuleChange::Closed { name }) => {
                    let is_it = |index: &usize| modules[*index].path.rsplit('.').next() == Some(name);
                    if let Some(at) = open.iter().rposition(is_it) {
                        open.drain(at..).for_each(|index| modules[index].range.end = range.start);
                    }
                }
                None => {}
            }
        }
        Self { library: library.clone(), modules }
    }

    /// The full path of what Rocq says at a byte of the text to lie at a path, if a parameter gives it.
    ///
    /// A path that begins with neither a library nor a parameter in sight is taken for one of the innermost module.
    pub fn full_path(&self, at: usize, path: &str, is_of_library: impl Fn(&str) -> bool) -> Option<String> {
        let (first, _) = path.split_once('.')?;
        let open = || self.modules.iter().rev().filter(|module| module.range.contains(&at));
        let binder = open().find(|module| module.parameters.iter().any(|parameter| parameter == first));
        let path_of_binder = match binder {
            Some(binder) => &binder.path,
            None if is_of_library(path) => return None,
            None => open().next().map_or(self.library.as_str(), |module| &module.path),
        };
        Some(format!("{path_of_binder}.{path}"))
    }

    /// How many modules are open around a byte of the text.
    pub fn depth(&self, at: usize) -> usize {
        self.modules.iter().filter(|module| module.range.contains(&at)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Module Type T. Parameter a : nat. End T.\nModule M (X Y : T) (Import Z : T).\nSection S. 1.\n\
                        End S. Module N (X : T) : T with Definition a := 0. 2. End N.\n3. End M. Module O := M T. 4.";

    #[test]
    fn m72_what_a_parameter_gives_is_called_by_the_module_that_binds_it() {
        let functors = Functors::of(&LogicalPath::new("L.f"), &SourceText::new(TEXT));
        let path =
            |mark: &str, path: &str| functors.full_path(TEXT.find(mark).unwrap(), path, |path| path.starts_with("L."));
        assert_eq!(path("1.", "X.a").as_deref(), Some("L.f.M.X.a"));
        assert_eq!(path("1.", "Z.a").as_deref(), Some("L.f.M.Z.a"));
        assert_eq!(path("2.", "X.a").as_deref(), Some("L.f.M.N.X.a"));
        assert_eq!(path("2.", "Y.b.a").as_deref(), Some("L.f.M.Y.b.a"));
        assert_eq!(path("3.", "X.a").as_deref(), Some("L.f.M.X.a"));
        assert_eq!(path("3.", "L.f.M.own"), None);
        assert_eq!(path("4.", "W.a").as_deref(), Some("L.f.W.a"));
        assert_eq!([functors.depth(TEXT.find("2.").unwrap()), functors.depth(TEXT.find("4.").unwrap())], [2, 0]);
    }
}
