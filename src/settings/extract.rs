//! Which proofs of which files.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::StepRange;
use crate::record::{FullName, TheoremKind};

/// Which proofs of which files.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtractSettings {
    /// Folders and `.v` files; relative ones are looked for in the installed library too. Empty: the installed
    /// `mathcomp`.
    pub input: Vec<PathBuf>,
    /// Which statements become records.
    pub kinds: Vec<TheoremKind>,
    /// Only these theorems; empty: all.
    pub only: Vec<FullName>,
    /// Only proofs with so many steps: of the others nothing is printed or asked. Not set: in `run` those that `filter`
    /// keeps, else all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only_steps: Option<StepRange>,
    /// Whether premises that only the proof term names are listed too; this takes the Elpi plugin.
    pub implicit_premises: bool,
}

impl Default for ExtractSettings {
    fn default() -> Self {
        Self {
            input: Vec::new(),
            kinds: TheoremKind::DEFAULT.to_vec(),
            only: Vec::new(),
            only_steps: None,
            implicit_premises: false,
        }
    }
}
