//! How scripts are checked.

use super::declare::settings;

settings! {
    /// How scripts are checked.
    pub struct CheckSettings, heading "Check" {
        /// Seconds that all sentences of a script together may take
        limit_s: u64 = 60, in 1.0..=1e6, flag "SECONDS" named "limit";
        /// Axioms that proofs may rest on besides those of the original
        allowed_axioms: Vec<String> = Vec::new(), flag "NAME" named "allow-axiom";
        /// Say of each proof its states and how long its term is
        details: bool = false, flag "";
    }
}
