//! Where a theorem stands in its library.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{FullName, LogicalPath};

/// A place in a text as the language server protocol counts it: both numbers start at zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// Line.
    pub line: u32,
    /// UTF-16 code units from the start of the line.
    pub character: u32,
}

/// Where a theorem stands in its library.
///
/// `start` and `byte_start` are those of the statement's first character; `end` and `byte_end` lie just behind the
/// closing sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The library's name: the first component of the logical path.
    pub project: String,
    /// The file, relative to the library's root, with `/`.
    pub file: String,
    /// The file as Rocq names it.
    pub logical_path: LogicalPath,
    /// The theorem as Rocq names it.
    pub full_name: FullName,
    /// The word that the statement opens with.
    pub kind: TheoremKind,
    /// Where the statement starts.
    pub start: Position,
    /// Where the closing sentence ends.
    pub end: Position,
    /// Where the statement starts, in bytes.
    pub byte_start: usize,
    /// Where the closing sentence ends, in bytes.
    pub byte_end: usize,
    /// SHA-256 of the whole file.
    pub sha256: String,
}

macro_rules! theorem_kinds {
    ($($kind:ident),* $(,)?) => {
        /// The word that opens a statement.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum TheoremKind {
            $(#[doc = concat!("`", stringify!($kind), "`")] $kind,)*
        }

        impl TheoremKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// The word as it stands in the source.
            pub fn keyword(self) -> &'static str {
                match self {
                    $(Self::$kind => stringify!($kind),)*
                }
            }
        }
    };
}

theorem_kinds![
    Theorem,
    Lemma,
    Fact,
    Remark,
    Corollary,
    Proposition,
    Property,
    Example,
    Definition,
    Instance,
    Let,
    Fixpoint,
    CoFixpoint,
    Goal,
    Obligation,
];

impl TheoremKind {
    /// The kinds that are extracted unless others are asked for.
    pub const DEFAULT: &[Self] =
        &[Self::Theorem, Self::Lemma, Self::Fact, Self::Remark, Self::Corollary, Self::Proposition, Self::Property];
}

impl fmt::Display for TheoremKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.keyword())
    }
}

/// A word that opens no statement.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` opens no statement; the kinds are {known}", known = TheoremKind::ALL.iter().map(|kind| kind.keyword()).collect::<Vec<_>>().join(", "))]
pub struct UnknownKind(String);

impl FromStr for TheoremKind {
    type Err = UnknownKind;

    fn from_str(word: &str) -> Result<Self, UnknownKind> {
        Self::ALL
            .iter()
            .copied()
            .find(|kind| kind.keyword().eq_ignore_ascii_case(word))
            .ok_or_else(|| UnknownKind(word.to_owned()))
    }
}
