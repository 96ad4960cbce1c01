//! `reason`: every sample kept with what it is worth, the source's own tactics in the prompt, nothing asked twice.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rocq_distill::llm::LlmError;
use rocq_distill::record::{FinishReason, Flaw, FullName, LogicalPath, ModelReason, Premise, Reason, Record, StepKind};
use rocq_distill::settings::{ReasonSettings, Teacher};
use rocq_distill::stages::{StageError, reason};
use rocq_distill::store::layout::{RunDir, Stage};
use rocq_distill::store::ledger::Summary;
use serde_json::json;
use tempfile::TempDir;
use walkdir::WalkDir;

use crate::dataset::full;
use crate::harness::TestRun;
use crate::library::compile;
use crate::model_server::{Asked, ModelServer, Said, chat};
use crate::support::{context, kept, record, rejected, step, write_stage};

const SCRIPT: &str = "move=> /= \"x\\y\" [|n].\n  - by [].\nby case: n => // m; rewrite {1}addnC.";

/// An answer that ends in the true script.
pub(crate) const ANSWER: &str = "\\boxed{move=> /= \"x\\y\" [|n].\n  - by [].\nby case: n => // m; rewrite {1}addnC.}";

fn proved(id: &str) -> Record {
    Record {
        proof_script: format!("Proof.\n{SCRIPT}\nQed."),
        steps: vec![step(0, "move=> /= \"x\\y\" [|n].", StepKind::Tactic)],
        ..record(id)
    }
}

pub(crate) fn run_dir(n_records: usize) -> (TempDir, RunDir) {
    let folder = tempfile::tempdir().unwrap();
    let run_dir = RunDir::new(folder.path().join("export"));
    let records: Vec<_> = (0..n_records).map(|index| proved(&format!("lib.a:r{index}"))).collect();
    let (left, right) = records.split_at(n_records / 2);
    write_stage(&run_dir.stage(Stage::Select), Stage::Select, &[("lib.a", left.to_vec()), ("lib.b", right.to_vec())]);
    (folder, run_dir)
}

pub(crate) fn settings(server: &ModelServer, num_gen: usize) -> ReasonSettings {
    ReasonSettings {
        base_url: Some(server.base_url()),
        model: Some("test-model".to_owned()),
        num_gen,
        max_workers: 4,
        retry_delay_s: 0.01,
        max_tries: 2,
        ..ReasonSettings::default()
    }
}

pub(crate) fn run(run_dir: &RunDir, settings: &ReasonSettings) -> Result<Summary, StageError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (input, output) = (run_dir.stage(Stage::Select), run_dir.stage(Stage::Reason));
    runtime.block_on(reason::run(context(2), settings, &input, &output))
}

fn prompt(asked: &Asked) -> String {
    asked.body["messages"][0]["content"].as_str().unwrap().to_owned()
}

#[test]
fn m23_the_model_sees_the_tactics_as_the_source_shows_them() {
    let server = ModelServer::saying(vec![Said::chat("t", ANSWER)]);
    let (_folder, run_dir) = run_dir(1);
    run(&run_dir, &settings(&server, 1)).unwrap();
    let prompt = prompt(&server.asked()[0]);
    assert!(prompt.contains(&format!("The tactics to end up at:\n{SCRIPT}")), "{prompt}");
    assert!(prompt.contains("Statement:\nLemma r0 : True.\n"), "{prompt}");
}

#[test]
fn the_first_prompt_of_a_run_reads_well() {
    let server = ModelServer::saying(vec![Said::chat("t", ANSWER)]);
    let (_folder, run_dir) = run_dir(1);
    let dry = reason::dry_run(&settings(&server, 1), &run_dir.stage(Stage::Select), &run_dir.stage(Stage::Reason));
    insta::assert_snapshot!(dry.unwrap().prompts[0].text);
}

#[test]
fn m25_each_record_has_exactly_as_many_samples_as_were_asked_for_and_keeps_them_in_order() {
    let server = ModelServer::start(|index, _| {
        Said::json(200, &chat(&format!("thought {index}"), ANSWER, "stop"))
            .after(Duration::from_millis(index as u64 % 7))
    });
    let (_folder, run_dir) = run_dir(6);
    let summary = run(&run_dir, &settings(&server, 5)).unwrap();
    assert_eq!((summary.manifest.n_in, summary.manifest.n_kept, server.asked().len()), (6, 6, 30));
    for record in kept(&run_dir.stage(Stage::Reason)) {
        let indices: Vec<_> = record.reasonings.iter().map(|reasoning| reasoning.index).collect();
        assert_eq!(indices, [0, 1, 2, 3, 4]);
    }
}

#[test]
fn m24_more_samples_are_asked_for_beside_those_that_are_there() {
    let server = ModelServer::start(|index, _| Said::chat(&format!("thought {index}"), ANSWER));
    let (_folder, run_dir) = run_dir(2);
    run(&run_dir, &settings(&server, 2)).unwrap();
    let before = kept(&run_dir.stage(Stage::Reason));
    run(&run_dir, &settings(&server, 4)).unwrap();
    assert_eq!(server.asked().len(), 8);
    for (record, before) in kept(&run_dir.stage(Stage::Reason)).iter().zip(&before) {
        assert_eq!(record.reasonings[..2], before.reasonings);
        assert_eq!(record.reasonings.len(), 4);
    }
    run(&run_dir, &settings(&server, 4)).unwrap();
    assert_eq!(server.asked().len(), 8);
}

#[test]
fn m27_who_answered_what_and_at_what_expense_is_in_the_record() {
    let server = ModelServer::saying(vec![Said::chat("I think", &format!("So \\boxed{{{SCRIPT} }}"))]);
    let (_folder, run_dir) = run_dir(1);
    run(&run_dir, &settings(&server, 1)).unwrap();
    let record = kept(&run_dir.stage(Stage::Reason)).remove(0);
    insta::assert_json_snapshot!(record.reasonings, { "[].provenance.request_hash" => "[hash]" }, @r#"
    [
      {
        "index": 0,
        "sample": 0,
        "text": "I think",
        "source": "thought",
        "answer": "move=> /= \"x\\y\" [|n].\n  - by [].\nby case: n => // m; rewrite {1}addnC.",
        "outcome": "same",
        "finish_reason": "stop",
        "provenance": {
          "model": "test-model-0125",
          "provider": "Test",
          "usage": {
            "prompt_tokens": 100,
            "completion_tokens": 20,
            "cost": 0.25
          },
          "request_hash": "[hash]"
        }
      }
    ]
    "#);
}

#[test]
fn samples_that_were_cut_off_are_kept_and_not_used() {
    let server = ModelServer::start(|index, _| {
        Said::json(200, &chat("t", ANSWER, ["length", "content_filter", "stop"][index.min(2)]))
    });
    let (_folder, run_dir) = run_dir(1);
    run(&run_dir, &ReasonSettings { max_workers: 1, ..settings(&server, 3) }).unwrap();
    let record = kept(&run_dir.stage(Stage::Reason)).remove(0);
    let flaws: Vec<_> = record.reasonings.iter().map(|reasoning| reasoning.flaw).collect();
    assert_eq!(flaws, [Some(Flaw::Length), Some(Flaw::ContentFilter), None]);
}

#[test]
fn a_record_without_a_usable_sample_is_rejected_with_all_of_them() {
    let server = ModelServer::saying(vec![Said::json(200, &chat("t", "", "length"))]);
    let (_folder, run_dir) = run_dir(1);
    let summary = run(&run_dir, &settings(&server, 3)).unwrap();
    assert_eq!(summary.manifest.rejected["no_usable_reasoning"], 1);
    let rejected = rejected(&run_dir.stage(Stage::Reason)).remove(0);
    let samples = [("length".to_owned(), 3)].into();
    assert_eq!(rejected.reason, Reason::Model(ModelReason::NoUsableReasoning { samples }));
    let reasonings = rejected.record.unwrap().reasonings;
    assert_eq!((reasonings.len(), &reasonings[0].finish_reason), (3, &FinishReason::Length));
}

#[test]
fn a_prompt_that_does_not_fit_rejects_its_record_and_no_other() {
    let server = ModelServer::start(|_, asked| {
        if prompt(asked).contains("Lemma r0 ") {
            let error = json!({ "message": "maximum context length is 9", "param": "input_tokens", "code": 400 });
            Said::json(400, &json!({ "error": error }))
        } else {
            Said::chat("t", ANSWER)
        }
    });
    let (_folder, run_dir) = run_dir(3);
    let summary = run(&run_dir, &settings(&server, 2)).unwrap();
    assert_eq!((summary.manifest.n_kept, summary.manifest.rejected["prompt_too_long"]), (2, 1));
}

#[test]
fn the_thought_is_what_stands_before_the_box_where_a_server_tells_none() {
    let server = ModelServer::saying(vec![Said::chat("", &format!("First I look.\nThen {ANSWER}"))]);
    let (_folder, run_dir) = run_dir(1);
    run(&run_dir, &settings(&server, 1)).unwrap();
    assert_eq!(kept(&run_dir.stage(Stage::Reason))[0].reasonings[0].text, "First I look.\nThen");
}

#[test]
fn a_template_of_the_users_own_takes_the_place_of_the_built_in_one() {
    let server = ModelServer::saying(vec![Said::chat("t", ANSWER)]);
    let (folder, run_dir) = run_dir(1);
    let template = folder.path().join("mine.txt");
    let with = |text: &str| {
        fs::write(&template, text).unwrap();
        run(&run_dir, &ReasonSettings { template: Some(template.clone()), ..settings(&server, 1) })
    };
    with("Prove {{ statement }} by {{ tactics }}").unwrap();
    assert_eq!(prompt(&server.asked()[0]), format!("Prove Lemma r0 : True. by {SCRIPT}"));
    with("Prove {{ statement }} by {{ tactics }}{# the same prompt from another template #}").unwrap();
    assert_eq!(server.asked().len(), 2, "the hash of the template is part of the key");
    let error = with("Prove {{ statment }}").unwrap_err();
    assert!(matches!(error, StageError::Template { .. }));
    assert!(error.to_string().contains("mine.txt"), "{error}");
    assert_eq!(server.asked().len(), 2);
}

#[test]
fn a_seed_of_the_settings_is_another_one_for_each_sample() {
    let server = ModelServer::saying(vec![Said::chat("t", ANSWER)]);
    let (_folder, run_dir) = run_dir(1);
    let mut settings = ReasonSettings { max_workers: 1, ..settings(&server, 3) };
    settings.body.insert("seed".to_owned(), json!(7));
    run(&run_dir, &settings).unwrap();
    let mut seeds: Vec<_> = server.asked().iter().map(|asked| asked.body["seed"].as_u64().unwrap()).collect();
    seeds.sort_unstable();
    assert_eq!(seeds, [7, 8, 9]);
}

#[test]
fn units_without_all_their_answers_are_left_for_the_next_run() {
    let server = ModelServer::start(|_, asked| {
        if prompt(asked).contains("Lemma r0 ") { Said::text(500, "") } else { Said::chat("t", ANSWER) }
    });
    let (_folder, run_dir) = run_dir(4);
    let error = run(&run_dir, &settings(&server, 1)).unwrap_err();
    assert!(matches!(error, StageError::Llm(LlmError::Unanswered { n_unanswered: 1, .. })), "{error}");
    let names: Vec<_> = kept(&run_dir.stage(Stage::Reason)).iter().map(|record| record.id.to_string()).collect();
    assert_eq!(names, ["lib.a:r2", "lib.a:r3"]);
    let (n_asked, well) = (server.asked().len(), ModelServer::saying(vec![Said::chat("t", ANSWER)]));
    run(&run_dir, &settings(&well, 1)).unwrap();
    assert_eq!((n_asked, well.asked().len()), (5, 1), "only what is missing");
}

#[test]
fn a_dry_run_counts_what_would_be_asked_and_asks_nothing() {
    let server = ModelServer::saying(vec![Said::chat("t", ANSWER)]);
    let (folder, run_dir) = run_dir(3);
    let mut with_prices = settings(&server, 4);
    (with_prices.input_price, with_prices.output_price) = (Some(1.0), Some(2.0));
    with_prices.body.insert("max_tokens".to_owned(), json!(1000));
    let (input, output) = (run_dir.stage(Stage::Select), run_dir.stage(Stage::Reason));
    let dry = reason::dry_run(&with_prices, &input, &output).unwrap();
    assert_eq!((dry.n_records, dry.n_requests, dry.n_answered, dry.answer_tokens), (3, 12, 0, Some(12_000)));
    assert!(dry.cost.unwrap() > 0.024);
    assert!(!output.path().exists() && server.asked().is_empty());
    run(&run_dir, &with_prices).unwrap();
    assert_eq!(reason::dry_run(&with_prices, &input, &output).unwrap().n_answered, 12);
    let run = TestRun::new();
    let input = folder.path().join("export/select");
    let flags = "--base-url scripted --num-gen 2 --dry-run";
    let outcome = run.run(&format!("step_3 --input {} {flags}", input.display()));
    assert!(outcome.stdout().starts_with("stage: reason\nrecords: 3\nrequests: 6, of which 0 are answered\n"));
}

#[test]
fn a_rehearsal_is_marked_in_every_answer() {
    let (_folder, run_dir) = run_dir(4);
    let settings = ReasonSettings { base_url: Some("scripted".to_owned()), num_gen: 3, ..ReasonSettings::default() };
    run(&run_dir, &settings).unwrap();
    let records = kept(&run_dir.stage(Stage::Reason));
    assert!(!records.is_empty());
    assert!(records.iter().flat_map(|record| &record.reasonings).all(|reasoning| reasoning.provenance.is_rehearsal));
}

#[test]
fn a_rehearsal_goes_through_reason_score_and_judge_and_ends_with_the_same_bytes_each_time() {
    let rehearse = || {
        let (folder, run_dir) = run_dir(12);
        let run = TestRun::new();
        let example = run.run("example rehearsal").stdout();
        let run = run.file("rocq-distill.toml", &format!("output = {:?}\n{example}", run_dir.path()));
        for verb in ["reason", "score", "judge"] {
            let outcome = run.run(&format!("{verb} --quiet"));
            assert_eq!(outcome.code(), 0, "{verb}: {}", outcome.stderr());
        }
        let judged = kept(&run_dir.stage(Stage::Judge));
        (folder, judged)
    };
    let (_folder, judged) = rehearse();
    assert!(!judged.is_empty());
    assert!(judged.iter().all(|record| record.reasoning_index.is_some() && !record.scores.is_empty()));
    assert_eq!(rehearse().1, judged);
}

#[test]
fn what_the_steps_may_spend_together_is_counted_from_the_journals_of_all() {
    let server = ModelServer::start(|_, asked| {
        Said::chat("I think", if prompt(asked).contains("\\boxed{yes}") { "\\boxed{yes}" } else { ANSWER })
    });
    let (_folder, run_dir) = run_dir(2);
    let url = server.base_url();
    let steps = ["reason", "judge"].map(|step| format!("[{step}]\nbase_url = {url:?}\nmodel = \"m\"\n")).concat();
    let toml = |max_cost: f64| {
        format!("output = {:?}\n[budget]\nmax_cost = {max_cost:?}\n{steps}[reason.body]\nseed = 1\n", run_dir.path())
    };
    let run = TestRun::new().file("rocq-distill.toml", &toml(0.5));
    // Two answers, each for a quarter.
    let outcome = run.run("reason --num-gen 1 --quiet");
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    let reasoned = kept(&run_dir.stage(Stage::Reason));
    write_stage(&run_dir.stage(Stage::Score), Stage::Score, &[("lib.a", reasoned)]);
    // With flags that name the folders, it is the journals beside those that count.
    let [input, output] = [Stage::Score, Stage::Judge].map(|stage| run_dir.stage(stage));
    let folders = format!("--input {} --output {}", input.path().display(), output.path().display());
    let elsewhere = TestRun::new().file("rocq-distill.toml", &format!("[budget]\nmax_cost = 0.5\n{steps}"));
    for outcome in [run.run("judge --quiet"), elsewhere.run(&format!("judge {folders} --quiet"))] {
        assert_eq!((outcome.code(), server.asked().len()), (5, 2), "{}", outcome.stderr());
        assert!(outcome.stderr().contains("0.5000 of 0.5000 in money for all stages together"), "{}", outcome.stderr());
    }
    let run = run.file("rocq-distill.toml", &toml(1.0));
    assert_eq!((run.run("judge --quiet").code(), server.asked().len()), (0, 4));
    let outcome = run.run("reason --num-gen 2 --quiet");
    assert_eq!((outcome.code(), server.asked().len()), (5, 4), "{}", outcome.stderr());
}

#[test]
fn what_run_may_spend_in_all_stops_it_before_the_step_that_would_go_over_it() {
    let run = TestRun::new();
    compile(&run.path().join("lib"), &[("a.v", "Lemma a : True. Proof. exact I. Qed.\n")]);
    let example = run.run("example rehearsal").stdout();
    let run = run.file("rocq-distill.toml", &example);
    let outcome = run.run("run --input lib --min-number-instructions 1 --max-tokens-total 10 --quiet");
    assert_eq!(outcome.code(), 5, "{}", outcome.stderr());
    assert!(
        outcome.stderr().contains("the budget is spent: 0 of 10 tokens for all stages together"),
        "{}",
        outcome.stderr()
    );
    assert!(run.path().join("export/select/manifest.json").is_file());
}

#[test]
fn the_card_says_what_all_answers_cost_beside_what_those_in_the_dataset_did() {
    let server = ModelServer::start(|index, _| {
        Said::json(200, &chat("I think", ANSWER, if index < 4 { "length" } else { "stop" }))
    });
    let (_folder, run_dir) = run_dir(2);
    run(&run_dir, &ReasonSettings { max_workers: 1, ..settings(&server, 4) }).unwrap();
    let export = TestRun::new().file("rocq-distill.toml", &format!("output = {:?}\n", run_dir.path()));
    let outcome = export.run(
        "export --input export/reason --quiet"
            .replace("export/reason", run_dir.stage(Stage::Reason).path().to_str().unwrap())
            .as_str(),
    );
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    let card = fs::read_to_string(run_dir.dataset().card()).unwrap();
    assert!(
        card.contains("The answers in these records cost 1.0 in all; answers that were rejected are not in it."),
        "{card}"
    );
    assert!(card.contains("are 8 with 960 tokens of prompts and answers and cost 2.0 in all."), "{card}");
}

#[test]
fn the_key_is_nowhere_in_what_the_program_writes_and_says() {
    const KEY: &str = "sk-marked-0123456789";
    let (folder, run_dir) = run_dir(3);
    let echo = |status: u16| {
        ModelServer::start(move |_, asked| {
            let said = format!("you said {}", asked.authorization.clone().unwrap_or_default());
            if status == 200 { Said::chat(&said, &said) } else { Said::json(status, &json!({ "error": said })) }
        })
    };
    for status in [200, 401, 500] {
        let server = echo(status);
        let run = TestRun::new().variable("MARKED_KEY", KEY);
        let (input, output) = (run_dir.stage(Stage::Select), folder.path().join(format!("out-{status}")));
        let run = run.file(
            "rocq-distill.toml",
            "[reason]\napi_key_env = \"MARKED_KEY\"\nmax_tries = 2\nretry_delay_s = 0.01\nnum_gen = 2\n",
        );
        let (input, folder) = (input.path().display(), output.display());
        let url = server.base_url();
        let outcome = run.run(&format!("reason --input {input} --output {folder} --base-url {url} --model m"));
        assert_eq!(outcome.code(), [0, 6, 7][[200, 401, 500].iter().position(|other| *other == status).unwrap()]);
        assert!(
            server.asked().iter().all(|asked| asked.authorization.as_deref().is_some_and(|said| said.contains(KEY)))
        );
        assert!(!outcome.text().contains(KEY), "{}", outcome.text());
        for text in [&output, run.path()].into_iter().flat_map(texts) {
            assert!(!text.contains(KEY), "{text}");
        }
    }
}

fn texts(folder: &Path) -> Vec<String> {
    let files = WalkDir::new(folder).into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file());
    files.map(|file| String::from_utf8_lossy(&fs::read(file.path()).unwrap()).into_owned()).collect()
}

/// A record that uses these premises.
fn using(id: &str, names: &[&str]) -> Record {
    let premise = |name: &&str| Premise {
        full_name: FullName::new(format!("lib.facts.{name}")),
        kernel_name: None,
        kind: "thm".to_owned(),
        ty: format!("forall x, {name}_type x"),
        library: LogicalPath::new("lib.facts"),
        implicit: false,
    };
    Record { premises: names.iter().map(premise).collect(), ..proved(id) }
}

#[test]
fn m44_premises_stand_by_name_with_short_names_and_distractors_among_them() {
    let near =
        Record { statement: "Lemma r0 : near_type = near_type.".to_owned(), ..using("lib.a:r0", &["used", "also"]) };
    let (_folder, run_dir) = run_dir(0);
    let records = vec![near, using("lib.a:r1", &["near", "far"])];
    write_stage(&run_dir.stage(Stage::Select), Stage::Select, &[("lib.a", records)]);
    let server = ModelServer::saying(vec![Said::chat("t", ANSWER)]);
    let listed = |distractors| {
        let settings = ReasonSettings { distractors, ..settings(&server, 1) };
        let dry_run = reason::dry_run(&settings, &run_dir.stage(Stage::Select), &run_dir.stage(Stage::Reason)).unwrap();
        let text = &dry_run.prompts[0].text;
        let list = text.split_once("What it uses:\n").unwrap().1.split_once("\n\n").unwrap().0;
        list.lines().map(|line| line.split_once(" :").unwrap().0.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed(0), ["also", "used"]);
    assert_eq!(listed(1), ["also", "near", "used"]);
    assert_eq!(listed(9), ["also", "far", "near", "used"]);
}

#[test]
fn the_built_in_templates_are_named_and_show_the_goals_of_each_step() {
    let (folder, run_dir) = run_dir(0);
    let mut record = proved("lib.a:r0");
    record.steps[0].state_before = full("lib.a:r0").steps[0].state_before.clone();
    let goals = record.steps[0].state_before.to_string();
    write_stage(&run_dir.stage(Stage::Select), Stage::Select, &[("lib.a", vec![record])]);
    let server = ModelServer::saying(vec![Said::chat("t", ANSWER)]);
    let prompt = |template: &str| {
        let settings = ReasonSettings { template: Some(template.into()), ..settings(&server, 1) };
        let dry_run = reason::dry_run(&settings, &run_dir.stage(Stage::Select), &run_dir.stage(Stage::Reason));
        dry_run.unwrap().prompts.remove(0).text
    };
    let steps = prompt("steps");
    assert!(
        !goals.is_empty() && steps.contains(&format!("Goals before:\n{goals}\n\nSentence 1:\nmove=> /=")),
        "{steps}"
    );
    let ssreflect = prompt("ssreflect");
    assert!(ssreflect.starts_with("SSReflect in one page") && ssreflect.ends_with(&prompt("default")), "{ssreflect}");
    let own = folder.path().join("own.txt");
    fs::write(&own, "{% include \"theorem\" %}{% for step in steps %}{{ step.goals_after }}{% endfor %}").unwrap();
    assert!(prompt(own.to_str().unwrap()).starts_with("Statement:\nLemma r0"));
}

#[test]
fn several_models_share_the_reasonings_and_changing_one_asks_only_for_what_is_missing() {
    let server = ModelServer::start(|index, asked| {
        let mut said = chat(&format!("thought {index}"), ANSWER, "stop");
        said["model"] = asked.body["model"].clone();
        Said::json(200, &said)
    });
    let (_folder, run_dir) = run_dir(2);
    let with = |models: [(&str, Option<usize>); 2]| {
        let models = models.map(|(model, num_gen)| Teacher {
            model: model.to_owned(),
            base_url: None,
            api_key_env: None,
            num_gen,
            take: None,
            max_workers: None,
            input_price: None,
            output_price: None,
            body: None,
        });
        ReasonSettings { models: models.into(), ..settings(&server, 5) }
    };
    let asked = |n_before: usize| {
        let mut models: Vec<_> = server.asked()[n_before..].iter().map(|asked| asked.body["model"].clone()).collect();
        models.sort_by_key(ToString::to_string);
        models.into_iter().map(|model| model.as_str().unwrap().to_owned()).collect::<String>()
    };
    run(&run_dir, &with([("a", None), ("b", None)])).unwrap();
    assert_eq!(asked(0), "aaaaaabbbb");
    let samples = |record: &Record| -> Vec<_> {
        record.reasonings.iter().map(|it| (it.index, it.provenance.model.clone(), it.sample)).collect()
    };
    let (a, b) = ("a".to_owned(), "b".to_owned());
    let expected = [(0, a.clone(), 0), (1, a.clone(), 1), (2, a, 2), (3, b.clone(), 0), (4, b, 1)];
    assert_eq!(samples(&kept(&run_dir.stage(Stage::Reason))[0]), expected);
    run(&run_dir, &with([("a", Some(4)), ("b", Some(2))])).unwrap();
    assert_eq!(asked(10), "aa");
    run(&run_dir, &with([("a", Some(4)), ("c", Some(1))])).unwrap();
    assert_eq!(asked(12), "cc");
}
