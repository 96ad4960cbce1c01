//! What the names and notations of a proof mean: asked of Rocq once per file and name.

use std::collections::{HashMap, HashSet};

use crate::record::{FullName, Hypothesis, KernelName, LogicalPath, Notation, Premise, Reason};
use crate::rocq::Setback;
use crate::rocq::answers::{self, About};
use crate::rocq::glob::{Glob, Reference, Target, in_open_sections, within};
use crate::rocq::idetop::Idetop;

/// What Rocq has said of the names and notations of one file, as long as it would say so again.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Nothing is said of a name that Rocq does not know.
    objects: HashMap<String, Option<About>>,
    notations: HashMap<NotationId, String>,
    /// The files that are loaded; empty until somebody asks.
    libraries: Vec<String>,
}

/// What a proof names.
#[derive(Debug, Default, Clone)]
pub(super) struct Named {
    pub(super) premises: Vec<Premise>,
    pub(super) notations: Vec<Notation>,
    /// The object that the reference at a byte of the text names.
    objects: HashMap<usize, FullName>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct NotationId {
    library: LogicalPath,
    path: String,
    scope: String,
    text: String,
}

/// Where a proof stands, for finding out what its references mean.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    /// The source text.
    pub(super) text: &'a str,
    /// What the names in it mean, as far as the `.glob` file tells.
    pub(super) glob: &'a Glob,
    /// The library's path with the modules and sections that are open.
    pub(super) here: &'a [String],
}

impl Names {
    /// Forgets all that Rocq has said.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Forgets what Rocq has said of these names, and in words that hold one of them.
    pub(super) fn forget_words(&mut self, words: &[&str]) {
        let is_kept = |name: &str, text: &str| {
            words.iter().all(|word| name.rsplit('.').next() != Some(word) && !mentions(text, word))
        };
        self.objects.retain(|name, about| {
            let text = match about {
                Some(About::Object { ty: text, .. } | About::Abbreviation { definition: text, .. }) => text,
                None => "",
            };
            is_kept(name, text)
        });
        self.notations.retain(|_, definition| is_kept("", definition));
    }

    /// Finds out what references mean, in order of first use, while the proof that they stand in is about to end.
    ///
    /// Once it has ended, its own name may hide a name that it uses.
    pub(super) async fn resolve(
        &mut self,
        prover: &mut Idetop,
        references: &[&Reference],
        surroundings: Surroundings<'_>,
    ) -> Result<Named, Setback> {
        let lookups = self.ask_for_objects(prover, references, surroundings).await?;
        self.ask_for_notations(prover, references).await?;
        Ok(self.collect(references, &lookups)?)
    }

    async fn ask_for_objects(
        &mut self,
        prover: &mut Idetop,
        references: &[&Reference],
        surroundings: Surroundings<'_>,
    ) -> Result<Lookups, Setback> {
        let references: Vec<_> = references.iter().filter(|reference| is_object(reference)).collect();
        let lookups: Vec<_> = references.iter().map(|reference| Lookup::new(reference, surroundings)).collect();
        let answers = self.look_up(prover, &lookups).await?;
        let found = references.iter().zip(lookups.iter().zip(answers)).map(|(reference, (lookup, answer))| {
            (reference.range.start, answer.map(|(asked, about)| lookup.found(reference, &asked, &about)))
        });
        Ok(found.collect())
    }

    /// Finds the objects that only a proof term names: all these but those that `named` has already.
    ///
    /// Section variables are among the names that Rocq gives; they belong to the context.
    pub(super) async fn implicit(
        &mut self,
        prover: &mut Idetop,
        full_names: &[String],
        named: &[Premise],
        context: &[Hypothesis],
        surroundings: Surroundings<'_>,
    ) -> Result<Vec<Premise>, Setback> {
        let is_named = |name: &str| {
            named.iter().any(|premise| {
                premise.full_name.as_str() == name || premise.kernel_name.as_ref().is_some_and(|k| k.as_str() == name)
            })
        };
        let full_names: Vec<_> = full_names.iter().filter(|name| !is_named(name)).collect();
        let lookups: Vec<_> = full_names.iter().map(|name| Lookup::of_full_name(name, surroundings.here)).collect();
        let answers = self.look_up(prover, &lookups).await?;
        if self.libraries.is_empty() {
            let answer = prover.ask(&["Print Libraries.".to_owned()]).await?.remove(0);
            self.libraries = answer.map(|text| answers::libraries(&text)).unwrap_or_default();
            self.libraries.push(surroundings.glob.logical_path.to_string());
        }
        let is_variable = |name: &str| {
            let name = name.rsplit('.').next().unwrap_or(name);
            context.iter().any(|hypothesis| hypothesis.names.iter().any(|variable| variable == name))
        };
        let mut premises = Vec::new();
        for (full_name, answer) in full_names.into_iter().zip(answers) {
            let library = self.libraries.iter().filter(|library| is_below(full_name, library)).max_by_key(|l| l.len());
            match (answer, library) {
                (Some((_, About::Object { word, .. })), _) if word == "Variable" => {}
                (Some((_, About::Object { ty, word, alias_of, .. })), Some(library)) => premises.push(Premise {
                    full_name: FullName::new(full_name),
                    kernel_name: Some(KernelName::new(alias_of.as_ref().unwrap_or(full_name))),
                    kind: word.to_lowercase(),
                    ty,
                    library: LogicalPath::new(library),
                    implicit: true,
                }),
                (None, _) if is_variable(full_name) => {}
                _ => return Err(unknown(full_name).into()),
            }
        }
        Ok(premises)
    }

    /// Asks by the first candidate of each lookup, for those without an answer by the second, …; gives the name that
    /// was answered.
    async fn look_up(
        &mut self,
        prover: &mut Idetop,
        lookups: &[Lookup<'_>],
    ) -> Result<Vec<Option<(String, About)>>, Setback> {
        let mut found = vec![None; lookups.len()];
        for round in 0.. {
            let pending = lookups.iter().zip(&found).filter(|(_, found)| found.is_none());
            let candidates: Vec<_> = pending.filter_map(|(lookup, _)| lookup.candidate(round)).collect();
            if candidates.is_empty() {
                break;
            }
            // Each name is asked once, however many references wait for it.
            let mut unknown = candidates;
            unknown.retain(|name| !self.objects.contains_key(*name));
            unknown.sort_unstable();
            unknown.dedup();
            if !unknown.is_empty() {
                let questions: Vec<_> = unknown.iter().map(|name| format!("About {name}.")).collect();
                let answers = prover.ask(&questions).await?.into_iter().map(|answer| answers::about(&answer.ok()?));
                self.objects.extend(unknown.into_iter().map(str::to_owned).zip(answers));
            }
            for (lookup, found) in lookups.iter().zip(&mut found).filter(|(_, found)| found.is_none()) {
                *found = lookup.candidate(round).and_then(|name| Some((name.to_owned(), self.objects[name].clone()?)));
            }
        }
        Ok(found)
    }

    async fn ask_for_notations(&mut self, prover: &mut Idetop, references: &[&Reference]) -> Result<(), Setback> {
        let mut asked = Vec::new();
        for id in references.iter().filter_map(|reference| notation_id(reference)) {
            if !self.notations.contains_key(&id) && !asked.contains(&id) {
                asked.push(id);
            }
        }
        if asked.is_empty() {
            return Ok(());
        }
        let questions: Vec<_> = asked.iter().map(|id| locate(&id.text)).collect();
        for (id, answer) in asked.into_iter().zip(prover.ask(&questions).await?) {
            let interpretations = answer.map(|text| answers::locate(&text)).unwrap_or_default();
            // Rocq lists the interpretation that it would print first; the one that it reads is what was written.
            let in_scope = || interpretations.iter().filter(|entry| entry.scope == id.scope);
            if let Some(entry) = in_scope().find(|entry| !entry.only_printing).or_else(|| in_scope().next()) {
                self.notations.insert(id, entry.definition.clone());
            }
        }
        Ok(())
    }

    fn collect(&self, references: &[&Reference], lookups: &Lookups) -> Result<Named, Reason> {
        let mut named = Named::default();
        let mut seen = HashSet::new();
        for reference in references {
            if is_object(reference) {
                let found = lookups.get(&reference.range.start).and_then(Option::as_ref);
                let found = found.ok_or_else(|| unknown(reference.full_name().as_str()))?;
                if let About::Object { .. } = found.about {
                    named.objects.insert(reference.range.start, found.full_name.clone());
                }
                if seen.insert(found.full_name.to_string()) {
                    named.add(reference, found);
                }
            } else if let Some(id) = notation_id(reference)
                && seen.insert(format!("{}:{}:{}:{}", id.library, id.path, id.scope, id.text))
            {
                let definition = self.notations.get(&id).ok_or_else(|| unknown(&id.text))?;
                named.notations.push(Notation {
                    text: id.text,
                    scope: Some(id.scope).filter(|scope| !scope.is_empty()),
                    definition: definition.clone(),
                    library: id.library,
                });
            }
        }
        Ok(named)
    }
}

impl Named {
    fn add(&mut self, reference: &Reference, found: &Found) {
        match &found.about {
            About::Abbreviation { definition, .. } => self.notations.push(Notation {
                text: inner(&found.full_name, &reference.library).to_owned(),
                scope: None,
                definition: definition.clone(),
                library: reference.library.clone(),
            }),
            About::Object { ty, .. } => self.premises.push(Premise {
                full_name: found.full_name.clone(),
                kernel_name: Some(found.kernel_name.clone()),
                kind: reference.kind.clone(),
                ty: ty.clone(),
                library: reference.library.clone(),
                implicit: false,
            }),
        }
    }

    /// The full names of the objects among some references, in order of first use.
    pub(super) fn premises_of(&self, references: &[Reference]) -> Vec<FullName> {
        let mut names = Vec::new();
        for name in references.iter().filter_map(|reference| self.objects.get(&reference.range.start)) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }
}

/// What was found for the reference that starts at a byte of the text.
type Lookups = HashMap<usize, Option<Found>>;

#[derive(Debug)]
struct Found {
    full_name: FullName,
    kernel_name: KernelName,
    about: About,
}

/// How to ask for what a reference names.
#[derive(Debug, PartialEq)]
struct Lookup<'a> {
    /// Names to ask by, in this order.
    candidates: Vec<String>,
    /// The module of the object, if it is known; else the modules and sections that are open tell.
    module: Option<String>,
    here: &'a [String],
}

impl<'a> Lookup<'a> {
    /// A `.glob` file leaves out the module of an object of the same file that lies deeper than the module at hand
    /// (`remove_sections` in `interp/dumpglob.ml`); the file's definitions tell, unless there are homonyms. Then what
    /// was written tells.
    fn new(reference: &Reference, Surroundings { text, glob, here }: Surroundings<'a>) -> Self {
        if reference.library != glob.logical_path {
            let candidates = vec![reference.full_name().to_string()];
            return Self { candidates, module: Some(module(&reference.library, &reference.path)), here };
        }
        let written = text.get(reference.range.clone()).unwrap_or_default();
        let is_name = written.chars().all(|c| c.is_alphanumeric() || "_'.".contains(c)) && !written.is_empty();
        let mut paths: Vec<_> = glob
            .definitions
            .iter()
            .filter(|definition| definition.name == reference.name && is_below(&definition.path, &reference.path))
            .map(|definition| definition.path.as_str())
            .collect();
        paths.sort_unstable();
        paths.dedup();
        let known = match paths.as_slice() {
            [path] => {
                let module = module(&reference.library, path);
                let candidates = in_open_sections(&module, &reference.name, here);
                let is_certain = *path == reference.path && !written.contains('.');
                Some((is_certain, Self { candidates, module: Some(module), here }))
            }
            _ => None,
        };
        // Where a module was left out, it may be another than the only one that the file's text has: what a functor or
        // an `Include` makes is no definition of the file. What was written tells, where it is still known.
        let others = match known {
            Some((is_certain, lookup)) if is_certain || !is_name => return lookup,
            Some((_, lookup)) => lookup.candidates,
            None => Vec::new(),
        };
        let mut candidates = if is_name { vec![written.to_owned()] } else { vec![reference.full_name().to_string()] };
        candidates.extend(others);
        Self { candidates, module: None, here }
    }

    /// How to ask for an object of which all but the sections around it is known.
    fn of_full_name(full_name: &str, here: &'a [String]) -> Self {
        let (module, name) = full_name.rsplit_once('.').unwrap_or(("", full_name));
        let candidates = in_open_sections(module, name, here);
        Self { candidates, module: Some(module.to_owned()), here }
    }

    fn candidate(&self, round: usize) -> Option<&str> {
        self.candidates.get(round).map(String::as_str)
    }

    fn found(&self, reference: &Reference, asked: &str, about: &About) -> Found {
        let (About::Object { path, .. } | About::Abbreviation { path, .. }) = about;
        let full_name = match &self.module {
            Some(module) => within(module, &reference.name),
            None => without_sections(path, &module(&reference.library, &reference.path), self.here),
        };
        // Within a section the object goes by the section's name too, which it will lose.
        let kernel_name = match about {
            About::Object { alias_of: Some(original), .. } => original,
            _ if path == asked || self.module.is_none() => &full_name,
            _ => path,
        };
        Found { kernel_name: KernelName::new(kernel_name), full_name: FullName::new(full_name), about: about.clone() }
    }
}

/// Whether an identifier stands in a printed text.
pub(super) fn mentions(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '\'';
    text.match_indices(word)
        .any(|(start, _)| !text[..start].ends_with(is_part) && !text[start + word.len()..].starts_with(is_part))
}

fn is_object(reference: &Reference) -> bool {
    matches!(reference.target(), Target::Object | Target::Abbreviation)
}

/// The question for a notation: a word of it stands between quotes, else it would be taken for an argument.
fn locate(notation: &str) -> String {
    let is_word = |part: &str| part != "_" && part.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let quoted = |part: &str| if is_word(part) { format!("'{part}'") } else { part.replace('"', "\"\"") };
    format!("Locate \"{}\".", notation.split(' ').map(quoted).collect::<Vec<_>>().join(" "))
}

/// A name within its library.
fn inner<'a>(full_name: &'a FullName, library: &LogicalPath) -> &'a str {
    let full_name = full_name.as_str();
    full_name.strip_prefix(library.as_str()).and_then(|inner| inner.strip_prefix('.')).unwrap_or(full_name)
}

/// A library and a path within it, which may be empty.
fn module(library: &LogicalPath, path: &str) -> String {
    if path.is_empty() { library.to_string() } else { within(library.as_str(), path) }
}

/// Whether a path within a file is another one or lies below it.
fn is_below(path: &str, other: &str) -> bool {
    other.is_empty() || path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The path of an object without the sections that are open: what lies on the way from the module at hand to here.
fn without_sections(path: &str, module: &str, here: &[String]) -> String {
    let depth = module.split('.').count();
    let parts: Vec<_> = path.split('.').collect();
    let n_open = parts.iter().zip(here).take_while(|(part, open)| *part == open).count();
    parts[..depth.min(parts.len())]
        .iter()
        .chain(&parts[n_open.max(depth).min(parts.len())..])
        .copied()
        .collect::<Vec<_>>()
        .join(".")
}

fn notation_id(reference: &Reference) -> Option<NotationId> {
    match reference.target() {
        Target::Notation(key) => Some(NotationId {
            library: reference.library.clone(),
            path: reference.path.clone(),
            scope: key.scope.to_owned(),
            text: key.text,
        }),
        _ => None,
    }
}

fn unknown(name: &str) -> Reason {
    Reason::UnknownReference { name: name.to_owned(), message: "Rocq knows nothing by this name here".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(path: &str) -> Vec<String> {
        path.split('.').map(str::to_owned).collect()
    }

    #[test]
    fn words_of_a_notation_are_quoted_and_arguments_are_not() {
        assert_eq!(locate("[ tuple ]"), "Locate \"[ 'tuple' ]\".");
        assert_eq!(locate("'I_ _"), "Locate \"'I_ _\".");
        assert_eq!(locate("if _ then _"), "Locate \"'if' _ 'then' _\".");
    }

    #[test]
    fn open_sections_are_no_part_of_a_full_name_and_modules_are() {
        let here = parts("l.file.S");
        assert_eq!(without_sections("l.file.S.x", "l.file", &here), "l.file.x");
        assert_eq!(without_sections("l.file.A.x", "l.file", &here), "l.file.A.x");
        assert_eq!(without_sections("l.file.S.A.x", "l.file", &here), "l.file.A.x");
        assert_eq!(without_sections("l.file.x", "l.file", &parts("l.file")), "l.file.x");
    }
}
