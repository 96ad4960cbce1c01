//! The XML that `coqidetop` reads and writes: calls to bytes, answers to plain data.
//!
//! Source: `ide/coqide/protocol/{interface.ml,xmlprotocol.ml}` of Coq 8.20. An answer is a run of `<feedback>` elements
//! and then one `<value>`. Printed text stands in `<ppdoc>`, the structure that Rocq's printer lays out. The other
//! format, `<richpp>`, is laid out already but cuts every text off at 50 nested boxes, whatever `Printing Depth` says
//! (`lib/richpp.ml`).

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::ppdoc::Layout;
use super::source_text::SourcePlace;
use super::{Refusal, answers};
use crate::record::{Goal, ProofState};

/// A state of the document, by the number that `coqidetop` gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateId(u64);

/// A call.
#[derive(Debug, Clone, Copy)]
pub enum Call<'a> {
    /// Starts the session; gives the first state.
    Init,
    /// Who is there?
    About,
    /// Parses and queues one sentence after a state, which must be the tip.
    Add {
        /// The sentence.
        text: &'a str,
        /// The tip.
        tip: StateId,
        /// Where it stands.
        place: SourcePlace,
    },
    /// Executes what is queued and gives the proof state at the tip.
    Goal,
    /// The same without the goals in the background.
    ForegroundGoals,
    /// Executes what is queued and says which sections, modules and proofs are open.
    Status,
    /// Executes a question at a state and leaves the document as it is.
    Query {
        /// The question.
        text: &'a str,
        /// At which state.
        at: StateId,
    },
    /// Makes an earlier state the tip.
    EditAt(StateId),
}

impl Call<'_> {
    /// The call as XML.
    pub fn encode(self) -> String {
        match self {
            Self::Init => r#"<call val="Init"><option val="none"/></call>"#.to_owned(),
            Self::About => r#"<call val="About"><unit/></call>"#.to_owned(),
            Self::Add { text, tip, place: SourcePlace { offset, line, line_start } } => format!(
                concat!(
                    r#"<call val="Add"><pair><pair><pair><pair><string>{text}</string><int>-1</int></pair>"#,
                    r#"<pair><state_id val="{tip}"/><bool val="false"/></pair></pair><int>{offset}</int></pair>"#,
                    r#"<pair><int>{line}</int><int>{line_start}</int></pair></pair></call>"#
                ),
                text = escape(text),
                tip = tip.0,
                offset = offset,
                line = line,
                line_start = line_start,
            ),
            Self::Goal => r#"<call val="Goal"><unit/></call>"#.to_owned(),
            Self::ForegroundGoals => concat!(
                r#"<call val="Subgoals"><goal_flags><string>full</string><bool val="true"/><bool val="false"/>"#,
                r#"<bool val="true"/><bool val="true"/></goal_flags></call>"#
            )
            .to_owned(),
            Self::Status => r#"<call val="Status"><bool val="false"/></call>"#.to_owned(),
            Self::Query { text, at } => format!(
                concat!(
                    r#"<call val="Query"><pair><route_id val="0"/><pair><string>{text}</string>"#,
                    r#"<state_id val="{at}"/></pair></pair></call>"#
                ),
                text = escape(text),
                at = at.0,
            ),
            Self::EditAt(state) => format!(r#"<call val="Edit_at"><state_id val="{}"/></call>"#, state.0),
        }
    }
}

/// Only what must be: `coqidetop` does not decode every entity.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// What ends every answer.
pub const END: &[u8] = b"</value>";

/// Elements outside printed text nest by the type of a call's value, a dozen deep or so. Without a limit a broken answer
/// would be looked through, and dropped, deeper than the stack is.
const MOST_NESTED: usize = 100;

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// What Rocq printed on the way, in order; warnings and information are left out.
    pub notices: Vec<String>,
    /// The value, or why there is none.
    pub value: Result<Element, Refusal>,
}

/// Which sections, modules and proofs are open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The library's path, then open modules and sections.
    pub path: Vec<String>,
    /// The proof in focus.
    pub proof: Option<String>,
    /// How many proofs are open.
    pub n_proofs: usize,
}

/// An element of an answer. The text of printed elements is kept without its markup.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Element {
    name: String,
    val: Option<String>,
    children: Vec<Element>,
    text: String,
}

/// An answer that is not what the protocol says.
#[derive(Debug, thiserror::Error)]
pub enum BadAnswer {
    /// It is no XML.
    #[error("the answer is no XML")]
    Xml(#[from] quick_xml::Error),
    /// It is not UTF-8.
    #[error("the answer is not UTF-8")]
    Utf8(#[from] std::str::Utf8Error),
    /// An unknown entity.
    #[error("the answer holds an unknown entity `{0}`")]
    Entity(String),
    /// It nests deeper than any call's answer does.
    #[error("the answer nests more than {MOST_NESTED} elements")]
    Nested,
    /// It is XML of another shape.
    #[error("the answer holds no {0}")]
    Shape(&'static str),
}

impl Answer {
    /// Decodes the bytes of one answer, up to and including [`END`].
    pub fn decode(bytes: &[u8]) -> Result<Self, BadAnswer> {
        let elements = elements(bytes)?;
        let mut notices = Vec::new();
        let mut value = None;
        for element in elements {
            match element.name.as_str() {
                "feedback" => notices.extend(element.notice()),
                "value" => value = Some(element),
                _ => {}
            }
        }
        let value = value.ok_or(BadAnswer::Shape("value"))?;
        let value = match value.val.as_deref() {
            Some("good") => Ok(value),
            _ => Err(Refusal { message: value.find("ppdoc").map(|text| text.text.clone()).unwrap_or_default() }),
        };
        Ok(Self { notices, value })
    }
}

impl Element {
    fn find(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The first element of a name at any depth.
    fn descendant(&self, name: &str) -> Option<&Self> {
        self.children.iter().find_map(|child| if child.name == name { Some(child) } else { child.descendant(name) })
    }

    /// The printed text of a feedback that is a notice.
    fn notice(&self) -> Option<String> {
        let message = self.find("feedback_content")?.find("message")?;
        let level = message.find("message_level")?.val.as_deref();
        (level == Some("notice")).then(|| message.find("ppdoc").map(|text| text.text.clone()))?
    }

    /// The state that `Init` or `Add` gives.
    pub fn state_id(&self) -> Result<StateId, BadAnswer> {
        self.descendant("state_id")
            .and_then(|state| state.val.as_deref()?.parse().ok())
            .map(StateId)
            .ok_or(BadAnswer::Shape("state_id"))
    }

    /// The version that `About` gives.
    pub fn version(&self) -> Result<String, BadAnswer> {
        self.descendant("string").map(|version| version.text.clone()).ok_or(BadAnswer::Shape("version"))
    }

    /// What `Status` gives.
    pub fn status(&self) -> Result<Status, BadAnswer> {
        let status = self.find("status").ok_or(BadAnswer::Shape("status"))?;
        let [path, proof, proofs, ..] = status.children.as_slice() else { return Err(BadAnswer::Shape("status")) };
        Ok(Status {
            path: path.children.iter().map(|part| part.text.clone()).collect(),
            proof: proof.children.first().map(|name| name.text.clone()),
            n_proofs: proofs.children.len(),
        })
    }

    /// What `Goal` gives: nothing where no proof is open.
    pub fn proof_state(&self) -> Result<Option<ProofState>, BadAnswer> {
        let option = self.find("option").ok_or(BadAnswer::Shape("option"))?;
        let Some(goals) = option.find("goals") else { return Ok(None) };
        let [focused, background, shelved, given_up] = goals.children.as_slice() else {
            return Err(BadAnswer::Shape("four lists of goals"));
        };
        Ok(Some(ProofState {
            goals: focused.goals()?,
            shelved: shelved.goals()?,
            given_up: given_up.goals()?,
            background: background.all_goals()?,
        }))
    }

    fn goals(&self) -> Result<Vec<Goal>, BadAnswer> {
        self.children.iter().map(Self::goal).collect()
    }

    /// The goals of a list of pairs of lists: around each focus, those before it and those after it.
    fn all_goals(&self) -> Result<Vec<Goal>, BadAnswer> {
        let mut goals = Vec::new();
        for pair in &self.children {
            for list in &pair.children {
                goals.extend(list.goals()?);
            }
        }
        Ok(goals)
    }

    fn goal(&self) -> Result<Goal, BadAnswer> {
        let [_id, hypotheses, conclusion, rest @ ..] = self.children.as_slice() else {
            return Err(BadAnswer::Shape("goal"));
        };
        let hypotheses = hypotheses
            .children
            .iter()
            .map(|hypothesis| {
                answers::hypothesis(&answers::one_line(&hypothesis.text)).ok_or(BadAnswer::Shape("hypothesis"))
            })
            .collect::<Result<_, _>>()?;
        let name = rest.first().and_then(|option| option.children.first()).map(|name| name.text.clone());
        Ok(Goal { name, hypotheses, conclusion: answers::one_line(&conclusion.text).into_owned() })
    }
}

/// The top-level elements of an answer.
fn elements(bytes: &[u8]) -> Result<Vec<Element>, BadAnswer> {
    let mut reader = Reader::from_str(std::str::from_utf8(bytes)?);
    let mut open = vec![Element::default()];
    let mut layout: Option<Layout> = None;
    loop {
        match reader.read_event()? {
            Event::Start(start) => match &mut layout {
                Some(layout) => layout.open(start.name().as_ref(), val(&start)?.as_deref()),
                None => {
                    if open.len() > MOST_NESTED {
                        return Err(BadAnswer::Nested);
                    }
                    let element = element(&start)?;
                    if element.name == "ppdoc" {
                        layout = Some(Layout::new(element.val.as_deref()));
                    }
                    open.push(element);
                }
            },
            Event::Empty(start) => match &mut layout {
                Some(layout) => {
                    layout.open(start.name().as_ref(), val(&start)?.as_deref());
                    layout.close();
                }
                None => {
                    let element = element(&start)?;
                    let text = match element.name.as_str() {
                        "ppdoc" => Layout::new(element.val.as_deref()).into_text(),
                        _ => String::new(),
                    };
                    last(&mut open)?.children.push(Element { text, ..element });
                }
            },
            Event::End(_) => {
                if let Some(inner) = &mut layout {
                    inner.close();
                    if !inner.is_closed() {
                        continue;
                    }
                }
                let mut element = open.pop().ok_or(BadAnswer::Shape("element"))?;
                if let Some(layout) = layout.take() {
                    element.text = layout.into_text();
                }
                last(&mut open)?.children.push(element);
            }
            Event::Text(text) => match &mut layout {
                Some(layout) => layout.text(&text),
                None => last(&mut open)?.text.push_str(&text),
            },
            Event::GeneralRef(entity) => {
                let character = character(&entity)?;
                match &mut layout {
                    Some(layout) => layout.text(character.encode_utf8(&mut [0; 4])),
                    None => last(&mut open)?.text.push(character),
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    match open.pop() {
        Some(root) if open.is_empty() => Ok(root.children),
        _ => Err(BadAnswer::Shape("closing tag")),
    }
}

fn last(open: &mut [Element]) -> Result<&mut Element, BadAnswer> {
    open.last_mut().ok_or(BadAnswer::Shape("element"))
}

fn element(start: &BytesStart<'_>) -> Result<Element, BadAnswer> {
    let name = start.name().as_ref().to_owned();
    Ok(Element { name, val: val(start)?.map(Cow::into_owned), ..Element::default() })
}

/// The attribute that says which kind of an element it is.
fn val<'a>(start: &'a BytesStart<'_>) -> Result<Option<Cow<'a, str>>, BadAnswer> {
    // That none is given twice is not looked at: there are millions.
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute.map_err(quick_xml::Error::from)?;
        if attribute.key.as_ref() == "val" {
            return Ok(Some(attribute.value));
        }
    }
    Ok(None)
}

/// What an entity stands for.
fn character(entity: &BytesRef<'_>) -> Result<char, BadAnswer> {
    if let Some(character) = entity.resolve_char_ref()? {
        return Ok(character);
    }
    match &**entity {
        "nbsp" => Ok(' '),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "amp" => Ok('&'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        name => Err(BadAnswer::Entity(format!("&{name};"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOAL: &str = concat!(
        r#"<feedback object="state" route="0"><state_id val="11"/><feedback_content val="processed"/></feedback>"#,
        r#"<value val="good"><option val="some"><goals><list><goal><string>66332</string><list>"#,
        r#"<ppdoc val="box"><pair><ppbox val="hovbox"><int>2</int></ppbox><ppdoc val="glue"><list>"#,
        r#"<ppdoc val="string"><string>x,</string></ppdoc><ppdoc val="break"><pair><int>1</int><int>7</int></pair>"#,
        r#"</ppdoc><ppdoc val="string"><string>y&nbsp;:&nbsp;</string></ppdoc><ppdoc val="tag"><pair>"#,
        r#"<string>constr.variable</string><ppdoc val="string"><string>nat</string></ppdoc></pair></ppdoc>"#,
        r#"</list></ppdoc></pair></ppdoc>"#,
        r#"<ppdoc val="string"><string>z&nbsp;:=&nbsp;x&nbsp;:&nbsp;nat</string></ppdoc></list>"#,
        r#"<ppdoc val="string"><string>x&nbsp;&lt;&nbsp;y&nbsp;≤&#x27;</string></ppdoc>"#,
        r#"<option val="none"/></goal></list><list/><list/><list/></goals></option></value>"#,
    );

    #[test]
    fn goals_lose_their_markup_and_keep_their_text() {
        let answer = Answer::decode(GOAL.as_bytes()).unwrap();
        let state = answer.value.unwrap().proof_state().unwrap().unwrap();
        insta::assert_snapshot!(state.to_string(), @r"
        1 goal

          x, y : nat
          z := x : nat
          ============================
          x < y ≤'
        ");
    }

    #[test]
    fn goals_outside_the_focus_are_all_kept() {
        let goal = |conclusion: &str| {
            format!("<goal><string>1</string><list/><ppdoc val=\"string\"><string>{conclusion}</string></ppdoc></goal>")
        };
        let text = format!(
            "<value val=\"good\"><option val=\"some\"><goals><list>{}</list><list><pair><list>{}</list><list>{}</list>\
             </pair></list><list/><list>{}</list></goals></option></value>",
            goal("A"),
            goal("B"),
            goal("C"),
            goal("D"),
        );
        let state = Answer::decode(text.as_bytes()).unwrap().value.unwrap().proof_state().unwrap().unwrap();
        let conclusions = |goals: &[Goal]| goals.iter().map(|goal| goal.conclusion.clone()).collect::<String>();
        assert_eq!(conclusions(&state.goals), "A");
        assert_eq!(conclusions(&state.background), "BC");
        assert_eq!(conclusions(&state.given_up), "D");
    }

    #[test]
    fn only_notices_are_kept_of_the_feedback() {
        let message = |level: &str| {
            format!(
                "<feedback object=\"state\" route=\"0\"><state_id val=\"1\"/><feedback_content val=\"message\"><message>\
                 <message_level val=\"{level}\"/><option val=\"none\"/><ppdoc val=\"string\"><string>{level}&nbsp;text</string></ppdoc>\
                 </message></feedback_content></feedback>"
            )
        };
        let text = format!("{}{}<value val=\"good\"><unit/></value>", message("warning"), message("notice"));
        assert_eq!(Answer::decode(text.as_bytes()).unwrap().notices, ["notice text"]);
    }

    #[test]
    fn a_break_is_a_new_line_only_in_a_vertical_box() {
        let boxed = |sort: &str| {
            format!(
                "<value val=\"fail\"><ppdoc val=\"box\"><pair><ppbox val=\"{sort}\"><int>0</int></ppbox><ppdoc val=\"glue\">\
                 <list><ppdoc val=\"string\"><string>a</string></ppdoc><ppdoc val=\"break\"><pair><int>2</int><int>4</int>\
                 </pair></ppdoc><ppdoc val=\"string\"><string>b</string></ppdoc><ppdoc val=\"newline\"/></list></ppdoc></pair>\
                 </ppdoc></value>"
            )
        };
        let message = |sort| Answer::decode(boxed(sort).as_bytes()).unwrap().value.unwrap_err().message;
        assert_eq!(message("hovbox"), "a  b\n");
        assert_eq!(message("vbox"), "a\nb\n");
    }

    #[test]
    fn a_refusal_carries_what_rocq_said() {
        let text = "<value val=\"fail\" loc_s=\"0\"><state_id val=\"7\"/><option val=\"none\"/><ppdoc val=\"string\">\
                    <string>No.</string></ppdoc></value>";
        assert_eq!(Answer::decode(text.as_bytes()).unwrap().value, Err(Refusal { message: "No.".to_owned() }));
    }

    #[test]
    fn a_status_names_path_and_proof() {
        let text = "<value val=\"good\"><status><list><string>Top</string><string>S</string></list>\
                    <option val=\"some\"><string>foo</string></option><list><string>foo</string></list><int>0</int>\
                    </status></value>";
        let status = Answer::decode(text.as_bytes()).unwrap().value.unwrap().status().unwrap();
        assert_eq!(status, Status { path: vec!["Top".into(), "S".into()], proof: Some("foo".into()), n_proofs: 1 });
    }

    #[test]
    fn broken_answers_are_errors() {
        for text in
            ["", "<value", "<value val=\"good\">", "<a></value>", "<value val=\"good\">&what;</value>", "</value>"]
        {
            assert!(Answer::decode(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn an_answer_that_nests_without_end_is_an_error_and_not_the_end_of_the_process() {
        let text = format!("{}{}<value val=\"good\"></value>", "<a>".repeat(1_000_000), "</a>".repeat(1_000_000));
        assert!(matches!(Answer::decode(text.as_bytes()), Err(BadAnswer::Nested)));
    }

    #[test]
    fn only_three_characters_are_escaped() {
        let call = Call::Query { text: "Check (a < b) && \"it's\".", at: StateId(3) }.encode();
        assert!(call.contains("Check (a &lt; b) &amp;&amp; \"it's\"."), "{call}");
    }
}
