//! What the stages that walk source files know of each: its unit, what the unit depends on, and the limits of its provers.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::StageError;
use crate::record::LogicalPath;
use crate::rocq::library::SourceFile;
use crate::rocq::limits::Limits;
use crate::rocq::process::Bounds;
use crate::rocq::requires::Requires;
use crate::settings::RocqSettings;
use crate::store::StoreError;
use crate::store::digest::Digest;
use crate::store::faults::{FaultPolicy, ProverLimits};
use crate::store::layout::UnitName;

/// The unit of a source file.
pub(super) fn unit_name(file: &SourceFile) -> Result<UnitName, StageError> {
    Ok(UnitName::of_logical_path(file.logical_path.as_str())?)
}

/// What is true of a source file as long as these stay the same, whatever else changes in its library.
#[derive(Debug, Serialize)]
pub(super) struct SourceKey {
    /// Its text.
    source: Digest,
    /// The flags that it is compiled with.
    flags: Vec<String>,
    /// The compiled files of all that it requires of its library; versions stand for the rest.
    requires: BTreeMap<LogicalPath, Digest>,
}

/// What makes the keys of the files of a library.
pub(super) struct SourceKeys {
    requires: Requires,
    compiled: HashMap<PathBuf, Digest>,
}

impl SourceKeys {
    /// For files that lie in these libraries.
    pub(super) fn of(files: &[SourceFile]) -> Result<Self, StageError> {
        Ok(Self { requires: Requires::of(files)?, compiled: HashMap::new() })
    }

    /// The key of a file; an error if what it requires was not compiled, or from another text.
    pub(super) fn key(&mut self, file: &SourceFile) -> Result<SourceKey, StageError> {
        let mut requires = BTreeMap::new();
        for (name, path) in self.requires.compiled_for(file)? {
            if !self.compiled.contains_key(&path) {
                let digest = Digest::of_file(&path).map_err(StoreError::io("read", &path))?;
                self.compiled.insert(path.clone(), digest);
            }
            requires.insert(name, self.compiled[&path].clone());
        }
        Ok(SourceKey { source: digest(&file.path)?, flags: file.load_path.flags.clone(), requires })
    }
}

/// The digest of a file's bytes.
pub(super) fn digest(path: &Path) -> Result<Digest, StageError> {
    Ok(Digest::of(fs::read(path).map_err(StoreError::io("read", path))?))
}

/// How long the prover may take, how much it may use and say.
pub(super) fn limits(settings: &RocqSettings) -> Limits {
    Limits {
        sentence: Duration::from_secs(settings.sentence_limit_s),
        query: Duration::from_secs(settings.query_limit_s),
        file: Duration::from_secs(settings.file_limit_s),
        bounds: Bounds { memory: settings.max_memory.bytes(), answer: settings.max_answer.bytes() },
    }
}

/// How provers that fall are dealt with; `retry` asks again where nothing has changed.
pub(super) fn fault_policy(settings: &RocqSettings, retry: bool) -> FaultPolicy {
    // Which program it is, its version says, and that is in the keys; so are the flags of each file.
    let RocqSettings { program: _, args: _, sentence_limit_s, query_limit_s, file_limit_s, max_memory, max_answer } =
        settings;
    let limits = ProverLimits {
        sentence_limit_s: *sentence_limit_s,
        query_limit_s: *query_limit_s,
        file_limit_s: *file_limit_s,
        max_memory: max_memory.bytes(),
        max_answer: max_answer.bytes(),
    };
    FaultPolicy { limits, retry }
}
