//! What the names and notations of a proof mean: asked of Rocq once per file and name.

use std::collections::{HashMap, HashSet};

use crate::record::{FullName, KernelName, LogicalPath, Notation, Premise, Reason};
use crate::rocq::Fault;
use crate::rocq::glob::{Reference, Target, within};
use crate::rocq::idetop::Idetop;
use crate::rocq::printed::{self, About};

/// What Rocq has said of the names and notations of one file so far.
#[derive(Debug, Default)]
pub(super) struct Names {
    objects: HashMap<String, About>,
    notations: HashMap<NotationId, String>,
}

/// What a proof names.
#[derive(Debug, Default)]
pub(super) struct Named {
    pub(super) premises: Vec<Premise>,
    pub(super) notations: Vec<Notation>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct NotationId {
    library: LogicalPath,
    path: String,
    scope: String,
    text: String,
}

impl Names {
    /// Finds out what references mean, in order of first use; the proof they stand in has just ended.
    ///
    /// `here` is the library's path with the modules and sections that are open.
    pub(super) async fn resolve(
        &mut self,
        prover: &mut Idetop,
        references: &[&Reference],
        here: &[String],
    ) -> Result<Result<Named, Reason>, Fault> {
        self.ask_for_objects(prover, references, here).await?;
        self.ask_for_notations(prover, references).await?;
        Ok(self.collect(references, here))
    }

    /// Asks for each name that is not known yet, at first by its full name and then by what it is called while the
    /// sections that it was defined in are open.
    async fn ask_for_objects(
        &mut self,
        prover: &mut Idetop,
        references: &[&Reference],
        here: &[String],
    ) -> Result<(), Fault> {
        let mut seen = HashSet::new();
        let mut pending: Vec<_> = references
            .iter()
            .filter(|reference| matches!(reference.target(), Target::Object | Target::Abbreviation))
            .filter(|reference| seen.insert(reference.full_name()))
            .map(|reference| candidates(reference, here).into_iter())
            .collect();
        loop {
            let mut questions = Vec::new();
            let mut asked = Vec::new();
            for mut names in pending {
                if names.as_slice().iter().any(|name| self.objects.contains_key(name)) {
                    continue;
                }
                if let Some(name) = names.next() {
                    questions.push(format!("About {name}."));
                    asked.push((name, names));
                }
            }
            if questions.is_empty() {
                return Ok(());
            }
            let answers = prover.ask(&questions).await?;
            pending = Vec::new();
            for ((name, names), answer) in asked.into_iter().zip(answers) {
                match answer.ok().as_deref().and_then(printed::about) {
                    Some(about) => drop(self.objects.insert(name, about)),
                    None => pending.push(names),
                }
            }
        }
    }

    async fn ask_for_notations(&mut self, prover: &mut Idetop, references: &[&Reference]) -> Result<(), Fault> {
        let mut asked = Vec::new();
        for id in references.iter().filter_map(|reference| notation_id(reference)) {
            if !self.notations.contains_key(&id) && !asked.contains(&id) {
                asked.push(id);
            }
        }
        if asked.is_empty() {
            return Ok(());
        }
        let questions: Vec<_> =
            asked.iter().map(|id| format!("Locate \"{}\".", id.text.replace('"', "\"\""))).collect();
        for (id, answer) in asked.into_iter().zip(prover.ask(&questions).await?) {
            let interpretations = answer.map(|text| printed::locate(&text)).unwrap_or_default();
            // Rocq lists the interpretation that it would print first; the one that it reads is what was written.
            let in_scope = || interpretations.iter().filter(|entry| entry.scope == id.scope);
            if let Some(entry) = in_scope().find(|entry| !entry.only_printing).or_else(|| in_scope().next()) {
                self.notations.insert(id, entry.definition.clone());
            }
        }
        Ok(())
    }

    fn collect(&self, references: &[&Reference], here: &[String]) -> Result<Named, Reason> {
        let mut named = Named::default();
        let mut seen = HashSet::new();
        for reference in references {
            let full_name = reference.full_name();
            match reference.target() {
                Target::Object | Target::Abbreviation if !seen.insert(full_name.to_string()) => {}
                Target::Object | Target::Abbreviation => match self.known(reference, here) {
                    Some((_, About::Abbreviation { definition, .. })) => named.notations.push(Notation {
                        text: reference.name.clone(),
                        scope: None,
                        definition: definition.clone(),
                        library: reference.library.clone(),
                    }),
                    Some((asked, About::Object { ty, path })) => {
                        // Within a section the object goes by the section's name too, which it will lose.
                        let kernel_name = if *path == asked { full_name.as_str() } else { path };
                        named.premises.push(Premise {
                            kernel_name: Some(KernelName::new(kernel_name)),
                            full_name,
                            kind: reference.kind.clone(),
                            ty: ty.clone(),
                            library: reference.library.clone(),
                        });
                    }
                    None => return Err(unknown(full_name.as_str())),
                },
                Target::Notation(key) => {
                    let Some(id) = notation_id(reference) else { continue };
                    if !seen.insert(format!("{}:{}:{}:{}", id.library, id.path, id.scope, id.text)) {
                        continue;
                    }
                    let Some(definition) = self.notations.get(&id) else { return Err(unknown(&key.text)) };
                    named.notations.push(Notation {
                        text: key.text,
                        scope: (!key.scope.is_empty()).then(|| key.scope.to_owned()),
                        definition: definition.clone(),
                        library: reference.library.clone(),
                    });
                }
                Target::Other => {}
            }
        }
        Ok(named)
    }

    /// What Rocq said of a reference, and the name that it was asked by.
    fn known(&self, reference: &Reference, here: &[String]) -> Option<(String, &About)> {
        candidates(reference, here).into_iter().find_map(|name| {
            let about = self.objects.get(&name)?;
            Some((name, about))
        })
    }
}

/// The full names of the objects among some references, in order of first use.
pub(super) fn premises(references: &[Reference], named: &Named) -> Vec<FullName> {
    let mut names = Vec::new();
    for reference in references.iter().filter(|reference| reference.target() == Target::Object) {
        let name = reference.full_name();
        if named.premises.iter().any(|premise| premise.full_name == name) && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// What a reference may be called here: its full name, or that with the names of open sections put in.
fn candidates(reference: &Reference, here: &[String]) -> Vec<String> {
    let mut names = vec![reference.full_name().to_string()];
    let module = within(reference.library.as_str(), &reference.path);
    let module: Vec<_> = module.split('.').filter(|part| !part.is_empty()).collect();
    if here.len() > module.len() && here.iter().zip(&module).all(|(here, module)| here == module) {
        names.extend(
            (module.len() + 1..=here.len()).map(|length| format!("{}.{}", here[..length].join("."), reference.name)),
        );
    }
    names
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

    #[test]
    fn an_object_of_an_open_section_goes_by_the_sections_name_too() {
        let reference = Reference {
            range: 0..1,
            library: LogicalPath::new("l.file"),
            path: "M".to_owned(),
            name: "x".to_owned(),
            kind: "thm".to_owned(),
        };
        let here = |path: &str| path.split('.').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(candidates(&reference, &here("l.file.M.S.T")), ["l.file.M.x", "l.file.M.S.x", "l.file.M.S.T.x"]);
        assert_eq!(candidates(&reference, &here("l.file.N")), ["l.file.M.x"]);
        assert_eq!(candidates(&reference, &here("l.file.M")), ["l.file.M.x"]);
    }
}
