//! A session with `coqidetop`: a document that grows sentence by sentence, and questions about it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::installation::Installation;
use super::library::SourceFile;
use super::limits::Limits;
use super::process::Process;
use super::prover::ProverSession;
use super::source_text::SourcePlace;
use super::wire::{Answer, BadAnswer, Call, END, Element, StateId, Status};
use super::{Fault, Refusal, RocqError, Setback, vernac};
use crate::record::{ProofState, ProverReason, excerpt};

/// How long it may take to start.
const START_LIMIT: Duration = Duration::from_mins(1);

/// What is executed behind a sentence that starts the debugger.
const NO_DEBUGGER: &str = "Unset Ltac Debug.";

/// What starts sessions with `coqidetop`.
#[derive(Debug, Clone)]
pub struct IdetopEngine {
    /// The program, by an absolute path.
    pub program: PathBuf,
    /// What is executed before a file.
    pub preparation: &'static [&'static str],
}

impl IdetopEngine {
    /// The `coqidetop` of an installation, which executes nothing before a file.
    pub fn of(rocq: &Installation) -> Self {
        Self { program: rocq.program.clone(), preparation: &[] }
    }
}

/// A session about one source file.
#[derive(Debug)]
pub struct Idetop {
    process: Process,
    tip: StateId,
    limits: Limits,
    /// The proof that is open at the tip, where the last sentence was executed for the status.
    proof: Option<String>,
    /// How many goals there are in the background at the tip, where the proof state was read last.
    n_background: Option<usize>,
}

impl ProverSession for Idetop {
    type Engine = IdetopEngine;
    type State = StateId;

    async fn start(engine: &IdetopEngine, file: &SourceFile, limits: Limits) -> Result<Self, RocqError> {
        let mut process = Process::start(&engine.program, &arguments(file), limits.bounds)?;
        // Nothing is older than the first state; the first answer tells which it is.
        let handshake = |fault| RocqError::Handshake { program: engine.program.clone(), fault };
        let answers = process.exchange(&[Call::Init.encode()], END, START_LIMIT).await.map_err(handshake)?;
        let tip = decode(&answers[0])
            .and_then(|answer| match answer.value {
                Ok(value) => value.state_id().map_err(garbled),
                Err(refusal) => Err(Fault::Garbled { message: refusal.message }),
            })
            .map_err(handshake)?;
        let mut session = Self { process, tip, limits, proof: None, n_background: None };
        for sentence in engine.preparation {
            session.run_for_status(sentence, SourcePlace::START).await.map_err(|setback| RocqError::Unprepared {
                sentence: (*sentence).to_owned(),
                message: setback.to_string(),
            })?;
        }
        Ok(session)
    }

    fn tip(&self) -> StateId {
        self.tip
    }

    async fn go_to(&mut self, state: StateId) -> Result<(), Setback> {
        let [answer] = self.exchange([Call::EditAt(state)], self.limits.query).await?;
        answer.value.map_err(|refusal| Fault::Garbled { message: refusal.message })?;
        (self.tip, self.n_background) = (state, None);
        Ok(())
    }

    async fn run(&mut self, sentence: &str, place: SourcePlace) -> Result<Option<ProofState>, Setback> {
        let n_background = self.n_background;
        let outcome = self.execute(sentence, place, self.limits.sentence, Call::Goal, Element::proof_state).await;
        let state = match outcome {
            Err(Setback::Refused(refusal)) if refusal.message.contains("Anomaly") => {
                Some(self.run_in_doubt(sentence, place, n_background, refusal).await?)
            }
            outcome => outcome?,
        };
        self.n_background = state.as_ref().map(|state| state.background.len());
        Ok(state)
    }

    async fn pass(&mut self, sentence: &str, place: SourcePlace, limit: Duration) -> Result<bool, Setback> {
        self.n_background = None;
        self.proof = self.execute(sentence, place, limit, Call::Status, Element::status).await?.proof;
        Ok(self.proof.is_some())
    }

    async fn proof_state(&mut self) -> Result<Option<ProofState>, Setback> {
        let [answer] = self.exchange([Call::Goal], self.limits.query).await?;
        let state = read(answer, Element::proof_state)?;
        self.n_background = state.as_ref().map(|state| state.background.len());
        Ok(state)
    }

    async fn proof_name(&mut self) -> Result<String, Setback> {
        Ok(self.proof.clone().unwrap_or_default())
    }

    async fn ask_at(&mut self, at: StateId, questions: &[String]) -> Result<Vec<Result<String, Refusal>>, Setback> {
        let calls: Vec<_> = questions.iter().map(|text| Call::Query { text, at }.encode()).collect();
        let answers = self.process.exchange(&calls, END, self.limits.query).await?;
        answers
            .iter()
            .map(|bytes| Ok(self.decode(bytes)?).map(|answer| answer.value.map(|_| answer.notices.join("\n"))))
            .collect()
    }

    async fn close(self) {
        self.process.close().await;
    }
}

impl Idetop {
    /// Executes a sentence and says which sections, modules and proofs are open after it.
    pub async fn run_for_status(&mut self, sentence: &str, place: SourcePlace) -> Result<Status, Setback> {
        self.execute(sentence, place, self.limits.sentence, Call::Status, Element::status).await
    }

    /// Asks questions at the tip; each gives all that Rocq printed, or its refusal.
    pub async fn ask(&mut self, questions: &[String]) -> Result<Vec<Result<String, Refusal>>, Setback> {
        self.ask_at(self.tip, questions).await
    }

    /// Executes a sentence whose proof state `coqidetop` could not tell, which says nothing about the sentence itself.
    ///
    /// That happens where the focused proof has solved a goal in the background. If that is the only one there, none is
    /// left, and the others can be told; else nobody can say which ones are.
    async fn run_in_doubt(
        &mut self,
        sentence: &str,
        place: SourcePlace,
        n_background: Option<usize>,
        refusal: Refusal,
    ) -> Result<ProofState, Setback> {
        self.run_for_status(sentence, place).await?;
        let [answer] = self.exchange([Call::ForegroundGoals], self.limits.query).await?;
        match read(answer, Element::proof_state) {
            Ok(Some(state)) if n_background.is_some_and(|number| number <= 1) => Ok(state),
            Err(setback @ (Setback::Lost(_) | Setback::Unusable(_))) => Err(setback),
            _ => {
                let query = format!("the goals behind `{}`", excerpt(sentence));
                Err(Setback::Rejected(ProverReason::Unanswered { query, message: refusal.message }.into()))
            }
        }
    }

    /// Adds a sentence and executes it by a second call, which need not wait for the answer to the first.
    async fn execute<T>(
        &mut self,
        text: &str,
        place: SourcePlace,
        limit: Duration,
        call: Call<'_>,
        reader: impl Fn(&Element) -> Result<T, BadAnswer>,
    ) -> Result<T, Setback> {
        let before = self.tip;
        let [added, executed] = self.exchange([Call::Add { text, tip: before, place }, call], limit).await?;
        // What cannot be parsed need not be taken back.
        self.tip = added.value?.state_id().map_err(garbled)?;
        let outcome = read(executed, reader);
        if let Err(Setback::Refused(_)) = outcome {
            self.go_to(before).await?;
        } else if vernac::starts_debugger(text) {
            // It would wait for somebody at a debugger with the next tactic.
            let [added, status] =
                self.exchange([Call::Add { text: NO_DEBUGGER, tip: self.tip, place }, Call::Status], limit).await?;
            self.tip = added.value?.state_id().map_err(garbled)?;
            read(status, Element::status)?;
        }
        outcome
    }

    async fn exchange<const N: usize>(&mut self, calls: [Call<'_>; N], limit: Duration) -> Result<[Answer; N], Fault> {
        let requests = calls.map(Call::encode);
        let answers = self.process.exchange(&requests, END, limit).await?;
        let answers = answers.iter().map(|bytes| self.decode(bytes)).collect::<Result<Vec<_>, _>>()?;
        answers.try_into().map_err(|_| Fault::Garbled { message: "an answer is missing".to_owned() })
    }

    /// An answer, unless it says that the prover has come to its own limits: that says nothing about the sentence.
    fn decode(&self, bytes: &[u8]) -> Result<Answer, Fault> {
        let answer = decode(bytes)?;
        match answer.value.as_ref().map_err(|refusal| refusal.message.trim()) {
            Err("Out of memory.") => Err(Fault::OutOfMemory { limit: self.limits.bounds.memory }),
            Err(message @ "Stack overflow.") => Err(Fault::Died { message: message.to_owned() }),
            _ => Ok(answer),
        }
    }
}

/// How a file is opened: under its own logical path, with printed text neither cut nor laid out.
fn arguments(file: &SourceFile) -> Vec<OsString> {
    let mut arguments: Vec<OsString> =
        ["--xml_format=Ppcmds", "-q", "-main-channel", "stdfds", "-async-proofs", "off"].map(Into::into).into();
    arguments.extend(file.load_path.arguments().into_iter().map(Into::into));
    arguments.extend(["-topfile".into(), file.path.clone().into()]);
    arguments
}

fn decode(bytes: &[u8]) -> Result<Answer, Fault> {
    Answer::decode(bytes).map_err(garbled)
}

fn read<T>(answer: Answer, reader: impl Fn(&Element) -> Result<T, BadAnswer>) -> Result<T, Setback> {
    Ok(reader(&answer.value?).map_err(garbled)?)
}

#[expect(clippy::needless_pass_by_value, reason = "it is used as a function in map_err")]
fn garbled(error: BadAnswer) -> Fault {
    Fault::Garbled { message: error.to_string() }
}
