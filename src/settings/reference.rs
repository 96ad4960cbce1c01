//! The reference of all settings, as `docs/settings.md` has it.

use std::fmt::Write as _;

use super::declare::{Setting, Table};
use super::flags::flag_name;
use super::{DEFAULT_FILE, ENVIRONMENT_PREFIX, EndpointSettings, Settings};

/// The whole page.
pub fn reference() -> String {
    let mut page = format!(
        "# Settings\n\n\
         Made by `rocq-distill reference settings` from the declarations in `src/settings`; do not edit it.\n\n\
         A setting is looked for in this order, and the last one that says something wins: the default, the file \
         (`{DEFAULT_FILE}`, or what `--config` names), the environment, the flags. `[filter] max_num_tokens = 2000` in \
         the file, `{ENVIRONMENT_PREFIX}FILTER__MAX_NUM_TOKENS=2000` in the environment and `--max-num-tokens 2000` say \
         the same. `--show-settings` prints what came of it. A key ends in its unit: `_s` is seconds. Every number has a \
         range; one outside of it is refused before anything starts.\n"
    );
    let all = Settings::all();
    let mut asking = Vec::new();
    for (table, text) in Settings::tables() {
        let title = if table.is_empty() { "Above all tables".to_owned() } else { format!("`[{table}]`") };
        let settings = all.iter().filter(|entry| entry.table == table).map(|entry| entry.setting);
        let (of_server, own): (Vec<_>, Vec<_>) = settings.partition(|setting| is_of_server(table, setting));
        if !of_server.is_empty() {
            asking.push(format!("`[{table}]`"));
        }
        let others = if of_server.is_empty() { "" } else { " Besides these, those of a model server, below." };
        section(&mut page, &title, &(flowing(text) + others), own);
    }
    let text = format!("{} In {}.", flowing(EndpointSettings::TEXT), asking.join(", "));
    section(&mut page, "A model server", &text, EndpointSettings::SETTINGS.iter().collect());
    page
}

/// Whether a setting of a table is one that every stage which asks a model server has.
fn is_of_server(table: &str, setting: &Setting) -> bool {
    let is_in = |name: &str| EndpointSettings::SETTINGS.iter().any(|of_server| of_server.name == name);
    let asks = Settings::all().iter().any(|entry| entry.table == table && entry.setting.name == "base_url");
    asks && is_in(setting.name)
}

fn section(page: &mut String, title: &str, text: &str, settings: Vec<&Setting>) {
    let _ = write!(page, "\n## {title}\n\n{text}\n\n");
    page.push_str("| key | default | range | flag | what it is |\n|---|---|---|---|---|\n");
    page.extend(settings.into_iter().map(row));
}

fn row(setting: &Setting) -> String {
    let flag = setting.flag.as_ref().map(|flag| format!("`--{}`", flag_name(setting, flag)));
    let default = match (setting.shown, setting.default_text()) {
        (Some(shown), _) => shown.to_owned(),
        (None, Some(text)) => format!("`{text}`"),
        (None, None) => String::new(),
    };
    let choices = setting.choices().iter().map(|choice| format!("`{choice}`")).collect::<Vec<_>>().join(", ");
    let choices = if choices.is_empty() { choices } else { format!(": {choices}") };
    let text = [vec![setting.summary() + &choices], setting.details()].concat().join(". ");
    let cells = [
        format!("`{}`", setting.name),
        default,
        setting.range_text().unwrap_or_default(),
        flag.unwrap_or_default(),
        text.trim_end_matches('.').replace('|', "\\|"),
    ];
    format!("| {} |\n", cells.join(" | "))
}

fn flowing(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(|text| text.lines().map(str::trim).collect::<Vec<_>>().join(" "));
    paragraphs.collect::<Vec<_>>().join("\n\n").trim().to_owned()
}
