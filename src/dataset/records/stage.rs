//! What the stages after extraction found.

use serde::Serialize;

use crate::dataset::column::Column;
use crate::record::{RecordId, Selection, TokenCounts, Verification, VerificationStatus};

#[derive(Debug, Serialize)]
pub(super) struct VerificationColumns<'a> {
    engine: &'a str,
    engine_version: &'a str,
    rocq_version: &'a str,
    status: &'static str,
}

impl<'a> VerificationColumns<'a> {
    pub(super) fn new(verification: &'a Verification) -> Self {
        Self {
            engine: &verification.engine,
            engine_version: &verification.engine_version,
            rocq_version: &verification.rocq_version,
            status: match verification.status {
                VerificationStatus::Verified => "verified",
            },
        }
    }
}

pub(super) fn verification_columns() -> Vec<Column> {
    ["engine", "engine_version", "rocq_version", "status"].map(|name| Column::text(name, "")).into()
}

#[derive(Debug, Serialize)]
pub(super) struct TokensColumns<'a> {
    tokenizer: &'a str,
    tokenizer_sha256: &'a str,
    proof_term: usize,
    proof_script: usize,
}

impl<'a> TokensColumns<'a> {
    pub(super) fn new(tokens: &'a TokenCounts) -> Self {
        Self {
            tokenizer: &tokens.tokenizer,
            tokenizer_sha256: &tokens.tokenizer_sha256,
            proof_term: tokens.proof_term,
            proof_script: tokens.proof_script,
        }
    }
}

pub(super) fn token_columns() -> Vec<Column> {
    vec![
        Column::text("tokenizer", ""),
        Column::text("tokenizer_sha256", ""),
        Column::integer("proof_term", ""),
        Column::integer("proof_script", ""),
    ]
}

#[derive(Debug, Serialize)]
pub(super) struct SelectionColumns<'a> {
    rank: usize,
    nearest_id: Option<&'a str>,
    similarity: f64,
}

impl<'a> SelectionColumns<'a> {
    pub(super) fn new(selection: &'a Selection) -> Self {
        Self {
            rank: selection.rank,
            nearest_id: selection.nearest_id.as_ref().map(RecordId::as_str),
            similarity: selection.similarity,
        }
    }
}

pub(super) fn selection_columns() -> Vec<Column> {
    vec![Column::integer("rank", ""), Column::text("nearest_id", "").optional(), Column::number("similarity", "")]
}
