//! Parquet files, written whole or not at all; the same rows give the same bytes.

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow_json::ReaderBuilder;
use arrow_json::reader::Decoder;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use serde::Serialize;

use super::{StoreError, jsonl};

/// Rows that are turned into columns at once.
const BATCH: usize = 256;

/// The most rows of a row group, and the most bytes: a reader that streams holds one row group in memory.
const ROW_GROUP_ROWS: usize = 10_000;
const ROW_GROUP_BYTES: usize = 64 << 20;

/// Writes rows whose JSON text has the shape of the schema; zstd, no times, nothing of this machine.
pub fn write<T: Serialize>(
    path: &Path,
    schema: &SchemaRef,
    rows: impl IntoIterator<Item = T>,
) -> Result<(), StoreError> {
    let properties = WriterProperties::builder()
        .set_created_by(concat!("rocq-distill ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
        .build();
    let mut rows = rows.into_iter().peekable();
    jsonl::write_with(path, |file| {
        let mut decoder = decoder(schema).map_err(other)?;
        let mut writer = ArrowWriter::try_new(file, Arc::clone(schema), Some(properties)).map_err(unwritten)?;
        while rows.peek().is_some() {
            let batch: Vec<T> = rows.by_ref().take(BATCH).collect();
            decoder.serialize(&batch).map_err(other)?;
            if let Some(batch) = decoder.flush().map_err(other)? {
                writer.write(&batch).map_err(unwritten)?;
            }
        }
        writer.close().map(drop).map_err(unwritten)
    })
}

/// A row that lacks a column of the schema, or has another, is an error.
fn decoder(schema: &SchemaRef) -> Result<Decoder, ArrowError> {
    ReaderBuilder::new(Arc::clone(schema)).with_batch_size(BATCH).with_strict_mode(true).build_decoder()
}

fn other(error: ArrowError) -> std::io::Error {
    std::io::Error::other(error)
}

/// A full disk stays a full disk.
fn unwritten(error: ParquetError) -> std::io::Error {
    match error {
        ParquetError::External(source) => match source.downcast::<std::io::Error>() {
            Ok(error) => *error,
            Err(source) => std::io::Error::other(source),
        },
        error => std::io::Error::other(error),
    }
}
