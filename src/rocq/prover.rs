//! What every prover can do that has a source file open: go from state to state, and answer questions.

use std::fmt::Debug;
use std::time::Duration;

use super::library::SourceFile;
use super::limits::Limits;
use super::source_text::SourcePlace;
use super::{Refusal, RocqError, Setback};
use crate::record::ProofState;

/// A session with a prover about one source file.
///
/// It stands at a state, the *tip*, which the next sentence follows. A refusal leaves the tip where it is; after a
/// [fault](super::Fault) the session is of no use any more.
#[expect(async_fn_in_trait, reason = "used with known types only, so no bound on the futures is missed")]
pub trait ProverSession: Sized {
    /// What starts such sessions.
    type Engine;

    /// A state that the session has come to; good for as long as the session lasts.
    type State: Copy + PartialEq + Debug;

    /// Starts a session in which the file has the name and the surroundings that it was compiled with.
    async fn start(engine: &Self::Engine, file: &SourceFile, limits: Limits) -> Result<Self, RocqError>;

    /// The state that the next sentence follows; after the start, the one before the first sentence of the file.
    fn tip(&self) -> Self::State;

    /// Makes an earlier state the tip. States that were come to from there later may be lost.
    async fn go_to(&mut self, state: Self::State) -> Result<(), Setback>;

    /// Executes a sentence and gives the proof state after it: nothing where no proof is open.
    async fn run(&mut self, sentence: &str, place: SourcePlace) -> Result<Option<ProofState>, Setback>;

    /// Executes a sentence and says whether a proof is open after it.
    async fn pass(&mut self, sentence: &str, place: SourcePlace, limit: Duration) -> Result<bool, Setback>;

    /// Executes any number of sentences at once, which is cheaper; a prover that takes them one by one refuses.
    async fn pass_all(&mut self, _text: &str, _limit: Duration) -> Result<(), Setback> {
        Err(Refusal { message: "one sentence at a time".to_owned() }.into())
    }

    /// The proof state at the tip: nothing where no proof is open.
    async fn proof_state(&mut self) -> Result<Option<ProofState>, Setback>;

    /// The name of the proof that is open at the tip.
    async fn proof_name(&mut self) -> Result<String, Setback>;

    /// Asks questions at a state, each of which prints one text; gives the texts, or Rocq's refusals.
    async fn ask_at(
        &mut self,
        state: Self::State,
        questions: &[String],
    ) -> Result<Vec<Result<String, Refusal>>, Setback>;

    /// Whether the proof state at the tip is the expected one after all, printed in another way.
    ///
    /// Only for provers that print otherwise than `coqidetop`, which prints what records hold.
    async fn is_shown_as(&mut self, _found: &ProofState, _expected: &ProofState) -> Result<bool, Setback> {
        Ok(false)
    }

    /// Whether it has come so near to its limit of memory that it should be replaced.
    fn is_full(&self) -> bool {
        false
    }

    /// Ends the session.
    async fn close(self);
}
