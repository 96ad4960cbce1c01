//! The version of the format: what another version of the program wrote is refused by its number, whatever else differs.

use std::path::Path;

use serde::Deserialize;

use super::StoreError;
use crate::record::FORMAT_VERSION;

/// Refuses another format than that of this program.
pub(super) fn check(found: u32, path: &Path) -> Result<(), StoreError> {
    if found == FORMAT_VERSION {
        return Ok(());
    }
    Err(StoreError::OtherFormat { path: path.to_owned(), found, expected: FORMAT_VERSION })
}

/// What to say of JSON text that cannot be read: that it is of another format, if it says so itself.
pub(super) fn blame(text: &str, path: &Path, error: StoreError) -> StoreError {
    #[derive(Deserialize)]
    struct Version {
        format_version: u32,
    }
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Version>();
    let other = values.find_map(|value| check(value.ok()?.format_version, path).err());
    other.unwrap_or(error)
}
