//! The command line: types that clap fills in, and the settings that their flags override.

mod arguments;
mod overrides;

pub use arguments::{
    CheckArgs, ExportArgs, ExtractArgs, Folders, ModelArgs, ReportArgs, RetryArgs, RunArgs, ShardArgs, ShardedArgs,
    StatusArgs, VerifyArgs,
};

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::builder::Styles;
use clap::error::ErrorKind;
use clap::{Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_mangen::Man;

use crate::settings::{self, Example, Overrides};

/// Turns a Rocq library into training data for a prover
#[derive(Debug, Parser)]
#[command(name = NAME, version, max_term_width = 100, help_template = help_template(), after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
    /// Flags that every verb takes.
    #[command(flatten)]
    pub global: Global,
    /// What its flags set.
    #[arg(skip)]
    pub overrides: Overrides,
}

const NAME: &str = "rocq-distill";

/// The verbs as the help groups them.
const GROUPS: &[(&str, &[&str])] = &[
    (
        "The chain, and each of its stages",
        &["run", "extract", "verify", "measure", "filter", "select", "reason", "score", "judge", "export"],
    ),
    ("With the records of a stage", &["check"]),
    ("To see how it went", &["status", "report"]),
    ("To get it going", &["doctor", "example", "completions", "man"]),
];

const EXAMPLES: &str = "\
Examples:
  rocq-distill doctor                    say what is missing on this machine
  rocq-distill run                       take a starter part of the library through all stages
  rocq-distill run --all --output full   take all of it

Settings: rocq-distill.toml, then the like of ROCQ_DISTILL_SELECT__NUM_DOCUMENTS=500, then flags.";

/// The help of the whole program: its verbs in groups, as clap knows only groups of flags.
fn help_template() -> String {
    let verbs = Verb::augment_subcommands(Command::new(NAME));
    let header = *Styles::default().get_header();
    let literal = *Styles::default().get_literal();
    let mut template = "{about}\n\n{usage-heading} {usage}\n\n".to_owned();
    for (title, names) in GROUPS {
        let _ = writeln!(template, "{header}{title}:{header:#}");
        for verb in names.iter().filter_map(|name| verbs.find_subcommand(name)) {
            let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(template, "  {literal}{:<11}{literal:#}  {about}", verb.get_name());
        }
        template.push('\n');
    }
    template + &format!("{header}Options:{header:#}\n{{options}}{{after-help}}")
}

impl Cli {
    /// Reads a command line.
    pub fn read(arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Result<Self, clap::Error> {
        let matches = Self::whole().try_get_matches_from(arguments)?;
        let mut cli = Self::from_arg_matches(&matches)?;
        if let Some((_, matches)) = matches.subcommand() {
            let no_text = |error| Self::command().error(ErrorKind::InvalidUtf8, error);
            cli.overrides = overrides::overrides(&cli.verb, matches).map_err(no_text)?;
        }
        Ok(cli)
    }

    /// The command line, each verb with the flags of the settings that it takes.
    fn whole() -> Command {
        Self::command().mut_subcommands(|verb| {
            let flags = overrides::flags_of(verb.get_name());
            settings::with_flags(verb, flags)
        })
    }

    /// The command line without the verbs that no person types: what completions and the manual are made from.
    pub fn visible() -> Command {
        let whole = Self::whole();
        let verbs: Vec<_> = whole.get_subcommands().filter(|verb| !verb.is_hide_set()).cloned().collect();
        let about = whole.get_about().cloned().unwrap_or_default();
        let flags: Vec<_> = whole.get_arguments().cloned().collect();
        Command::new(NAME)
            .about(about)
            .version(env!("CARGO_PKG_VERSION"))
            .subcommand_required(true)
            .args(flags)
            .subcommands(verbs)
            .after_help(EXAMPLES)
    }

    /// The manual: one page, with a section for each verb.
    pub fn manual() -> Vec<u8> {
        let whole = Self::visible();
        let page = Man::new(whole.clone());
        let mut text = Vec::new();
        // Writing into memory cannot fail.
        let _ = page
            .render_title(&mut text)
            .and_then(|()| page.render_name_section(&mut text))
            .and_then(|()| page.render_synopsis_section(&mut text))
            .and_then(|()| page.render_options_section(&mut text))
            .and_then(|()| page.render_extra_section(&mut text));
        for verb in whole.get_subcommands() {
            let page = Man::new(verb.clone().bin_name(format!("{NAME} {}", verb.get_name())));
            let mut section = Vec::new();
            let _ = page
                .render_description_section(&mut section)
                .and_then(|()| page.render_synopsis_section(&mut section))
                .and_then(|()| page.render_options_section(&mut section))
                .and_then(|()| page.render_extra_section(&mut section));
            // Sections of a page of its own become parts of one section here.
            let section = String::from_utf8_lossy(&section).replace(".SH ", ".SS ");
            let title = format!(".SH \"{NAME} {}\"\n", verb.get_name());
            text.extend_from_slice(title.as_bytes());
            text.extend_from_slice(section.as_bytes());
        }
        text
    }
}

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
  rocq-distill run --input mathcomp/ssreflect mathcomp/algebra/poly.v --num-documents 200
  rocq-distill run --all --config full.toml --max-cost 200

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
    /// Replay each proof sentence by sentence in a fresh prover
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
    Measure(ShardedArgs),
    /// Keep records by their number of tokens and steps
    #[command(
        alias = "step-2",
        after_help = "\
Example:
  rocq-distill filter --max-num-tokens 2000 --max-number-instructions 10"
    )]
    Filter(ShardedArgs),
    /// Choose a diverse subset
    #[command(
        alias = "step-3",
        after_help = "\
Example:
  rocq-distill select --num-documents 500"
    )]
    Select(Folders),
    /// Ask a large model to think its way from each proof term to the tactics
    #[command(
        alias = "step-4",
        after_help = "\
Examples:
  rocq-distill reason --dry-run
  rocq-distill reason --num-gen 20 --max-workers 100 --max-cost 50

Every answer is kept as it arrives; a run that was stopped goes on with what is missing."
    )]
    Reason(ModelArgs),
    /// Ask a smaller model how well it foresees the tactics after each reasoning
    #[command(
        alias = "step-5",
        after_help = "\
Examples:
  rocq-distill score --base-url http://127.0.0.1:8000/v1 --model NAME
  rocq-distill score --wire echo --tokenizer OWNER/NAME --no-keep-tokens"
    )]
    Score(ModelArgs),
    /// Ask a judge whether a reasoning gives its answer away, the best one first
    #[command(
        alias = "step-6",
        after_help = "\
Example:
  rocq-distill judge --rank-by decision --max-judged 5 --max-cost 10"
    )]
    Judge(ModelArgs),
    /// Write one dataset
    #[command(after_help = "\
Examples:
  rocq-distill export --views records,messages --compat babel-formal
  rocq-distill export --input export/verify --output dataset --split-by premise --test 0.1

Records that share a source file, a statement or a proof term stand in one split.")]
    Export(ExportArgs),
    /// Check whether scripts prove the theorems of a stage's records, honestly
    #[command(after_help = "\
Examples:
  rocq-distill check --input export/verify --candidates scripts.jsonl -o verdicts
  model | rocq-distill check --candidates - > verdicts.jsonl")]
    Check(CheckArgs),
    /// Say what is done, what is missing, and what was rejected and why
    #[command(after_help = "\
Example:
  rocq-distill status export --check

Ends with 3 when something is missing or does not add up.")]
    Status(StatusArgs),
    /// Write one HTML page about a run: funnel, charts, and the records to look at
    #[command(after_help = "\
Example:
  rocq-distill report export -o report.html

The page needs no network and no other file.")]
    Report(ReportArgs),
    /// Check that everything the settings need is here
    #[command(after_help = "\
Examples:
  rocq-distill doctor
  rocq-distill doctor --config full.toml

Ends with 3 when something is missing, and says what to type.")]
    Doctor,
    /// Print a settings file to start from, for a kind of model server
    #[command(after_help = "\
Example:
  rocq-distill example openrouter > rocq-distill.toml")]
    Example {
        /// The kind of model server: openrouter, deepseek, openai, gemini, gpt, vllm, or rehearsal for none
        #[arg(hide_possible_values = true)]
        name: Example,
    },
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
Examples:
  rocq-distill man | man -l -
  rocq-distill man > ~/.local/share/man/man1/rocq-distill.1")]
    Man,
    /// Print a page of the documentation that is made from the program
    #[command(hide = true)]
    Reference {
        /// The page
        page: Page,
    },
    /// Become another program that the system ends together with this one
    #[command(hide = true)]
    Tether {
        /// The process that must not be outlived
        parent: u32,
        /// Bytes of memory that it may use
        memory: u64,
        /// The program and its arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<std::ffi::OsString>,
    },
}

/// A page of the documentation that is made from the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Page {
    /// `docs/settings.md`.
    Settings,
}

impl Verb {
    /// Whether files are to be made again that hold faults of provers.
    pub fn retries_faults(&self) -> bool {
        match self {
            Self::Run(RunArgs { retry, .. })
            | Self::Extract(ExtractArgs { retry, .. })
            | Self::Verify(VerifyArgs { retry, .. }) => retry.retry_faults,
            _ => false,
        }
    }

    /// The word on the command line.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Run(_) => "run",
            Self::Extract(_) => "extract",
            Self::Verify(_) => "verify",
            Self::Check(_) => "check",
            Self::Measure(_) => "measure",
            Self::Filter(_) => "filter",
            Self::Select(_) => "select",
            Self::Reason(_) => "reason",
            Self::Score(_) => "score",
            Self::Judge(_) => "judge",
            Self::Export(_) => "export",
            Self::Status(_) => "status",
            Self::Report(_) => "report",
            Self::Doctor => "doctor",
            Self::Example { .. } => "example",
            Self::Completions { .. } => "completions",
            Self::Man => "man",
            Self::Reference { .. } => "reference",
            Self::Tether { .. } => "tether",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::shard::Shard;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::whole().debug_assert();
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
        check(&Cli::whole());
    }

    #[test]
    fn every_help_fits_a_screen() {
        let verbs: Vec<_> = Cli::visible().get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
        for words in verbs.iter().map(|verb| vec![NAME, verb, "--help"]).chain([vec![NAME, "--help"]]) {
            let help = Cli::visible().try_get_matches_from(&words).unwrap_err().to_string();
            assert!(help.contains("Usage:"), "{help}");
            assert!(help.lines().count() <= 50, "{help}");
            assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
        }
    }

    #[test]
    fn every_help_of_a_verb_has_an_example() {
        for verb in Cli::visible().get_subcommands() {
            let text = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(text.contains(&format!("  {NAME} {}", verb.get_name())), "{}", verb.get_name());
        }
    }

    #[test]
    fn the_help_the_completions_and_the_manual_know_every_verb_but_the_hidden_one() {
        let mut listed: Vec<_> = GROUPS.iter().flat_map(|(_, names)| *names).copied().collect();
        let whole = Cli::visible();
        let mut verbs: Vec<_> = whole.get_subcommands().map(Command::get_name).collect();
        listed.sort_unstable();
        verbs.sort_unstable();
        assert_eq!(listed, verbs);
        let mut completions = Vec::new();
        clap_complete::generate(clap_complete::Shell::Bash, &mut Cli::visible(), NAME, &mut completions);
        let help = Cli::whole().render_help().to_string();
        for text in [help, String::from_utf8(completions).unwrap(), String::from_utf8(Cli::manual()).unwrap()] {
            assert!(verbs.iter().all(|verb| text.contains(verb)));
            assert!(!text.contains("tether"));
        }
    }

    #[test]
    fn a_verb_is_called_what_it_is_called_on_the_command_line() {
        for name in [
            "run", "extract", "verify", "measure", "filter", "select", "reason", "judge", "export", "status", "doctor",
            "man",
        ] {
            assert_eq!(Cli::read(["rocq-distill", name]).unwrap().verb.name(), name);
        }
    }

    #[test]
    fn the_old_names_and_flags_still_work() {
        let arguments = "rocq-distill step-2 --input a --output b --max_num_tokens 10 --min-number-instructions 2 \
                         --idx_worker 1 --num_workers 3";
        let cli = Cli::read(arguments.split(' ')).unwrap();
        assert_eq!(cli.verb.name(), "filter");
        let settings = settings::Settings::resolve(Some("/dev/null".as_ref()), &cli.overrides).unwrap();
        assert_eq!((settings.filter.max_num_tokens, settings.filter.min_number_instructions), (10, 2));
        assert_eq!(Some(settings.shard), Shard::new(1, 3).ok());
    }
}
