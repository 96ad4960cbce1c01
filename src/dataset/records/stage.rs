//! What the stages after extraction found.

use crate::dataset::column::row;
use crate::record::{RecordId, Selection, TokenCounts, Verification, VerificationStatus};

row! {
    pub(super) struct VerificationCell<'a>(verification: &'a Verification) {
        engine: &'a str = &verification.engine;
        engine_version: &'a str = &verification.engine_version;
        rocq_version: &'a str = &verification.rocq_version;
        status: &'static str = match verification.status {
            VerificationStatus::Verified => "verified",
        };
    }
}

row! {
    pub(super) struct TokensCell<'a>(tokens: &'a TokenCounts) {
        tokenizer: &'a str = &tokens.tokenizer;
        tokenizer_sha256: &'a str = &tokens.tokenizer_sha256;
        proof_term: usize = tokens.proof_term;
        proof_script: usize = tokens.proof_script;
    }
}

row! {
    pub(super) struct SelectionCell<'a>(selection: &'a Selection) {
        rank: usize = selection.rank;
        nearest_id: Option<&'a str> = selection.nearest_id.as_ref().map(RecordId::as_str);
        similarity: f64 = selection.similarity;
    }
}
