//! `judge`: the best first, one question at a time, and what is kept is what was judged.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rocq_distill::record::{Flaw, Foreseen, Judge, ModelReason, Prompted, Reason, Record, Score, ScoreOutcome};
use rocq_distill::settings::{JudgeSettings, RankBy};
use rocq_distill::stages::judge;
use rocq_distill::store::layout::{RunDir, Stage};
use rocq_distill::store::ledger::Summary;
use tempfile::TempDir;

use crate::dataset::full;
use crate::model_server::{Asked, ModelServer, Said, chat};
use crate::support::{context, kept, reasoning, record, rejected, write_stage};

fn score(index: usize, decision: Option<f64>) -> Score {
    let mean = decision.map(|score| 100.0 - score);
    let outcome = ScoreOutcome::Foreseen(Foreseen { mean, decision, ..Foreseen::default() });
    Score { prompted: Prompted::Obfuscated(index), outcome }
}

/// A record with these reasonings and their decision scores.
fn scored(id: &str, samples: &[(&str, f64)]) -> Record {
    Record {
        reasonings: samples.iter().enumerate().map(|(index, (text, _))| reasoning(index, text)).collect(),
        scores: samples.iter().enumerate().map(|(index, (_, decision))| score(index, Some(*decision))).collect(),
        ..record(id)
    }
}

fn run_dir(records: Vec<Record>) -> (TempDir, RunDir) {
    let folder = tempfile::tempdir().unwrap();
    let run_dir = RunDir::new(folder.path());
    write_stage(&run_dir.stage(Stage::Score), Stage::Score, &[("lib.a", records)]);
    (folder, run_dir)
}

fn settings(server: &ModelServer) -> JudgeSettings {
    JudgeSettings {
        base_url: Some(server.base_url()),
        model: Some("judge-model".to_owned()),
        max_workers: 8,
        retry_delay_s: 0.01,
        ..JudgeSettings::default()
    }
}

fn run(run_dir: &RunDir, settings: &JudgeSettings) -> Summary {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (input, output) = (run_dir.stage(Stage::Score), run_dir.stage(Stage::Judge));
    runtime.block_on(judge::run(context(2), settings, &input, &output)).unwrap()
}

/// A judge that accepts a reasoning which says `good`.
fn fair_judge() -> ModelServer {
    ModelServer::start(|_, asked| {
        let verdict = if thinking(asked).contains("good") { "\\boxed{yes}" } else { "\\boxed{no}" };
        Said::chat("", &format!("I read it. {verdict}"))
    })
}

/// The reasoning in a question.
fn thinking(asked: &Asked) -> String {
    let prompt = asked.body["messages"][0]["content"].as_str().unwrap().to_owned();
    let text = prompt.split_once("\nThinking:\n").unwrap().1;
    text.split_once("\n\nSay in a few sentences").unwrap().0.to_owned()
}

#[test]
fn the_best_is_judged_first_until_one_is_accepted() {
    let server = fair_judge();
    let (_folder, run_dir) =
        run_dir(vec![scored("lib.a:x", &[("a good", 10.0), ("b bad", 30.0), ("c good", 20.0), ("d good", 5.0)])]);
    run(&run_dir, &settings(&server));
    let asked: Vec<_> = server.asked().iter().map(thinking).collect();
    assert_eq!(asked, ["b bad", "c good"]);
    let record = kept(&run_dir.stage(Stage::Judge)).remove(0);
    assert_eq!(record.reasoning_index, Some(2));
    let verdicts: Vec<_> = record.verdicts.iter().map(|verdict| (verdict.index, verdict.is_accepted())).collect();
    assert_eq!(verdicts, [(1, false), (2, true)]);
    let Judge::Model(provenance) = &record.verdicts[0].judge else { panic!("no model") };
    assert_eq!(provenance.usage.cost, Some(0.25));
    assert_eq!(record.verdicts[0].explanation, "I read it. \\boxed{no}");
}

#[test]
fn m35_what_is_kept_is_what_was_judged() {
    let server = fair_judge();
    let sample = (any::<bool>(), 0_u8..20);
    let records = vec(vec(sample, 1..8), 20);
    let mut runner = TestRunner::new(Config { cases: 12, failure_persistence: None, ..Config::default() });
    runner
        .run(&records, |records| {
            let texts: Vec<Vec<_>> = records
                .iter()
                .enumerate()
                .map(|(number, samples)| {
                    let name = |(index, (is_good, _)): (usize, &(bool, u8))| {
                        format!("thought {index} of {number}, {}", if *is_good { "good" } else { "bad" })
                    };
                    samples.iter().enumerate().map(name).collect()
                })
                .collect();
            let made = records.iter().zip(&texts).enumerate().map(|(number, (samples, texts))| {
                let samples: Vec<_> =
                    samples.iter().zip(texts).map(|((_, score), text)| (text.as_str(), f64::from(*score))).collect();
                scored(&format!("lib.a:r{number}"), &samples)
            });
            let (_folder, run_dir) = run_dir(made.collect());
            run(&run_dir, &settings(&server));
            let kept: BTreeMap<_, _> =
                kept(&run_dir.stage(Stage::Judge)).into_iter().map(|record| (record.id.to_string(), record)).collect();
            for (number, samples) in records.iter().enumerate() {
                let expected = (0..samples.len())
                    .filter(|index| samples[*index].0)
                    .max_by_key(|index| (samples[*index].1, usize::MAX - index));
                let record = kept.get(&format!("lib.a:r{number}"));
                prop_assert_eq!(record.and_then(|record| record.reasoning_index), expected);
                if let (Some(record), Some(index)) = (record, expected) {
                    prop_assert_eq!(&record.reasonings[index].text, &texts[number][index]);
                    let verdict = record.verdicts.last().unwrap();
                    prop_assert!(verdict.is_accepted() && verdict.index == index);
                }
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn m37_a_record_with_none_accepted_is_rejected_and_keeps_everything() {
    let server = fair_judge();
    let (_folder, run_dir) = run_dir(vec![scored("lib.a:x", &[("a bad", 1.0), ("b bad", 2.0)])]);
    let summary = run(&run_dir, &settings(&server));
    assert_eq!(summary.manifest.rejected["none_accepted"], 1);
    let rejected = rejected(&run_dir.stage(Stage::Judge)).remove(0);
    assert_eq!(rejected.reason, Reason::Model(ModelReason::NoneAccepted { n_judged: 2, n_patterns: 0 }));
    let record = rejected.record.unwrap();
    assert_eq!((record.reasonings.len(), record.scores.len(), record.verdicts.len()), (2, 2, 2));
}

#[test]
fn m54_an_answer_without_a_verdict_is_asked_for_once_more_in_other_words() {
    let server = ModelServer::start(|index, _| Said::chat("", if index == 1 { "\\boxed{yes}" } else { "Hm." }));
    let (_folder, run_dir) = run_dir(vec![scored("lib.a:x", &[("a", 1.0)])]);
    run(&run_dir, &settings(&server));
    let record = kept(&run_dir.stage(Stage::Judge)).remove(0);
    let verdicts: Vec<_> =
        record.verdicts.iter().map(|verdict| (verdict.is_accepted(), verdict.is_unreadable())).collect();
    assert_eq!(verdicts, [(false, true), (true, false)]);
    let asked = server.asked();
    assert_ne!(asked[0].body, asked[1].body, "nothing is asked twice");
    let silent = ModelServer::saying(vec![Said::chat("", "Hm.")]);
    let (_folder, run_dir) = self::run_dir(vec![scored("lib.a:x", &[("a", 1.0)])]);
    let summary = run(&run_dir, &settings(&silent));
    assert_eq!((silent.asked().len(), summary.manifest.n_rejected()), (2, 1));
    run(&run_dir, &settings(&silent));
    assert_eq!(silent.asked().len(), 2, "what was answered is not asked again");
}

#[test]
fn m36_an_answer_that_was_cut_off_is_no_verdict() {
    let cut_off = chat("", r"I am to end with \boxed{yes} if", "length");
    let server = ModelServer::start(move |_, _| Said::json(200, &cut_off));
    let (_folder, run_dir) = run_dir(vec![scored("lib.a:x", &[("a", 1.0)])]);
    let summary = run(&run_dir, &settings(&server));
    assert_eq!((server.asked().len(), summary.manifest.n_rejected()), (2, 1));
}

#[test]
fn listed_signs_are_looked_for_before_anything_is_paid() {
    let server = fair_judge();
    let samples = [("The given tactics are good.", 9.0), ("a good", 1.0)];
    let (_folder, run_dir) = run_dir(vec![scored("lib.a:x", &samples)]);
    run(&run_dir, &settings(&server));
    assert_eq!(server.asked().iter().map(thinking).collect::<Vec<_>>(), ["a good"]);
    let record = kept(&run_dir.stage(Stage::Judge)).remove(0);
    assert_eq!(record.verdicts[0].judge, Judge::Pattern);
    assert_eq!(record.verdicts[0].explanation, "says `the given tactics`");
    run(&run_dir, &JudgeSettings { check_patterns: false, ..settings(&server) });
    assert_eq!(kept(&run_dir.stage(Stage::Judge))[0].reasoning_index, Some(0));
}

#[test]
fn m53_the_judge_sees_what_the_writer_saw_but_for_the_script() {
    let server = fair_judge();
    let mut record = scored("lib.a:x", &[("a good", 1.0)]);
    record.proof_term.text = "fun n => addnC n".to_owned();
    record.premises = full("lib.a:x").premises;
    record.notations = full("lib.a:x").notations;
    let (_folder, run_dir) = run_dir(vec![record.clone()]);
    run(&run_dir, &settings(&server));
    let prompt = server.asked()[0].body["messages"][0]["content"].as_str().unwrap().to_owned();
    for seen in ["Lemma x : True.", "fun n => addnC n", &record.premises[0].ty, &record.notations[0].definition] {
        assert!(prompt.contains(seen), "{seen} is not in {prompt}");
    }
    assert!(!prompt.contains(record.tactics()), "{prompt}");
}

#[test]
fn no_more_than_max_judged_are_judged() {
    let server = fair_judge();
    let (_folder, run_dir) = run_dir(vec![scored("lib.a:x", &[("a bad", 3.0), ("b bad", 2.0), ("c good", 1.0)])]);
    let summary = run(&run_dir, &JudgeSettings { max_judged: 2, ..settings(&server) });
    assert_eq!((server.asked().len(), summary.manifest.n_rejected()), (2, 1));
}

#[test]
fn reasonings_are_ranked_by_the_score_that_was_asked_for_and_those_without_come_last() {
    let mut record = scored("lib.a:x", &[("a", 1.0), ("b", 3.0), ("c", 2.0), ("d", 3.0), ("e", 9.0)]);
    record.scores[0].foreseen_mut().unwrap().decision = None;
    record.reasonings[4].flaw = Some(Flaw::Length);
    for (index, normalised_mean) in [0.5, 0.25, 1.5, 2.0, 1.75].into_iter().enumerate() {
        record.scores[index].foreseen_mut().unwrap().normalised_mean = Some(normalised_mean);
    }
    let by = |rank_by| judge::ranked(&record, rank_by).iter().map(|reasoning| reasoning.index).collect::<Vec<_>>();
    assert_eq!(by(RankBy::Decision), [1, 3, 2, 0]);
    assert_eq!(by(RankBy::Mean), [0, 2, 1, 3]);
    assert_eq!(by(RankBy::Completion), [0, 1, 2, 3]);
    assert_eq!(by(RankBy::NormalisedMean), [3, 2, 0, 1]);
}
