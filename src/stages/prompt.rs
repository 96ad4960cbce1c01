//! Prompts: templates in files, filled in from a record, strict about what a template names.

use std::fs;
use std::path::Path;

use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

use super::StageError;
use crate::record::Record;
use crate::store::StoreError;
use crate::store::digest::Digest;

/// A prompt to be filled in.
#[derive(Debug)]
pub(super) struct Prompt {
    environment: Environment<'static>,
    name: String,
    hash: Digest,
}

/// What a template can name of a record.
#[derive(Debug, Serialize)]
pub(super) struct Theorem<'a> {
    statement: &'a str,
    statement_type: &'a str,
    section_context: Vec<String>,
    proof_term: &'a str,
    tactics: &'a str,
    premises: Vec<Named<'a>>,
    notations: Vec<NotationSeen<'a>>,
}

#[derive(Debug, Serialize)]
struct Named<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    ty: &'a str,
}

#[derive(Debug, Serialize)]
struct NotationSeen<'a> {
    text: &'a str,
    scope: Option<&'a str>,
    definition: &'a str,
}

impl Prompt {
    /// The user's own template, or the built-in one.
    pub(super) fn load(file: Option<&Path>, built_in: &'static str) -> Result<Self, StageError> {
        let (name, text) = match file {
            Some(file) => (file.display().to_string(), fs::read_to_string(file).map_err(StoreError::io("read", file))?),
            None => ("the built-in template".to_owned(), built_in.to_owned()),
        };
        let hash = Digest::of(&text);
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        // Its name ends in no extension, so nothing is escaped.
        let wrong = |source| StageError::Template { name: name.clone(), source };
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

impl<'a> Theorem<'a> {
    /// What a template can name of this record.
    pub(super) fn of(record: &'a Record) -> Self {
        Self {
            statement: record.proposition(),
            statement_type: &record.statement_type,
            section_context: record.section_context.iter().map(ToString::to_string).collect(),
            proof_term: &record.proof_term.text,
            tactics: record.tactics(),
            premises: record
                .premises
                .iter()
                .map(|premise| Named { name: premise.full_name.as_str(), ty: &premise.ty })
                .collect(),
            notations: record
                .notations
                .iter()
                .map(|notation| NotationSeen {
                    text: &notation.text,
                    scope: notation.scope.as_deref(),
                    definition: &notation.definition,
                })
                .collect(),
        }
    }
}
