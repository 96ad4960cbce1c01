//! What is said: one type a request, with its method and its answer, as `petanque/json/protocol.ml` of coq-lsp has them.
//!
//! The types here are those of the wire; [`Goals::into_state`] is the one way from them to what records hold.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::record::{self, Goal, Hypothesis, ProofState};
use crate::rocq::answers;

/// A request; its fields are the parameters.
///
/// The server takes no parameter that it does not know.
pub trait Request: Serialize {
    /// The method's name.
    const METHOD: &'static str;
    /// What the server answers.
    type Response: DeserializeOwned;
}

/// A state, by the number that the server gave it; good for as long as the server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StateId(u64);

/// A file, as `file://` and its absolute path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Uri(String);

impl Uri {
    /// The address of a file by its absolute path.
    pub fn of_path(path: &std::path::Path) -> Self {
        use std::fmt::Write as _;
        use std::os::unix::ffi::OsStrExt as _;
        let mut uri = "file://".to_owned();
        for &byte in path.as_os_str().as_bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => uri.push(byte.into()),
                _ => {
                    // Writing into memory cannot fail.
                    let _ = write!(uri, "%{byte:02X}");
                }
            }
        }
        Self(uri)
    }
}

/// A place in a file: line and UTF-16 code unit, both from zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Position {
    line: u32,
    character: u32,
}

impl From<record::Position> for Position {
    fn from(record::Position { line, character }: record::Position) -> Self {
        Self { line, character }
    }
}

/// How a sentence is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Options {
    memo: bool,
    hash: bool,
}

impl Options {
    /// Nothing is remembered for the next time: what ran out of time once would fail for ever, and memory would fill.
    pub const FORGETFUL: Self = Self { memo: false, hash: false };
}

/// Says where the project lies: its `_CoqProject` tells what each folder is called.
#[derive(Debug, Clone, Serialize)]
pub struct SetWorkspace {
    /// Whether the server talks more.
    pub debug: bool,
    /// The folder.
    pub root: Uri,
}

impl Request for SetWorkspace {
    const METHOD: &'static str = "petanque/setWorkspace";
    type Response = ();
}

/// The state before the first sentence of a file; the server checks the whole file first.
#[derive(Debug, Clone, Serialize)]
pub struct GetRootState {
    /// The file.
    pub uri: Uri,
    /// How.
    pub opts: Options,
}

impl Request for GetRootState {
    const METHOD: &'static str = "petanque/get_root_state";
    type Response = RunResult;
}

/// The state after the sentence at a place of a file; the server checks the whole file first.
#[derive(Debug, Clone, Serialize)]
pub struct GetStateAtPos {
    /// The file.
    pub uri: Uri,
    /// The place, which must be one of a sentence and not of the white space between two.
    pub position: Position,
    /// How.
    pub opts: Options,
}

impl Request for GetStateAtPos {
    const METHOD: &'static str = "petanque/get_state_at_pos";
    type Response = RunResult;
}

/// Runs sentences after a state; the state itself stays as it is.
#[derive(Debug, Clone, Serialize)]
pub struct Run<'a> {
    /// The state.
    pub st: StateId,
    /// The sentences; any number, with comments.
    pub tac: &'a str,
    /// How.
    pub opts: Options,
}

impl Request for Run<'_> {
    const METHOD: &'static str = "petanque/run";
    type Response = RunResult;
}

/// The goals of a state: nothing where no proof is open.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct GetGoals {
    /// The state.
    pub st: StateId,
}

impl Request for GetGoals {
    const METHOD: &'static str = "petanque/goals";
    type Response = Option<Goals>;
}

/// What came of running something.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RunResult {
    /// The new state.
    pub st: StateId,
    /// Whether nothing is left to prove. Also true where no proof is open, so it proves nothing.
    pub proof_finished: bool,
    /// What Rocq said, each with its level.
    pub feedback: Vec<(u8, String)>,
}

impl RunResult {
    /// The level of what `Print`, `About` and the like print.
    const NOTICE: u8 = 3;

    /// What was printed because it was asked for.
    pub fn notices(&self) -> impl Iterator<Item = &str> {
        self.feedback.iter().filter(|(level, _)| *level == Self::NOTICE).map(|(_, text)| text.as_str())
    }
}

/// What is left to prove.
#[derive(Debug, Clone, Deserialize)]
pub struct Goals {
    #[serde(rename = "goals")]
    focused: Vec<WireGoal>,
    /// Around each focus, innermost first, the goals before it and those after it.
    stack: Vec<(Vec<WireGoal>, Vec<WireGoal>)>,
    shelf: Vec<WireGoal>,
    given_up: Vec<WireGoal>,
}

#[derive(Debug, Clone, Deserialize)]
struct WireGoal {
    info: Info,
    hyps: Vec<WireHypothesis>,
    ty: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Info {
    name: Option<Name>,
}

/// A name; coq-lsp writes it as `["Id", name]`.
#[derive(Debug, Clone, Deserialize)]
struct Name(#[expect(dead_code, reason = "it is always `Id`")] String, String);

#[derive(Debug, Clone, Deserialize)]
struct WireHypothesis {
    names: Vec<String>,
    def: Option<String>,
    ty: String,
}

impl Goals {
    /// The state as records hold it, each text on one line.
    pub fn into_state(self) -> ProofState {
        let goals = |goals: Vec<WireGoal>| goals.into_iter().map(WireGoal::into_goal).collect::<Vec<_>>();
        ProofState {
            goals: goals(self.focused),
            shelved: goals(self.shelf),
            given_up: goals(self.given_up),
            background: goals(self.stack.into_iter().flat_map(|(before, after)| [before, after].concat()).collect()),
        }
    }
}

impl WireGoal {
    fn into_goal(self) -> Goal {
        let line = |text: &str| answers::one_line(text).into_owned();
        let hypothesis = |WireHypothesis { names, def, ty }| Hypothesis {
            names,
            body: def.map(|body: String| line(&body)),
            ty: line(&ty),
        };
        Goal {
            name: self.info.name.map(|Name(_, name)| name),
            hypotheses: self.hyps.into_iter().map(hypothesis).collect(),
            conclusion: line(&self.ty),
        }
    }
}
