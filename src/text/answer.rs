//! What a model's answer ends in: the script of a proof, or a verdict.

use std::sync::LazyLock;

use regex::Regex;

/// An answer in two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts<'a> {
    /// What leads to the script; all of it where there is no script.
    pub derivation: &'a str,
    /// The tactics of the script, without `Proof.` and `Qed.`
    pub script: Option<String>,
}

/// Parts an answer at its script: the last `\boxed{…}`, else the last `<answer>…</answer>`, else all fenced blocks of
/// code, joined.
pub fn parts(answer: &str) -> Parts<'_> {
    let marked = boxes(answer).next().or_else(|| tagged(answer)).or_else(|| fenced(answer));
    let Some(Marked { start, inside }) = marked else { return Parts { derivation: answer.trim(), script: None } };
    let script = fenced(&inside).map_or_else(|| unescaped(unwrapped(&inside)), |blocks| blocks.inside);
    let tactics = tactics(&script);
    Parts { derivation: answer[..start].trim(), script: (!tactics.is_empty()).then(|| tactics.to_owned()) }
}

/// The verdict that an answer ends in: the last of `\boxed{yes}`, `{"verdict": "yes"}` and a last line `yes`, in any case
/// and dress; none where it says neither yes nor no.
pub fn verdict(answer: &str) -> Option<bool> {
    static JSON: LazyLock<Regex> =
        LazyLock::new(|| pattern(r#"(?i)"verdict"\s*:\s*("yes"|"no"|"true"|"false"|true|false)"#));
    let boxed = boxes(answer).find_map(|Marked { start, inside }| Some((start, yes_or_no(unwrapped(&inside))?)));
    let field = JSON.captures_iter(answer).last().and_then(|found| {
        let said = found.get(1)?;
        Some((said.start(), yes_or_no(said.as_str())?))
    });
    let line = answer.trim_end().lines().next_back().unwrap_or_default();
    let said = line.rsplit_once(':').map_or(line, |(_, said)| said);
    let last_line = yes_or_no(said).map(|verdict| (answer.trim_end().len(), verdict));
    [boxed, field, last_line].into_iter().flatten().max_by_key(|(at, _)| *at).map(|(_, verdict)| verdict)
}

/// Whether an answer without a script says that there will be none: "I'm sorry, but I can't help with that."
pub fn is_refusal(answer: &str) -> bool {
    static REFUSAL: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?ix)
            \b (?: i | we ) (?: \s+ am | \s+ are | '?m | '?re )? \s+ (?: (?: really | very | so ) \s+ )?
               (?: sorry | unable \s+ to | not \s+ able \s+ to | not \s+ comfortable )
            | \b i \s+ (?: can(?: \s* not | 't ) | could \s+ not | couldn't | won't | will \s+ not | must \s+ decline )
               \s+ (?: \w+ \s+ )? (?: help | assist | comply | provide | do | fulfil l? | answer | continue | complete | solve | discuss )
            | \b i \s+ (?: must | have \s+ to ) \s+ (?: decline | refuse )
            | \b as \s+ an \s+ ai \b",
        )
    });
    const OPENING: usize = 300;
    let opening = answer.trim().replace('’', "'");
    let opening = opening.char_indices().nth(OPENING).map_or(opening.as_str(), |(end, _)| &opening[..end]);
    REFUSAL.is_match(opening)
}

/// A part of an answer that a mark sets off.
struct Marked {
    /// Where the mark begins.
    start: usize,
    inside: String,
}

/// What stands in each `\boxed{…}`, the backslash forgotten or not, braces inside it included, the last one first.
fn boxes(answer: &str) -> impl Iterator<Item = Marked> {
    const BOX: &str = "boxed";
    answer.rmatch_indices(BOX).filter_map(|(at, _)| {
        let inside = answer[at + BOX.len()..].trim_start().strip_prefix('{')?;
        let end = closing_brace(inside)?;
        let start = answer[..at].strip_suffix('\\').map_or(at, str::len);
        Some(Marked { start, inside: inside[..end].trim().to_owned() })
    })
}

/// Where the brace closes that was opened just before the text.
fn closing_brace(inside: &str) -> Option<usize> {
    let mut depth = 1;
    inside.char_indices().find_map(|(index, c)| {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        (depth == 0).then_some(index)
    })
}

/// What stands in the last `<answer>…</answer>`.
fn tagged(answer: &str) -> Option<Marked> {
    let (before, behind) = answer.rsplit_once("<answer>")?;
    let inside = behind.split_once("</answer>")?.0;
    Some(Marked { start: before.len(), inside: inside.trim().to_owned() })
}

/// What stands in the blocks of code, one after the other; it starts where the last one does.
fn fenced(answer: &str) -> Option<Marked> {
    static FENCE: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"(?s)```[ \t]*(?:coq|rocq|ssreflect|ssr|ocaml|text)?[ \t]*\n(.*?)\n?[ \t]*```"));
    let blocks: Vec<_> = FENCE.captures_iter(answer).filter_map(|found| Some((found.get(0)?, found.get(1)?))).collect();
    let (last, _) = blocks.last()?;
    let inside: Vec<_> = blocks.iter().map(|(_, inside)| inside.as_str().trim()).collect();
    Some(Marked { start: last.start(), inside: inside.join("\n") })
}

/// What stands in `\text{…}`, `\textbf{…}`, `\mathtt{…}`, `$…$`, `` `…` `` around the whole text.
fn unwrapped(text: &str) -> &str {
    let text = text.trim();
    let inner = text
        .strip_prefix("\\text")
        .or_else(|| text.strip_prefix("\\math"))
        .map(|rest| rest.trim_start_matches(char::is_alphabetic))
        .and_then(|rest| rest.strip_prefix('{'))
        .filter(|rest| closing_brace(rest) == Some(rest.len() - 1))
        .and_then(|rest| rest.strip_suffix('}'));
    let inner = inner.or_else(|| text.strip_prefix('$')?.strip_suffix('$'));
    let inner = inner.or_else(|| text.strip_prefix('`')?.strip_suffix('`'));
    inner.map_or(text, unwrapped)
}

/// A text without the backslashes that `LaTeX` wants before braces, `_`, `&`, `%`, `#` and `$`.
fn unescaped(text: &str) -> String {
    static ESCAPED: LazyLock<Regex> = LazyLock::new(|| pattern(r"\\([{}_&%#$])"));
    ESCAPED.replace_all(text, "$1").into_owned()
}

/// What stands between `Proof.` and `Qed.` or `Defined.`, where a script has them.
fn tactics(script: &str) -> &str {
    static OPENING: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:^|\s)Proof(?:\s+(?:using|with)\b[^.]*)?\.\s"));
    let script = script.trim();
    let inside = OPENING.find(script).map_or(script, |opening| &script[opening.end()..]);
    let closed = ["Qed.", "Defined."].into_iter().find_map(|closing| inside.trim_end().strip_suffix(closing));
    closed.unwrap_or(inside).trim()
}

fn yes_or_no(text: &str) -> Option<bool> {
    match text.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase().as_str() {
        "yes" | "true" => Some(true),
        "no" | "false" => Some(false),
        _ => None,
    }
}

/// A pattern that is part of the program.
fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern of the program")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(answer: &str) -> Option<String> {
        parts(answer).script
    }

    #[test]
    fn a_script_is_read_from_a_box_a_tag_or_blocks_of_code() {
        let expected = Some("by rewrite {1}addnC.".to_owned());
        for answer in [
            r"\boxed{a} then \boxed{ by rewrite {1}addnC. }",
            r"boxed{by rewrite {1}addnC.}",
            r"So \boxed{\texttt{by rewrite \{1\}addnC.}}",
            "\\boxed{```coq\nby rewrite {1}addnC.\n```}",
            "First.\n```coq\nProof.\nby rewrite {1}addnC.\nQed.\n```",
            "```\nLemma x : a = b.\nProof using Type. by rewrite {1}addnC. Defined.\n```\nDone.",
            "<answer>no</answer> <answer>\nby rewrite {1}addnC.\n</answer>",
            "<answer>```rocq\nby rewrite {1}addnC.\n```</answer>",
        ] {
            assert_eq!(script(answer), expected, "{answer}");
        }
        assert_eq!(script("```coq\nmove=> n.\n```\nand then\n```coq\nby [].\n```").unwrap(), "move=> n.\nby [].");
        for none in ["by [].", r"\boxed{open", r"\boxed{}", "```coq\nProof.\nQed.\n```", "boxed in"] {
            assert_eq!(script(none), None, "{none}");
        }
    }

    #[test]
    fn what_leads_to_the_script_ends_where_its_mark_begins() {
        assert_eq!(parts("I look.\nThen \\boxed{by [].} indeed").derivation, "I look.\nThen");
        assert_eq!(
            parts("I look.\n```coq\na.\n```\nThen\n```coq\nb.\n```").derivation,
            "I look.\n```coq\na.\n```\nThen"
        );
        assert_eq!(parts(" I look. ").derivation, "I look.");
    }

    #[test]
    fn m54_a_verdict_is_read_in_whatever_dress_it_comes() {
        for yes in [
            r"You want \boxed{yes} or \boxed{no}. I say \boxed{ Yes }",
            r"\boxed{Yes.}",
            r"\boxed{\text{yes}}",
            r"\boxed{\textbf{Yes}}.",
            "boxed{yes}",
            r"$\boxed{yes}$",
            "It is a discovery.\n\n**Yes**",
            "It is.\nVerdict: **yes**.\n",
            "yes",
            r#"{"explanation": "no word of it", "verdict": "yes"}"#,
            "```json\n{ \"verdict\" : true }\n```",
        ] {
            assert_eq!(verdict(yes), Some(true), "{yes}");
        }
        for no in [r"\boxed{NO}.", r"\boxed {no} as in \boxed{maybe}", "Hm.\n__No__", r#"{"verdict":"no"}"#] {
            assert_eq!(verdict(no), Some(false), "{no}");
        }
        for none in ["", "Hm.", "yes and no", "He says yes.", r"\boxed{maybe}", "No, I cannot decide."] {
            assert_eq!(verdict(none), None, "{none}");
        }
    }

    #[test]
    fn m48_a_refusal_is_told_from_a_derivation() {
        for refusal in [
            "I'm sorry, but I can't help with that.",
            "I’m sorry, but I cannot assist with this request.",
            "I am unable to provide a proof.",
            "As an AI language model, I do not do that.",
            "Unfortunately, I must decline.",
            "We are not able to help.",
        ] {
            assert!(is_refusal(refusal), "{refusal}");
        }
        for derivation in ["The term begins with a lambda.", "I cannot rewrite here, so I take apply.", "I see no way."]
        {
            assert!(!is_refusal(derivation), "{derivation}");
        }
    }
}
