//! Parquet files, written row by row and in parts of a size; the same rows give the same bytes.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow_json::ReaderBuilder;
use arrow_json::reader::Decoder;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::StoreError;
use super::new_file::NewFile;

/// Rows that are turned into columns at once.
const BATCH: usize = 256;

/// The most rows of a row group, and the most bytes: a reader that streams holds one row group in memory.
const ROW_GROUP_ROWS: usize = 10_000;
const ROW_GROUP_BYTES: usize = 64 << 20;

/// A table that is being written: JSON lines of its schema's shape go in, one or several Parquet files come out.
pub struct ParquetTable {
    /// Where the files are to lie.
    path: PathBuf,
    schema: SchemaRef,
    decoder: Decoder,
    /// The bytes from which a new file is begun.
    max_file_bytes: usize,
    writer: Option<ArrowWriter<NewFile>>,
    written: Vec<NewFile>,
}

impl ParquetTable {
    /// A table without rows; `path` says by its folder where it is written.
    pub fn new(path: &Path, schema: &SchemaRef, max_file_bytes: u64) -> Result<Self, StoreError> {
        // A row that lacks a column of the schema, or has another, is an error.
        let reader = ReaderBuilder::new(Arc::clone(schema)).with_batch_size(BATCH).with_strict_mode(true);
        Ok(Self {
            path: path.to_owned(),
            schema: Arc::clone(schema),
            decoder: reader.build_decoder().map_err(|error| StoreError::io("write", path)(other(error)))?,
            max_file_bytes: usize::try_from(max_file_bytes).unwrap_or(usize::MAX),
            writer: None,
            written: Vec::new(),
        })
    }

    /// Adds some rows.
    pub fn push(&mut self, mut lines: &[u8]) -> Result<(), StoreError> {
        while !lines.is_empty() {
            let n_read = self.decoder.decode(lines).map_err(|error| self.failure(other(error)))?;
            lines = &lines[n_read..];
            // It stops in front of a row that would be too many.
            if !lines.is_empty() {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// The files in order, each to be given its name; there is at least one.
    pub fn finish(mut self) -> Result<Vec<NewFile>, StoreError> {
        self.flush()?;
        if self.writer.is_some() || self.written.is_empty() {
            let writer = self.take_writer()?;
            self.close(writer)?;
        }
        Ok(self.written)
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        if let Some(batch) = self.decoder.flush().map_err(|error| self.failure(other(error)))? {
            self.write(&batch)?;
        }
        Ok(())
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<(), StoreError> {
        let mut writer = self.take_writer()?;
        writer.write(batch).map_err(|error| self.failure(unwritten(error)))?;
        if writer.bytes_written() + writer.in_progress_size() < self.max_file_bytes {
            self.writer = Some(writer);
            return Ok(());
        }
        self.close(writer)
    }

    /// The writer of the file at hand, or of a new one: zstd, no times, nothing of this machine.
    fn take_writer(&mut self) -> Result<ArrowWriter<NewFile>, StoreError> {
        if let Some(writer) = self.writer.take() {
            return Ok(writer);
        }
        let properties = WriterProperties::builder()
            .set_created_by(concat!("rocq-distill ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
            .build();
        let file = NewFile::beside(&self.path)?;
        ArrowWriter::try_new(file, Arc::clone(&self.schema), Some(properties))
            .map_err(|error| self.failure(unwritten(error)))
    }

    fn close(&mut self, writer: ArrowWriter<NewFile>) -> Result<(), StoreError> {
        let file = writer.into_inner().map_err(|error| self.failure(unwritten(error)))?;
        self.written.push(file);
        Ok(())
    }

    fn failure(&self, error: io::Error) -> StoreError {
        StoreError::io("write", &self.path)(error)
    }
}

fn other(error: ArrowError) -> io::Error {
    io::Error::other(error)
}

/// A full disk stays a full disk.
fn unwritten(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(source) => io::Error::other(source),
        },
        error => io::Error::other(error),
    }
}
