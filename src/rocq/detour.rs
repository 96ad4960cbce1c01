//! The parts of a file that no prover gets through, and how to get past them.
//!
//! A proof is left out: its statement is executed and then `Admitted.`, so that what follows can use it; whoever asks for
//! axioms is told so. Nothing else of a file is ever left out but what changes nothing.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::Fault;
use super::sentence::Sentence;
use super::vernac;
use crate::record::{FullName, LogicalPath, Reason, excerpt};

/// How many times as long as usual a sentence may take when it is executed again and nothing is asked.
pub const PATIENCE: u32 = 3;

/// How many provers may die of the same proof before it is left out, and how many may die while they start.
pub const MAX_DEATHS: u32 = 2;

/// What is left out of a file.
#[derive(Debug)]
pub struct Detours<'a> {
    library: &'a LogicalPath,
    text: &'a str,
    sentences: Arc<[Sentence]>,
    /// How many provers have been lost at a sentence.
    deaths: BTreeMap<usize, u32>,
    /// By the first sentence of each part.
    left_out: BTreeMap<usize, LeftOut>,
}

/// A proof that is open.
#[derive(Debug, Clone)]
pub struct Open {
    /// The sentence that opens it.
    pub statement: usize,
    /// What it proves.
    pub name: String,
}

/// A part of the file that no prover gets through.
#[derive(Debug, Clone)]
pub struct LeftOut {
    /// The first sentence behind it.
    pub end: usize,
    /// The theorem that is admitted, if it is one.
    pub name: Option<String>,
}

/// What keeps a prover from going on.
#[derive(Debug)]
pub enum Obstacle {
    /// Rocq refuses the next sentence.
    Refused(String),
    /// The prover is lost.
    Lost(Fault),
}

impl From<Fault> for Obstacle {
    fn from(fault: Fault) -> Self {
        Self::Lost(fault)
    }
}

impl<'a> Detours<'a> {
    /// Nothing is left out of the file that is this library.
    pub fn new(library: &'a LogicalPath, text: &'a str, sentences: Arc<[Sentence]>) -> Self {
        Self { library, text, sentences, deaths: BTreeMap::new(), left_out: BTreeMap::new() }
    }

    /// Leaves out the proof that the sentence `statement` opens.
    pub fn leave_out(&mut self, statement: usize, name: &str) {
        let end = vernac::proof_end(self.text, &self.sentences, statement);
        self.left_out.insert(statement, LeftOut { end, name: Some(name.to_owned()) });
    }

    /// The part that begins with a sentence, if one does.
    pub fn at(&self, index: usize) -> Option<&LeftOut> {
        self.left_out.get(&index)
    }

    /// Which of some full names are those of theorems before a sentence whose proofs were left out.
    ///
    /// Which modules such a theorem lies in is not known, so that a namesake in the same file is taken for it.
    pub fn left_out_of<'n>(&self, before: usize, names: impl IntoIterator<Item = &'n str>) -> Vec<FullName> {
        let is_left_out = |name: &&str| {
            let inner = name.strip_prefix(self.library.as_str()).and_then(|inner| inner.strip_prefix('.'));
            let last = inner.and_then(|inner| inner.rsplit('.').next());
            last.is_some() && self.left_out.range(..before).any(|(_, left_out)| left_out.name.as_deref() == last)
        };
        names.into_iter().filter(is_left_out).map(FullName::new).collect()
    }

    /// Whether a proof was left out.
    pub fn has_left_out(&self) -> bool {
        self.left_out.values().any(|left_out| left_out.name.is_some())
    }

    /// What is to be executed of the sentences from one on and before another.
    pub fn text(&self, from: usize, to: usize) -> Cow<'a, str> {
        let (start, end) = (self.start(from), self.start(to));
        let mut parts = self.left_out.range(from..to).peekable();
        if parts.peek().is_none() {
            return self.text[start..end].into();
        }
        let mut text = String::with_capacity(end - start);
        let mut done = start;
        for (&statement, LeftOut { end, name }) in parts {
            text.push_str(&self.text[done..self.start(statement)]);
            if name.is_some() {
                text.push_str(&self.text[self.sentences[statement].range.clone()]);
                text.push_str(" Admitted. ");
            }
            done = self.start(*end);
        }
        text.push_str(&self.text[done..end.max(done)]);
        text.into()
    }

    /// Settles what to do about what stands in the way at a sentence, in a proof that may be open there: another try, or
    /// leaving a part out, for both of which a fresh prover is needed. Else, why not.
    pub fn around(&mut self, index: usize, open: Option<&Open>, obstacle: Obstacle) -> Result<(), Reason> {
        let text = &self.text[self.sentences[index].range.clone()];
        let sentence = excerpt(text);
        let reason = match obstacle {
            Obstacle::Lost(fault) => {
                let deaths = self.deaths.entry(index).or_default();
                *deaths += 1;
                if matches!(fault, Fault::Died { .. }) && *deaths < MAX_DEATHS {
                    return Ok(());
                }
                fault.reason(&sentence)
            }
            // A file that does not compile ends here, unless it is we who made it so.
            Obstacle::Refused(message) if !self.has_left_out() => return Err(Reason::RocqError { sentence, message }),
            Obstacle::Refused(message) => Reason::RefusedAfterLeftOut { sentence, message },
        };
        match open {
            Some(Open { statement, name }) if self.at(*statement).is_none() => {
                self.leave_out(*statement, name);
                Ok(())
            }
            None if vernac::changes_nothing(text) => {
                self.left_out.insert(index, LeftOut { end: index + 1, name: None });
                Ok(())
            }
            _ => Err(reason),
        }
    }

    /// Where a sentence starts, or the text ends.
    fn start(&self, index: usize) -> usize {
        self.sentences.get(index).map_or(self.text.len(), |sentence| sentence.range.start)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::super::sentence;
    use super::*;

    const TEXT: &str =
        "(* one *) Lemma a : A. Proof. hard. Qed. Check a.\nLemma b : B.\nProof. by []. Qed. (* end *)\n";

    fn detours() -> Detours<'static> {
        static LIBRARY: LazyLock<LogicalPath> = LazyLock::new(|| LogicalPath::new("L"));
        Detours::new(&LIBRARY, TEXT, sentence::split(TEXT).into())
    }

    #[test]
    fn where_nothing_is_left_out_the_text_is_the_files_own() {
        assert_eq!(detours().text(0, 9), &TEXT[10..]);
        assert_eq!(detours().text(1, 3), "Proof. hard. ");
    }

    #[test]
    fn a_proof_that_is_left_out_is_admitted_and_a_question_goes_without_a_word() {
        let mut detours = detours();
        detours.leave_out(0, "a");
        let question = Obstacle::Lost(Fault::TimedOut { limit: std::time::Duration::from_secs(1) });
        detours.around(4, None, question).unwrap();
        assert_eq!(detours.text(0, 9), "Lemma a : A. Admitted. Lemma b : B.\nProof. by []. Qed. (* end *)\n");
        assert_eq!(detours.text(5, 6), "Lemma b : B.\n");
        let names = ["L.M.a", "L.c", "K.a", "a"];
        assert_eq!(detours.left_out_of(5, names), [FullName::new("L.M.a")]);
        assert_eq!(detours.left_out_of(0, names), []);
    }

    #[test]
    fn a_prover_that_dies_gets_a_second_try_and_one_that_is_late_gets_none() {
        let open = Open { statement: 0, name: "a".to_owned() };
        let died = || Obstacle::Lost(Fault::Died { message: String::new() });
        let mut detours = detours();
        detours.around(2, Some(&open), died()).unwrap();
        assert!(!detours.has_left_out());
        detours.around(2, Some(&open), died()).unwrap();
        assert!(detours.has_left_out());
        let mut detours = self::detours();
        let late = Obstacle::Lost(Fault::TimedOut { limit: std::time::Duration::from_secs(1) });
        detours.around(2, Some(&open), late).unwrap();
        assert!(detours.has_left_out());
    }

    #[test]
    fn a_refusal_ends_the_file_unless_something_was_left_out_before() {
        let refused = || Obstacle::Refused("no".to_owned());
        let open = Open { statement: 5, name: "b".to_owned() };
        let mut detours = detours();
        assert_eq!(detours.around(7, Some(&open), refused()).unwrap_err().kind(), "rocq_error");
        detours.leave_out(0, "a");
        assert_eq!(detours.around(5, None, refused()).unwrap_err().kind(), "refused_after_left_out");
        detours.around(7, Some(&open), refused()).unwrap();
        assert_eq!(detours.text(5, 9), "Lemma b : B. Admitted. ");
    }
}
