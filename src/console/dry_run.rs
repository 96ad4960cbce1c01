//! What `--dry-run` prints.

use crate::pipeline::Forecast;
use crate::stages::dry_run::{DryRun, FirstPrompt};

/// What each stage of a run would ask, or why that cannot be said yet.
pub(super) fn forecast_text(forecasts: &[Forecast]) -> String {
    let text = |forecast: &Forecast| match forecast {
        Forecast::Known(dry_run) => to_text(dry_run),
        Forecast::DependsOn { stage, depends_on } => {
            format!("stage: {stage}\nnot known before `{depends_on}` is done: its records are what is asked about\n")
        }
    };
    match forecasts {
        [] => "no stage of this run asks a model: no `base_url` is set\n".to_owned(),
        forecasts => forecasts.iter().map(text).collect::<Vec<_>>().join("\n"),
    }
}

/// The numbers, a line each, then the first prompt of each kind.
pub(super) fn to_text(dry_run: &DryRun) -> String {
    let DryRun { stage, n_records, n_requests, n_answered, prompt_tokens, answer_tokens, cost, typical, prompts } =
        dry_run;
    let answers = answer_tokens.map_or_else(
        || "not known: set `max_tokens` or `max_completion_tokens` in the stage's `body`".to_owned(),
        |tokens| format!("{tokens} at most"),
    );
    let cost = match (cost, answer_tokens) {
        (Some(cost), _) => format!("{cost:.4} at most"),
        (None, Some(_)) => "not known: set `input_price` and `output_price`, of a million tokens".to_owned(),
        (None, None) => "not known: set `input_price`, `output_price` and the most tokens of an answer".to_owned(),
    };
    let typical = typical.map_or_else(String::new, |typical| {
        format!("as the answers so far: {} tokens, {:.4} in money\n", typical.answer_tokens, typical.cost)
    });
    let shown = |prompt: &FirstPrompt| format!("\nthe first prompt of `{}`:\n{}\n", prompt.kind, prompt.text);
    let prompts = prompts.iter().map(shown).collect::<Vec<_>>().concat();
    format!(
        "stage: {stage}\nrecords: {n_records}\nrequests: {n_requests}, of which {n_answered} are answered\n\
         tokens of the prompts: about {prompt_tokens}\ntokens of the answers: {answers}\ncost: {cost}\n\
         {typical}{prompts}"
    )
}
