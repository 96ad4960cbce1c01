//! The parts of a file that no prover gets through, and how to get past them.
//!
//! A proof is left out: its statement is executed and then `Admitted.`, so that what follows can use it; whoever asks for
//! axioms is told so. Nothing else of a file is ever left out but what changes nothing.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::super::source_text::{SentenceIndex, SourceText};
use super::super::{Fault, RocqError, Setback, vernac};
use crate::record::{FullName, LogicalPath, ProverReason, Reason, TheoremKind, excerpt};

/// How many times as long as usual a sentence may take when it is executed again and nothing is asked.
pub const PATIENCE: u32 = 3;

/// How many provers may die of the same proof before it is left out, and how many may die while they start.
pub const MAX_DEATHS: u32 = 2;

/// What is left out of a file.
#[derive(Debug)]
pub struct LeftOut<'a> {
    library: &'a LogicalPath,
    source: SourceText<'a>,
    /// How many provers have been lost at a sentence.
    deaths: BTreeMap<SentenceIndex, u32>,
    /// By the first sentence of each part.
    parts: BTreeMap<SentenceIndex, Part>,
}

/// A proof that is open.
#[derive(Debug, Clone)]
pub struct OpenProof {
    /// The sentence that opens it.
    pub statement: SentenceIndex,
    /// What it proves.
    pub name: String,
}

/// A part of the file that no prover gets through.
#[derive(Debug, Clone)]
pub struct Part {
    /// The first sentence behind it.
    pub end: SentenceIndex,
    /// The theorem that is admitted, if it is one.
    pub name: Option<String>,
}

impl<'a> LeftOut<'a> {
    /// Nothing is left out of the file that is this library.
    pub fn new(library: &'a LogicalPath, source: SourceText<'a>) -> Self {
        Self { library, source, deaths: BTreeMap::new(), parts: BTreeMap::new() }
    }

    /// The part that begins with a sentence, if one does.
    pub fn at(&self, index: SentenceIndex) -> Option<&Part> {
        self.parts.get(&index)
    }

    /// Which of some full names are those of theorems before a sentence whose proofs are left out.
    ///
    /// Which modules such a theorem lies in is not known, so that a namesake in the same file is taken for it.
    pub fn theorems_among<'n>(&self, before: SentenceIndex, names: impl IntoIterator<Item = &'n str>) -> Vec<FullName> {
        let is_left_out = |name: &&str| {
            let inner = name.strip_prefix(self.library.as_str()).and_then(|inner| inner.strip_prefix('.'));
            let last = inner.and_then(|inner| inner.rsplit('.').next());
            last.is_some() && self.parts.range(..before).any(|(_, part)| part.name.as_deref() == last)
        };
        names.into_iter().filter(is_left_out).map(FullName::new).collect()
    }

    /// Whether a proof is left out.
    pub fn has_theorem(&self) -> bool {
        self.parts.values().any(|part| part.name.is_some())
    }

    /// What is to be executed of the sentences from one on and before another.
    pub fn text(&self, from: SentenceIndex, to: SentenceIndex) -> Cow<'a, str> {
        let mut parts = self.parts.range(from..to).peekable();
        if parts.peek().is_none() {
            return self.source.between(from, to).into();
        }
        let mut text = String::new();
        let mut done = from;
        for (&statement, Part { end, name }) in parts {
            text.push_str(self.source.between(done, statement));
            if name.is_some() {
                text.push_str(self.source.text_of(statement));
                text.push_str(" Admitted. ");
            }
            done = *end;
        }
        text.push_str(self.source.between(done, to));
        text.into()
    }

    /// Settles what to do about a setback at a sentence, in a proof that may be open there: another try, or leaving a
    /// part out, for both of which a fresh prover is needed. Else gives the reason why there is no way past it.
    pub fn around(
        &mut self,
        index: SentenceIndex,
        open: Option<&OpenProof>,
        setback: Setback,
    ) -> Result<Option<Reason>, Setback> {
        let text = self.source.text_of(index);
        let sentence = excerpt(text);
        let reason = match setback {
            Setback::Lost(fault) => {
                let deaths = self.deaths.entry(index).or_default();
                *deaths += 1;
                if matches!(fault, Fault::Died { .. }) && *deaths < MAX_DEATHS {
                    return Ok(None);
                }
                fault.reason(&sentence)
            }
            // A file that does not compile ends here, unless it is we who made it so.
            Setback::Refused(refusal) if !self.has_theorem() => return Ok(Some(refusal.into_reason(&sentence))),
            Setback::Refused(refusal) => {
                Reason::Prover(ProverReason::RefusedAfterLeftOut { sentence, message: refusal.message })
            }
            Setback::Rejected(_) | Setback::Unusable(_) => return Err(setback),
        };
        match open {
            Some(OpenProof { statement, name }) if self.at(*statement).is_none() => {
                self.leave_out(*statement, name);
                Ok(None)
            }
            None if vernac::changes_nothing(text) => {
                self.parts.insert(index, Part { end: index.next(), name: None });
                Ok(None)
            }
            _ => match reason {
                Reason::Prover(ProverReason::ProverDied { sentence, message }) if !self.is_behind_a_theorem(index) => {
                    let library = self.library.clone();
                    Err(RocqError::ProverDies { library, sentence, n_deaths: MAX_DEATHS, message }.into())
                }
                reason => Ok(Some(reason)),
            },
        }
    }

    /// Whether a theorem is stated before a sentence: what ends provers earlier in the file says nothing of any proof.
    fn is_behind_a_theorem(&self, index: SentenceIndex) -> bool {
        let kinds = SentenceIndex::FIRST.until(index).map(|before| vernac::theorem_kind(self.source.text_of(before)));
        kinds.flatten().any(|kind| TheoremKind::DEFAULT.contains(&kind))
    }

    /// Leaves out the proof that the sentence `statement` opens.
    fn leave_out(&mut self, statement: SentenceIndex, name: &str) {
        let end = vernac::proof_end(&self.source, statement);
        self.parts.insert(statement, Part { end, name: Some(name.to_owned()) });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;
    use std::time::Duration;

    use super::super::super::Refusal;
    use super::*;

    const TEXT: &str =
        "(* one *) Lemma a : A. Proof. hard. Qed. Check a.\nLemma b : B.\nProof. by []. Qed. (* end *)\n";

    fn nothing_left_out() -> LeftOut<'static> {
        static LIBRARY: LazyLock<LogicalPath> = LazyLock::new(|| LogicalPath::new("L"));
        LeftOut::new(&LIBRARY, SourceText::new(TEXT))
    }

    fn at(index: usize) -> SentenceIndex {
        SentenceIndex::new(index)
    }

    fn open(statement: usize, name: &str) -> OpenProof {
        OpenProof { statement: at(statement), name: name.to_owned() }
    }

    fn late() -> Setback {
        Fault::TimedOut { limit: Duration::from_secs(1) }.into()
    }

    #[test]
    fn where_nothing_is_left_out_the_text_is_the_files_own() {
        assert_eq!(nothing_left_out().text(at(0), at(9)), &TEXT[10..]);
        assert_eq!(nothing_left_out().text(at(1), at(3)), "Proof. hard. ");
    }

    #[test]
    fn a_proof_that_is_left_out_is_admitted_and_a_question_goes_without_a_word() {
        let mut left_out = nothing_left_out();
        left_out.leave_out(at(0), "a");
        assert_eq!(left_out.around(at(4), None, late()).unwrap(), None);
        assert_eq!(left_out.text(at(0), at(9)), "Lemma a : A. Admitted. Lemma b : B.\nProof. by []. Qed. (* end *)\n");
        assert_eq!(left_out.text(at(5), at(6)), "Lemma b : B.\n");
        let names = ["L.M.a", "L.c", "K.a", "a"];
        assert_eq!(left_out.theorems_among(at(5), names), [FullName::new("L.M.a")]);
        assert_eq!(left_out.theorems_among(at(0), names), []);
    }

    #[test]
    fn a_prover_that_dies_gets_a_second_try_and_one_that_is_late_gets_none() {
        let died = || Fault::Died { message: String::new() }.into();
        let mut left_out = nothing_left_out();
        assert_eq!(left_out.around(at(2), Some(&open(0, "a")), died()).unwrap(), None);
        assert!(!left_out.has_theorem());
        assert_eq!(left_out.around(at(2), Some(&open(0, "a")), died()).unwrap(), None);
        assert!(left_out.has_theorem());
        let mut left_out = nothing_left_out();
        assert_eq!(left_out.around(at(2), Some(&open(0, "a")), late()).unwrap(), None);
        assert!(left_out.has_theorem());
    }

    #[test]
    fn m114_provers_that_die_before_the_first_theorem_end_the_stage_and_reject_nothing() {
        let died = || Fault::Died { message: "killed".to_owned() }.into();
        let library = LogicalPath::new("L");
        let source = SourceText::new("From L Require a. Definition d := 1. Lemma b : B. Proof. Qed. Require c.");
        for (index, is_the_end) in [(0, true), (1, true), (5, false)] {
            let mut left_out = LeftOut::new(&library, source.clone());
            assert_eq!(left_out.around(at(index), None, died()).unwrap(), None);
            match left_out.around(at(index), None, died()) {
                Err(Setback::Unusable(error)) => assert!(is_the_end, "{error}"),
                way => assert!(!is_the_end && way.unwrap().unwrap().kind() == "prover_died", "{index}"),
            }
        }
    }

    #[test]
    fn a_refusal_ends_the_file_unless_something_was_left_out_before() {
        let refused = || Refusal { message: "no".to_owned() }.into();
        let mut left_out = nothing_left_out();
        let kind = |way: Result<Option<Reason>, Setback>| way.unwrap().unwrap().kind();
        assert_eq!(kind(left_out.around(at(7), Some(&open(5, "b")), refused())), "rocq_error");
        left_out.leave_out(at(0), "a");
        assert_eq!(kind(left_out.around(at(5), None, refused())), "refused_after_left_out");
        assert_eq!(left_out.around(at(7), Some(&open(5, "b")), refused()).unwrap(), None);
        assert_eq!(left_out.text(at(5), at(9)), "Lemma b : B. Admitted. ");
    }
}
