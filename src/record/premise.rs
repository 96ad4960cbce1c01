//! What a proof names: library facts, definitions and notations.

use serde::{Deserialize, Serialize};

use super::{FullName, KernelName, LogicalPath};

/// A library object that a statement, a proof script or a proof term names (the word as machine learning uses it);
/// ordered by full name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Premise {
    /// As Rocq's users name it.
    pub full_name: FullName,
    /// As the kernel names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel_name: Option<KernelName>,
    /// `thm`, `def`, `ind`, `constr`, …: the word of the `.glob` file; for an implicit premise Rocq's own word,
    /// `constant`, `inductive` or `constructor`.
    pub kind: String,
    /// The type as Rocq prints it.
    #[serde(rename = "type")]
    pub ty: String,
    /// The file that defines it.
    pub library: LogicalPath,
    /// Whether only the proof term names it: a tactic found it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub implicit: bool,
}

/// A notation in the interpretation that was used; ordered by text, then scope.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Notation {
    /// The notation as `Locate` takes it: `_ + _`.
    pub text: String,
    /// The scope, absent for a notation outside all scopes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// What it stands for, as Rocq prints it.
    pub definition: String,
    /// The file that defines it.
    pub library: LogicalPath,
}
