//! Damaged lines of a journal: kept in a file of their own, so that nothing that may have been paid for is ever gone.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use super::index::Reading;
use crate::store::{StoreError, jsonl};

/// What is damaged in a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The journal.
    pub journal: PathBuf,
    /// How many of its lines hold something else than intact entries.
    pub n_lines: usize,
    /// Where these lines are kept as they were found.
    pub aside: PathBuf,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { journal, n_lines, aside } = self;
        write!(
            f,
            "{n_lines} lines of the journal `{}` are damaged and kept in `{}`; what was asked there is asked again",
            journal.display(),
            aside.display()
        )
    }
}

/// Copies the damaged lines of a journal into the file beside it, each once.
pub(super) fn set_aside(journal: &Path, reading: &Reading) -> Result<Option<Damage>, StoreError> {
    if reading.damaged.is_empty() {
        return Ok(None);
    }
    let aside = journal.with_extension("damaged");
    let mut kept = match fs::read(&aside) {
        Ok(kept) => kept,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(StoreError::io("read", &aside)(error)),
    };
    let known: HashSet<_> = kept.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let n_known = kept.len();
    for line in reading.damaged.iter().filter(|line| !known.contains(*line)) {
        kept.extend_from_slice(line);
        kept.push(b'\n');
    }
    if kept.len() > n_known {
        jsonl::write_bytes(&aside, &kept)?;
    }
    Ok(Some(Damage { journal: journal.to_owned(), n_lines: reading.damaged.len(), aside }))
}
