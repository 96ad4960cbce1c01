//! Which engine replays proofs.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::RocqError;
use super::installation::{self, Installation};
use super::petanque::{Host, Server};

/// Which engine is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum EngineChoice {
    /// Petanque where a server is named or `pet` is on the path, else `coqidetop`.
    #[default]
    Auto,
    /// Petanque.
    Petanque,
    /// `coqidetop`, which is part of every Rocq.
    Coqidetop,
}

/// The engine that replays proofs.
#[derive(Debug, Clone)]
pub enum Engine {
    /// Petanque.
    Petanque(Server),
    /// The `coqidetop` of the installation, which has this version.
    Coqidetop {
        /// Its version.
        version: String,
    },
}

impl Engine {
    /// Finds the engine; `server` is `HOST:PORT` of a running one, `pet` the program to start otherwise.
    pub async fn find(
        choice: EngineChoice,
        pet: &Path,
        server: Option<&str>,
        rocq: &Installation,
    ) -> Result<Self, RocqError> {
        let is_there = || server.is_some() || installation::find_program(pet).is_ok();
        let use_petanque = match choice {
            EngineChoice::Auto => is_there(),
            EngineChoice::Petanque => true,
            EngineChoice::Coqidetop => false,
        };
        if !use_petanque {
            return Ok(Self::Coqidetop { version: rocq.version.clone() });
        }
        match server {
            Some(address) => Server::reach(address).await.map(Self::Petanque),
            None => Server::find(pet).await.map(Self::Petanque),
        }
    }

    /// The name, as records carry it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Petanque(_) => "petanque",
            Self::Coqidetop { .. } => "coqidetop",
        }
    }

    /// The version, as records carry it.
    pub fn version(&self) -> &str {
        match self {
            Self::Petanque(server) => &server.version,
            Self::Coqidetop { version } => version,
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name(), self.version())?;
        match self {
            Self::Petanque(Server { host: Host::Theirs { address, .. }, .. }) => write!(f, " at {address}"),
            Self::Petanque(Server { host: Host::Own(program), .. }) => write!(f, ", {}", program.display()),
            Self::Coqidetop { .. } => Ok(()),
        }
    }
}
