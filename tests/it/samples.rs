//! What `reason` makes of a sample: the part that is taken, the script that it ends in, and what sets it aside.

use rocq_distill::record::{AnswerOutcome, Flaw, Reasoning, ReasoningSource, Record};
use rocq_distill::settings::{ReasonSettings, Take};
use rocq_distill::store::layout::Stage;
use serde_json::{Value, json};

use crate::model_server::{ModelServer, Said, chat};
use crate::reason::{ANSWER, run, run_dir, settings};
use crate::support::{kept, record, rejected};

/// A derivation that is long enough to be one.
const DERIVATION: &str = "The term begins with a lambda over a string, which is an introduction. Behind it stands a match \
    on a number, and each of its two branches is closed by computation, so the first one needs nothing and the second a \
    rewriting by commutativity.";

/// The reasonings that come of these messages, asked for one after the other.
fn reasonings(messages: Vec<Value>, more: impl FnOnce(&mut ReasonSettings)) -> Vec<Reasoning> {
    let n_messages = messages.len();
    let server = ModelServer::start(move |index, _| {
        let mut said = chat("", "", "stop");
        said["choices"][0]["message"] = messages[index].clone();
        Said::json(200, &said)
    });
    let (_folder, run_dir) = run_dir(1);
    let mut settings = ReasonSettings { max_workers: 1, max_tries: 1, ..settings(&server, n_messages) };
    more(&mut settings);
    run(&run_dir, &settings).unwrap();
    let output = run_dir.stage(Stage::Reason);
    let rejected = rejected(&output).into_iter().filter_map(|rejected| rejected.record.map(|record| *record));
    kept(&output).into_iter().chain(rejected).flat_map(|record| record.reasonings).collect()
}

fn sources(reasonings: &[Reasoning]) -> Vec<(ReasoningSource, &str)> {
    reasonings.iter().map(|reasoning| (reasoning.source, reasoning.text.as_str())).collect()
}

fn flaws(reasonings: &[Reasoning]) -> Vec<Option<Flaw>> {
    reasonings.iter().map(|reasoning| reasoning.flaw).collect()
}

#[test]
fn m45_a_summary_of_a_thought_is_never_taken() {
    let summary = json!([
        { "type": "reasoning.summary", "summary": "I looked at the term." },
        { "type": "reasoning.encrypted", "data": "x" },
    ]);
    let said = |content: &str| json!({ "content": content, "reasoning_details": summary });
    let messages = || vec![said(&format!("{DERIVATION} {ANSWER}")), said(ANSWER)];
    let found = reasonings(messages(), |_| {});
    assert_eq!(sources(&found), [(ReasoningSource::Answer, DERIVATION), (ReasoningSource::Answer, "")]);
    assert_eq!(flaws(&found), [None, Some(Flaw::NoText)]);
    let thoughts = reasonings(messages(), |settings| settings.take = Some(Take::Thought));
    assert_eq!(flaws(&thoughts), [Some(Flaw::NoText); 2]);
}

#[test]
fn m46_where_the_thought_is_about_the_task_the_derivation_that_was_said_is_taken() {
    let about_task = "Okay, the user wants me to simulate how one finds them. The tactics are given.";
    let said = format!("{DERIVATION} {ANSWER}");
    let messages = || {
        vec![
            json!({ "reasoning": about_task, "content": said }),
            json!({ "reasoning": about_task, "content": ANSWER }),
            json!({ "reasoning": "I look at the term.", "content": said }),
        ]
    };
    let (thought, answer) = (ReasoningSource::Thought, ReasoningSource::Answer);
    let found = reasonings(messages(), |_| {});
    assert_eq!(sources(&found), [(answer, DERIVATION), (thought, about_task), (thought, "I look at the term.")]);
    let found = reasonings(messages(), |settings| settings.take = Some(Take::Thought));
    assert_eq!(found[0].text, about_task);
    let found = reasonings(messages(), |settings| settings.take = Some(Take::Answer));
    assert_eq!(sources(&found), [(answer, DERIVATION), (answer, ""), (answer, DERIVATION)]);
}

#[test]
fn both_parts_of_a_sample_are_two_reasonings_that_were_paid_for_once() {
    let both = json!({ "reasoning": "I look at the term.", "content": format!("{DERIVATION} {ANSWER}") });
    let thought = json!({ "reasoning": "I turn it round.", "content": ANSWER });
    let found = reasonings(vec![both, thought], |settings| settings.take = Some(Take::Both));
    let places: Vec<_> = found.iter().map(|reasoning| (reasoning.index, reasoning.sample, reasoning.source)).collect();
    let (thought, answer) = (ReasoningSource::Thought, ReasoningSource::Answer);
    assert_eq!(places, [(0, 0, thought), (1, 0, answer), (2, 1, thought)]);
    let record = Record { reasonings: found, ..record("lib.a:x") };
    assert_eq!(record.samples().map(|reasoning| reasoning.index).collect::<Vec<_>>(), [0, 2]);
}

#[test]
fn m47_a_reasoning_that_ends_in_another_script_is_not_paired_with_the_true_one() {
    let said = |answer: &str| json!({ "reasoning": format!("So the script is {answer}"), "content": answer });
    let fence =
        "```coq\nmove=> /= \"x\\y\" [|n]. (* the pair *)\n- by [].\nby case: n => // m; rewrite {1} addnC.\n```";
    let bare = ANSWER.trim_start_matches("\\boxed{").trim_end_matches('}');
    let messages = vec![said("\\boxed{by rewrite nonsense.}"), said(fence), said(bare), said("Hm, by rewrite.")];
    let found = reasonings(messages.clone(), |_| {});
    assert_eq!(flaws(&found), [Some(Flaw::AnswerDiffers), None, None, Some(Flaw::NoAnswer)]);
    let outcomes: Vec<_> = found.iter().map(|reasoning| reasoning.outcome).collect();
    let (same, different) = (AnswerOutcome::Same, AnswerOutcome::Different);
    assert_eq!(outcomes, [different, same, same, AnswerOutcome::Missing]);
    assert_eq!(found[0].answer.as_deref(), Some("by rewrite nonsense."));
    let ignored = vec![Flaw::AnswerDiffers, Flaw::NoAnswer];
    assert_eq!(flaws(&reasonings(messages, |settings| settings.ignored_flaws = ignored)), [None; 4]);
}

#[test]
fn m48_a_refusal_is_a_flaw_of_its_own() {
    let messages = vec![
        json!({ "content": "I'm sorry, but I can't help with that." }),
        json!({ "content": null, "refusal": "I will not." }),
        json!({ "reasoning": "I look.", "content": "I cannot assist with this." }),
    ];
    assert_eq!(flaws(&reasonings(messages, |_| {})), [Some(Flaw::Refused); 3]);
}

#[test]
fn a_thought_in_another_language_than_asked_for_is_set_aside() {
    let german = "Zuerst betrachte ich den Beweisterm. Ganz außen steht eine Fallunterscheidung, und in ihren beiden \
        Zweigen ist nichts mehr zu tun als zu rechnen, also ist das Skript sehr kurz.";
    let messages =
        vec![json!({ "reasoning": german, "content": ANSWER }), json!({ "reasoning": DERIVATION, "content": ANSWER })];
    assert_eq!(flaws(&reasonings(messages.clone(), |_| {})), [Some(Flaw::OtherLanguage), None]);
    let asked_for = |settings: &mut ReasonSettings| settings.language = "deu".to_owned().try_into().unwrap();
    assert_eq!(flaws(&reasonings(messages, asked_for)), [None, Some(Flaw::OtherLanguage)]);
}

#[test]
fn of_near_copies_the_one_that_ends_in_the_true_script_is_left() {
    let said = |thought: &str, answer: &str| json!({ "reasoning": thought, "content": answer });
    let messages = vec![
        said(DERIVATION, "\\boxed{by rewrite nonsense.}"),
        said(&format!("{DERIVATION}\n"), ANSWER),
        said(&DERIVATION.replace("commutativity", "associativity"), ANSWER),
        said("Something quite different: an induction on the length of the string.", ANSWER),
    ];
    let found = reasonings(messages, |_| {});
    assert_eq!(flaws(&found), [Some(Flaw::NearCopy), None, Some(Flaw::NearCopy), None]);
}
