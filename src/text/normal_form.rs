//! One text for all texts that say the same: white space, comments and the names of bound variables do not count.
//!
//! Bound are the names behind `fun`, `forall`, `exists`, `fix`, `cofix` and `let` and, in a statement, those before its
//! colon. Each is replaced by its number in the order of first use in the whole text, so scopes do not count either:
//! two texts with one normal form are the same up to names, but not each two such texts have one normal form. Names in
//! the patterns of a `match` stay, as they look like constructors.

use std::collections::{HashMap, HashSet};

use super::rocq_tokens::{lexemes, lexemes_and_ends};

/// The normal form of a printed term or type.
pub fn term(text: &str) -> String {
    let words: Vec<_> = lexemes(text).collect();
    renumbered(&words, &[])
}

/// The normal form of the source text of a statement, without the word that opens it and the theorem's name.
pub fn statement(text: &str) -> String {
    let words: Vec<_> = lexemes(text.trim().trim_end_matches('.')).collect();
    if let ["Goal", goal @ ..] = words.as_slice() {
        return renumbered(goal, &[]);
    }
    let opening = words.iter().take(8).position(|word| OPENINGS.contains(word));
    let words = opening.and_then(|at| words.get(at + 2..)).unwrap_or(&words);
    // The binders of a statement end with its colon, as those of `forall` end with a comma.
    let binders = opening.map(|_| Binder { ends_with_colon: true, ..Binder::default() });
    renumbered(words, binders.as_slice())
}

/// The normal form of a proof script, bound names as they are: two scripts with one form differ in white space, comments
/// and their last period.
pub fn script(text: &str) -> String {
    let mut words: Vec<_> = lexemes_and_ends(text).collect();
    words.pop_if(|(_, ends_sentence)| *ends_sentence);
    words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(" ")
}

const OPENINGS: &[&str] = &[
    "Theorem",
    "Lemma",
    "Fact",
    "Remark",
    "Corollary",
    "Proposition",
    "Property",
    "Example",
    "Definition",
    "Instance",
    "Let",
    "Fixpoint",
    "CoFixpoint",
];

const BINDING: &[&str] = &["fun", "forall", "exists", "exists2", "fix", "cofix", "let", "∀", "∃", "λ"];

/// Where the names stand that a word binds.
#[derive(Debug, Clone, Copy)]
struct Binder {
    /// Brackets that are open.
    depth: usize,
    /// Whether the next names are bound; their type follows behind a colon.
    in_names: bool,
    /// The depth inside of the brackets around the names.
    group: usize,
    /// Whether a colon outside of brackets ends it.
    ends_with_colon: bool,
}

impl Default for Binder {
    fn default() -> Self {
        Self { depth: 0, in_names: true, group: 0, ends_with_colon: false }
    }
}

/// The words with single blanks between and bound names as numbers.
fn renumbered(words: &[&str], open: &[Binder]) -> String {
    let bound = bound_names(words, open);
    let mut numbers = HashMap::new();
    let words = words.iter().map(|word| {
        if bound.contains(word) {
            let next = numbers.len();
            format!("_{}", numbers.entry(*word).or_insert(next))
        } else {
            (*word).to_owned()
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The names that some binder of the text binds; `open` are the binders in which the text starts.
fn bound_names<'a>(words: &[&'a str], open: &[Binder]) -> HashSet<&'a str> {
    let mut bound = HashSet::new();
    let mut binders = open.to_vec();
    for word in words {
        if BINDING.contains(word) {
            binders.push(Binder::default());
            continue;
        }
        let Some(binder) = binders.last_mut() else { continue };
        match *word {
            "(" | "{" | "[" => {
                binder.depth += 1;
                if binder.in_names {
                    binder.group = binder.depth;
                }
            }
            ")" | "}" | "]" | "," | "=>" | ":=" | "in" if binder.depth == 0 => drop(binders.pop()),
            ")" | "}" | "]" => {
                binder.depth -= 1;
                if binder.depth < binder.group {
                    (binder.in_names, binder.group) = (true, 0);
                }
            }
            ":" if binder.depth == 0 && binder.ends_with_colon => drop(binders.pop()),
            ":" => binder.in_names = false,
            name if binder.in_names && name.starts_with(|c: char| c.is_alphabetic() || c == '_') => {
                bound.insert(name);
            }
            _ => {}
        }
    }
    bound.remove("_");
    bound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_bound_variables_white_space_and_comments_do_not_count() {
        let one = term("forall m n : nat,\n  (m <= n./2) = (m.*2 <= n)");
        assert_eq!(one, term("forall a (* a comment *) b : nat, (a <= b./2) = (a.*2 <= b)"));
        assert_eq!(one, "forall _0 _1 : nat , ( _0 <= _1 ./2 ) = ( _0 .*2 <= _1 )");
    }

    #[test]
    fn names_of_constants_and_types_count() {
        assert_ne!(term("fun x : nat => addnC x"), term("fun x : nat => mulnC x"));
        assert_ne!(term("fun x : nat => x"), term("fun x : int => x"));
        assert_ne!(term("forall x y : nat, x = y"), term("forall x y : nat, y = x"));
    }

    #[test]
    fn groups_of_binders_and_binders_in_types_are_told_apart() {
        assert_eq!(
            term("fun (T : Type) (f : forall x : T, P x) (y z : T) => f y"),
            term("fun (A : Type) (g : forall u : A, P u) (v w : A) => g v")
        );
        assert_eq!(term("fun f : (nat -> nat) => f P"), "fun _0 : ( nat -> nat ) => _0 P");
        assert_eq!(term("let x := f y in x"), term("let z := f y in z"));
    }

    #[test]
    fn a_statement_is_the_same_under_another_name() {
        let one = statement("Lemma addn0 (n : nat) : n + 0 = n.");
        assert_eq!(one, statement("Theorem plus_zero (m:nat):m + 0 = m."));
        assert_eq!(one, statement("#[local] Lemma addn0 (n : nat) : n + 0 = n."));
        assert_ne!(one, statement("Lemma addn0 (n : nat) : 0 + n = n."));
        assert_eq!(statement("n + 0 = n"), "n + 0 = n");
        assert_eq!(statement("Goal forall n, n + 0 = n."), term("forall m, m + 0 = m"));
    }

    #[test]
    fn scripts_are_the_same_up_to_white_space_comments_and_the_last_period() {
        let one = script("move=> n.\n  by rewrite addnC. (* done *)");
        assert_eq!(one, script("move => n. by rewrite addnC"));
        assert_eq!(one, "move => n . by rewrite addnC");
        assert_ne!(one, script("move=> n; by rewrite addnC."));
        assert_ne!(one, script("move=> m. by rewrite addnC."));
        assert_ne!(script("- by []."), script("by []."));
    }
}
