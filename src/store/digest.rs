//! SHA-256 digests as lower-case hexadecimal text.

use std::fmt;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::StoreError;

/// A SHA-256 digest, as 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// The digest of some bytes.
    pub fn of(bytes: impl AsRef<[u8]>) -> Self {
        Self::hexadecimal(&Sha256::digest(bytes.as_ref()))
    }

    /// The digest of a file, however large.
    pub fn of_file(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(Self::hexadecimal(&hasher.finalize())),
                n_read => hasher.update(&buffer[..n_read]),
            }
        }
    }

    /// The digest of the JSON text of a value that is JSON already.
    pub fn of_value(value: &serde_json::Value) -> Self {
        Self::of(value.to_string())
    }

    /// The digest of a value's JSON text.
    ///
    /// Values are structs and sorted maps, whose text is the same each time.
    pub fn of_json(value: &impl Serialize) -> Result<Self, StoreError> {
        serde_json::to_vec(value).map(Self::of).map_err(StoreError::NoJson)
    }

    fn hexadecimal(bytes: &[u8]) -> Self {
        let mut hex = String::with_capacity(64);
        for byte in bytes {
            let _ = write!(hex, "{byte:02x}");
        }
        Self(hex)
    }

    /// The hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_nothing_is_the_published_one() {
        assert_eq!(Digest::of("").as_str(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    #[test]
    fn a_value_that_is_no_json_has_no_digest_and_above_all_not_that_of_nothing() {
        let value = std::collections::BTreeMap::from([([1, 2], 3)]);
        assert!(matches!(Digest::of_json(&value), Err(StoreError::NoJson(_))));
    }

    #[test]
    fn the_digest_of_a_file_is_that_of_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large");
        let bytes = vec![7; 200_000];
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(Digest::of_file(&path).unwrap(), Digest::of(bytes));
    }
}
