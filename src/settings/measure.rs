//! Which tokenizer counts.

use super::declare::settings;

settings! {
    /// Which tokenizer counts.
    pub struct MeasureSettings, heading "Tokens" {
        /// A tokenizer.json, its folder, or a name on the hub
        tokenizer: Option<String> = None, flag "NAME", shown "built in";
    }
}
