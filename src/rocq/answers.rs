//! Takes apart what Rocq prints: hypotheses, `Print`, `About`, `Locate`.
//!
//! The forms were read off Coq 8.16 and 8.20 and Rocq 9.2. Terms and types come out on one line: where Rocq starts a new
//! one, a blank stands.

use std::borrow::Cow;

use crate::record::Hypothesis;

/// Puts a printed term on one line: a line break and the blanks around it become one blank, except in a string.
pub fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains('\n') {
        return text.into();
    }
    let mut line = String::with_capacity(text.len());
    let mut in_string = false;
    let mut after_break = false;
    for character in text.chars() {
        in_string ^= character == '"';
        match character {
            '\n' if !in_string => {
                line.truncate(line.trim_end_matches(' ').len());
                line.push(' ');
                after_break = true;
            }
            ' ' if after_break => {}
            _ => {
                after_break = false;
                line.push(character);
            }
        }
    }
    line.into()
}

/// Takes `x, y : T` or `x := v : T` apart.
pub fn hypothesis(text: &str) -> Option<Hypothesis> {
    let colon = text.find(" : ");
    let names = |names: &str| names.split(", ").map(str::to_owned).collect();
    match text.find(" := ") {
        Some(equals) if colon.is_none_or(|colon| equals < colon) => {
            let rest = &text[equals + 4..];
            let colon = type_colon(rest)?;
            Some(Hypothesis {
                names: names(&text[..equals]),
                body: Some(rest[..colon].to_owned()),
                ty: rest[colon + 3..].to_owned(),
            })
        }
        _ => {
            let colon = colon?;
            Some(Hypothesis { names: names(&text[..colon]), body: None, ty: text[colon + 3..].to_owned() })
        }
    }
}

/// Where the type of `value : type` is cut off: the first ` : ` that belongs to no bracket and to no binder of the value.
fn type_colon(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut binders = 0_usize;
    let mut in_string = false;
    let mut word_start = None;
    for (index, character) in text.char_indices() {
        if character == '"' {
            in_string = !in_string;
        }
        if in_string {
            continue;
        }
        if character.is_alphanumeric() || character == '_' || character == '\'' {
            word_start.get_or_insert(index);
            continue;
        }
        let word = word_start.take().map_or("", |start| &text[start..index]);
        let rest = &text[index..];
        if depth == 0 && ["fun", "forall", "exists", "exists2", "let", "fix", "cofix"].contains(&word) {
            binders += 1;
        }
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            ':' if rest.starts_with(":=") => binders = binders.saturating_sub(1),
            '=' if rest.starts_with("=>") => binders = binders.saturating_sub(1),
            ',' => binders = binders.saturating_sub(1),
            _ => {}
        }
        if depth > 0 {
            continue;
        }
        if binders == 0 && rest.starts_with(" : ") {
            return Some(index);
        }
    }
    None
}

/// What `About` says of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// A constant, an inductive type, a constructor, …
    Object {
        /// The type.
        ty: String,
        /// Where the name leads, with the modules and sections around it.
        path: String,
        /// Rocq's word for what it is: `Constant`, `Inductive`, `Constructor`, `Variable`.
        word: String,
        /// What the kernel takes it for, where it is the copy of another object that a module is made of.
        alias_of: Option<String>,
    },
    /// A notation that is one name.
    Abbreviation {
        /// What it stands for.
        definition: String,
        /// Its own path.
        path: String,
    },
}

/// Takes the answer to `About` apart; nothing if Rocq knows no such name.
pub fn about(text: &str) -> Option<About> {
    // `Expands to: Constant path`, perhaps with ` (syntactically equal to path)` behind it.
    let expands_to = |text: &str| {
        let mut words = text.lines().find_map(|line| line.strip_prefix("Expands to: "))?.split_whitespace();
        let (word, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        let alias_of = words.next_back().and_then(|word| word.strip_suffix(')')).map(str::to_owned);
        Some((word, path, alias_of))
    };
    if let Some(rest) = text.strip_prefix("Notation ") {
        let end = rest.find("\nExpands to: ")?;
        let (_, definition) = rest[..end].split_once(" :=")?;
        let (_, path, _) = expands_to(rest)?;
        return Some(About::Abbreviation { definition: one_line(definition).trim().to_owned(), path });
    }
    let (_, rest) = text.split_once(" : ")?;
    let ty = without_constraints(rest.split("\n\n").next()?);
    let (word, path, alias_of) = expands_to(text)?;
    Some(About::Object { ty: one_line(ty).trim().to_owned(), path, word, alias_of })
}

/// A printed type without the constraints on universes that `Set Printing Universes` puts behind it: `(* u |= u < v *)`.
fn without_constraints(ty: &str) -> &str {
    match ty.rsplit_once("\n(* ") {
        Some((ty, constraints)) if constraints.trim_end().ends_with("*)") && constraints.contains("|=") => ty,
        _ => ty,
    }
}

/// The term in the answer to `Print name.`, whose type `About` has told.
///
/// The answer is `name = term`, a line break, `: type`, and after a blank line what else there is to say. A term can hold
/// a line that looks like the type's; then the type that `About` printed tells which is the right one. Coq 8.16 prints it
/// in another way there, with marks for implicit arguments, so it is asked only then.
pub fn print(text: &str, ty: &str) -> Option<String> {
    let is_name = |name: &str| {
        let (name, levels) = name.split_once("@{").unwrap_or((name, "}"));
        !name.contains(char::is_whitespace) && levels.ends_with('}')
    };
    let (_, rest) = text.split_once(" =").filter(|(name, _)| is_name(name))?;
    let is_the_type = |after: &str| {
        let (mut found, mut wanted) = (after.split_whitespace(), ty.split_whitespace());
        // What follows the type are constraints on universes and whole paragraphs.
        wanted.all(|word| found.next() == Some(word))
            && (found.next().is_none_or(|word| word == "(*") || after.contains("\n\n"))
    };
    let candidates: Vec<_> = rest.match_indices(TYPE_MARK).map(|(index, _)| index).collect();
    let index = match candidates[..] {
        [only] => only,
        _ => candidates.into_iter().find(|index| is_the_type(&rest[index + TYPE_MARK.len()..]))?,
    };
    Some(one_line(rest[..index].trim()).into_owned())
}

/// What stands between a term and its type.
const TYPE_MARK: &str = "\n     : ";

/// The value in the answer to `Print name.` where the name is that of a section's definition: `*** [name := value : type]`.
pub fn section_definition(text: &str) -> Option<String> {
    let definition = text.split("\n\n").next()?.trim_end().strip_prefix("*** [")?.strip_suffix(']')?;
    hypothesis(&one_line(definition))?.body
}

/// The paths in the answer to `Print Libraries`: a line each, below a heading.
pub fn libraries(text: &str) -> Vec<String> {
    text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty() && !line.contains(':')).collect()
}

/// The names in the answer to `Print Namespace`, below the namespace: the start of a line each, before the type.
pub fn namespace(text: &str) -> impl Iterator<Item = &str> {
    let names = text.lines().skip(1).filter_map(|line| Some(line.split_once(':')?.0.trim()));
    names.filter(|name| !name.is_empty() && !name.contains(char::is_whitespace))
}

/// One interpretation of a notation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interpretation {
    /// The scope; empty for none.
    pub scope: String,
    /// What it stands for.
    pub definition: String,
    /// Rocq never reads it this way.
    pub only_printing: bool,
}

/// Takes the answer to `Locate "notation"` apart.
pub fn locate(text: &str) -> Vec<Interpretation> {
    let mut entries: Vec<String> = Vec::new();
    for line in text.lines() {
        if line.starts_with("Notation \"") || entries.is_empty() {
            entries.push(line.to_owned());
        } else if let Some(entry) = entries.last_mut() {
            entry.push('\n');
            entry.push_str(line);
        }
    }
    entries.iter().filter_map(|entry| interpretation(entry)).collect()
}

fn interpretation(entry: &str) -> Option<Interpretation> {
    let (_, mut rest) = entry.strip_prefix("Notation \"")?.split_once("\" := ")?;
    let mut only_printing = false;
    loop {
        rest = rest.trim_end();
        if let Some(shorter) =
            rest.strip_suffix("(default interpretation)").or_else(|| rest.strip_suffix("(only parsing)"))
        {
            rest = shorter;
        } else if let Some(shorter) = without_origin(rest) {
            rest = shorter;
        } else if let Some(shorter) = rest.strip_suffix("(only printing)") {
            only_printing = true;
            rest = shorter;
        } else {
            break;
        }
    }
    let is_scope = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "_'".contains(c));
    let (definition, scope) = match rest.rsplit_once(" : ") {
        Some((definition, scope)) if is_scope(scope) => (definition, scope),
        _ => (rest, ""),
    };
    let definition = one_line(without_scopes(definition.trim()));
    let definition = definition.trim();
    // Rocq puts the whole definition in brackets unless it is one construct.
    let definition = definition
        .strip_prefix('(')
        .and_then(|inner| inner.strip_suffix(')'))
        .filter(|inner| is_balanced(inner))
        .unwrap_or(definition);
    Some(Interpretation { scope: scope.to_owned(), definition: definition.to_owned(), only_printing })
}

/// A notation without the file that it is from, which Rocq 9 says: `(from Corelib.Init.Logic)`.
fn without_origin(text: &str) -> Option<&str> {
    let (notation, library) = text.strip_suffix(')')?.rsplit_once("(from ")?;
    (!library.contains(char::is_whitespace)).then_some(notation)
}

/// A definition without the scopes of its arguments, which Rocq 9 says: `(* x in scope nat_scope *)`.
fn without_scopes(text: &str) -> &str {
    match text.strip_suffix("*)").and_then(|text| text.rsplit_once("(*")) {
        Some((definition, scopes)) if scopes.contains(" in scope ") => definition,
        _ => text,
    }
}

fn is_balanced(text: &str) -> bool {
    let mut depth = 0_usize;
    for character in text.chars() {
        match character {
            '(' => depth += 1,
            ')' if depth == 0 => return false,
            ')' => depth -= 1,
            _ => {}
        }
    }
    depth == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_hypothesis(text: &str, names: &[&str], body: Option<&str>, ty: &str) {
        let hypothesis = hypothesis(text).unwrap();
        assert_eq!(
            (
                hypothesis.names.iter().map(String::as_str).collect::<Vec<_>>(),
                hypothesis.body.as_deref(),
                &*hypothesis.ty
            ),
            (names.to_vec(), body, ty)
        );
    }

    #[test]
    fn line_breaks_become_blanks_except_in_strings() {
        assert_eq!(one_line("match x with\n     | 0 => \"a\n  b\"  \n end"), "match x with | 0 => \"a\n  b\" end");
    }

    #[test]
    fn hypotheses_have_names_a_type_and_perhaps_a_body() {
        check_hypothesis("m, n : nat", &["m", "n"], None, "nat");
        check_hypothesis("H : forall x : nat, x = x", &["H"], None, "forall x : nat, x = x");
        check_hypothesis("y := x : R", &["y"], Some("x"), "R");
    }

    #[test]
    fn the_type_of_a_definition_is_not_a_binders() {
        check_hypothesis("h := fun b : bool => b : bool -> bool", &["h"], Some("fun b : bool => b"), "bool -> bool");
        check_hypothesis("k := let u : nat := 1 in u : nat", &["k"], Some("let u : nat := 1 in u"), "nat");
        check_hypothesis("p := forall x : nat, x = x : Prop", &["p"], Some("forall x : nat, x = x"), "Prop");
        check_hypothesis("q := f (x : nat) : nat -> nat", &["q"], Some("f (x : nat)"), "nat -> nat");
        let body = "fun p : bool => if p as b return (p = b -> T) then fun q : p = true => a else fun=> b";
        check_hypothesis(&format!("s := {body} : bool -> T"), &["s"], Some(body), "bool -> T");
        check_hypothesis("r := a : forall x : nat, P x", &["r"], Some("a"), "forall x : nat, P x");
    }

    #[test]
    fn about_tells_type_and_path() {
        let text = "addrC : forall [s : nmodType], commutative +%R\n\naddrC is not universe polymorphic\n\
                    Expands to: Constant mathcomp.algebra.ssralg.GRing.Theory.addrC";
        let object = About::Object {
            ty: "forall [s : nmodType], commutative +%R".into(),
            path: "mathcomp.algebra.ssralg.GRing.Theory.addrC".into(),
            word: "Constant".into(),
            alias_of: None,
        };
        assert_eq!(about(text), Some(object));
        assert_eq!(about("nosuch not a defined object."), None);
    }

    #[test]
    fn about_tells_what_a_copy_of_a_module_is_a_copy_of() {
        let text = "C.same : 1 = 1\n\nC.same is transparent\n\
                    Expands to: Constant L.a.C.same (syntactically equal to L.a.A.same)";
        let object = About::Object {
            ty: "1 = 1".into(),
            path: "L.a.C.same".into(),
            word: "Constant".into(),
            alias_of: Some("L.a.A.same".into()),
        };
        assert_eq!(about(text), Some(object));
    }

    #[test]
    fn about_tells_what_an_abbreviation_stands_for() {
        let text = "Notation ringType := GRing.Ring.type\nExpands to: Notation mathcomp.algebra.ssralg.ringType\n\n\
                    GRing.Ring.type : Type\n\nExpands to: Inductive mathcomp.algebra.ssralg.GRing.Ring.type";
        let path = "mathcomp.algebra.ssralg.ringType".into();
        assert_eq!(about(text), Some(About::Abbreviation { definition: "GRing.Ring.type".into(), path }));
    }

    #[test]
    fn a_printed_term_ends_where_its_type_starts() {
        assert_eq!(
            print("a = fun=> erefl\n     : x = y -> 0 = 0\n\na uses section variables x y.", "x = y -> 0 = 0"),
            Some("fun=> erefl".into())
        );
        assert_eq!(
            print("a@{u v} =\nfun A : Type => id\n     : forall A : Type, A", "forall A : Type, A"),
            Some("fun A : Type => id".into())
        );
        assert_eq!(print("a = (x\n     : nat)\n     : nat", "nat"), Some("(x : nat)".into()));
        assert_eq!(print("a = x\n     : forall n m : nat, n = m", "forall [n : nat] m, n = m"), Some("x".into()));
        assert_eq!(print("*** [ a : nat ]", "nat"), None);
    }

    #[test]
    fn constraints_on_universes_are_no_part_of_a_type() {
        let text = "a@{u} : forall T : Type@{u}, \"\n(* no |= *)\" = T\n(* u |= u < eq.u0\n       u < list.u0 *)\n\n\
                    a is universe polymorphic\nExpands to: Constant L.a";
        let Some(About::Object { ty, .. }) = about(text) else { panic!("{text}") };
        assert_eq!(ty, "forall T : Type@{u}, \"\n(* no |= *)\" = T");
        let printed = "a@{u} = fun T => x\n     : nat\n     : nat\n(* Public universes:\nu |= u < v *)";
        assert_eq!(print(printed, "nat"), Some("fun T => x : nat".into()));
    }

    #[test]
    fn a_definition_of_a_section_is_told_by_its_value() {
        assert_eq!(section_definition("*** [a := b : c = d]").as_deref(), Some("b"));
        let text = "*** [f := fun n : nat =>\n           n : nat -> nat]\n\nArguments f n%nat_scope";
        assert_eq!(section_definition(text).as_deref(), Some("fun n : nat => n"));
        assert_eq!(section_definition("*** [n : nat]"), None);
        assert_eq!(section_definition("a = b\n     : c"), None);
    }

    #[test]
    fn libraries_are_told_from_their_heading() {
        assert_eq!(libraries("Loaded library files: \n  Coq.Init.Ltac\nL.a"), ["Coq.Init.Ltac", "L.a"]);
    }

    #[test]
    fn every_interpretation_of_a_notation_is_told() {
        let text = "Notation \"m + n\" := (addn m n) : nat_scope\n\
                    Notation \"x + y\" := (GRing.add x y) : ring_scope (default interpretation)\n\
                    Notation \"x \\in A\" := (in_mem x (mem A)) : bool_scope (default interpretation) (only printing)\n\
                    Notation \"'if' c\" := match c in bool with\n  | true => a\n  end : boolean_if_scope\n\
                    Notation \"f ^~ y\" := (fun x => f x y)\n\
                    Notation \"a @ b\" := ((a) (b))";
        let entries: Vec<_> =
            locate(text).into_iter().map(|entry| (entry.scope, entry.definition, entry.only_printing)).collect();
        let entry =
            |scope: &str, definition: &str, only_printing| (scope.to_owned(), definition.to_owned(), only_printing);
        assert_eq!(
            entries,
            [
                entry("nat_scope", "addn m n", false),
                entry("ring_scope", "GRing.add x y", false),
                entry("bool_scope", "in_mem x (mem A)", true),
                entry("boolean_if_scope", "match c in bool with | true => a end", false),
                entry("", "fun x => f x y", false),
                entry("", "(a) (b)", false),
            ]
        );
    }

    #[test]
    fn where_a_notation_is_from_and_the_scopes_of_its_arguments_are_no_part_of_it() {
        let text = "Notation \"x + y\" := (Nat.add x y) (* x in scope _nat_scope, y in scope _nat_scope *) : nat_scope \
                    (default interpretation) (from Corelib.Init.Peano)\n\
                    Notation \"f ^~ y\" := (fun x => f x y) (only parsing) (from L.a)";
        let told: Vec<_> = locate(text).into_iter().map(|entry| (entry.scope, entry.definition)).collect();
        let expected = [("nat_scope", "Nat.add x y"), ("", "fun x => f x y")];
        assert_eq!(told, expected.map(|(scope, definition)| (scope.to_owned(), definition.to_owned())));
    }
}
