//! A session with `coqidetop`: a document that grows sentence by sentence, and questions about it.

use std::ffi::OsString;
use std::time::Duration;

use super::installation::Installation;
use super::library::SourceFile;
use super::process::{Bounds, Process};
use super::wire::{Answer, BadAnswer, Call, END, Element, Place, Refusal, StateId, Status};
use super::{Fault, RocqError};
use crate::record::ProofState;

/// What a call gives: what was asked for, or Rocq's refusal; the session lives on after either, but not after a fault.
pub type Outcome<T> = Result<Result<T, Refusal>, Fault>;

/// How long Rocq may take, how much it may use and say.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// For one sentence.
    pub sentence: Duration,
    /// For one question.
    pub query: Duration,
    /// For all of one file.
    pub file: Duration,
    /// For each prover.
    pub bounds: Bounds,
}

/// How long it may take to start.
const START_LIMIT: Duration = Duration::from_mins(1);

/// A session about one source file.
#[derive(Debug)]
pub struct Idetop {
    process: Process,
    tip: StateId,
    limits: Limits,
}

impl Idetop {
    /// Starts a session in which the file has the name and the surroundings that it was compiled with.
    pub async fn start(rocq: &Installation, file: &SourceFile, limits: Limits) -> Result<Self, RocqError> {
        let process = Process::start(&rocq.program, &arguments(file), limits.bounds)?;
        // Nothing is older than the first state; the first answer tells which it is.
        let handshake = |fault| RocqError::Handshake { program: rocq.program.clone(), fault };
        let mut process = process;
        let answers = process.exchange(&[Call::Init.encode()], END, START_LIMIT).await.map_err(handshake)?;
        let tip = decode(&answers[0])
            .and_then(|answer| match answer.value {
                Ok(value) => value.state_id().map_err(garbled),
                Err(refusal) => Err(Fault::Garbled { message: refusal.message }),
            })
            .map_err(handshake)?;
        Ok(Self { process, tip, limits })
    }

    /// Ends the session.
    pub async fn close(self) {
        self.process.close().await;
    }

    /// The state that the next sentence follows.
    pub fn tip(&self) -> StateId {
        self.tip
    }

    /// Executes a sentence and gives the proof state after it: nothing where no proof is open.
    pub async fn run(&mut self, text: &str, place: Place) -> Outcome<Option<ProofState>> {
        self.execute(text, place, self.limits.sentence, Call::Goal, Element::proof_state).await
    }

    /// Executes a sentence and says which sections, modules and proofs are open after it.
    pub async fn run_for_status(&mut self, text: &str, place: Place) -> Outcome<Status> {
        self.run_for_status_within(text, place, self.limits.sentence).await
    }

    /// Executes a sentence that may take longer than the others.
    pub async fn run_for_status_within(&mut self, text: &str, place: Place, limit: Duration) -> Outcome<Status> {
        self.execute(text, place, limit, Call::Status, Element::status).await
    }

    /// The proof state at the tip: nothing where no proof is open.
    pub async fn proof_state(&mut self) -> Outcome<Option<ProofState>> {
        let [answer] = self.exchange([Call::Goal], self.limits.query).await?;
        read(answer, Element::proof_state)
    }

    /// Asks questions at the tip; each gives all that Rocq printed, or its refusal.
    pub async fn ask(&mut self, questions: &[String]) -> Result<Vec<Result<String, Refusal>>, Fault> {
        self.ask_at(self.tip, questions).await
    }

    /// Asks questions at a state that is behind the tip or is the tip.
    pub async fn ask_at(&mut self, at: StateId, questions: &[String]) -> Result<Vec<Result<String, Refusal>>, Fault> {
        let calls: Vec<_> = questions.iter().map(|text| Call::Query { text, at }.encode()).collect();
        let answers = self.process.exchange(&calls, END, self.limits.query).await?;
        answers
            .iter()
            .map(|bytes| self.decode(bytes).map(|answer| answer.value.map(|_| answer.notices.join("\n"))))
            .collect()
    }

    /// Goes back to an earlier state.
    pub async fn go_back(&mut self, state: StateId) -> Result<(), Fault> {
        let [answer] = self.exchange([Call::EditAt(state)], self.limits.query).await?;
        answer.value.map_err(|refusal| Fault::Garbled { message: refusal.message })?;
        self.tip = state;
        Ok(())
    }

    /// Adds a sentence and executes it by a second call, which need not wait for the answer to the first.
    async fn execute<T>(
        &mut self,
        text: &str,
        place: Place,
        limit: Duration,
        call: Call<'_>,
        reader: impl Fn(&Element) -> Result<T, BadAnswer>,
    ) -> Outcome<T> {
        let before = self.tip;
        let [added, executed] = self.exchange([Call::Add { text, tip: before, place }, call], limit).await?;
        let value = match added.value {
            Ok(value) => value,
            // It could not be parsed, so there is nothing to take back.
            Err(refusal) => return Ok(Err(refusal)),
        };
        self.tip = value.state_id().map_err(garbled)?;
        let outcome = read(executed, reader)?;
        if outcome.is_err() {
            self.go_back(before).await?;
        }
        Ok(outcome)
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

fn read<T>(answer: Answer, reader: impl Fn(&Element) -> Result<T, BadAnswer>) -> Outcome<T> {
    match answer.value {
        Ok(value) => reader(&value).map(Ok).map_err(garbled),
        Err(refusal) => Ok(Err(refusal)),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is used as a function in map_err")]
fn garbled(error: BadAnswer) -> Fault {
    Fault::Garbled { message: error.to_string() }
}
