//! What can be wrong with the settings.

use std::path::PathBuf;

use figment::error::Kind;

/// What can be wrong with the settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file that was named is not there.
    #[error("there is no settings file `{path}`", path = path.display())]
    NoFile {
        /// The file.
        path: PathBuf,
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
    /// A number that is too small.
    #[error("setting `{key}` must be at least {least}")]
    OutOfRange {
        /// The whole key.
        key: &'static str,
        /// The least that works.
        least: usize,
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
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownKey { nearest: Some(nearest), .. } => Some(format!("did you mean `{nearest}`?")),
            Self::UnknownKey { nearest: None, .. } => {
                Some("`rocq-distill run --show-settings` lists every setting".to_owned())
            }
            _ => None,
        }
    }
}

impl From<figment::Error> for SettingsError {
    /// Keeps the first problem, in our own words: figment's name its profiles, which are no concept of ours.
    fn from(error: figment::Error) -> Self {
        let place = error.metadata.as_ref().map_or_else(
            || "the settings".to_owned(),
            |metadata| match &metadata.source {
                Some(source) => format!("`{source}`"),
                None => metadata.name.to_string(),
            },
        );
        let mut path = error.path.clone();
        match &error.kind {
            Kind::UnknownField(field, expected) => {
                if path.last().is_none_or(|last| last != field) {
                    path.push(field.clone());
                }
                let prefix = path[..path.len() - 1].join(".");
                let nearest = expected
                    .iter()
                    .map(|known| (strsim::jaro_winkler(field, known), known))
                    .filter(|(likeness, _)| *likeness > 0.75)
                    .max_by(|left, right| left.0.total_cmp(&right.0))
                    .map(
                        |(_, known)| if prefix.is_empty() { (*known).to_owned() } else { format!("{prefix}.{known}") },
                    );
                Self::UnknownKey { key: path.join("."), place, nearest }
            }
            kind => Self::BadValue { key: path.join("."), place, message: kind.to_string() },
        }
    }
}
