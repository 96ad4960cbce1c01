//! How proofs are replayed.

use std::path::PathBuf;

use super::declare::settings;
use crate::rocq::engine::EngineChoice;

settings! {
    /// How proofs are replayed.
    pub struct VerifySettings, heading "Replay" {
        /// What replays proofs
        ///
        /// `auto` is petanque where a server is named or `pet` is on the path, else `coqidetop`.
        engine: EngineChoice = EngineChoice::default(), flag "ENGINE";
        /// Petanque's program, one for each worker
        pet: PathBuf = PathBuf::from("pet"), flag "PATH";
        /// A running pet-server, instead
        pet_server: Option<String> = None, flag "HOST:PORT";
    }
}
