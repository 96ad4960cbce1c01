//! Settings: defaults, then the file, then the environment, then the flags; resolved once.

mod budget;
mod check;
mod declare;
mod endpoint;
mod error;
mod example;
mod export;
mod extract;
mod filter;
mod flags;
mod judge;
mod measure;
mod memory_size;
mod reason;
mod reference;
mod rocq;
mod score;
mod select;
mod step_range;
mod telemetry;
mod value;
mod verify;

pub use budget::BudgetSettings;
pub use check::CheckSettings;
pub use declare::{Flag, Range, Setting};
pub use endpoint::{EndpointSettings, SCRIPTED};
pub use error::SettingsError;
pub use example::Example;
pub use export::{Compat, ExportSettings, FileFormat, SplitBy, View};
pub use extract::ExtractSettings;
pub use filter::FilterSettings;
pub use flags::{Overrides, with_flags};
pub use judge::{JudgeSettings, RankBy};
pub use measure::MeasureSettings;
pub use memory_size::MemorySize;
pub use reason::{ReasonSettings, Share, Take, Teacher};
pub use reference::reference;
pub use rocq::RocqSettings;
pub use score::{ScoreSettings, Wire};
pub use select::SelectSettings;
pub use step_range::StepRange;
pub use telemetry::TelemetrySettings;
pub use value::{NotText, Shape};
pub use verify::VerifySettings;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::{fs, thread};

use declare::settings;
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::Value;

use crate::store::shard::Shard;

/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "rocq-distill.toml";

/// What the names of environment variables that are settings start with: `ROCQ_DISTILL_FILTER__MAX_NUM_TOKENS`.
pub const ENVIRONMENT_PREFIX: &str = "ROCQ_DISTILL_";

/// The standard variable for what `telemetry.endpoint` says; the file and our own variable win over it.
pub const OTLP_VARIABLE: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

settings! {
    /// Everything that can be set.
    pub struct Settings, heading "Work" {
        /// The run directory
        output: PathBuf = PathBuf::from("export");
        /// Provers or threads at work at once
        jobs: usize = thread::available_parallelism().map_or(1, usize::from), in 1.0..=4096.0, flag "N" short 'j',
            shown "one per core";
        /// Make only part I (from 0) of N parts
        shard: Shard = Shard::WHOLE, in 1.0..=100_000.0, flag "I/N", shown "";
        /// Seconds that what is at work has to be finished after SIGUSR1
        stop_grace_s: u64 = 90, in 0.0..=1e6;
    }
    with tables {
        /// The prover's processes.
        rocq: RocqSettings,
        /// Which proofs of which files.
        extract: ExtractSettings,
        /// How proofs are replayed.
        verify: VerifySettings,
        /// How scripts are checked.
        check: CheckSettings,
        /// Which tokenizer counts.
        measure: MeasureSettings,
        /// Which records are kept.
        filter: FilterSettings,
        /// How many records are chosen.
        select: SelectSettings,
        /// What the models may cost together.
        budget: BudgetSettings,
        /// Which model reasons.
        reason: ReasonSettings,
        /// Which model scores.
        score: ScoreSettings,
        /// Which model judges.
        judge: JudgeSettings,
        /// What is written at the end.
        export: ExportSettings,
        /// Where traces, metrics and logs go.
        telemetry: TelemetrySettings,
    }
}

/// A setting with the table that it stands in.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The table; empty for what stands above all tables.
    pub table: &'static str,
    /// The setting.
    pub setting: &'static Setting,
}

impl Entry {
    /// The whole key, with a dot.
    pub fn key(&self) -> String {
        [self.table, self.setting.name].into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join(".")
    }
}

impl Settings {
    /// Resolves the settings.
    pub fn resolve(file: Option<&Path>, flags: &Overrides) -> Result<Self, SettingsError> {
        let (path, is_named) = (file.unwrap_or(Path::new(DEFAULT_FILE)), file.is_some());
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound && !is_named => String::new(),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(SettingsError::NoFile { path: path.to_owned() });
            }
            Err(error) => return Err(SettingsError::BadFile { path: path.to_owned(), message: error.to_string() }),
        };
        let unflagged = Figment::from(Serialized::defaults(Self::default()))
            .merge(Env::raw().only(&[OTLP_VARIABLE]).map(|_| "telemetry.endpoint".into()))
            .merge(Toml::string(&text))
            .merge(Env::prefixed(ENVIRONMENT_PREFIX).split("__"));
        let merge = |figment: Figment, (key, value): &(String, Value)| figment.merge(Serialized::default(key, value));
        let figment = flags.0.iter().fold(unflagged, merge);
        figment.extract::<Self>().map_err(|error| SettingsError::new(&error, path))?.checked()
    }

    /// The settings as a file that gives them again.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        let text = toml::to_string_pretty(self)?;
        let values = toml::Value::try_from(self)?;
        let is_set = |key: &str| key.split('.').try_fold(&values, |value, name| value.get(name)).is_some();
        let keys = Self::all().into_iter().map(|entry| entry.key());
        let unset = keys.filter(|key| !is_set(key)).map(|key| format!("# not set: {key}\n"));
        Ok(unset.chain([text]).collect())
    }

    fn checked(mut self) -> Result<Self, SettingsError> {
        // An empty variable is as good as none, says OpenTelemetry.
        self.telemetry.endpoint = self.telemetry.endpoint.filter(|endpoint| !endpoint.is_empty());
        for (entry, number) in self.all_numbers() {
            let (Some(number), Some(range)) = (number, entry.setting.range) else { continue };
            if !(range.least..=range.most).contains(&number) {
                return Err(SettingsError::out_of_range(entry, number));
            }
        }
        self.filter.check()?;
        self.export.check()?;
        for share in self.reason.shares() {
            share.endpoint.check("reason")?;
        }
        self.score.endpoint().check("score")?;
        self.judge.endpoint().check("judge")?;
        Ok(self)
    }
}
