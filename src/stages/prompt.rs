//! Prompts: templates in files, filled in from a record, strict about what a template names.

mod short_names;

use std::fs;
use std::path::Path;

use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

use super::StageError;
use crate::record::{Premise, Record, StepKind};
use crate::store::StoreError;
use crate::store::digest::Digest;
use short_names::short_names;

/// Templates that come with the program, by name; the first is the one that is taken when none is named.
pub(super) type BuiltIn = &'static [(&'static str, &'static str)];

/// What all built-in templates say of a theorem; every template can include it as `theorem`.
const THEOREM: &str = include_str!("prompt/theorem.txt");

/// A prompt to be filled in.
#[derive(Debug)]
pub(super) struct Prompt {
    environment: Environment<'static>,
    name: String,
    hash: Digest,
}

impl Prompt {
    /// The template that the settings name: one of those that are built in, which can also be included by their names, or
    /// else a file.
    pub(super) fn load(named: Option<&Path>, built_in: BuiltIn) -> Result<Self, StageError> {
        let found = match named {
            Some(named) => built_in.iter().find(|(name, _)| named.as_os_str() == *name),
            None => built_in.first(),
        };
        let (name, text) = match (found, named) {
            (Some((name, text)), _) => (format!("the built-in template `{name}`"), (*text).to_owned()),
            (None, Some(file)) => {
                (file.display().to_string(), fs::read_to_string(file).map_err(StoreError::io("read", file))?)
            }
            (None, None) => ("no template".to_owned(), String::new()),
        };
        let hash = Digest::of([&text, THEOREM].concat());
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        // No name ends in an extension, so nothing is escaped.
        let wrong = |source| StageError::Template { name: name.clone(), source };
        for (name, text) in built_in.iter().chain(&[("theorem", THEOREM)]) {
            environment.add_template(name, text).map_err(wrong)?;
        }
        environment.add_template_owned("prompt", text).map_err(wrong)?;
        Ok(Self { environment, name, hash })
    }

    /// SHA-256 of the template.
    pub(super) fn hash(&self) -> &Digest {
        &self.hash
    }

    /// The prompt with everything filled in.
    pub(super) fn fill(&self, values: impl Serialize) -> Result<String, StageError> {
        let wrong = |source| StageError::Template { name: self.name.clone(), source };
        let template = self.environment.get_template("prompt").map_err(wrong)?;
        Ok(template.render(Serde(values)).map_err(wrong)?.trim().to_owned())
    }
}

/// What a template can name of a theorem without its script. Lists are sorted by name: the order of use would tell the
/// script.
#[derive(Debug, Serialize)]
pub(super) struct Theorem<'a> {
    statement: &'a str,
    statement_type: &'a str,
    section_context: Vec<String>,
    proof_term: &'a str,
    premises: Vec<NamedPremise<'a>>,
    notations: Vec<NotationUsed<'a>>,
}

#[derive(Debug, Serialize)]
struct NamedPremise<'a> {
    /// The shortest end of the full name that no other premise of the list has.
    name: &'a str,
    full_name: &'a str,
    kind: &'a str,
    #[serde(rename = "type")]
    ty: &'a str,
}

#[derive(Debug, Serialize)]
struct NotationUsed<'a> {
    text: &'a str,
    scope: Option<&'a str>,
    definition: &'a str,
}

/// What a template can name of a theorem and its script.
#[derive(Debug, Serialize)]
pub(super) struct ProvedTheorem<'a> {
    #[serde(flatten)]
    theorem: Theorem<'a>,
    tactics: &'a str,
    steps: Vec<Step<'a>>,
}

#[derive(Debug, Serialize)]
struct Step<'a> {
    text: &'a str,
    kind: StepKind,
    /// The proof state as Rocq prints it.
    goals_before: String,
    goals_after: String,
}

impl<'a> Theorem<'a> {
    /// What a template can name of this record.
    pub(super) fn of(record: &'a Record) -> Self {
        Self::among(record, &[])
    }

    /// The same, with other premises among those that the proof uses.
    fn among(record: &'a Record, distractors: &[&'a Premise]) -> Self {
        let mut premises: Vec<_> = record.premises.iter().chain(distractors.iter().copied()).collect();
        premises.sort_by_key(|premise| &premise.full_name);
        let names: Vec<_> = premises.iter().map(|premise| premise.full_name.as_str()).collect();
        let mut notations: Vec<_> = record.notations.iter().collect();
        notations.sort_by_key(|notation| (&notation.text, &notation.scope, &notation.definition));
        Self {
            statement: record.proposition(),
            statement_type: &record.statement_type,
            section_context: record.section_context.iter().map(ToString::to_string).collect(),
            proof_term: &record.proof_term.text,
            premises: premises
                .iter()
                .zip(short_names(&names))
                .map(|(premise, name)| NamedPremise {
                    name,
                    full_name: premise.full_name.as_str(),
                    kind: &premise.kind,
                    ty: &premise.ty,
                })
                .collect(),
            notations: notations
                .iter()
                .map(|notation| NotationUsed {
                    text: &notation.text,
                    scope: notation.scope.as_deref(),
                    definition: &notation.definition,
                })
                .collect(),
        }
    }
}

impl<'a> ProvedTheorem<'a> {
    /// What a template can name of this record, with these premises among those that the proof uses.
    pub(super) fn of(record: &'a Record, distractors: &[&'a Premise]) -> Self {
        Self {
            theorem: Theorem::among(record, distractors),
            tactics: record.tactics(),
            steps: record
                .steps
                .iter()
                .map(|step| Step {
                    text: &step.text,
                    kind: step.kind,
                    goals_before: step.state_before.to_string(),
                    goals_after: step.state_after.to_string(),
                })
                .collect(),
        }
    }
}
