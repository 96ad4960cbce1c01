//! The obfuscation of reasonings, on labelled texts and on texts made at random.
//!
//! In the labelled texts `«…»` marks what gives the proof away and `‹…›` prose that must stay although it looks alike.
//! Outside of `«…»` every word of English must stay.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use proptest::prelude::*;
use rocq_distill::text::obfuscate::{MASK, Obfuscator, TrueProof};
use serde::Deserialize;

/// The sets, in the order in which they were written; `README.md` beside them says what each was for.
const SETS: &[(&str, &str)] = &[
    ("labelled", include_str!("../fixtures/obfuscation/labelled.txt")),
    ("held out", include_str!("../fixtures/obfuscation/held_out.txt")),
    ("second", include_str!("../fixtures/obfuscation/second.txt")),
    ("third", include_str!("../fixtures/obfuscation/third.txt")),
    ("fourth", include_str!("../fixtures/obfuscation/fourth.txt")),
];

#[derive(Debug, Deserialize)]
struct Proof {
    tactics: Vec<String>,
    premises: Vec<String>,
    notations: Vec<String>,
}

fn obfuscator(proof: &Proof) -> Obfuscator {
    Obfuscator::new(&TrueProof {
        tactics: proof.tactics.iter().map(String::as_str).collect(),
        premises: proof.premises.iter().map(String::as_str).collect(),
        notations: proof.notations.iter().map(String::as_str).collect(),
    })
}

static PROOFS: LazyLock<BTreeMap<String, Proof>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../fixtures/obfuscation/proofs.json")).unwrap());

fn a_proof() -> impl Strategy<Value = &'static Proof> {
    prop::sample::select(PROOFS.values().collect::<Vec<_>>())
}

/// A text without its marks, and what they mark.
struct Labelled {
    proof: String,
    text: String,
    leaks: Vec<Range<usize>>,
    prose: Vec<Range<usize>>,
}

fn labelled(file: &str) -> Vec<Labelled> {
    let texts = file.split("### ").skip(1).map(|entry| {
        let (proof, marked) = entry.split_once('\n').unwrap();
        let mut labelled = Labelled { proof: proof.to_owned(), text: String::new(), leaks: vec![], prose: vec![] };
        let mut start = 0;
        for character in marked.trim().chars() {
            let end = labelled.text.len();
            match character {
                '«' | '‹' => start = end,
                '»' => labelled.leaks.push(start..end),
                '›' => labelled.prose.push(start..end),
                _ => labelled.text.push(character),
            }
        }
        labelled
    });
    texts.collect()
}

/// The words of English in the text: two letters or more, none of them a capital inside, no part of a name.
fn words(text: &str) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '\'' | '.');
    let mut start = 0;
    for piece in text.split_inclusive(|c| !is_part(c)) {
        let word = piece.trim_end_matches(|c: char| !c.is_alphanumeric());
        let is_english = word.chars().all(|c| c.is_ascii_alphabetic() || c == '\'')
            && word.len() > 1
            && !word.chars().skip(1).any(char::is_uppercase);
        if is_english {
            words.push(start..start + word.len());
        }
        start += piece.len();
    }
    words
}

fn meet(left: &Range<usize>, right: &Range<usize>) -> bool {
    left.start < right.end && right.start < left.end
}

#[derive(Default)]
struct Tally {
    n_texts: usize,
    n_leaks: usize,
    leaked: Vec<String>,
    n_prose: usize,
    damaged: Vec<String>,
    n_words: usize,
    words: Vec<String>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.n_texts += other.n_texts;
        self.n_leaks += other.n_leaks;
        self.leaked.extend(other.leaked);
        self.n_prose += other.n_prose;
        self.damaged.extend(other.damaged);
        self.n_words += other.n_words;
        self.words.extend(other.words);
    }
}

fn tally(file: &str) -> Tally {
    let mut tally = Tally::default();
    for Labelled { proof, text, leaks, prose } in labelled(file) {
        let hidden = obfuscator(&PROOFS[&proof]).hidden(&text);
        let is_hidden = |range: &Range<usize>| hidden.iter().any(|other| meet(other, range));
        let carries_meaning = |c: char| !(c.is_whitespace() || "()[]{}.,;:|!?`'\"".contains(c));
        let leaks_somewhere = |leak: &Range<usize>| {
            let mut characters = text[leak.clone()].char_indices().filter(|(_, c)| carries_meaning(*c));
            characters.any(|(at, _)| !is_hidden(&(leak.start + at..leak.start + at + 1)))
        };
        let shown = |range: &Range<usize>| format!("{proof}: {}", &text[range.clone()]);
        tally.n_texts += 1;
        tally.n_leaks += leaks.len();
        tally.leaked.extend(leaks.iter().filter(|leak| leaks_somewhere(leak)).map(shown));
        tally.n_prose += prose.len();
        tally.damaged.extend(prose.iter().filter(|prose| is_hidden(prose)).map(shown));
        let words: Vec<_> =
            words(&text).into_iter().filter(|word| !leaks.iter().any(|leak| meet(leak, word))).collect();
        tally.n_words += words.len();
        tally.words.extend(words.iter().filter(|word| is_hidden(word)).map(shown));
    }
    tally
}

/// The rate, asserted to be at most one in two hundred.
#[track_caller]
fn assert_rare(what: &str, found: &[String], of: usize) {
    assert!(found.len() * 200 <= of, "{} of {of} {what}: {found:#?}", found.len());
}

#[test]
#[expect(clippy::print_stderr, reason = "the rates are figures to report")]
fn of_labelled_reasonings_what_leaks_goes_and_prose_stays() {
    let mut all = Tally::default();
    for (name, file) in SETS {
        let tally = tally(file);
        eprintln!(
            "{name}: {} texts; {} of {} leaks leaked; {} of {} marked pieces of prose damaged; {} of {} words hidden",
            tally.n_texts,
            tally.leaked.len(),
            tally.n_leaks,
            tally.damaged.len(),
            tally.n_prose,
            tally.words.len(),
            tally.n_words,
        );
        assert!(tally.n_texts >= 20 && tally.n_leaks > tally.n_texts && tally.n_prose > tally.n_texts);
        all.add(tally);
    }
    assert_rare("leaks leaked", &all.leaked, all.n_leaks);
    assert_rare("pieces of prose were damaged", &all.damaged, all.n_prose);
    assert_rare("words were hidden", &all.words, all.n_words);
}

fn of(tactics: &[&str], premises: &[&str], notations: &[&str]) -> Obfuscator {
    Obfuscator::new(&TrueProof {
        tactics: tactics.to_vec(),
        premises: premises.to_vec(),
        notations: notations.to_vec(),
    })
}

#[test]
fn m28_prose_that_looks_like_a_tactic_stays() {
    let proof =
        of(&["by move=> s; case: s => //= x; have [y|z] := P; exact: S."], &["Coq.Init.Datatypes.S", "m.odd"], &[]);
    for text in [
        "step by step, and before that nearby",
        "We have seen in this case: nothing moves. Set the rest aside; do it by hand, last of all.",
        "So she said: Some are Simple, n is odd.",
        "Let's move on to the exact form; the first case has a left and a right side.",
        "- one\n- two\n* three **bold** http://example.org",
        "There exists y such that it holds; the case on the left is over. Move y to the other side, as dealt with by her.",
        "Here the intro pattern has two parts, and I unfold it.",
    ] {
        assert_eq!(proof.obfuscate(text), text);
    }
    assert_eq!(
        proof.obfuscate("Now rewrite, and in the first exact: it"),
        "Now [hidden], and in the first [hidden]: it"
    );
    assert_eq!(proof.obfuscate("the successor S n"), "the successor [hidden] n");
}

#[test]
fn m29_the_answer_does_not_get_through() {
    let proof = of(
        &["rewrite -!addnC /= // (leqP m n).", "exact: foo."],
        &["mathcomp.ssreflect.ssrnat.addnC", "mathcomp.ssreflect.ssrnat.leqP"],
        &["_ + _"],
    );
    for (text, expected) in [
        ("Rewrite with addnC", "[hidden] with [hidden]"),
        ("REWRITE exact Congr suff wlog // /=", "[hidden]"),
        ("use ssrnat.addnC, mathcomp.ssreflect.ssrnat.addnC", "use [hidden], [hidden]"),
        ("addnC : commutative", "[hidden] : commutative"),
        ("`AddnC's` type", "`[hidden]` type"),
        ("(leqP m n) and -!addnC", "([hidden]) and [hidden]"),
        ("so by rewrite addnC", "so [hidden]"),
        ("n + m", "n [hidden] m"),
        ("we are done by exact: foo.", "we are done [hidden]."),
        ("I would case on m. Case on n.", "I would [hidden] on m. [hidden] on n."),
        ("So exists m. Then exists n => //", "So [hidden] m. Then [hidden] n [hidden]"),
        ("have [[|m []]// _] := foo", "[hidden] [[|m []][hidden] _] := foo"),
        ("Move m and n in, close with by.", "[hidden] m and n in, close with [hidden]."),
    ] {
        assert_eq!(proof.obfuscate(text), expected);
    }
    let english = of(&["rewrite unlock."], &["mathcomp.ssreflect.ssreflect.unlock"], &[]);
    assert_eq!(english.obfuscate("It is opened by Unlock. Unlock it."), "It is opened by [hidden]. Unlock it.");
}

#[test]
fn a_back_quote_of_a_notation_opens_no_code() {
    let proof = of(&["by []."], &[], &[]);
    let text = "It is `1 < m`! + 1`, so by contradiction we have it, as p`_i shows. Then have a case.";
    assert_eq!(proof.obfuscate(text), text);
}

#[test]
fn the_hyphen_of_a_word_is_no_subtraction() {
    let proof = of(&["by []."], &[], &["_ - _", "_ * _", "_ %| _", "- _"]);
    let text = "well-known, a step - as I said - that is *so* simple";
    assert_eq!(proof.obfuscate(text), text);
    assert_eq!(proof.obfuscate("m-n and d %| (m * 2)"), "m[hidden]n and d [hidden] (m [hidden] 2)");
}

/// Words of English that no proof gives away, tactics' words among them.
const ENGLISH: &[&str] = &[
    "step",
    "before",
    "nearby",
    "have",
    "seen",
    "cases",
    "showcase",
    "setting",
    "moves",
    "remove",
    "doing",
    "donor",
    "lastly",
    "firstly",
    "exactly",
    "rewritten",
    "applied",
    "splitting",
    "we",
    "it",
    "odd",
    "prime",
    "size",
    "of",
    "list",
    "because",
    "argument",
    "induction",
    "hypothesis",
    "both",
    "sides",
    "hence",
    "therefore",
    "set",
    "by",
    "case",
    "first",
    "last",
    "do",
    "done",
    "left",
    "right",
    "move",
    "over",
    "under",
    "without",
    "loss",
    "now",
];

/// What a proof of the fixtures gives away, one piece at a time: tactic words, names, symbols.
fn pieces(proof: &Proof) -> Vec<String> {
    let names = proof
        .premises
        .iter()
        .filter(|name| !name.starts_with("Coq.") && name.contains(|c: char| c.is_uppercase() || c == '_'));
    let names = names.flat_map(|name| {
        let bare = name.rsplit('.').next().unwrap();
        [name.clone(), bare.to_owned(), if bare.len() > 1 { bare.to_uppercase() } else { bare.to_owned() }]
    });
    let words = ["rewrite", "Rewrite", "elim", "exact:", "apply:", "suff", "wlog", "congr", "=>", "//", "/="]
        .map(str::to_owned);
    words.into_iter().chain(names).collect()
}

proptest! {
    #[test]
    fn no_word_of_ordinary_english_is_altered(proof in a_proof(), words in prop::collection::vec(prop::sample::select(ENGLISH), 1..40)) {
        let text = words.join(" ");
        prop_assert_eq!(obfuscator(proof).obfuscate(&text), &*text);
    }

    #[test]
    fn what_gives_the_proof_away_is_gone_wherever_it_stands(
        proof in a_proof(),
        piece in any::<prop::sample::Index>(),
        before in prop::collection::vec(prop::sample::select(&ENGLISH[2..16]), 0..6),
        behind in prop::collection::vec(prop::sample::select(&ENGLISH[2..16]), 0..6),
    ) {
        let pieces = pieces(proof);
        let piece = piece.get(&pieces);
        let (before, behind) = (format!("Then it is {}", before.join(" ")), behind.join(" "));
        let text = format!("{before} {piece} {behind}");
        let hidden = obfuscator(proof).obfuscate(&text);
        let is_there = format!(" {hidden} ").contains(&format!(" {} ", piece.trim_end_matches(':')));
        prop_assert!(!is_there, "{}", hidden);
        prop_assert!(hidden.starts_with(before.trim_end()) && hidden.ends_with(&behind), "{}", hidden);
    }

    #[test]
    fn every_literal_piece_of_the_true_tactics_is_gone(proof in a_proof(), tactic in any::<prop::sample::Index>()) {
        let tactic = tactic.get(&proof.tactics);
        let hidden = obfuscator(proof).obfuscate(&format!("So I would write {tactic}\nIt is what the term says."));
        let (start, end) = ("So I would write ", "\nIt is what the term says.");
        let inside = hidden.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
        let rest = inside.map(|inside| inside.replace(MASK, ""));
        prop_assert!(rest.as_ref().is_some_and(|rest| !rest.contains(char::is_alphanumeric)), "{}", hidden);
    }

    #[test]
    fn obfuscating_again_changes_nothing_and_words_stay_whole(
        proof in a_proof(),
        words in prop::collection::vec(prop_oneof![
            prop::sample::select(ENGLISH).prop_map(str::to_owned),
            "[-a-zA-Z_.:;,()'`\"\\[\\]{}/=>!?*+<|\n ]{1,6}",
            prop::sample::select(&["rewrite", "apply", "case: n", "by []", "=>", "addnC", "exact", "`", "[hidden]", "-!", "n m"]).prop_map(|text| (*text).to_owned()),
            (a_proof(), any::<prop::sample::Index>()).prop_map(|(proof, at)| {
                let tactics = proof.tactics.join(" ");
                at.get(&tactics.split(' ').collect::<Vec<_>>()).to_string()
            }),
        ], 0..30),
        glue in prop::sample::select(&[" ", "", "\n"]),
    ) {
        let text = words.join(glue);
        let obfuscator = obfuscator(proof);
        let once = obfuscator.obfuscate(&text);
        prop_assert_eq!(&obfuscator.obfuscate(&once), &once);
        let mut end = 0;
        for range in obfuscator.hidden(&text) {
            prop_assert!(end <= range.start && range.start < range.end);
            for edge in [range.start, range.end] {
                let cuts = text[..edge].ends_with(char::is_alphabetic) && text[edge..].starts_with(char::is_alphabetic);
                prop_assert!(!cuts, "{:?} cuts a word of {:?}", range, text);
            }
            end = range.end;
        }
    }
}
