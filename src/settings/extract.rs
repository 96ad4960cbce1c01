//! Which proofs of which files.

use std::path::PathBuf;

use super::StepRange;
use super::declare::settings;
use crate::record::{FullName, TheoremKind};

settings! {
    /// Which proofs of which files.
    pub struct ExtractSettings, heading "Proofs" {
        /// Folders and `.v` files; relative ones are looked for in the installed library too
        ///
        /// In `run` a few files of it are taken instead, unless `--all` is given.
        input: Vec<PathBuf> = Vec::new(), shown "the installed mathcomp";
        /// Statements that become records
        kinds: Vec<TheoremKind> = TheoremKind::DEFAULT.to_vec(), flag "KIND";
        /// Only these theorems, by their full names
        only: Vec<FullName> = Vec::new(), flag "NAME";
        /// Only proofs with so many steps, both ends inclusive
        ///
        /// Of the others nothing is printed or asked. Where it is not set, `run` takes those that `filter` keeps, and
        /// `extract` all.
        only_steps: Option<StepRange> = None, flag "MIN..MAX";
        /// List premises too that only the proof term names; needs Elpi
        implicit_premises: bool = false, flag "";
    }
}
