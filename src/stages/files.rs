//! What the stages that walk source files know of each: its unit, and the limits of its provers.

use std::time::Duration;

use crate::rocq::library::SourceFile;
use crate::rocq::limits::Limits;
use crate::rocq::process::Bounds;
use crate::settings::RocqSettings;
use crate::store::layout::UnitName;

/// The unit of a source file.
pub(super) fn unit_name(file: &SourceFile) -> UnitName {
    UnitName::of_logical_path(file.logical_path.as_str())
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
