//! Settings: defaults, then the file, then the environment, then the flags; resolved once.

mod error;
mod export;
mod extract;
mod filter;
mod measure;
mod rocq;
mod select;
mod telemetry;
mod verify;

pub use error::SettingsError;
pub use export::ExportSettings;
pub use extract::ExtractSettings;
pub use filter::FilterSettings;
pub use measure::MeasureSettings;
pub use rocq::RocqSettings;
pub use select::SelectSettings;
pub use telemetry::TelemetrySettings;
pub use verify::VerifySettings;

use std::path::{Path, PathBuf};
use std::thread;

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};

use crate::store::shard::Shard;

/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "rocq-distill.toml";

/// Everything that can be set.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The run directory.
    pub output: PathBuf,
    /// Provers or threads at work at once.
    pub jobs: usize,
    /// Which part of the units this process makes.
    pub shard: Shard,
    /// The prover's processes.
    pub rocq: RocqSettings,
    /// Which proofs of which files.
    pub extract: ExtractSettings,
    /// How proofs are replayed.
    pub verify: VerifySettings,
    /// Which tokenizer counts.
    pub measure: MeasureSettings,
    /// Which records are kept.
    pub filter: FilterSettings,
    /// How many records are chosen.
    pub select: SelectSettings,
    /// What is written at the end.
    pub export: ExportSettings,
    /// Where traces, metrics and logs go.
    pub telemetry: TelemetrySettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            output: PathBuf::from("export"),
            jobs: thread::available_parallelism().map_or(1, usize::from),
            shard: Shard::WHOLE,
            rocq: RocqSettings::default(),
            extract: ExtractSettings::default(),
            verify: VerifySettings::default(),
            measure: MeasureSettings::default(),
            filter: FilterSettings::default(),
            select: SelectSettings::default(),
            export: ExportSettings::default(),
            telemetry: TelemetrySettings::default(),
        }
    }
}

impl Settings {
    /// Resolves the settings; `flags` has the shape of [`Settings`] with what was not given left out.
    pub fn resolve(file: Option<&Path>, flags: &impl Serialize) -> Result<Self, SettingsError> {
        let figment = Figment::from(Serialized::defaults(Self::default()))
            .merge(match file {
                Some(path) if !path.is_file() => return Err(SettingsError::NoFile { path: path.to_owned() }),
                Some(path) => Toml::file_exact(path),
                None => Toml::file_exact(DEFAULT_FILE),
            })
            .merge(Env::prefixed("ROCQ_DISTILL_").split("__"))
            .merge(Serialized::defaults(flags));
        let settings: Self = figment.extract().map_err(SettingsError::from)?;
        if settings.jobs == 0 {
            return Err(SettingsError::OutOfRange { key: "jobs", least: 1 });
        }
        settings.filter.check()?;
        Ok(settings)
    }
}
