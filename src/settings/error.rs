//! What can be wrong with the settings.

use std::env;
use std::io;
use std::path::{Path, PathBuf};

use figment::error::Kind;

use crate::exit_code::ExitCode;
use crate::hint::{self, Hint};

use super::flags::lower;
use super::{ENVIRONMENT_PREFIX, Entry, OTLP_VARIABLE, Settings};

/// What can be wrong with the settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file that was named is not there.
    #[error("there is no settings file `{path}`", path = path.display())]
    NoFile {
        /// The file.
        path: PathBuf,
    },
    /// The file that an example was to be written to is there.
    #[error("there is a file `{path}` already", path = path.display())]
    FileExists {
        /// The file.
        path: PathBuf,
    },
    /// The file that an example was to be written to cannot be written.
    #[error("cannot write `{path}`", path = path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The file is not TOML or cannot be read.
    #[error("cannot read the settings file `{path}`: {message}", path = path.display())]
    BadFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        message: String,
    },
    /// A key that means nothing.
    #[error("unknown setting `{key}` in {place}")]
    UnknownKey {
        /// The whole key, with dots.
        key: String,
        /// Where it was found.
        place: String,
        /// The key that was probably meant.
        nearest: Option<String>,
    },
    /// A value of the wrong kind.
    #[error("setting `{key}` in {place}: {message}")]
    BadValue {
        /// The whole key, with dots.
        key: String,
        /// Where it was found.
        place: String,
        /// What is wrong with it.
        message: String,
    },
    /// A number outside of its range.
    #[error("setting `{key}` is {value}, which is not in its range, {range}")]
    OutOfRange {
        /// The whole key.
        key: String,
        /// What it says.
        value: String,
        /// From where to where.
        range: String,
    },
    /// Shares that leave nothing to train on.
    #[error("`export.validation` and `export.test` are {held_out} together: nothing is left to train on")]
    NothingToTrainOn {
        /// Their sum.
        held_out: f64,
    },
    /// A setting that another one needs.
    #[error("setting `{key}` is missing, which `{because}` needs")]
    Missing {
        /// The whole key.
        key: String,
        /// The whole key of the setting that needs it.
        because: String,
    },
    /// A field of a request that the program itself fills in.
    #[error("setting `{key}` must not have `{field}`, which the stage fills in itself")]
    FixedField {
        /// The whole key of the table.
        key: String,
        /// The field.
        field: String,
    },
    /// A range that nothing lies in.
    #[error("setting `{min_key}` is {min}, more than `{max_key}`, which is {max}: no record would be kept")]
    EmptyRange {
        /// The whole key of the lower limit.
        min_key: &'static str,
        /// The lower limit.
        min: usize,
        /// The whole key of the upper limit.
        max_key: &'static str,
        /// The upper limit.
        max: usize,
    },
}

impl SettingsError {
    /// Keeps the first problem, in our own words: figment's name its profiles, which are no concept of ours.
    pub(super) fn new(error: &figment::Error, file: &Path) -> Self {
        let mut path = error.path.clone();
        match &error.kind {
            Kind::UnknownField(field, siblings) => {
                if path.last() != Some(field) {
                    path.push(field.clone());
                }
                Self::UnknownKey { key: path.join("."), place: place(&path, file), nearest: nearest(&path, siblings) }
            }
            kind if path.is_empty() => {
                Self::BadFile { path: file.to_owned(), message: kind.to_string().trim_end().to_owned() }
            }
            kind => Self::BadValue { key: path.join("."), place: place(&path, file), message: message(kind) },
        }
    }

    /// A number outside of the range that its setting declares.
    pub(super) fn out_of_range(entry: Entry, number: f64) -> Self {
        let Entry { setting, .. } = entry;
        let value = (setting.with_unit)(number);
        Self::OutOfRange { key: entry.key(), value, range: setting.range_text().unwrap_or_default() }
    }
}

impl Hint for SettingsError {
    fn hint(&self) -> String {
        match self {
            Self::NoFile { .. } => "`rocq-distill run --show-settings` prints one with the default settings".to_owned(),
            Self::UnknownKey { nearest: Some(nearest), .. } => format!("did you mean `{nearest}`?"),
            Self::UnknownKey { nearest: None, .. } => {
                "`rocq-distill run --show-settings` lists every setting, once this one is taken out".to_owned()
            }
            Self::FileExists { .. } => "name another file, or move that one away: it is never written over".to_owned(),
            Self::Unwritable { source, .. } => hint::of_io(source.kind()).to_owned(),
            Self::BadFile { .. } => "mend it there, or name another file with `--config`".to_owned(),
            Self::BadValue { key, .. } | Self::OutOfRange { key, .. } => described(key),
            Self::NothingToTrainOn { .. } => "lower one of them: what neither holds out is trained on".to_owned(),
            Self::Missing { key, .. } => format!("{}: set it, or take out the other", described(key)),
            Self::FixedField { field, .. } => format!("take `{field}` out of it"),
            Self::EmptyRange { min_key, max_key, .. } => format!("lower `{min_key}` or raise `{max_key}`"),
        }
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Unwritable { .. } => ExitCode::Failure,
            _ => ExitCode::Usage,
        }
    }
}

/// What a setting is, by its key, of which the last parts may lead into its value.
fn described(key: &str) -> String {
    let of_key =
        |entry: &Entry| key.strip_prefix(&entry.key()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    match Settings::all().into_iter().find(of_key) {
        Some(entry) => {
            let default = entry.setting.default_text().map(|text| format!(" (default: {text})")).unwrap_or_default();
            format!("`{}` is: {}{default}", entry.key(), lower(&entry.setting.summary()))
        }
        None => "`rocq-distill run --show-settings` lists every setting".to_owned(),
    }
}

/// Where a key was set: clap checks the flags, so it is the environment or else the file.
fn place(path: &[String], file: &Path) -> String {
    let wanted = path.join("__");
    let starts_with = |long: &str, short: &str| {
        long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with("__"))
    };
    let is_it = |name: &str| {
        let name = name.to_lowercase();
        name.strip_prefix(&ENVIRONMENT_PREFIX.to_lowercase())
            .is_some_and(|key| starts_with(key, &wanted) || starts_with(&wanted, key))
    };
    let variable = env::vars_os().filter_map(|(name, _)| name.into_string().ok()).find(|name| is_it(name));
    match variable {
        Some(name) => format!("the environment variable `{name}`"),
        None if file.is_file() => format!("`{}`", file.display()),
        // All that is left.
        None => format!("the environment variable `{OTLP_VARIABLE}`"),
    }
}

/// The right key that is most like a wrong one: a key of the same table, or the same name in another table.
fn nearest(path: &[String], siblings: &[&str]) -> Option<String> {
    let (field, table) = path.split_last()?;
    let whole = |name: &str| [table, &[name.to_owned()]].concat().join(".");
    siblings
        .iter()
        .map(|sibling| (strsim::jaro_winkler(field, sibling), *sibling))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, sibling)| whole(sibling))
        .or_else(|| Settings::all().iter().map(Entry::key).find(|key| key.rsplit('.').next() == Some(field)))
}

/// What is wrong with a value, in words of a settings file and not of our types.
fn message(kind: &Kind) -> String {
    match kind {
        // Every table has its defaults, so a key can lack only where something else stands for the table.
        Kind::MissingField(_) => "expected a table".to_owned(),
        Kind::InvalidType(found, expected) | Kind::InvalidValue(found, expected) => {
            let expected = match expected.as_str() {
                "usize" | "u64" | "u32" => "a whole number from 0",
                "path string" => "a string",
                "a sequence" => "a list in square brackets",
                expected if expected.starts_with("struct ") => "a table",
                expected => expected,
            };
            format!("found {found}, expected {expected}")
        }
        Kind::UnknownVariant(found, known) => format!("found `{found}`, expected one of {}", known.join(", ")),
        kind => kind.to_string(),
    }
}
