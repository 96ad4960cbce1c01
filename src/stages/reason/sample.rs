//! Samples of a model: which part of each is the derivation, which script it ends in, and what sets it aside.

use std::collections::BTreeMap;

use crate::llm::chat::Completion;
use crate::record::{AnswerOutcome, FinishReason, Flaw, Provenance, Reasoning, ReasoningSource};
use crate::settings::{ReasonSettings, Take};
use crate::stages::StageError;
use crate::text::answer::{self, Parts};
use crate::text::bm25::Bm25;
use crate::text::inverted_index::InvertedIndex;
use crate::text::{giveaway, normal_form};

/// What a model was asked for once, with its answer.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) number: usize,
    pub(super) take: Option<Take>,
    pub(super) completion: Completion,
    pub(super) provenance: Provenance,
}

/// Reasonings that resemble an earlier one more than this are near copies.
const NEAR_COPY: f64 = 0.95;
/// Characters from which on what was said before a script is a derivation of its own.
const LEAST_DERIVATION: usize = 200;

/// The reasonings of the samples of a record, whose true script this is.
pub(super) fn reasonings(
    samples: Vec<Sample>,
    tactics: &str,
    settings: &ReasonSettings,
) -> Result<Vec<Reasoning>, StageError> {
    let mut reasonings: Vec<_> = samples.into_iter().flat_map(|sample| of_sample(sample, tactics, settings)).collect();
    for (index, reasoning) in reasonings.iter_mut().enumerate() {
        reasoning.index = index;
    }
    if !settings.ignored_flaws.contains(&Flaw::NearCopy) {
        set_near_copies_aside(&mut reasonings)?;
    }
    Ok(reasonings)
}

/// How many reasonings each flaw sets aside, by its name.
pub(super) fn flaws(reasonings: &[Reasoning]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for flaw in reasonings.iter().filter_map(|reasoning| reasoning.flaw) {
        *counts.entry(flaw.as_str().to_owned()).or_default() += 1;
    }
    counts
}

fn of_sample(sample: Sample, tactics: &str, settings: &ReasonSettings) -> Vec<Reasoning> {
    let Sample { number, take, completion, provenance } = sample;
    let parts = answer::parts(&completion.answer);
    let script = own_script(&completion, &parts, tactics);
    let outcome = match &script {
        None => AnswerOutcome::Missing,
        Some(script) if is_same(script, tactics) => AnswerOutcome::Same,
        Some(_) => AnswerOutcome::Different,
    };
    let is_refused = completion.refusal.is_some() || script.is_none() && answer::is_refusal(&completion.answer);
    let reasoning = |(source, text): (ReasoningSource, &str)| {
        let flaws = [
            (Flaw::Refused, is_refused),
            (Flaw::Length, completion.finish_reason == FinishReason::Length),
            (Flaw::ContentFilter, completion.finish_reason == FinishReason::ContentFilter),
            (Flaw::NotFinished, matches!(completion.finish_reason, FinishReason::Other(_))),
            (Flaw::NoText, text.is_empty()),
            (Flaw::NoAnswer, outcome == AnswerOutcome::Missing),
            (Flaw::OtherLanguage, settings.language.is_not_that_of(text)),
            // The last one: what `prove` accepts is left with none.
            (Flaw::AnswerDiffers, outcome == AnswerOutcome::Different),
        ];
        let flaw = flaws.into_iter().find(|(flaw, is_found)| *is_found && !settings.ignored_flaws.contains(flaw));
        Reasoning {
            index: 0,
            sample: number,
            text: text.to_owned(),
            source,
            answer: script.clone(),
            outcome,
            flaw: flaw.map(|(flaw, _)| flaw),
            finish_reason: completion.finish_reason.clone(),
            provenance: provenance.clone(),
        }
    };
    derivations(&completion, &parts, tactics, take).into_iter().map(reasoning).collect()
}

/// The parts of a sample that are taken for derivations: at least one, which may be empty.
///
/// Where the settings leave it open, it is the thought if the model told all of it, and what it said before its script
/// otherwise; also where the thought is about the task or knows the script, and what was said is a derivation of its own.
fn derivations<'a>(
    completion: &'a Completion,
    parts: &Parts<'a>,
    tactics: &str,
    take: Option<Take>,
) -> Vec<(ReasoningSource, &'a str)> {
    let thought = completion.full_thought().map(|thought| (ReasoningSource::Thought, thought));
    let said = (ReasoningSource::Answer, parts.derivation);
    match take {
        Some(Take::Thought) => vec![thought.unwrap_or((ReasoningSource::Thought, ""))],
        Some(Take::Answer) => vec![said],
        Some(Take::Both) => {
            let both: Vec<_> = thought.into_iter().chain([said]).filter(|(_, text)| !text.is_empty()).collect();
            if both.is_empty() { vec![said] } else { both }
        }
        None => {
            let is_derivation = || {
                parts.derivation.chars().count() >= LEAST_DERIVATION
                    && giveaway::sign(parts.derivation, tactics).is_none()
            };
            let is_about_task =
                |thought| giveaway::opens_with_the_task(thought) || giveaway::sign(thought, tactics).is_some();
            let thought = thought.filter(|(_, thought)| !(is_about_task(thought) && is_derivation()));
            vec![thought.unwrap_or(said)]
        }
    }
}

/// The script that a sample ends in; unmarked, it has to be the true one to be known for a script.
fn own_script(completion: &Completion, parts: &Parts<'_>, tactics: &str) -> Option<String> {
    let said = || is_same(&completion.answer, tactics).then(|| completion.answer.clone());
    let thought = || completion.full_thought().filter(|_| completion.answer.is_empty());
    parts.script.clone().or_else(said).or_else(|| answer::parts(thought()?).script)
}

/// Sets aside what resembles an earlier reasoning; those that end in the true script come first.
fn set_near_copies_aside(reasonings: &mut [Reasoning]) -> Result<(), StageError> {
    let is_left = |reasoning: &Reasoning| matches!(reasoning.flaw, None | Some(Flaw::AnswerDiffers));
    let mut places: Vec<_> = (0..reasonings.len()).filter(|place| is_left(&reasonings[*place])).collect();
    places.sort_by_key(|place| reasonings[*place].flaw.is_some());
    let bm25 = Bm25::new(InvertedIndex::of(places.iter().map(|place| reasonings[*place].text.as_str()))?);
    let mut kept: Vec<usize> = vec![];
    for (document, place) in places.iter().enumerate() {
        let similarities = bm25.similarities(&bm25.query(document), 0..document);
        if kept.iter().any(|earlier| similarities[*earlier].value() > NEAR_COPY) {
            reasonings[*place].flaw = Some(Flaw::NearCopy);
        } else {
            kept.push(document);
        }
    }
    Ok(())
}

fn is_same(left: &str, right: &str) -> bool {
    normal_form::script(left) == normal_form::script(right)
}
