//! Which objects a proof term names: asked of the Elpi plugin, which walks the term itself.
//!
//! Rocq's own printer will not do: it prints the shortest name, which may be that of a bound variable too.

/// What must be executed at the start of a session, before the file's own sentences.
pub const PREPARATION: [&str; 3] = [
    "From elpi Require elpi.",
    "Elpi Command rocq_distill.dependencies.",
    "Elpi Accumulate lp:{{ main [str Name] :- coq.locate Name (const Constant), \
     coq.env.const-body Constant (some Term), coq.env.term-dependencies Term Set, \
     coq.gref.set.elements Set List, std.forall List (x\\ sigma s\\ coq.gref->string x s, coq.say s). }}.",
];

/// The question for the objects that the term of a constant names.
pub fn question(name: &str) -> String {
    format!("Elpi rocq_distill.dependencies \"{name}\".")
}

/// The full names in the answer, sorted; nothing if it is no list of names.
pub fn names(answer: &str) -> Option<Vec<String>> {
    let mut names: Vec<_> = answer.lines().map(|line| line.trim_end().to_owned()).collect();
    names.sort_unstable();
    names.dedup();
    let is_name = |name: &String| name.contains('.') && !name.contains(char::is_whitespace);
    names.iter().all(is_name).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_complaints() {
        assert_eq!(names("L.a.x\nCoq.Init.Datatypes.O"), Some(vec!["Coq.Init.Datatypes.O".into(), "L.a.x".into()]));
        assert_eq!(names(""), Some(vec![]));
        assert_eq!(names("The command is unknown."), None);
    }
}
