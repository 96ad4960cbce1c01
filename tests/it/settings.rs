//! Where settings come from, and what is said about wrong ones.

use std::path::Path;

use insta::assert_snapshot;
use proptest::prelude::*;
use rocq_distill::settings::{Overrides, Settings};
use serde_json::{Value, json};

use crate::harness::TestRun;

#[track_caller]
fn settings(run: &TestRun, arguments: &str) -> Value {
    let outcome = run.run(&format!("{arguments} --show-settings --json"));
    assert_eq!(outcome.code(), 0, "{}", outcome.text());
    serde_json::from_str(&outcome.stdout()).unwrap()
}

#[test]
fn the_file_wins_over_defaults_the_environment_over_the_file_and_flags_over_all() {
    let run = TestRun::new();
    assert_eq!(settings(&run, "filter")["filter"]["max_num_tokens"], 3750);
    let run = run.file("rocq-distill.toml", "[filter]\nmax_num_tokens = 1\nmax_number_instructions = 20\n");
    assert_eq!(settings(&run, "filter")["filter"]["max_num_tokens"], 1);
    let run = run.variable("ROCQ_DISTILL_FILTER__MAX_NUM_TOKENS", "2");
    assert_eq!(settings(&run, "filter")["filter"]["max_num_tokens"], 2);
    let flags = settings(&run, "filter --max-num-tokens 3");
    assert_eq!(flags["filter"]["max_num_tokens"], 3);
    assert_eq!(flags["filter"]["max_number_instructions"], 20);
}

#[test]
fn what_all_models_may_cost_is_a_flag_of_run_and_what_one_step_may_cost_a_flag_of_the_step() {
    let run = TestRun::new();
    let settings = |arguments: &str| settings(&run, arguments);
    let of_run = settings("run --max-cost 2.5 --max_tokens_total 7");
    assert_eq!(of_run["budget"], json!({ "max_cost": 2.5, "max_tokens_total": 7 }));
    assert_eq!(of_run["reason"]["max_cost"], Value::Null);
    let of_step = settings("judge --max-cost 2.5");
    assert_eq!((&of_step["judge"]["max_cost"], &of_step["budget"]), (&json!(2.5), &json!({})));
}

#[test]
fn a_file_that_is_named_is_read_instead_of_the_one_of_the_folder() {
    let run = TestRun::new()
        .file("rocq-distill.toml", "[select]\nnum_documents = 1\n")
        .file("mine.toml", "[select]\nnum_documents = 2\n");
    assert_eq!(settings(&run, "select --config mine.toml")["select"]["num_documents"], 2);
    assert_eq!(settings(&run, "select --config /dev/null")["select"]["num_documents"], 1000);
}

#[test]
fn settings_that_are_shown_are_a_file_that_gives_them_again() {
    let run =
        TestRun::new().file("first.toml", "[measure]\ntokenizer = \"mine.json\"\n[extract]\nkinds = [\"Lemma\"]\n");
    let shown = run.run("run --all --config first.toml --jobs 3 --show-settings");
    assert_snapshot!("shown_settings", shown.text());
    let again = run.file("second.toml", &shown.stdout());
    assert_eq!(
        settings(&again, "run --all --config second.toml"),
        settings(&again, "run --all --config first.toml --jobs 3")
    );
}

#[test]
fn a_run_takes_the_starter_part_unless_it_is_told_otherwise() {
    let run = TestRun::new();
    let input = |run: &TestRun, arguments: &str| settings(run, arguments)["extract"]["input"].as_array().unwrap().len();
    assert_eq!(input(&run, "run"), rocq_distill::pipeline::STARTER.len());
    assert_eq!(input(&run, "run --all"), 0);
    assert_eq!(input(&run, "run --input a b"), 2);
    let run = run.file("rocq-distill.toml", "[extract]\ninput = [\"a\"]\n");
    assert_eq!(input(&run, "run"), 1);
    assert_eq!(input(&run, "run --all"), 0);
}

#[test]
fn a_misspelt_key_in_the_file_is_refused_with_the_right_one() {
    let run = TestRun::new().file("rocq-distill.toml", "[filter]\nmax_tokens = 5\n");
    assert_snapshot!(run.run("filter").text(), @r#"
    exit 2
    --- stderr
    error: unknown setting `filter.max_tokens` in `rocq-distill.toml`

    hint: did you mean `filter.max_num_tokens`?
    "#);
}

#[test]
fn a_key_in_the_wrong_table_is_refused_with_the_right_place() {
    let run = TestRun::new().file("rocq-distill.toml", "tokenizer = \"a.json\"\n");
    assert_snapshot!(run.run("measure").text(), @r#"
    exit 2
    --- stderr
    error: unknown setting `tokenizer` in `rocq-distill.toml`

    hint: did you mean `measure.tokenizer`?
    "#);
}

#[test]
fn a_misspelt_variable_is_refused_by_its_name() {
    let run = TestRun::new().variable("ROCQ_DISTILL_SELECT__NUM_DOCUMENT", "5");
    assert_snapshot!(run.run("select").text(), @r#"
    exit 2
    --- stderr
    error: unknown setting `select.num_document` in the environment variable `ROCQ_DISTILL_SELECT__NUM_DOCUMENT`

    hint: did you mean `select.num_documents`?
    "#);
}

#[test]
fn an_unknown_key_that_resembles_none_is_refused_with_a_way_to_see_all() {
    let run = TestRun::new().variable("ROCQ_DISTILL_PREFIX", "/opt");
    assert_snapshot!(run.run("select").text(), @r#"
    exit 2
    --- stderr
    error: unknown setting `prefix` in the environment variable `ROCQ_DISTILL_PREFIX`

    hint: `rocq-distill run --show-settings` lists every setting, once this one is taken out
    "#);
}

#[test]
fn m19_a_number_that_is_text_is_refused_by_key_and_place() {
    let run = TestRun::new().file("rocq-distill.toml", "[filter]\nmax_num_tokens = \"many\"\n");
    assert_snapshot!(run.run("filter").text(), @r#"
    exit 2
    --- stderr
    error: setting `filter.max_num_tokens` in `rocq-distill.toml`: found string "many", expected a whole number from 0

    hint: `filter.max_num_tokens` is: most tokens of the proof term (default: 3750)
    "#);
    let run = TestRun::new().variable("ROCQ_DISTILL_FILTER__MAX_NUM_TOKENS", "-1");
    assert_snapshot!(run.run("filter").text(), @"
    exit 2
    --- stderr
    error: setting `filter.max_num_tokens` in the environment variable `ROCQ_DISTILL_FILTER__MAX_NUM_TOKENS`: found signed int `-1`, expected a whole number from 0

    hint: `filter.max_num_tokens` is: most tokens of the proof term (default: 3750)
    ");
}

#[test]
fn an_unknown_kind_is_refused_with_the_known_ones() {
    let run = TestRun::new().variable("ROCQ_DISTILL_EXTRACT__KINDS", "[Lemma,Axiom]");
    assert_snapshot!(run.run("extract").text(), @"
    exit 2
    --- stderr
    error: setting `extract.kinds.1` in the environment variable `ROCQ_DISTILL_EXTRACT__KINDS`: found `Axiom`, expected one of Theorem, Lemma, Fact, Remark, Corollary, Proposition, Property, Example, Definition, Instance, Let, Fixpoint, CoFixpoint, Goal, Obligation

    hint: `extract.kinds` is: statements that become records (default: Theorem,Lemma,Fact,Remark,Corollary,Proposition,Property)
    ");
}

#[test]
fn a_value_in_the_place_of_a_table_is_refused() {
    let run = TestRun::new().file("rocq-distill.toml", "filter = 3\n");
    assert_snapshot!(run.run("filter").text(), @"
    exit 2
    --- stderr
    error: setting `filter` in `rocq-distill.toml`: found signed int `3`, expected a table

    hint: `rocq-distill run --show-settings` lists every setting
    ");
}

#[test]
fn a_file_that_is_not_toml_is_refused_with_the_place_in_it() {
    let run = TestRun::new().file("mine.toml", "jobs = 2\n[filter\n");
    assert_snapshot!(run.run("filter --config mine.toml").text(), @"
    exit 2
    --- stderr
    error: cannot read the settings file `mine.toml`: TOML parse error at line 2, column 8
      |
    2 | [filter
      |        ^
    invalid table header
    expected `.`, `]`

    hint: mend it there, or name another file with `--config`
    ");
}

#[test]
fn a_file_that_is_named_must_be_there() {
    assert_snapshot!(TestRun::new().run("filter --config mine.toml").text(), @r#"
    exit 2
    --- stderr
    error: there is no settings file `mine.toml`

    hint: `rocq-distill run --show-settings` prints one with the default settings
    "#);
}

#[test]
fn crossed_limits_and_no_jobs_are_refused() {
    assert_snapshot!(TestRun::new().run("filter --min-num-tokens 9 --max-num-tokens 8").text(), @"
    exit 2
    --- stderr
    error: setting `filter.min_num_tokens` is 9, more than `filter.max_num_tokens`, which is 8: no record would be kept

    hint: lower `filter.min_num_tokens` or raise `filter.max_num_tokens`
    ");
    assert_snapshot!(TestRun::new().run("filter --jobs 0").text(), @"
    exit 2
    --- stderr
    error: setting `jobs` is 0, which is not in its range, 1 to 4096

    hint: `jobs` is: provers or threads at work at once (default: one per core)
    ");
}

#[test]
fn the_standard_variable_sets_the_endpoint_of_telemetry_and_the_file_wins_over_it() {
    let run = TestRun::new().variable("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1");
    assert_eq!(settings(&run, "filter")["telemetry"]["endpoint"], "http://127.0.0.1:1");
    let run = run.file("rocq-distill.toml", "[telemetry]\nendpoint = \"http://127.0.0.1:2\"\n");
    assert_eq!(settings(&run, "filter")["telemetry"]["endpoint"], "http://127.0.0.1:2");
    let run = TestRun::new().variable("OTEL_EXPORTER_OTLP_ENDPOINT", "");
    assert_eq!(settings(&run, "filter")["telemetry"]["endpoint"], Value::Null);
}

#[test]
fn every_example_is_a_settings_file() {
    for name in ["openrouter", "deepseek", "openai", "gemini", "gpt", "vllm", "rehearsal"] {
        let run = TestRun::new();
        let example = run.run(&format!("example {name}"));
        assert_eq!(example.code(), 0, "{}", example.stderr());
        let run = run.file("rocq-distill.toml", &example.stdout());
        let shown = run.run("run --show-settings");
        assert_eq!(shown.code(), 0, "{name}: {}", shown.stderr());
    }
}

#[test]
fn what_no_model_server_could_be_asked_with_is_refused() {
    let refused = |toml: &str| {
        let outcome = TestRun::new().file("rocq-distill.toml", toml).run("reason");
        assert_eq!(outcome.code(), 2, "{}", outcome.stderr());
        outcome.stderr()
    };
    insta::assert_snapshot!(refused("[reason]\nbase_url = \"http://h/v1\"\n"), @"
    error: setting `reason.model` is missing, which `reason.base_url` needs

    hint: `reason.model` is: the model, as the server names it: set it, or take out the other
    ");
    insta::assert_snapshot!(refused("[judge]\nmax_workers = 0\n"), @"
    error: setting `judge.max_workers` is 0, which is not in its range, 1 to 10000

    hint: `judge.max_workers` is: most requests under way at once (default: 50)
    ");
    insta::assert_snapshot!(refused("[score]\nrequests_per_second = 0.0\n"), @"
    error: setting `score.requests_per_second` is 0, which is not in its range, 0.000001 to 1000000

    hint: `score.requests_per_second` is: most requests that are sent in a second
    ");
    insta::assert_snapshot!(refused("[reason.body]\nmessages = []\n"), @"
    error: setting `reason.body` must not have `messages`, which the stage fills in itself

    hint: take `messages` out of it
    ");
    insta::assert_snapshot!(refused("[reason]\nbase_ulr = \"x\"\n"), @"
    error: unknown setting `reason.base_ulr` in `rocq-distill.toml`

    hint: did you mean `reason.base_url`?
    ");
    insta::assert_snapshot!(refused(""), @"
    error: no model server is set for `reason`

    hint: set `reason.base_url` and `reason.model`; `rocq-distill example` prints files to start from
    ");
}

#[test]
fn the_pages_on_settings_and_stages_are_made_from_their_declarations() {
    for page in ["settings", "stages"] {
        let made = TestRun::new().run(&format!("reference {page}")).stdout();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/{page}.md"));
        let written = std::fs::read_to_string(path).unwrap();
        assert!(
            written == made,
            "docs/{page}.md is old: `rocq-distill reference {page} >docs/{page}.md` makes it anew"
        );
    }
}

#[test]
fn m100_every_number_has_a_range_and_its_default_lies_in_it() {
    let defaults = serde_json::to_value(Settings::default()).unwrap();
    for entry in Settings::all() {
        let value = entry.key().split('.').fold(&defaults, |value, name| &value[name]).clone();
        let Some(range) = entry.setting.range else {
            assert!(!value.is_number(), "{} has no range", entry.key());
            continue;
        };
        assert!(range.least <= range.most, "{}", entry.key());
        assert!(value.as_f64().is_none_or(|value| (range.least..=range.most).contains(&value)), "{}", entry.key());
    }
}

#[test]
fn every_help_line_of_a_setting_tells_its_default() {
    let run = TestRun::new();
    for verb in ["run", "extract", "verify", "measure", "filter", "select", "reason", "score", "judge", "export"] {
        let help = run.run(&format!("{verb} --help")).stdout().split_whitespace().collect::<Vec<_>>().join(" ");
        for entry in Settings::all().into_iter().filter(|entry| entry.table == verb) {
            let Some(flag) = entry.setting.flag.as_ref().filter(|flag| !flag.value_name.is_empty()) else { continue };
            let default = entry.setting.default_text().map(|default| format!("[default: {default}]"));
            let name = flag.name.map_or_else(|| entry.setting.name.replace('_', "-"), str::to_owned);
            let (_, of_flag) = help.split_once(&format!("--{name} <")).unwrap();
            let of_flag = of_flag.split(" --").next().unwrap();
            assert!(of_flag.contains(&default.unwrap_or_default()), "{verb}: {of_flag}");
        }
    }
}

#[test]
fn m100_a_number_that_no_machine_can_serve_is_refused_at_once() {
    let run = TestRun::new().file("rocq-distill.toml", "[reason]\nmax_workers = 4000000000000000000\n");
    assert_snapshot!(run.run("reason").text(), @"
    exit 2
    --- stderr
    error: setting `reason.max_workers` is 4000000000000000000, which is not in its range, 1 to 10000

    hint: `reason.max_workers` is: most requests under way at once (default: 50)
    ");
    let run = TestRun::new().file("rocq-distill.toml", "[reason]\nbase_url = \"scripted\"\n");
    assert_snapshot!(run.run("reason --dry-run --num-gen 1000000000000").text(), @"
    exit 2
    --- stderr
    error: setting `reason.num_gen` is 1000000000000, which is not in its range, 1 to 10000

    hint: `reason.num_gen` is: reasonings of each record (default: 20)
    ");
    assert_snapshot!(run.run("filter --shard 0/4000000000000").text(), @"
    exit 2
    --- stderr
    error: setting `shard` is 0/4000000000000, which is not in its range, 0/1 to 0/100000

    hint: `shard` is: make only part I (from 0) of N parts
    ");
    assert_snapshot!(run.run("extract --max-memory 5B").text(), @"
    exit 2
    --- stderr
    error: setting `rocq.max_memory` is 5B, which is not in its range, 1MiB to 1PiB

    hint: `rocq.max_memory` is: memory that each prover may use (default: 4GiB)
    ");
}

/// The settings with one key set.
fn with(key: &str, value: &Value) -> Result<Settings, String> {
    let mut overrides = Overrides::default();
    overrides.set(key, value).map_err(|error| error.to_string())?;
    Settings::resolve(Some(Path::new("/dev/null")), &overrides).map_err(|error| error.to_string())
}

fn any_value() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0_u64..20_000).prop_map(Value::from),
        (0.0..2.0).prop_map(Value::from),
    ];
    let text = prop_oneof![Just(String::new()), "[ -~]{0,12}", "[0-9]{1,25}(KiB|TiB|EB)?", "[0-9]{0,22}/[0-9]{0,22}"];
    prop_oneof![4 => number, 2 => text.prop_map(Value::from), 1 => any::<bool>().prop_map(Value::from)]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn m100_no_value_of_a_setting_panics_and_what_is_accepted_can_be_shown_and_read_again(
        entry in prop::sample::select(Settings::all()),
        value in any_value(),
    ) {
        let Ok(settings) = with(&entry.key(), &value) else { return Ok(()) };
        if let (Some(range), Some(number)) = (entry.setting.range, value.as_f64()) {
            prop_assert!((range.least..=range.most).contains(&number), "{} = {number}", entry.key());
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("again.toml");
        std::fs::write(&file, settings.to_toml().unwrap()).unwrap();
        let again = Settings::resolve(Some(&file), &Overrides::default());
        prop_assert_eq!(again.map_err(|error| error.to_string()), Ok(settings));
    }
}
