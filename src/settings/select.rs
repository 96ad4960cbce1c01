//! How many records are chosen.

use super::declare::settings;

settings! {
    /// How many records are chosen.
    pub struct SelectSettings, heading "Subset" {
        /// The size of the subset
        ///
        /// All records are chosen if there are fewer.
        num_documents: usize = 1000, in 1.0..=1e12, flag "N";
    }
}
