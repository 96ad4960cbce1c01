//! Files of JSON lines, read whole with the line of an error and written whole or not at all.

use std::fs::{self, File};
use std::io::Write;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use super::digest::Digest;
use super::new_file::NewFile;

/// Reads a value a line; `expected` names the value in errors.
pub fn read<T: DeserializeOwned>(path: &Path, expected: &'static str) -> Result<Vec<T>, StoreError> {
    let text = fs::read_to_string(path).map_err(StoreError::io("read", path))?;
    parse(&text, path, expected)
}

/// Reads a value a line from text that came from `path`.
pub fn parse<T: DeserializeOwned>(text: &str, path: &Path, expected: &'static str) -> Result<Vec<T>, StoreError> {
    text.lines()
        .enumerate()
        .map(|(index, line)| {
            serde_json::from_str(line).map_err(|source| StoreError::Malformed {
                path: path.to_owned(),
                line: index + 1,
                expected,
                source,
            })
        })
        .collect()
}

/// Reads the value of the line that stands at some bytes of a file.
pub fn read_at<T: DeserializeOwned>(path: &Path, line: Range<usize>, expected: &'static str) -> Result<T, StoreError> {
    let mut bytes = vec![0; line.len()];
    let file = File::open(path).map_err(StoreError::io("open", path))?;
    file.read_exact_at(&mut bytes, line.start as u64).map_err(StoreError::io("read", path))?;
    serde_json::from_slice(&bytes).map_err(|source| StoreError::Malformed {
        path: path.to_owned(),
        line: source.line(),
        expected,
        source,
    })
}

/// Reads a file that holds one value, if it is there; `expected` names the value in errors.
pub fn read_value<T: DeserializeOwned>(path: &Path, expected: &'static str) -> Result<Option<T>, StoreError> {
    read_text(path)?.map(|text| value(&text, path, expected)).transpose()
}

/// Reads the text of a file, if it is there.
pub fn read_text(path: &Path) -> Result<Option<String>, StoreError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::io("read", path)(error)),
    }
}

/// Reads one value from text that came from `path`.
pub fn value<T: DeserializeOwned>(text: &str, path: &Path, expected: &'static str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|source| StoreError::Malformed {
        path: path.to_owned(),
        line: source.line(),
        expected,
        source,
    })
}

/// The lines of some values.
pub fn to_lines<T: Serialize>(values: &[T], path: &Path) -> Result<Vec<u8>, StoreError> {
    let mut lines = Vec::new();
    for value in values {
        serde_json::to_writer(&mut lines, value)
            .map_err(|source| StoreError::Unwritable { path: path.to_owned(), source })?;
        lines.push(b'\n');
    }
    Ok(lines)
}

/// Writes a value a line, whole or not at all.
pub fn write_lines<T: Serialize>(path: &Path, values: impl IntoIterator<Item = T>) -> Result<(), StoreError> {
    write_with(path, |file| {
        values.into_iter().try_for_each(|value| {
            serde_json::to_writer(&mut *file, &value)?;
            file.write_all(b"\n")
        })
    })
}

/// Writes one JSON array with a value a line, whole or not at all.
pub fn write_array<T: Serialize>(path: &Path, values: impl IntoIterator<Item = T>) -> Result<(), StoreError> {
    write_with(path, |file| {
        let mut separator = "[\n";
        for value in values {
            file.write_all(separator.as_bytes())?;
            serde_json::to_writer(&mut *file, &value)?;
            separator = ",\n";
        }
        file.write_all(if separator == "[\n" { b"[\n]\n" } else { b"\n]\n" })
    })
}

/// Writes one value as indented JSON, whole or not at all.
pub fn write_pretty(path: &Path, value: &impl Serialize) -> Result<Digest, StoreError> {
    let mut bytes =
        serde_json::to_vec_pretty(value).map_err(|source| StoreError::Unwritable { path: path.to_owned(), source })?;
    bytes.push(b'\n');
    write_bytes(path, &bytes)?;
    Ok(Digest::of(&bytes))
}

/// Writes a file whole or not at all: a temporary file beside it, synced, then renamed.
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    write_with(path, |file| file.write_all(bytes))
}

/// Writes a file whole or not at all, piece by piece.
pub fn write_with(path: &Path, write: impl FnOnce(&mut NewFile) -> std::io::Result<()>) -> Result<(), StoreError> {
    let mut file = NewFile::beside(path)?;
    write(&mut file).map_err(StoreError::io("write", path))?;
    file.commit(path)
}

/// Removes a file that may not be there.
pub fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(StoreError::io("remove", path)(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_nests_without_end_is_an_error_and_not_the_end_of_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hostile.jsonl");
        fs::write(&path, "[".repeat(1_000_000)).unwrap();
        let error = read::<serde_json::Value>(&path, "record").unwrap_err();
        assert!(matches!(error, StoreError::Malformed { line: 1, .. }), "{error}");
    }

    #[test]
    fn a_number_is_read_back_to_the_last_bit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logprobs.jsonl");
        let logprobs = [-0.000_000_119_209_282_445_354_53, 1.0 / 3.0, 9_007_199_254_740_993.5, f64::MIN_POSITIVE];
        write_lines(&path, logprobs).unwrap();
        assert_eq!(read::<f64>(&path, "logprob").unwrap(), logprobs);
    }
}
