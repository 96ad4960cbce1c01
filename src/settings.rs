//! Settings: defaults, then the file, then the environment, then the flags; resolved once.

mod budget;
mod endpoint;
mod error;
mod example;
mod export;
mod extract;
mod filter;
mod judge;
mod measure;
mod memory_size;
mod reason;
mod rocq;
mod score;
mod select;
mod step_range;
mod telemetry;
mod verify;

pub use budget::BudgetSettings;
pub use endpoint::{EndpointSettings, SCRIPTED};
pub use error::SettingsError;
pub use example::Example;
pub use export::{Compat, ExportSettings, FileFormat, SplitBy, View};
pub use extract::ExtractSettings;
pub use filter::FilterSettings;
pub use judge::{JudgeSettings, RankBy};
pub use measure::MeasureSettings;
pub use memory_size::MemorySize;
pub use reason::ReasonSettings;
pub use rocq::RocqSettings;
pub use score::{ScoreSettings, Wire};
pub use select::SelectSettings;
pub use step_range::StepRange;
pub use telemetry::TelemetrySettings;
pub use verify::VerifySettings;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::{fs, thread};

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};

use crate::store::shard::Shard;

/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "rocq-distill.toml";

/// What the names of environment variables that are settings start with: `ROCQ_DISTILL_FILTER__MAX_NUM_TOKENS`.
pub const ENVIRONMENT_PREFIX: &str = "ROCQ_DISTILL_";

/// The standard variable for what `telemetry.endpoint` says; the file and our own variable win over it.
pub const OTLP_VARIABLE: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// The keys that mean nothing unless they are set.
fn optional_keys() -> Vec<String> {
    let of_endpoints = ["reason", "score", "judge"]
        .iter()
        .flat_map(|stage| endpoint::OPTIONAL_KEYS.iter().map(move |key| format!("{stage}.{key}")));
    let others = [
        "budget.max_cost",
        "budget.max_tokens_total",
        "export.benchmark",
        "extract.only_steps",
        "measure.tokenizer",
        "telemetry.endpoint",
        "verify.pet_server",
        "reason.template",
        "score.tokenizer",
        "score.template",
        "judge.template",
    ];
    let others = others.map(str::to_owned);
    others.into_iter().chain(of_endpoints).collect()
}

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
    /// Seconds that what is at work has to be finished after SIGUSR1.
    pub stop_grace_s: u64,
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
    /// What the models may cost together.
    pub budget: BudgetSettings,
    /// Which model reasons.
    pub reason: ReasonSettings,
    /// Which model scores.
    pub score: ScoreSettings,
    /// Which model judges.
    pub judge: JudgeSettings,
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
            stop_grace_s: 90,
            rocq: RocqSettings::default(),
            extract: ExtractSettings::default(),
            verify: VerifySettings::default(),
            measure: MeasureSettings::default(),
            filter: FilterSettings::default(),
            select: SelectSettings::default(),
            budget: BudgetSettings::default(),
            reason: ReasonSettings::default(),
            score: ScoreSettings::default(),
            judge: JudgeSettings::default(),
            export: ExportSettings::default(),
            telemetry: TelemetrySettings::default(),
        }
    }
}

impl Settings {
    /// Resolves the settings; `flags` has the shape of [`Settings`] with what was not given left out.
    pub fn resolve(file: Option<&Path>, flags: &impl Serialize) -> Result<Self, SettingsError> {
        let (path, is_named) = (file.unwrap_or(Path::new(DEFAULT_FILE)), file.is_some());
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound && !is_named => String::new(),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(SettingsError::NoFile { path: path.to_owned() });
            }
            Err(error) => return Err(SettingsError::BadFile { path: path.to_owned(), message: error.to_string() }),
        };
        let settings: Self = Figment::from(Serialized::defaults(Self::default()))
            .merge(Env::raw().only(&[OTLP_VARIABLE]).map(|_| "telemetry.endpoint".into()))
            .merge(Toml::string(&text))
            .merge(Env::prefixed(ENVIRONMENT_PREFIX).split("__"))
            .merge(Serialized::defaults(flags))
            .extract()
            .map_err(|error| SettingsError::new(&error, path))?;
        settings.checked()
    }

    /// The settings as a file that gives them again.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        let text = toml::to_string_pretty(self)?;
        let values = toml::Value::try_from(self)?;
        let is_set = |key: &str| key.split('.').try_fold(&values, |value, name| value.get(name)).is_some();
        let unset = optional_keys().into_iter().filter(|key| !is_set(key)).map(|key| format!("# not set: {key}\n"));
        Ok(unset.chain([text]).collect())
    }

    fn checked(mut self) -> Result<Self, SettingsError> {
        // An empty variable is as good as none, says OpenTelemetry.
        self.telemetry.endpoint = self.telemetry.endpoint.filter(|endpoint| !endpoint.is_empty());
        if self.jobs == 0 {
            return Err(SettingsError::OutOfRange { key: "jobs".to_owned(), least: 1 });
        }
        self.filter.check()?;
        self.budget.check()?;
        self.export.check()?;
        self.reason.endpoint().check("reason")?;
        self.score.endpoint().check("score")?;
        self.judge.endpoint().check("judge")?;
        Ok(self)
    }
}
