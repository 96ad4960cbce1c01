//! The verbs of the stages, and their older names: made from the table of the stages.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches, Subcommand, value_parser};

use crate::settings::{NotText, Overrides, with_flags};
use crate::stages::table::{Entry, Reads, Work};
use crate::store::layout::Stage;
use crate::store::shard::Shard;

/// One stage, or those that an older command did in one.
#[derive(Debug, Clone)]
pub struct StageVerb {
    /// The word on the command line.
    pub name: &'static str,
    /// The stages, in order; at least one.
    pub stages: Vec<&'static Entry>,
    /// What the first one reads; absent: the folder of the stage before.
    pub input: Option<PathBuf>,
    /// What the last one writes; absent: its folder.
    pub output: Option<PathBuf>,
    /// Folders and `.v` files of the library, for a stage that asks a prover.
    pub library: Vec<PathBuf>,
    /// Say what would be asked, and ask nothing.
    pub dry_run: bool,
    /// Make the files again at which provers failed.
    pub retry_faults: bool,
    shard: Option<Shard>,
}

/// The commands of the older project with the stages that did their work.
pub(super) const OLDER_NAMES: &[(&str, &[Stage])] = &[
    ("step_0", &[Stage::Extract]),
    ("step_0_bis", &[Stage::Verify]),
    ("step_1", &[Stage::Measure]),
    ("step_2", &[Stage::Filter, Stage::Select]),
    ("step_3", &[Stage::Reason]),
    ("step_4", &[Stage::Score]),
    ("step_5", &[Stage::Judge]),
];

/// Every name of a verb with its stages.
fn names() -> impl Iterator<Item = (&'static str, Vec<&'static Entry>)> {
    let own = Entry::all().map(|entry| (entry.stage.as_str(), vec![entry]));
    own.chain(OLDER_NAMES.iter().map(|(name, stages)| (*name, stages.iter().copied().map(Entry::of).collect())))
}

impl StageVerb {
    /// What its flags and arguments set.
    pub(super) fn overrides(&self, matches: &ArgMatches) -> Result<Overrides, NotText> {
        let mut overrides = super::of_library(Overrides::of(matches, &flags(&self.stages))?, &self.library)?;
        if let Some(shard) = self.shard {
            overrides.set("shard", &shard)?;
        }
        Ok(overrides)
    }
}

impl Subcommand for StageVerb {
    fn augment_subcommands(command: Command) -> Command {
        names().fold(command, |command, (name, stages)| command.subcommand(command_of(name, &stages)))
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        names().any(|(known, _)| known == name)
    }
}

impl FromArgMatches for StageVerb {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let missing = || clap::Error::new(clap::error::ErrorKind::MissingSubcommand);
        let (typed, matches) = matches.subcommand().ok_or_else(missing)?;
        let (name, stages) = names().find(|(name, _)| *name == typed).ok_or_else(missing)?;
        let path = |name| matches.try_get_one::<PathBuf>(name).ok().flatten().cloned();
        let number = |name| matches.try_get_one::<usize>(name).ok().flatten().copied();
        let switch = |name| matches.try_get_one(name).ok().flatten().copied().unwrap_or(false);
        let library = matches.try_get_many::<PathBuf>(LIBRARY).ok().flatten();
        Ok(Self {
            name,
            stages,
            input: path(INPUT),
            output: path(OUTPUT),
            library: library.into_iter().flatten().cloned().collect(),
            dry_run: switch(DRY_RUN),
            retry_faults: switch(RETRY_FAULTS),
            shard: number(INDEX).zip(number(OF)).and_then(|(index, of)| Shard::new(index, of).ok()),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

const INPUT: &str = "input";
const OUTPUT: &str = "output";
const LIBRARY: &str = "library";
const DRY_RUN: &str = "dry_run";
const RETRY_FAULTS: &str = "retry_faults";
const INDEX: &str = "idx_worker";
const OF: &str = "num_workers";

/// The command of these stages.
fn command_of(name: &'static str, stages: &[&'static Entry]) -> Command {
    let (Some(first), Some(last)) = (stages.first(), stages.last()) else { return Command::new(name) };
    let about = stages.iter().map(|entry| entry.about).collect::<Vec<_>>().join("; ");
    let command = Command::new(name).about(about);
    let command = if name == last.stage.as_str() {
        command.after_help(last.examples)
    } else {
        command.alias(name.replace('_', "-")).hide(true)
    };
    let command = command.args(folders(first, last));
    let switch =
        |name, long: &'static str, help: &'static str| Arg::new(name).long(long).action(ArgAction::SetTrue).help(help);
    let command = match last.work {
        Work::Compute(_) => command,
        Work::Prove(_) => {
            let help = "Make the files again at which provers hung, died or took too much";
            command.arg(switch(RETRY_FAULTS, "retry-faults", help))
        }
        Work::Ask { .. } => {
            let help = "Say what would be asked at most, and what it may cost, without asking";
            command.arg(switch(DRY_RUN, "dry-run", help))
        }
    };
    let flags = flags(stages);
    let command = if flags.contains(&"shard") { command.args(older_shard()) } else { command };
    with_flags(command, &flags)
}

/// The settings that stages take as flags; a shard only where each of them can be sharded.
fn flags(stages: &[&'static Entry]) -> Vec<&'static str> {
    let mut flags: Vec<&str> = Vec::new();
    for flag in stages.iter().flat_map(|entry| entry.settings) {
        let is_for_all = *flag != "shard" || stages.iter().all(|entry| entry.is_shardable());
        if is_for_all && !flags.contains(flag) {
            flags.push(flag);
        }
    }
    flags
}

/// Where the first of some stages reads and the last one writes.
fn folders(first: &Entry, last: &Entry) -> Vec<Arg> {
    let path = |name| Arg::new(name).value_parser(value_parser!(PathBuf));
    let library = path(LIBRARY).value_name("PATH").num_args(1..);
    let mut arguments = match first.stage.previous() {
        Some(previous) if first.reads != Reads::Library => {
            let help = format!("Records of the stage before [default: export/{previous}]");
            vec![path(INPUT).long("input").short('i').value_name("DIR").help(help)]
        }
        _ => {
            let help = "Folders and .v files of the library [default: the installed mathcomp]";
            vec![library.clone().long("input").short('i').help(help)]
        }
    };
    let help = format!("Where the records go [default: export/{}]", last.stage);
    arguments.push(path(OUTPUT).long("output").short('o').value_name("DIR").help(help));
    if first.reads != Reads::Library && matches!(first.work, Work::Prove(_)) {
        let help = "Folders and .v files that the records come from [default: the installed mathcomp]";
        arguments.push(library.long("library").help(help));
    }
    arguments
}

/// The older way to say which part of the work a process does.
fn older_shard() -> [Arg; 2] {
    let number = |name: &'static str, other, value_name: &'static str, help: &'static str| {
        let long = name.replace('_', "-");
        let argument = Arg::new(name).long(long).alias(name).value_name(value_name).help(help);
        argument.value_parser(value_parser!(usize)).requires(other).conflicts_with("shard").hide(true)
    };
    [
        number(INDEX, OF, "I", "The part to make, with --num-workers"),
        number(OF, INDEX, "N", "How many parts there are, with --idx-worker"),
    ]
}
