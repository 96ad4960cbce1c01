//! An amount of memory as people write it, `4GiB`.

use std::fmt;
use std::str::FromStr;

use bytesize::ByteSize;
use serde::{Deserialize, Serialize};

/// An amount of memory; a number alone is bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "ByteSize", into = "String")]
pub struct MemorySize(u64);

impl MemorySize {
    /// So many MiB.
    pub const fn from_mib(mib: u64) -> Self {
        Self(mib << 20)
    }

    /// So many KiB.
    pub const fn from_kib(kib: u64) -> Self {
        Self(kib << 10)
    }

    /// So many bytes, as near as whole bytes come.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what is no size becomes the nearest one"
    )]
    pub(super) fn about(bytes: f64) -> Self {
        Self(bytes as u64)
    }

    /// In bytes.
    pub fn bytes(self) -> u64 {
        self.0
    }
}

/// The whole number of the largest unit that gives it exactly, so that what is printed can be read again.
impl fmt::Display for MemorySize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match [(50, "PiB"), (40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")]
            .iter()
            .find(|(shift, _)| self.0 > 0 && self.0.trailing_zeros() >= *shift)
        {
            Some((shift, unit)) => write!(f, "{}{unit}", self.0 >> shift),
            None => write!(f, "{}B", self.0),
        }
    }
}

impl FromStr for MemorySize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse::<ByteSize>().map(Self::from)
    }
}

impl From<ByteSize> for MemorySize {
    fn from(size: ByteSize) -> Self {
        Self(size.as_u64())
    }
}

impl From<MemorySize> for String {
    fn from(size: MemorySize) -> Self {
        size.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read_again() {
        for (text, bytes) in
            [("4GiB", 4 << 30), ("1.5GiB", 3 << 29), ("512 MiB", 512 << 20), ("12345", 12345), ("0", 0)]
        {
            let size: MemorySize = text.parse().unwrap();
            assert_eq!(size.bytes(), bytes, "{text}");
            assert_eq!(size.to_string().parse::<MemorySize>(), Ok(size), "{text}");
        }
        assert_eq!("1.5GiB".parse::<MemorySize>().unwrap().to_string(), "1536MiB");
        assert!("much".parse::<MemorySize>().is_err());
    }
}
