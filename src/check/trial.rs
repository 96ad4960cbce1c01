//! Tries the scripts of one theorem, each from the state behind its statement.

use std::time::{Duration, Instant};

use super::prefix_tree::{NodeId, PrefixTree};
use super::script::{End, Line, Script};
use super::{CheckOptions, Checked};
use crate::record::{Axiom, ProofState, ProofVerdict, ProverReason, Reason, Record, excerpt};
use crate::rocq::answers::{self, About};
use crate::rocq::axioms::full_names::Assumed;
use crate::rocq::file_walk::FileWalk;
use crate::rocq::prover::ProverSession;
use crate::rocq::source_text::TheoremSpan;
use crate::rocq::{Fault, Refusal, Setback, vernac};

/// How much longer than Rocq is told to take a prover may take before it is ended.
const GRACE: Duration = Duration::from_secs(5);

/// What Rocq says of a sentence that has taken longer than it was told to.
const TIMED_OUT: &str = "Timeout!";

/// The number of the original among the scripts.
const ORIGINAL: usize = 0;

/// The scripts of one theorem, the original among them.
pub(super) struct Trial<'t, 'w, 's, P: ProverSession> {
    walk: &'t mut FileWalk<'w, P>,
    record: &'t Record,
    span: TheoremSpan,
    options: &'t CheckOptions,
    ends: Vec<End<'s>>,
    tree: PrefixTree<'s>,
    /// Behind the statement, then behind each line of the script that is tried.
    path: Vec<Stop<P::State>>,
    /// The goal selector that Rocq takes where a tactic has none.
    selector: String,
    /// What was found out about each script.
    checked: Vec<Option<Checked>>,
    /// What the original's constant is, once that is known.
    original: Option<Constant>,
    /// Proofs that use other section variables than the original.
    doubts: Vec<Doubt>,
}

/// A state between two lines.
struct Stop<S> {
    /// What was executed last.
    text: String,
    /// Nothing once the prover was lost.
    state: Option<S>,
    /// How long all lines up to here took.
    took: Duration,
    /// What is left to prove, where it was asked for.
    left: Option<ProofState>,
}

/// A constant that a script has defined.
#[derive(Debug, Clone)]
struct Constant {
    ty: String,
    axioms: Vec<Axiom>,
    /// The section variables that its body names, in the order of the context.
    variables: Vec<String>,
    term_length: Option<usize>,
}

/// A proof that may say something else outside its section than the original does.
struct Doubt {
    script: usize,
    /// The section variables that the original does not use.
    variables: Vec<String>,
    /// The type outside the sections that are open, if it could be told.
    ty: Option<String>,
}

impl<'t, 'w, 's, P: ProverSession> Trial<'t, 'w, 's, P> {
    pub(super) fn new(
        walk: &'t mut FileWalk<'w, P>,
        record: &'t Record,
        options: &'t CheckOptions,
        scripts: Vec<Script<'s>>,
    ) -> Self {
        Self {
            span: walk.source().span(&record.source),
            walk,
            record,
            options,
            tree: PrefixTree::of(&scripts),
            checked: vec![None; scripts.len()],
            ends: scripts.into_iter().map(|script| script.end).collect(),
            path: Vec::new(),
            selector: String::new(),
            original: None,
            doubts: Vec::new(),
        }
    }

    /// What was found out about each script but the original.
    pub(super) fn into_checked(self) -> Vec<Checked> {
        self.checked.into_iter().skip(ORIGINAL + 1).flatten().collect()
    }

    /// Tries all scripts; a setback is one of the theorem and not of a script.
    pub(super) async fn run(&mut self) -> Result<(), Setback> {
        self.walk.source().check_holds(self.record)?;
        let state = match self.open().await {
            // A prover that was killed from outside says nothing about the theorem.
            Err(Setback::Lost(Fault::Died { .. })) => self.open().await?,
            outcome => outcome?,
        };
        self.path.push(Stop { text: String::new(), state: Some(state), took: Duration::ZERO, left: None });
        self.selector = self.default_selector(state).await?;
        self.note_state().await?;
        self.end(PrefixTree::ROOT).await?;
        let mut waiting: Vec<_> = self.children(PrefixTree::ROOT);
        while let Some(id) = waiting.pop() {
            let node = self.tree.node(id);
            let Some(line) = node.line else { continue };
            self.path.truncate(node.depth);
            match self.follow(line).await {
                Ok(()) => {
                    self.end(id).await?;
                    waiting.extend(self.children(id));
                }
                Err(setback) => {
                    let verdict = self.verdict_on(line, setback).await?;
                    for script in self.tree.scripts_through(id) {
                        self.set(script, verdict.clone());
                    }
                }
            }
        }
        self.settle_doubts().await
    }

    /// Goes to the theorem and executes its statement; gives the state behind it.
    async fn open(&mut self) -> Result<P::State, Setback> {
        self.walk.seek(self.span.statement).await?;
        self.pass(&self.record.statement, self.walk.limits().sentence).await?;
        Ok(self.walk.prover()?.tip())
    }

    /// The lines that follow another, the last one first.
    fn children(&self, id: NodeId) -> Vec<NodeId> {
        self.tree.node(id).children.iter().rev().copied().collect()
    }

    async fn default_selector(&mut self, state: P::State) -> Result<String, Setback> {
        let question = "Test Default Goal Selector.".to_owned();
        let answer = self.walk.prover()?.ask_at(state, std::slice::from_ref(&question)).await?.remove(0);
        let answer = answer.unwrap_or_else(|refusal| refusal.message);
        match answer.split('"').nth(1) {
            Some(selector) => Ok(selector.to_owned()),
            None => Err(Reason::Prover(ProverReason::Unreadable { query: question, message: excerpt(&answer) }).into()),
        }
    }

    /// Executes the line that follows the last one of the path, and puts it there.
    async fn follow(&mut self, line: Line<'s>) -> Result<(), Setback> {
        match self.try_to_follow(line).await {
            Err(Setback::Lost(Fault::Died { .. })) => self.try_to_follow(line).await,
            outcome => outcome,
        }
    }

    async fn try_to_follow(&mut self, line: Line<'s>) -> Result<(), Setback> {
        self.take_up().await?;
        let before = self.path.last().map_or(Duration::ZERO, |stop| stop.took);
        let left = self.options.limit.saturating_sub(before).max(Duration::from_secs(1));
        let seconds = left.as_secs_f64().ceil();
        let text = match line {
            Line::AsItIs(text) => text.to_owned(),
            Line::Timed(text) | Line::Closing(text) => format!("Timeout {seconds} {text}"),
            Line::Tactic(text) => format!("Timeout {seconds} {}: {text}", self.selector),
        };
        let started = Instant::now();
        let is_open = self.pass(&text, left + GRACE).await?;
        let took = before + started.elapsed();
        let ends = matches!(line, Line::Closing(_));
        if is_open == ends {
            let message = if ends { "the proof is still open" } else { "the proof has ended" };
            return Err(Refusal { message: message.to_owned() }.into());
        }
        let state = Some(self.walk.prover()?.tip());
        self.path.push(Stop { text, state, took, left: None });
        if !ends {
            self.note_state().await?;
        }
        Ok(())
    }

    /// Asks for the state behind the last line of the path, if details are wanted.
    async fn note_state(&mut self) -> Result<(), Setback> {
        if self.options.is_detailed {
            self.left().await?;
        }
        Ok(())
    }

    /// Makes the state behind the last line of the path the tip, in a fresh prover if it must be.
    async fn take_up(&mut self) -> Result<(), Setback> {
        let Some(last) = self.path.last() else { return Ok(()) };
        if let Some(state) = last.state {
            let prover = self.walk.prover()?;
            if prover.tip() != state {
                let outcome = prover.go_to(state).await;
                self.noticed(outcome)?;
            }
            return Ok(());
        }
        let mut state = self.open().await?;
        for index in 0..self.path.len() {
            if index > 0 {
                let text = self.path[index].text.clone();
                self.pass(&text, self.options.limit + GRACE).await?;
                state = self.walk.prover()?.tip();
            }
            self.path[index].state = Some(state);
        }
        Ok(())
    }

    /// Executes a sentence at the tip and says whether a proof is open behind it.
    async fn pass(&mut self, text: &str, limit: Duration) -> Result<bool, Setback> {
        let place = self.walk.source().place(self.span.statement);
        let outcome = self.walk.prover()?.pass(text, place, limit).await;
        self.noticed(outcome)
    }

    /// Forgets the prover's states if it is lost.
    fn noticed<T>(&mut self, outcome: Result<T, Setback>) -> Result<T, Setback> {
        if let Err(Setback::Lost(_)) = outcome {
            self.walk.lose();
            for stop in &mut self.path {
                stop.state = None;
            }
        }
        outcome
    }

    /// What is left to prove behind the last line of the path.
    async fn left(&mut self) -> Result<ProofState, Setback> {
        if let Some(left) = self.path.last().and_then(|stop| stop.left.clone()) {
            return Ok(left);
        }
        self.take_up().await?;
        let outcome = self.walk.prover()?.proof_state().await;
        let left = self.noticed(outcome)?.unwrap_or_default();
        if let Some(stop) = self.path.last_mut() {
            stop.left = Some(left.clone());
        }
        Ok(left)
    }

    /// What a setback over a line says about the scripts that go through it.
    async fn verdict_on(&mut self, line: Line<'s>, setback: Setback) -> Result<ProofVerdict, Setback> {
        let sentence = excerpt(line.text());
        Ok(match setback {
            Setback::Refused(refusal) if refusal.message.trim() == TIMED_OUT => {
                ProofVerdict::TimedOut { sentence, limit_s: self.options.limit.as_secs() }
            }
            Setback::Refused(Refusal { message }) => {
                // What cannot be shown is not shown: Rocq fails over some states that it goes on from.
                let state = match self.left().await {
                    Err(setback @ Setback::Unusable(_)) => return Err(setback),
                    outcome => outcome.unwrap_or_default(),
                };
                match line {
                    Line::Closing(_) if state != ProofState::default() => ProofVerdict::Incomplete { state },
                    _ => ProofVerdict::Failed { sentence, message, state },
                }
            }
            Setback::Lost(fault) => match fault {
                Fault::TimedOut { .. } => ProofVerdict::TimedOut { sentence, limit_s: self.options.limit.as_secs() },
                Fault::OutOfMemory { limit } => ProofVerdict::OutOfMemory { sentence, limit },
                Fault::Flooded { limit } => ProofVerdict::Flooded { sentence, limit },
                Fault::Died { message } | Fault::Garbled { message } => ProofVerdict::ProverDied { sentence, message },
            },
            Setback::Rejected(reason) => ProofVerdict::Unreachable { reason },
            Setback::Unusable(_) => return Err(setback),
        })
    }

    /// Says what has become of the scripts that end with the last line of the path.
    async fn end(&mut self, id: NodeId) -> Result<(), Setback> {
        let mut constant = None;
        for script in self.tree.node(id).scripts.clone() {
            match self.ends[script] {
                End::Forbidden(sentence) => self.set(script, ProofVerdict::Forbidden { sentence: excerpt(sentence) }),
                End::Open => {
                    let verdict = match self.left().await {
                        Ok(state) => ProofVerdict::Incomplete { state },
                        Err(setback) => self.verdict_on(Line::AsItIs(""), setback).await?,
                    };
                    self.set(script, verdict);
                }
                End::Closed => {
                    if constant.is_none() {
                        constant = match self.constant().await {
                            Ok(found) => Some(found),
                            Err(setback) => {
                                let verdict = self.verdict_on(Line::AsItIs("Print Assumptions"), setback).await?;
                                self.set(script, verdict);
                                continue;
                            }
                        };
                    }
                    if let Some(constant) = &constant {
                        self.judge(script, constant.clone()).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// What is known of the constant that the last line of the path has defined.
    async fn constant(&mut self) -> Result<Constant, Setback> {
        self.take_up().await?;
        let name = self.name();
        let mut questions = vec![format!("About {name}.")];
        if self.options.is_detailed {
            questions.push(format!("Print {name}."));
        }
        let prover = self.walk.prover()?;
        let state = prover.tip();
        let outcome = prover.ask_at(state, &questions).await;
        let texts: Vec<_> =
            self.noticed(outcome)?.into_iter().map(|answer| answer.unwrap_or_else(|refusal| refusal.message)).collect();
        let Some(About::Object { ty, .. }) = answers::about(&texts[0]) else {
            return Err(Reason::Prover(ProverReason::Unreadable {
                query: questions.swap_remove(0),
                message: excerpt(&texts[0]),
            })
            .into());
        };
        let term = texts.get(1).and_then(|text| answers::print(text, &ty));
        let outcome = self.walk.assumed(state, name).await;
        let Assumed { axioms, variables } = self.noticed(outcome)?;
        let context = self.record.section_context.iter().flat_map(|hypothesis| &hypothesis.names);
        let variables = context.filter(|name| variables.contains(name)).cloned().collect();
        Ok(Constant { term_length: term.map(|term| term.len()), ty, axioms, variables })
    }

    /// The name that the theorem goes by behind its proof.
    fn name(&self) -> &'t str {
        self.record.source.full_name.as_str().rsplit('.').next().unwrap_or_default()
    }

    /// Says what has become of a script that has defined a constant.
    async fn judge(&mut self, script: usize, constant: Constant) -> Result<(), Setback> {
        let expected = self.original.as_ref().map_or(&self.record.statement_type, |original| &original.ty);
        if script != ORIGINAL && constant.ty != *expected {
            let expected = expected.clone();
            self.set(script, ProofVerdict::StatementChanged { expected, found: constant.ty });
            return Ok(());
        }
        let is_allowed =
            |axiom: &Axiom| self.record.axioms.contains(axiom) || self.options.allowed_axioms.contains(axiom);
        let axioms: Vec<_> = constant.axioms.iter().filter(|axiom| !is_allowed(axiom)).cloned().collect();
        if !axioms.is_empty() {
            self.set(script, ProofVerdict::UsesAxioms { axioms });
            return Ok(());
        }
        let states = self.path.iter().filter_map(|stop| stop.left.clone()).collect();
        let states = if self.options.is_detailed { states } else { Vec::new() };
        self.set(script, ProofVerdict::Proved { states, term_length: constant.term_length });
        if script == ORIGINAL {
            self.original = Some(constant);
            return Ok(());
        }
        let known = self.original.as_ref().map_or(&[][..], |original| &original.variables);
        let variables: Vec<_> = constant.variables.iter().filter(|name| !known.contains(name)).cloned().collect();
        if !variables.is_empty() {
            let ty = self.type_outside().await?;
            self.doubts.push(Doubt { script, variables, ty });
        }
        Ok(())
    }

    /// The type of the theorem outside the sections that are open behind the last line of the path.
    async fn type_outside(&mut self) -> Result<Option<String>, Setback> {
        let source = self.walk.source();
        let before = &source.as_str()[..source.start(self.span.statement)];
        let outcome = self.end_sections(&vernac::open_sections(before)).await;
        match self.noticed(outcome) {
            Err(setback @ Setback::Unusable(_)) => Err(setback),
            outcome => Ok(outcome.unwrap_or_default()),
        }
    }

    async fn end_sections(&mut self, sections: &[String]) -> Result<Option<String>, Setback> {
        for section in sections {
            self.pass(&format!("End {section}."), self.walk.limits().sentence).await?;
        }
        let question = format!("About {}.", self.name());
        let prover = self.walk.prover()?;
        let answer = prover.ask_at(prover.tip(), &[question]).await?.remove(0)?;
        Ok(answers::about(&answer).and_then(|about| match about {
            About::Object { ty, .. } => Some(ty),
            About::Abbreviation { .. } => None,
        }))
    }

    /// Decides about the proofs that use other section variables: one that some variable's type names anyway changes
    /// nothing.
    async fn settle_doubts(&mut self) -> Result<(), Setback> {
        if self.doubts.is_empty() {
            return Ok(());
        }
        // Here the walk goes on with the file, whose next proof is the original.
        let expected = match self.walk.seek(self.span.next).await {
            Ok(()) => self.type_outside().await?,
            Err(setback @ Setback::Unusable(_)) => return Err(setback),
            Err(_) => None,
        };
        for Doubt { script, variables, ty } in std::mem::take(&mut self.doubts) {
            if ty.is_none() || ty != expected {
                let verdict = ProofVerdict::UsesSectionVariables { variables };
                if let Some(checked) = &mut self.checked[script] {
                    checked.verdict = verdict;
                }
            }
        }
        Ok(())
    }

    /// Writes down what was found out about a script at the end of the path.
    fn set(&mut self, script: usize, verdict: ProofVerdict) {
        let took = self.path.last().map_or(Duration::ZERO, |stop| stop.took);
        self.checked[script] = Some(Checked { verdict, took });
    }
}
