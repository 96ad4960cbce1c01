//! Takes the answer to `Print Assumptions` apart, as Coq 8.16 and 8.20 and Rocq 9.2 print it.

/// What `Print Assumptions` lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assumptions {
    /// Section variables, which are no axioms; those that only types name are not among them.
    pub variables: Vec<String>,
    /// What is said of objects.
    pub objects: Vec<Assumption>,
    /// What is said of the whole theory: `Set is impredicative`.
    pub theory: Vec<String>,
}

/// An object that is assumed, or of which something is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assumption {
    /// The shortest name that means the object where the question was asked.
    pub name: String,
    /// What is said: nothing of an axiom, of another object what was not checked (`is assumed to be guarded.`).
    pub remark: String,
}

impl Assumptions {
    /// Whether nothing but section variables is assumed.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.theory.is_empty()
    }
}

/// Takes the answer to `Print Assumptions` apart; nothing if it is not understood.
pub fn read(text: &str) -> Option<Assumptions> {
    let mut assumptions = Assumptions::default();
    if text.trim() == "Closed under the global context" {
        return Some(assumptions);
    }
    let mut heading = None;
    for line in text.lines() {
        match heading {
            _ if ["Section Variables:", "Axioms:", "Theory:"].contains(&line) => heading = Some(line),
            None => return None,
            Some("Axioms:") => match meaning(line)? {
                Meaning::Assumption(assumption) => assumptions.objects.push(assumption),
                Meaning::Continuation => {}
            },
            Some("Theory:") => assumptions.theory.push(line.trim().to_owned()),
            Some(_) => assumptions.variables.extend(variable(line)),
        }
    }
    heading.map(|_| assumptions)
}

/// The variable that a line below `Section Variables:` begins with. A line of a type may look like one, too.
fn variable(line: &str) -> Option<String> {
    let is_name = |word: &&str| word.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '\'');
    line.split_whitespace().next().filter(is_name).map(str::to_owned)
}

/// What a line below `Axioms:` is.
enum Meaning {
    /// `name : type`, `name is assumed to be …` or `name relies on …`.
    Assumption(Assumption),
    /// It goes on with a type, or says what an axiom without proof is used for (`used in name to prove`).
    Continuation,
}

/// What a line below `Axioms:` is; nothing if it might be one sort or the other.
fn meaning(line: &str) -> Option<Meaning> {
    let is_part = |c: char| !c.is_whitespace() && (!c.is_ascii_punctuation() || "_'.".contains(c));
    let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
    if !name.starts_with(|c| is_part(c) && !c.is_numeric()) || !name.chars().all(is_part) {
        return Some(Meaning::Continuation);
    }
    let said = |remark: &str| Meaning::Assumption(Assumption { name: name.to_owned(), remark: remark.to_owned() });
    match rest.trim() {
        "" => (name == "end").then_some(Meaning::Continuation),
        rest if rest == ":" || rest.starts_with(": ") => Some(said("")),
        rest if rest.starts_with("is assumed to be ") || rest.starts_with("relies on ") => Some(said(rest)),
        _ => Some(Meaning::Continuation),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axioms_are_told_from_section_variables() {
        let told = |text: &str| {
            let Assumptions { objects, theory, variables } = read(text)?;
            let variables = variables.into_iter().map(|name| format!("({name})"));
            let objects = objects.into_iter().map(|Assumption { name, remark }| format!("{name}/{remark}"));
            Some(variables.chain(objects).chain(theory).collect::<Vec<_>>().join("|"))
        };
        assert_eq!(told("Closed under the global context").as_deref(), Some(""));
        let text =
            "Section Variables:\ny\n: nat\nAxioms:\nbx : forall x, x = 1\nM.ax' : 1 = 2\nTheory:\nSet is impredicative";
        assert_eq!(told(text).as_deref(), Some("(y)|bx/|M.ax'/|Set is impredicative"));
        let text = "Axioms:\nf is assumed to be guarded.\nt relies on definitional UIP.";
        assert_eq!(told(text).as_deref(), Some("f/is assumed to be guarded.|t/relies on definitional UIP."));
        assert_eq!(told("what?"), None);
        assert_eq!(told("Axioms:\nwhat"), None);
    }

    #[test]
    fn the_lines_of_an_axioms_type_and_what_it_is_used_for_are_no_axioms() {
        let text = "Axioms:\nax : forall n, match n with\n| 0 => True\n| S _ => False\nend\nabsurd : False\n\
                    used in lemma to prove\n 1 = 2\n  (x : nat)";
        let names: Vec<_> = read(text).unwrap().objects.into_iter().map(|object| object.name).collect();
        assert_eq!(names, ["ax", "absurd"]);
    }
}
