//! Tells from a sentence's first words what it is: a statement, the opening or the end of a proof, a command, a tactic.

mod words;

use self::words::{COMMANDS, HARMLESS, QUESTIONS};
use super::sentence::{self, Shape, skip_blank};
use super::source_text::{SentenceIndex, SourceText};
use crate::record::{StepKind, TheoremKind};

/// The part that a sentence plays inside a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `Proof.`, `Proof using …`, `Proof with …`.
    Opening,
    /// A step of the script.
    Step(StepKind),
    /// `Qed.`, `Defined.`, `Save x.`
    Closing,
    /// `Admitted.`
    Admitted,
    /// `Abort.`, `Abort All.`
    Abort,
}

/// The part that a sentence plays inside a proof.
pub fn role(text: &str, shape: Shape) -> Role {
    match shape {
        Shape::Bullet => return Role::Step(StepKind::Bullet),
        Shape::Brace => return Role::Step(StepKind::Brace),
        Shape::Period | Shape::Unfinished => {}
    }
    match head(text) {
        // It is tried, and whatever it does is undone.
        "Proof" | "Qed" | "Defined" | "Save" | "Admitted" | "Abort" if is_undone(text) => Role::Step(StepKind::Command),
        "Proof" => Role::Opening,
        "Qed" | "Defined" | "Save" => Role::Closing,
        "Admitted" => Role::Admitted,
        "Abort" => Role::Abort,
        word if is_command(word) => Role::Step(StepKind::Command),
        _ => Role::Step(StepKind::Tactic),
    }
}

/// The kind of statement that a sentence opens, if it opens one: `Fail` and `Succeed` leave nothing behind.
pub fn theorem_kind(text: &str) -> Option<TheoremKind> {
    if is_undone(text) {
        return None;
    }
    let next = first_word(skip_blank(after_head(text)));
    let word = match head(text) {
        // `Next Obligation.`, `Final Obligation.`, `Obligation 1 of x.`
        "Next" | "Final" => next,
        "Obligation" if next == "Tactic" => return None,
        word => word,
    };
    TheoremKind::ALL.iter().copied().find(|kind| kind.keyword() == word)
}

/// The first sentence behind the proof of a statement, as far as the text alone tells.
pub fn proof_end(source: &SourceText<'_>, statement: SentenceIndex) -> SentenceIndex {
    let mut n_nested = 0_usize;
    for index in statement.next().until(source.end()) {
        let text = source.text_of(index);
        match role(text, source.shape(index)) {
            Role::Closing | Role::Admitted | Role::Abort if n_nested == 0 => return index.next(),
            Role::Closing | Role::Admitted | Role::Abort => n_nested -= 1,
            Role::Opening if n_nested == 0 && is_whole_proof(text) => return index.next(),
            Role::Step(_) if theorem_kind(text).is_some_and(|kind| TheoremKind::DEFAULT.contains(&kind)) => {
                n_nested += 1;
            }
            Role::Opening | Role::Step(_) => {}
        }
    }
    source.end()
}

/// Whether an opening gives the whole proof: `Proof term.`
fn is_whole_proof(opening: &str) -> bool {
    let rest = skip_blank(after_head(opening));
    !rest.starts_with('.') && !["using", "with", "Mode"].contains(&first_word(rest))
}

/// Whether a command outside proofs leaves everything as it is: a question, or a command that must fail.
pub fn changes_nothing(text: &str) -> bool {
    is_undone(text) || QUESTIONS.contains(&head(text))
}

/// The statements that a text which cannot be cut into sentences seems to make: what begins a line or follows a period.
pub fn statements_in(text: &str) -> impl Iterator<Item = (TheoremKind, &str)> {
    let pieces = text.split('\n').flat_map(|line| line.split(". "));
    pieces.filter_map(|piece| Some((theorem_kind(piece)?, stated_name(piece)?)))
}

/// The library's path and the modules and sections that are open at the end of a text, as far as the text alone tells.
pub fn open_at(library: &str, text: &str) -> Vec<String> {
    let mut path = library.split('.').map(str::to_owned).collect();
    for sentence in sentence::split(text) {
        follow_path(&mut path, &text[sentence.range]);
    }
    path
}

/// What a sentence does to the modules that are open.
#[derive(Debug, PartialEq, Eq)]
pub enum ModuleChange<'a> {
    /// It opens a module or a module type.
    Opened {
        /// Its name.
        name: &'a str,
        /// The parameters that it binds, where it is a functor.
        parameters: Vec<String>,
    },
    /// It closes a module or a section.
    Closed {
        /// Its name.
        name: &'a str,
    },
}

/// What a sentence does to the modules that are open, as far as the text alone tells.
pub fn module_change(text: &str) -> Option<ModuleChange<'_>> {
    let mut rest = skip_blank(after_head(text));
    match head(text) {
        "Module" => {
            while ["Type", "Import", "Export"].contains(&first_word(rest)) {
                rest = skip_blank(&rest[first_word(rest).len()..]);
            }
            let name = first_word(rest);
            let (parameters, rest) = module_parameters(skip_blank(&rest[name.len()..]));
            (!name.is_empty() && !is_defined_at_once(rest)).then_some(ModuleChange::Opened { name, parameters })
        }
        "End" => Some(ModuleChange::Closed { name: first_word(rest) }),
        _ => None,
    }
}

/// The sections that are open at the end of a text within the innermost module there, the innermost section first.
pub fn open_sections(text: &str) -> Vec<String> {
    let mut sections: Vec<String> = Vec::new();
    let mut path = Vec::new();
    for sentence in sentence::split(text) {
        let sentence = &text[sentence.range];
        let depth = path.len();
        follow_path(&mut path, sentence);
        sections.truncate(path.len());
        if path.len() > depth {
            // A module has no name here.
            let is_section = head(sentence) == "Section";
            sections.push(path.last().filter(|_| is_section).cloned().unwrap_or_default());
        }
    }
    sections.into_iter().rev().take_while(|name| !name.is_empty()).collect()
}

/// The names that `(X Y : T) (Import Z : U)` binds, and what follows.
fn module_parameters(text: &str) -> (Vec<String>, &str) {
    let mut parameters = Vec::new();
    let mut rest = text;
    while let Some(inner) = rest.strip_prefix('(') {
        let binders = inner.split(':').next().unwrap_or_default();
        parameters.extend(words(binders).filter(|word| !["Import", "Export"].contains(word)).map(str::to_owned));
        let mut depth = 1_usize;
        let end = inner.find(|character| {
            match character {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            depth == 0
        });
        rest = skip_blank(end.map_or("", |end| &inner[end + 1..]));
    }
    (parameters, rest)
}

/// Whether a module's header ends with `:= …`: each `with` of its type takes one `:=` for itself.
fn is_defined_at_once(header: &str) -> bool {
    header.matches(":=").count() > words(header).filter(|word| *word == "with").count()
}

/// Goes into and out of the modules and sections that a sentence opens or closes, as far as the text alone tells.
pub fn follow_path(path: &mut Vec<String>, text: &str) {
    match module_change(text) {
        Some(ModuleChange::Opened { name, .. }) => path.push(name.to_owned()),
        Some(ModuleChange::Closed { name }) => {
            if let Some(at) = path.iter().rposition(|open| open == name) {
                path.truncate(at);
            }
        }
        None if head(text) == "Section" => path.push(first_word(skip_blank(after_head(text))).to_owned()),
        None => {}
    }
}

/// Whether a command may stand inside a proof that is to be believed: it proves nothing and switches no check off.
///
/// Hints, local tactics, more libraries and the like only change how a tactic finds what the kernel then checks; going
/// back leads to a state that was there before.
pub fn is_harmless(text: &str) -> bool {
    let next = || first_word(skip_blank(after_head(text)));
    match head(text) {
        _ if changes_nothing(text) => true,
        "Set" | "Unset" => !text.contains("Checking"),
        "Declare" => ["Scope", "Custom"].contains(&next()),
        "Obligation" => next() == "Tactic",
        word => HARMLESS.contains(&word),
    }
}

/// Whether a command makes tactics wait for somebody at a debugger.
pub fn starts_debugger(text: &str) -> bool {
    ["Set", "Export"].contains(&head(text)) && !is_undone(text) && {
        let words: Vec<_> = words(text).skip_while(|word| *word != "Set").skip(1).collect();
        words == ["Ltac", "Debug"]
    }
}

/// What a sentence does to the way in which Rocq prints types and terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Printing {
    /// Nothing.
    Kept,
    /// Texts that hold a name which it defines may look otherwise.
    ChangedForDefined,
    /// Texts that hold a name which it mentions may look otherwise.
    ChangedForMentioned,
    /// Any text may look otherwise.
    Changed,
}

/// What a sentence does to the way in which Rocq prints types and terms.
///
/// Only commands that surely leave the rest as it is are listed. What begins with a word that is not known is a tactic
/// where a proof is open, unless it has a capital as commands have, and else a plugin's command, which may do anything.
pub fn printing(text: &str, is_in_proof: bool) -> Printing {
    const KEEP: &[&str] = &[
        "Abort",
        "Admitted",
        "Create",
        "Defined",
        "Existing",
        "Hint",
        "Ltac",
        "Obligation",
        "Opaque",
        "Proof",
        "Qed",
        "Save",
        "Section",
        "Strategy",
        "Tactic",
        "Transparent",
        "Typeclasses",
    ];
    const DEFINE: &[&str] = &[
        "Axiom",
        "Canonical",
        "Class",
        "CoInductive",
        "Context",
        "Hypotheses",
        "Hypothesis",
        "Inductive",
        "Parameter",
        "Parameters",
        "Record",
        "Structure",
        "Variable",
        "Variables",
        "Variant",
    ];
    const MENTION: &[&str] = &["Arguments", "Prenex"];
    match head(text) {
        word if QUESTIONS.contains(&word) || KEEP.contains(&word) => Printing::Kept,
        word if !is_command(word) && is_in_proof && !word.starts_with(char::is_uppercase) => Printing::Kept,
        word if MENTION.contains(&word) => Printing::ChangedForMentioned,
        // `where` may bring a notation with it, `:>` a coercion.
        word if (DEFINE.contains(&word) || theorem_kind(text).is_some())
            && !text.contains("where")
            && !text.contains(":>") =>
        {
            Printing::ChangedForDefined
        }
        _ => Printing::Changed,
    }
}

/// Whether a command leaves the variables of the open sections as they are.
///
/// Only what surely does is listed; any other command makes the context be asked for again.
pub fn keeps_context(text: &str) -> bool {
    const KEEPS: &[&str] = &[
        "Arguments",
        "Bind",
        "Canonical",
        "Close",
        "Coercion",
        "Corollary",
        "Definition",
        "Delimit",
        "Export",
        "Fact",
        "Fixpoint",
        "Hint",
        "Implicit",
        "Import",
        "Lemma",
        "Ltac",
        "Notation",
        "Open",
        "Prenex",
        "Proof",
        "Property",
        "Proposition",
        "Qed",
        "Defined",
        "Remark",
        "Reserved",
        "Search",
        "Set",
        "Theorem",
        "Unset",
    ];
    KEEPS.contains(&head(text))
}

/// The first word after attributes, control words and locality: what the sentence is about.
pub fn head(text: &str) -> &str {
    at_head(text).word
}

/// What follows the [head] of a sentence.
fn after_head(text: &str) -> &str {
    at_head(text).after
}

/// Whether a sentence is only tried: `Fail` and `Succeed` leave nothing behind.
fn is_undone(text: &str) -> bool {
    at_head(text).is_undone
}

/// The [head] of a sentence, and what is around it.
struct Head<'a> {
    word: &'a str,
    after: &'a str,
    /// Whether `Fail` or `Succeed` stands before it.
    is_undone: bool,
}

fn at_head(text: &str) -> Head<'_> {
    let mut rest = skip_blank(text);
    let mut is_undone = false;
    loop {
        if let Some(after) = rest.strip_prefix("#[") {
            rest = skip_blank(&after[attributes_end(after)..]);
            continue;
        }
        let word = first_word(rest);
        let after = skip_blank(&rest[word.len()..]);
        is_undone |= ["Fail", "Succeed"].contains(&word);
        rest = match word {
            "Local" | "Global" | "Polymorphic" | "Monomorphic" | "Cumulative" | "NonCumulative" | "Private"
            | "Program" | "Time" | "Instructions" | "Fail" | "Succeed" => after,
            "Timeout" => skip_blank(after.trim_start_matches(|c: char| c.is_ascii_digit())),
            "Redirect" => skip_blank(after.splitn(3, '"').nth(2).unwrap_or_default()),
            _ => return Head { word, after: &rest[word.len()..], is_undone },
        };
    }
}

/// Where the attributes that a text starts with end: behind their bracket, which strings may hold too.
fn attributes_end(text: &str) -> usize {
    let mut depth = 1_usize;
    let mut is_string = false;
    for (index, character) in text.char_indices() {
        match character {
            '"' => is_string = !is_string,
            '[' if !is_string => depth += 1,
            ']' if !is_string => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return index + 1;
        }
    }
    text.len()
}

/// Whether a sentence begins with attributes or with words such as `Time` or `Fail`, which any command may follow.
pub fn has_control(text: &str) -> bool {
    let text = skip_blank(text);
    !text.starts_with(head(text)) || text.starts_with("#[")
}

/// Whether a sentence is a command by its [head].
pub fn begins_as_command(text: &str) -> bool {
    is_command(head(text))
}

/// The name that a statement gives, by its place in the text: a first guess that Rocq's own answer replaces.
pub fn stated_name(text: &str) -> Option<&str> {
    let name = first_word(skip_blank(after_head(text)));
    (!name.is_empty()).then_some(name)
}

/// The identifiers of a sentence.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '\'')).filter(|word| !word.is_empty())
}

fn first_word(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '\'')).unwrap_or(text.len());
    &text[..end]
}

fn is_command(word: &str) -> bool {
    QUESTIONS.contains(&word) || COMMANDS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_that_breaks_off_in_what_comes_before_its_head_has_none() {
        for text in ["Redirect \"file", "Redirect", "#[local", "Timeout 5", "Time", ""] {
            assert_eq!((head(text), stated_name(text), theorem_kind(text)), ("", None, None), "{text}");
        }
    }

    #[test]
    fn m02_statements_are_known_by_their_first_word() {
        for text in ["Lemma  x : T.", "Lemma\nx : T.", "#[local] Lemma foo{T} : T.", "Time (* c *) Lemma foo@{u} : T."]
        {
            assert_eq!(theorem_kind(text), Some(TheoremKind::Lemma), "{text}");
        }
        assert_eq!(theorem_kind("Time (* \"*)\" *) Lemma x : T."), Some(TheoremKind::Lemma));
        assert_eq!(theorem_kind("Global Program Instance i : C."), Some(TheoremKind::Instance));
        assert_eq!(theorem_kind("#[deprecated(note=\"[a] ]\", x=[b])] Fact i : C."), Some(TheoremKind::Fact));
        assert_eq!(theorem_kind("(* Lemma *) Check x."), None);
        assert_eq!(theorem_kind("Fail Lemma x : T."), None);
        assert_eq!(theorem_kind("Lemmas x."), None);
        for text in ["Next Obligation.", "#[local] Final Obligation of x.", "Obligation 1 of x."] {
            assert_eq!(theorem_kind(text), Some(TheoremKind::Obligation), "{text}");
        }
        assert_eq!(theorem_kind("Obligation Tactic := auto."), None);
        assert_eq!(theorem_kind("Solve Obligations."), None);
    }

    #[test]
    fn the_stated_name_follows_the_keyword() {
        assert_eq!(stated_name("Lemma  x : T."), Some("x"));
        assert_eq!(stated_name("#[local] Lemma\n (* c *) foo{T} : T."), Some("foo"));
        assert_eq!(stated_name("Lemma foo' : T."), Some("foo'"));
    }

    #[test]
    fn m02_openings_and_closings_are_no_steps() {
        let role = |text| role(text, Shape::Period);
        assert_eq!(role("Proof."), Role::Opening);
        assert_eq!(role("Proof using x."), Role::Opening);
        assert_eq!(role("Proof with auto."), Role::Opening);
        assert_eq!(role("Defined."), Role::Closing);
        assert_eq!(role("Admitted."), Role::Admitted);
        assert_eq!(role("Abort All."), Role::Abort);
    }

    #[test]
    fn m68_an_end_of_a_proof_that_is_only_tried_is_a_step() {
        for text in ["Fail Qed.", "Succeed Defined.", "Time Fail Admitted.", "Fail Timeout 3 Qed.", "Succeed Proof."] {
            assert_eq!(role(text, Shape::Period), Role::Step(StepKind::Command), "{text}");
            assert!(is_harmless(text) && changes_nothing(text), "{text}");
        }
        assert_eq!(role("Fail exact I.", Shape::Period), Role::Step(StepKind::Tactic));
    }

    #[test]
    fn m65_statements_are_found_where_no_sentence_is() {
        let text = "(* 5\" *)\nLemma a : T. Proof. x. Qed. #[local] Fact b : U.\nQed. (* Lemma c *)";
        let found: Vec<_> = statements_in(text).map(|(_, name)| name).collect();
        assert_eq!(found, ["a", "b"]);
    }

    #[test]
    fn the_end_of_a_proof_is_found_past_nested_ones() {
        let end = |text: &str| proof_end(&SourceText::new(text), SentenceIndex::FIRST);
        assert_eq!(end("Lemma a : T. Proof. x. Qed. Lemma b : T. Qed."), SentenceIndex::new(4));
        assert_eq!(end("Lemma a : T. Lemma b : T. Qed. Proof using. Admitted. Check a."), SentenceIndex::new(5));
        assert_eq!(end("Lemma a : T. Proof (* c *) I. Qed."), SentenceIndex::new(2));
        assert_eq!(end("Lemma a : T. Proof (* c *) with x. Abort."), SentenceIndex::new(3));
        assert_eq!(end("Lemma a : T. x."), SentenceIndex::new(2));
    }

    #[test]
    fn modules_and_sections_are_followed() {
        let follow = |texts: &[&str]| {
            let mut path = Vec::new();
            for text in texts {
                follow_path(&mut path, text);
            }
            path.join(".")
        };
        assert_eq!(follow(&["Module Import M (X : T).", "Section S.", "Module N := M.", "Module Type U."]), "M.S.U");
        assert_eq!(follow(&["Module M.", "Section S.", "End S.", "Lemma End : T.", "End M."]), "");
        assert_eq!(follow(&["Module M : T with Definition t := nat.", "Module N : T with Module A := B := C."]), "M");
        assert_eq!(
            follow(&["Module Type T.", "Module (* c *) Export M (X : T with Definition t := nat) <: T."]),
            "T.M"
        );
    }

    #[test]
    fn open_sections_are_known_up_to_the_module_around_them() {
        let text = "Section A. Section B. End B. Module M. Section C. Section D. Lemma x : T.";
        assert_eq!(open_sections(text), ["D", "C"]);
        assert_eq!(open_sections("Section A. End A. Module M."), [""; 0]);
    }

    #[test]
    fn m39_commands_that_could_fake_a_proof_are_not_harmless() {
        for text in [
            "Axiom a : False.",
            "Unset Guard Checking.",
            "Set Universe Checking.",
            "Lemma x : T.",
            "Admit Obligations.",
            "Declare ML Module \"x\".",
            "Variable v : False.",
            "Extraction \"x.ml\" f.",
        ] {
            assert!(!is_harmless(text), "{text}");
        }
        for text in [
            "Show.",
            "Set Printing All.",
            "Open Scope ring_scope.",
            "Time Check x.",
            "Local Hint Resolve I : core.",
            "#[local] Ltac t := exact I.",
            "Local Tactic Notation \"t\" := exact I.",
            "From Coq Require Import Lia.",
            "Undo 2.",
            "Restart.",
            "Optimize Proof.",
            "Existing Instance i.",
            "Declare Scope s.",
        ] {
            assert!(is_harmless(text), "{text}");
        }
    }

    #[test]
    fn what_changes_the_look_of_other_terms_is_known() {
        for (text, expected) in [
            ("by rewrite addnC.", Printing::Kept),
            ("Search addn.", Printing::Kept),
            ("Qed.", Printing::Kept),
            ("Lemma x : T.", Printing::ChangedForDefined),
            ("Variables m n : nat.", Printing::ChangedForDefined),
            ("Record r := { f :> T }.", Printing::Changed),
            ("Arguments f {x}.", Printing::ChangedForMentioned),
            ("Implicit Types m n : nat.", Printing::Changed),
            ("Local Notation a := b.", Printing::Changed),
            ("End S.", Printing::Changed),
        ] {
            assert_eq!(printing(text, true), expected, "{text}");
        }
    }

    #[test]
    fn m86_what_starts_the_debugger_is_known() {
        for text in ["Set Ltac Debug.", "#[local] Set Ltac Debug.", "Global Set Ltac Debug .", "Export Set Ltac Debug."]
        {
            assert!(starts_debugger(text), "{text}");
        }
        for text in ["Unset Ltac Debug.", "Set Ltac Batch Debug.", "Set Ltac Profiling.", "Fail Set Ltac Debug."] {
            assert!(!starts_debugger(text), "{text}");
        }
    }

    #[test]
    fn m71_what_a_plugins_command_changes_is_not_known() {
        for text in ["Equations f : nat := f := 0.", "lock foo := 1.", "#[local] Derive Show for t."] {
            assert_eq!(printing(text, false), Printing::Changed, "{text}");
        }
        assert_eq!(printing("lock foo.", true), Printing::Kept);
        assert_eq!(printing("Equations f : nat := f := 0.", true), Printing::Changed);
    }

    #[test]
    fn tactics_are_told_from_commands() {
        let role = |text| role(text, Shape::Period);
        for text in
            ["by [].", "2: done.", "all: by [].", "Time auto.", "Fail auto.", "[x]: auto.", "Simplify.", "-> x."]
        {
            assert_eq!(role(text), Role::Step(StepKind::Tactic), "{text}");
        }
        for text in ["Show.", "Set Printing All.", "Timeout 5 Check x.", "Local Notation a := b.", "Lemma x : T."] {
            assert_eq!(role(text), Role::Step(StepKind::Command), "{text}");
        }
    }
}
