//! Settings on the command line: a flag for each that has one, with a help that says its default.

use clap::{Arg, ArgAction, ArgMatches, Command};
use figment::value::Value;
use serde::Serialize;

use super::declare::{Flag, Setting};
use super::value::{NotText, Shape, valued};
use super::{Entry, Settings};

/// What flags set: whole keys with their values.
#[derive(Debug, Clone, Default)]
pub struct Overrides(pub(super) Vec<(String, Value)>);

impl Overrides {
    /// What a command line sets by the flags of these tables and keys.
    pub fn of(matches: &ArgMatches, taken: &[&str]) -> Result<Self, NotText> {
        let mut overrides = Self::default();
        for entry in taken_of(taken) {
            if let Some(value) = (entry.setting.given)(matches, &entry.key())? {
                overrides.0.push((entry.key(), value));
            }
        }
        Ok(overrides)
    }

    /// Sets a key besides.
    pub fn set(&mut self, key: &str, value: &(impl Serialize + ?Sized)) -> Result<(), NotText> {
        self.0.push((key.to_owned(), valued(value)?));
        Ok(())
    }
}

/// A command with the flags of these tables (`filter`) and keys (`verify.engine`).
pub fn with_flags(command: Command, taken: &[&str]) -> Command {
    taken_of(taken).iter().filter_map(Entry::argument).fold(command, Command::arg)
}

/// The settings of these tables and keys that have a flag, in the order in which they are taken.
fn taken_of(taken: &[&str]) -> Vec<Entry> {
    let all = Settings::all();
    let of = |name: &&str| {
        let is_it = |entry: &&Entry| entry.table == *name || entry.key() == *name;
        all.iter().filter(|entry| entry.setting.flag.is_some()).filter(is_it).copied().collect::<Vec<_>>()
    };
    taken.iter().flat_map(of).collect()
}

impl Entry {
    /// The flag; its identity is the whole key.
    fn argument(&self) -> Option<Arg> {
        let setting = self.setting;
        let flag = setting.flag.as_ref()?;
        let long = flag_name(setting, flag);
        let mut argument = Arg::new(self.key())
            .alias(long.replace('-', "_"))
            .long(long)
            .help(help(setting, flag))
            .help_heading(flag.heading)
            .value_parser((setting.parser)());
        if let Some(short) = flag.short {
            argument = argument.short(short);
        }
        if flag.value_name.is_empty() {
            return Some(argument.action(if is_true(setting) { ArgAction::SetFalse } else { ArgAction::SetTrue }));
        }
        argument = argument.value_name(flag.value_name).hide_possible_values(true);
        Some(match setting.shape {
            Shape::Many => argument.num_args(1..).value_delimiter(','),
            Shape::One | Shape::Optional | Shape::Switch | Shape::Table => argument,
        })
    }
}

/// What is typed behind the two hyphens.
pub(super) fn flag_name(setting: &Setting, flag: &Flag) -> String {
    let name = flag.name.map_or_else(|| setting.name.replace('_', "-"), str::to_owned);
    if flag.value_name.is_empty() && is_true(setting) { format!("no-{name}") } else { name }
}

fn is_true(setting: &Setting) -> bool {
    (setting.default)().is_some_and(|value| value.to_bool() == Some(true))
}

/// The help: plain text, as a terminal shows the marks that documentation puts around names.
fn help(setting: &Setting, flag: &Flag) -> String {
    let summary = setting.summary().replace('`', "");
    if flag.value_name.is_empty() {
        return if is_true(setting) { format!("Do not {}", lower(&summary)) } else { summary };
    }
    let choices = match setting.choices().split_last() {
        Some((last, others)) if !others.is_empty() => format!(": {} or {last}", others.join(", ")),
        Some((only, _)) => format!(": {only}"),
        None => String::new(),
    };
    let default = setting.default_text().map(|default| format!(" [default: {default}]")).unwrap_or_default();
    format!("{summary}{choices}{default}")
}

/// A sentence with a small first letter.
pub(super) fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
