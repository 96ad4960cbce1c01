//! What the names and notations of a proof mean: asked of Rocq by the word as it is written, once per file and word.
//!
//! The word is asked for where the proof is about to end. The `.glob` file says what `coqc` took it for; it leaves out
//! modules (`remove_sections` in `interp/dumpglob.ml`) and knows nothing of functors' parameters, but the place that it
//! speaks of is exact. Where the two do not agree, Rocq is asked by the longer name too.

use std::collections::{HashMap, HashSet};

use super::full_name::{Found, Surroundings, agrees, is_near};
use crate::record::{FullName, Hypothesis, LogicalPath, Notation, Premise};
use crate::rocq::Setback;
use crate::rocq::answers::{self, About};
use crate::rocq::glob::{Reference, Target};
use crate::rocq::idetop::Idetop;

/// What Rocq has said of the names and notations of one file, as long as it would say so again.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// By what was asked; nothing is said of a name that Rocq does not know.
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
    /// References of which Rocq said by the word as written something else than by the longer name.
    pub(super) n_settled: usize,
    /// References of which Rocq said nothing that fits: what only a part of the proof could see is no premise.
    pub(super) n_untold: usize,
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
        let mut named = Named::default();
        let objects: Vec<_> = references.iter().copied().filter(|reference| is_object(reference)).collect();
        let found = self.find_objects(prover, &objects, surroundings, &mut named).await?;
        self.ask_for_notations(prover, references).await?;
        self.collect(references, &found, &mut named);
        Ok(named)
    }

    /// What each reference names; nothing for one that belongs to the context or of which nothing is told.
    async fn find_objects(
        &mut self,
        prover: &mut Idetop,
        references: &[&Reference],
        surroundings: Surroundings<'_>,
        named: &mut Named,
    ) -> Result<HashMap<usize, Found>, Setback> {
        let written: Vec<_> = references.iter().map(|reference| surroundings.written(reference)).collect();
        self.ask(prover, written.iter().map(|word| (*word).to_owned()).collect()).await?;
        let mut found = HashMap::new();
        let mut unsettled = Vec::new();
        for (reference, word) in references.iter().zip(&written) {
            match &self.objects[*word] {
                Some(About::Object { word, .. }) if word == "Variable" => {}
                Some(about) if agrees(reference, about, surroundings) => {
                    found.insert(reference.range.start, surroundings.found(reference, about));
                }
                about => unsettled.push((*reference, about.clone())),
            }
        }
        let longer: Vec<_> = unsettled.iter().map(|(reference, _)| surroundings.longer_names(reference)).collect();
        self.ask(prover, longer.concat()).await?;
        for ((reference, of_word), names) in unsettled.into_iter().zip(longer) {
            let answers = names.iter().filter_map(|name| self.objects[name].as_ref());
            let is_variable = |about: &About| matches!(about, About::Object { word, .. } if word == "Variable");
            let by_longer = answers.clone().find(|about| agrees(reference, about, surroundings));
            let about = by_longer.or(of_word.as_ref().filter(|about| is_near(reference, about)));
            match about {
                Some(about) => {
                    named.n_settled += usize::from(of_word.is_some());
                    found.insert(reference.range.start, surroundings.found(reference, about));
                }
                None if of_word.as_ref().is_some_and(is_variable) => {}
                None => named.n_untold += 1,
            }
        }
        Ok(found)
    }

    /// Finds the objects that only a proof term names: all these but those that `named` has already.
    ///
    /// Section variables are among the names that Rocq gives; they belong to the context.
    pub(super) async fn implicit(
        &mut self,
        prover: &mut Idetop,
        full_names: &[String],
        named: &mut Named,
        context: &[Hypothesis],
        surroundings: Surroundings<'_>,
    ) -> Result<(), Setback> {
        let is_named = |name: &str| {
            named.premises.iter().any(|premise| {
                premise.full_name.as_str() == name || premise.kernel_name.as_ref().is_some_and(|k| k.as_str() == name)
            })
        };
        let full_names: Vec<_> = full_names.iter().filter(|name| !is_named(name)).collect();
        let candidates: Vec<_> = full_names.iter().map(|name| surroundings.names_of(name)).collect();
        self.ask(prover, candidates.concat()).await?;
        if self.libraries.is_empty() {
            let answer = prover.ask(&["Print Libraries.".to_owned()]).await?.remove(0);
            self.libraries = answer.map(|text| answers::libraries(&text)).unwrap_or_default();
            self.libraries.push(surroundings.library().to_string());
        }
        let is_variable = |name: &str| {
            let name = name.rsplit('.').next().unwrap_or(name);
            context.iter().any(|hypothesis| hypothesis.names.iter().any(|variable| variable == name))
        };
        for (full_name, names) in full_names.into_iter().zip(candidates) {
            let about = names.iter().find_map(|name| self.objects[name].as_ref());
            match about {
                Some(About::Object { word, .. }) if word == "Variable" => {}
                Some(About::Object { ty, word, alias_of, .. }) => {
                    let found = surroundings.of_term(full_name, alias_of.as_deref(), &self.libraries);
                    named.premises.push(Premise {
                        full_name: found.full_name,
                        kernel_name: Some(found.kernel_name),
                        kind: if found.is_parameter { PARAMETER.to_owned() } else { word.to_lowercase() },
                        ty: ty.clone(),
                        library: found.library,
                        implicit: true,
                    });
                }
                None if is_variable(full_name) => {}
                Some(About::Abbreviation { .. }) | None => named.n_untold += 1,
            }
        }
        Ok(())
    }

    /// Asks for each name that was not asked for yet.
    async fn ask(&mut self, prover: &mut Idetop, mut names: Vec<String>) -> Result<(), Setback> {
        names.retain(|name| !self.objects.contains_key(name));
        names.sort_unstable();
        names.dedup();
        if names.is_empty() {
            return Ok(());
        }
        let questions: Vec<_> = names.iter().map(|name| format!("About {name}.")).collect();
        let answers = prover.ask(&questions).await?.into_iter().map(|answer| answers::about(&answer.ok()?));
        self.objects.extend(names.into_iter().zip(answers));
        Ok(())
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

    /// Puts together what was found, once for each object and notation.
    fn collect(&self, references: &[&Reference], found: &HashMap<usize, Found>, named: &mut Named) {
        let mut seen = HashSet::new();
        for reference in references {
            if let Some(found) = found.get(&reference.range.start).filter(|_| is_object(reference)) {
                if let About::Object { .. } = found.about {
                    named.objects.insert(reference.range.start, found.full_name.clone());
                }
                if seen.insert(found.full_name.to_string()) {
                    named.add(reference, found);
                }
            } else if let Some(id) = notation_id(reference)
                && seen.insert(format!("{}:{}:{}:{}", id.library, id.path, id.scope, id.text))
            {
                match self.notations.get(&id) {
                    Some(definition) => named.notations.push(Notation {
                        text: id.text,
                        scope: Some(id.scope).filter(|scope| !scope.is_empty()),
                        definition: definition.clone(),
                        library: id.library,
                    }),
                    None => named.n_untold += 1,
                }
            }
        }
    }
}

/// The kind of what a functor's parameter gives.
const PARAMETER: &str = "parameter";

impl Named {
    fn add(&mut self, reference: &Reference, found: &Found) {
        match &found.about {
            About::Abbreviation { definition, .. } => self.notations.push(Notation {
                text: inner(&found.full_name, &found.library).to_owned(),
                scope: None,
                definition: definition.clone(),
                library: found.library.clone(),
            }),
            About::Object { ty, .. } => self.premises.push(Premise {
                full_name: found.full_name.clone(),
                kernel_name: Some(found.kernel_name.clone()),
                kind: if found.is_parameter { PARAMETER.to_owned() } else { reference.kind.clone() },
                ty: ty.clone(),
                library: found.library.clone(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_notation_are_quoted_and_arguments_are_not() {
        assert_eq!(locate("[ tuple ]"), "Locate \"[ 'tuple' ]\".");
        assert_eq!(locate("'I_ _"), "Locate \"'I_ _\".");
        assert_eq!(locate("if _ then _"), "Locate \"'if' _ 'then' _\".");
    }
}
