//! The command line: types that clap fills in, and the settings that their flags override.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use serde::Serialize;

use crate::record::TheoremKind;
use crate::store::shard::Shard;

/// Turns a Rocq library into training data for a prover
#[derive(Debug, Parser)]
#[command(name = "rocq-distill", version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
    /// Flags that every verb takes.
    #[command(flatten)]
    pub global: Global,
}

const EXAMPLES: &str = "\
Examples:
  rocq-distill doctor                    say what is missing on this machine
  rocq-distill run                       take a starter part of the library through all steps
  rocq-distill run --all --output full   take all of it
  rocq-distill status                    say how far that is

Settings: rocq-distill.toml, then the environment (ROCQ_DISTILL_FILTER__MAX_NUM_TOKENS=4000), then
flags; the last one wins. `rocq-distill run --show-settings` prints them as such a file.";

/// Flags that every verb takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Global {
    /// Settings file, instead of `rocq-distill.toml` in this folder
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Say nothing but errors
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Print the summary as JSON on stdout
    #[arg(long, global = true)]
    pub json: bool,
    /// Print the settings that would be used, and stop
    #[arg(long, global = true)]
    pub show_settings: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Run the whole chain from one set of settings
    #[command(after_help = "\
Examples:
  rocq-distill run
  rocq-distill run --input mathcomp/ssreflect mathcomp/algebra/poly.v --num-documents 200
  rocq-distill run --all --config full.toml

A run that was stopped goes on where it was: what is done and made with the same settings is kept.")]
    Run(RunArgs),
    /// Extract every proved theorem of a library
    #[command(
        alias = "step-0",
        after_help = "\
Examples:
  rocq-distill extract --input mathcomp/ssreflect/div.v
  rocq-distill extract --shard 0/4          (and 1/4, 2/4, 3/4 on other machines)"
    )]
    Extract(ExtractArgs),
    /// Replay each proof step by step in a fresh prover
    #[command(
        alias = "step-0-bis",
        after_help = "\
Example:
  rocq-distill verify --input export/extract --output export/verify"
    )]
    Verify(VerifyArgs),
    /// Count the tokens of proof terms and proof scripts
    #[command(
        alias = "step-1",
        after_help = "\
Example:
  rocq-distill measure --tokenizer deepseek-ai/DeepSeek-R1"
    )]
    Measure(MeasureArgs),
    /// Keep records by their number of tokens and steps
    #[command(
        alias = "step-2",
        after_help = "\
Example:
  rocq-distill filter --max-num-tokens 2000 --max-number-instructions 10"
    )]
    Filter(FilterArgs),
    /// Choose a diverse subset
    #[command(
        alias = "step-3",
        after_help = "\
Example:
  rocq-distill select --num-documents 500"
    )]
    Select(SelectArgs),
    /// Write one dataset
    #[command(after_help = "\
Example:
  rocq-distill export --input export/select --output dataset")]
    Export(ExportArgs),
    /// Say what is done, what is missing, and what was rejected and why
    #[command(after_help = "\
Example:
  rocq-distill status export --check

Ends with 3 when something is missing or does not add up.")]
    Status(StatusArgs),
    /// Check that everything the settings need is here
    #[command(after_help = "Ends with 3 when something is missing.")]
    Doctor,
    /// Print the completions of a shell
    #[command(after_help = "\
Example:
  rocq-distill completions bash > ~/.local/share/bash-completion/completions/rocq-distill")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    #[command(after_help = "\
Example:
  rocq-distill man > rocq-distill.1")]
    Man,
    /// Become another program that the system ends together with this one
    #[command(hide = true)]
    Tether {
        /// The process that must not be outlived
        parent: u32,
        /// The program and its arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<std::ffi::OsString>,
    },
}

/// The part of the work that this process does.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Work")]
pub struct ShardArgs {
    /// Make only part I (from 0) of N parts
    #[arg(long, value_name = "I/N", conflicts_with_all = ["idx_worker", "num_workers"])]
    pub shard: Option<Shard>,
    /// The part to make, with `--num-workers`
    #[arg(long, alias = "idx_worker", value_name = "I", requires = "num_workers", hide = true)]
    pub idx_worker: Option<usize>,
    /// How many parts there are, with `--idx-worker`
    #[arg(long, alias = "num_workers", value_name = "N", requires = "idx_worker", hide = true)]
    pub num_workers: Option<usize>,
}

/// How much of the machine is used.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Work")]
pub struct JobsArgs {
    /// Provers or threads at work at once [default: one per core]
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<usize>,
}

/// `run`.
#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// The run directory [default: export]
    #[arg(long, short, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Folders and .v files of the library [default: a few files, see --all]
    #[arg(long, short, value_name = "PATH", num_args = 1.., conflicts_with = "all")]
    pub input: Vec<PathBuf>,
    /// Take the whole installed library
    #[arg(long)]
    pub all: bool,
    /// How much of the machine is used.
    #[command(flatten)]
    pub jobs: JobsArgs,
    /// `measure`.
    #[command(flatten)]
    pub measure: MeasureFlags,
    /// `filter`.
    #[command(flatten)]
    pub filter: FilterFlags,
    /// `select`.
    #[command(flatten)]
    pub select: SelectFlags,
}

/// `extract`.
#[derive(Debug, Clone, Args)]
pub struct ExtractArgs {
    /// Folders and .v files of the library [default: the installed mathcomp]
    #[arg(long, short, value_name = "PATH", num_args = 1..)]
    pub input: Vec<PathBuf>,
    /// Where the records go [default: export/extract]
    #[arg(long, short, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Which statements become records
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    pub kinds: Vec<TheoremKind>,
    /// Only these theorems, by their full names
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub only: Vec<String>,
    /// How much of the machine is used.
    #[command(flatten)]
    pub jobs: JobsArgs,
    /// Which part of the work.
    #[command(flatten)]
    pub shard: ShardArgs,
}

/// Where a step reads and writes.
#[derive(Debug, Clone, Default, Args)]
pub struct Folders {
    /// Records of the step before [default: its folder in export]
    #[arg(long, short, value_name = "DIR")]
    pub input: Option<PathBuf>,
    /// Where the records go [default: this step's folder in export]
    #[arg(long, short, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

/// `verify`.
#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    /// Where it reads and writes.
    #[command(flatten)]
    pub folders: Folders,
    /// Folders and .v files that the records were extracted from [default: the installed mathcomp]
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub library: Vec<PathBuf>,
    /// How much of the machine is used.
    #[command(flatten)]
    pub jobs: JobsArgs,
    /// Which part of the work.
    #[command(flatten)]
    pub shard: ShardArgs,
}

/// `measure`.
#[derive(Debug, Clone, Args)]
pub struct MeasureArgs {
    /// Where it reads and writes.
    #[command(flatten)]
    pub folders: Folders,
    /// Its settings.
    #[command(flatten)]
    pub flags: MeasureFlags,
    /// How much of the machine is used.
    #[command(flatten)]
    pub jobs: JobsArgs,
    /// Which part of the work.
    #[command(flatten)]
    pub shard: ShardArgs,
}

/// Settings of `measure`.
#[derive(Debug, Clone, Default, Args, Serialize)]
#[command(next_help_heading = "Tokens")]
pub struct MeasureFlags {
    /// A tokenizer.json, a folder with one, or a name on the hub [default: built in]
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokenizer: Option<String>,
}

/// `filter`.
#[derive(Debug, Clone, Args)]
pub struct FilterArgs {
    /// Where it reads and writes.
    #[command(flatten)]
    pub folders: Folders,
    /// Its settings.
    #[command(flatten)]
    pub flags: FilterFlags,
    /// How much of the machine is used.
    #[command(flatten)]
    pub jobs: JobsArgs,
    /// Which part of the work.
    #[command(flatten)]
    pub shard: ShardArgs,
}

/// Settings of `filter`.
#[derive(Debug, Clone, Default, Args, Serialize)]
#[command(next_help_heading = "Limits, inclusive")]
pub struct FilterFlags {
    /// Fewest tokens of the proof term [default: 0]
    #[arg(long, alias = "min_num_tokens", value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_num_tokens: Option<usize>,
    /// Most tokens of the proof term [default: 3750]
    #[arg(long, alias = "max_num_tokens", value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_num_tokens: Option<usize>,
    /// Fewest steps of the proof script [default: 3]
    #[arg(long, alias = "min_number_instructions", value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_number_instructions: Option<usize>,
    /// Most steps of the proof script [default: 7]
    #[arg(long, alias = "max_number_instructions", value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_number_instructions: Option<usize>,
}

/// `select`.
#[derive(Debug, Clone, Args)]
pub struct SelectArgs {
    /// Where it reads and writes.
    #[command(flatten)]
    pub folders: Folders,
    /// Its settings.
    #[command(flatten)]
    pub flags: SelectFlags,
    /// How much of the machine is used.
    #[command(flatten)]
    pub jobs: JobsArgs,
}

/// Settings of `select`.
#[derive(Debug, Clone, Default, Args, Serialize)]
#[command(next_help_heading = "Subset")]
pub struct SelectFlags {
    /// The size of the subset [default: 1000]
    #[arg(long, alias = "num_documents", value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_documents: Option<usize>,
}

/// `export`.
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// Records of the last step [default: export/select]
    #[arg(long, short, value_name = "DIR")]
    pub input: Option<PathBuf>,
    /// Where the dataset goes [default: export/dataset]
    #[arg(long, short, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

/// `status`.
#[derive(Debug, Clone, Args)]
pub struct StatusArgs {
    /// The run directory [default: export]
    pub dir: Option<PathBuf>,
    /// Read every file and compare it with its digest
    #[arg(long)]
    pub check: bool,
    /// Write the manifests of steps whose units are all done
    #[arg(long)]
    pub write: bool,
}

/// What the flags set, in the shape of the settings.
#[derive(Debug, Default, Serialize)]
pub struct Overrides {
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jobs: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shard: Option<Shard>,
    extract: ExtractOverrides,
    measure: MeasureFlags,
    filter: FilterFlags,
    select: SelectFlags,
}

#[derive(Debug, Default, Serialize)]
struct ExtractOverrides {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    input: Vec<PathBuf>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kinds: Vec<TheoremKind>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    only: Vec<String>,
}

impl ShardArgs {
    fn resolve(&self) -> Option<Shard> {
        self.shard.or_else(|| Shard::new(self.idx_worker?, self.num_workers?).ok())
    }
}

impl Verb {
    /// The word on the command line.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Run(_) => "run",
            Self::Extract(_) => "extract",
            Self::Verify(_) => "verify",
            Self::Measure(_) => "measure",
            Self::Filter(_) => "filter",
            Self::Select(_) => "select",
            Self::Export(_) => "export",
            Self::Status(_) => "status",
            Self::Doctor => "doctor",
            Self::Completions { .. } => "completions",
            Self::Man => "man",
            Self::Tether { .. } => "tether",
        }
    }

    /// What the flags set.
    pub fn overrides(&self) -> Overrides {
        let mut overrides = Overrides::default();
        match self {
            Self::Run(args) => {
                overrides.output.clone_from(&args.output);
                overrides.jobs = args.jobs.jobs;
                overrides.extract.input.clone_from(&args.input);
                overrides.measure = args.measure.clone();
                overrides.filter = args.filter.clone();
                overrides.select = args.select.clone();
            }
            Self::Extract(args) => {
                overrides.jobs = args.jobs.jobs;
                overrides.shard = args.shard.resolve();
                overrides.extract =
                    ExtractOverrides { input: args.input.clone(), kinds: args.kinds.clone(), only: args.only.clone() };
            }
            Self::Verify(args) => {
                overrides.extract.input.clone_from(&args.library);
                overrides.jobs = args.jobs.jobs;
                overrides.shard = args.shard.resolve();
            }
            Self::Measure(args) => {
                overrides.jobs = args.jobs.jobs;
                overrides.shard = args.shard.resolve();
                overrides.measure = args.flags.clone();
            }
            Self::Filter(args) => {
                overrides.jobs = args.jobs.jobs;
                overrides.shard = args.shard.resolve();
                overrides.filter = args.flags.clone();
            }
            Self::Select(args) => {
                overrides.jobs = args.jobs.jobs;
                overrides.select = args.flags.clone();
            }
            Self::Status(args) => overrides.output.clone_from(&args.dir),
            Self::Export(_) | Self::Doctor | Self::Completions { .. } | Self::Man | Self::Tether { .. } => {}
        }
        overrides
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_help_line_starts_with_a_capital_and_has_no_final_period() {
        fn check(command: &clap::Command) {
            let about = command.get_about().map(ToString::to_string);
            let helps = command.get_arguments().map(|argument| argument.get_help().map(ToString::to_string));
            for help in helps.chain([about]) {
                let help = help.unwrap_or_else(|| panic!("something of `{}` has no help", command.get_name()));
                assert!(help.starts_with(char::is_uppercase), "{help}");
                assert!(!help.ends_with('.'), "{help}");
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }

    #[test]
    fn every_help_fits_a_screen() {
        let mut command = Cli::command();
        command.build();
        for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()).chain([&command]) {
            let help = verb.clone().render_help().to_string();
            assert!(help.lines().count() <= 40, "{help}");
            assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
        }
    }

    #[test]
    fn a_verb_is_called_what_it_is_called_on_the_command_line() {
        for name in ["run", "extract", "verify", "measure", "filter", "select", "export", "status", "doctor", "man"] {
            assert_eq!(Cli::parse_from(["rocq-distill", name]).verb.name(), name);
        }
    }

    #[test]
    fn the_old_names_and_flags_still_work() {
        let cli = Cli::parse_from([
            "rocq-distill",
            "step-2",
            "--input",
            "a",
            "--output",
            "b",
            "--max_num_tokens",
            "10",
            "--min-number-instructions",
            "2",
            "--idx_worker",
            "1",
            "--num_workers",
            "3",
        ]);
        let Verb::Filter(args) = cli.verb else { panic!("step-2 is not filter") };
        assert_eq!(args.flags.max_num_tokens, Some(10));
        assert_eq!(args.flags.min_number_instructions, Some(2));
        assert_eq!(args.shard.resolve(), Shard::new(1, 3).ok());
    }
}
