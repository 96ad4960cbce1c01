//! The command line: types that clap fills in, and the settings that their flags override.

mod arguments;
mod stage;

pub use arguments::{CheckArgs, DoctorArgs, ExportArgs, ReportArgs, RunArgs, StatusArgs};
pub use stage::StageVerb;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::builder::Styles;
use clap::error::ErrorKind;
use clap::{ArgMatches, Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_mangen::Man;

use crate::settings::{Example, NotText, Overrides, with_flags};
use stage::OLDER_NAMES;

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
    ("To see how it went", &["status", "report", "journal"]),
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
    let _ = writeln!(template, "{header}Names of the older project:{header:#}");
    for (name, stages) in OLDER_NAMES {
        let stages = stages.iter().map(ToString::to_string).collect::<Vec<_>>().join(", then ");
        let _ = writeln!(template, "  {literal}{name:<11}{literal:#}  {stages}");
    }
    template.push('\n');
    template + &format!("{header}Options:{header:#}\n{{options}}{{after-help}}")
}

impl Cli {
    /// Reads a command line.
    pub fn read(arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Result<Self, clap::Error> {
        let matches = Self::whole().try_get_matches_from(arguments)?;
        let mut cli = Self::from_arg_matches(&matches)?;
        if let Some((_, matches)) = matches.subcommand() {
            let no_text = |error| Self::command().error(ErrorKind::InvalidUtf8, error);
            cli.overrides = cli.verb.overrides(matches).map_err(no_text)?;
        }
        Ok(cli)
    }

    /// The command line, each verb with the flags of the settings that it takes.
    fn whole() -> Command {
        let with = |flags: &'static [&'static str]| move |verb| with_flags(verb, flags);
        Self::command()
            .mut_subcommand("run", with(RUN_FLAGS))
            .mut_subcommand("export", with(EXPORT_FLAGS))
            .mut_subcommand("check", with(CHECK_FLAGS))
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

    /// The completions of a shell.
    pub fn completions(shell: clap_complete::Shell) -> Vec<u8> {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Self::visible(), NAME, &mut script);
        script
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

/// The settings that `run` takes as flags: tables and keys.
const RUN_FLAGS: &[&str] = &[
    "jobs",
    "rocq.args",
    "rocq.max_memory",
    "verify.engine",
    "measure",
    "filter",
    "select",
    "reason.num_gen",
    "budget",
];

/// The settings that `export` takes as flags.
const EXPORT_FLAGS: &[&str] = &["export", "jobs"];

/// The settings that `check` takes as flags.
const CHECK_FLAGS: &[&str] = &["check", "verify", "jobs", "rocq.args", "rocq.max_memory", "shard"];

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// What needs settings.
    #[command(flatten)]
    Work(Work),
    /// What is only printed.
    #[command(flatten)]
    Print(Print),
    /// Become another program that the system ends together with this one
    #[command(hide = true)]
    Tether {
        /// The process that must not be outlived
        parent: u32,
        /// Bytes of memory that it may use
        memory: u64,
        /// The program and its arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<OsString>,
    },
}

/// A verb that needs settings.
#[derive(Debug, Subcommand)]
pub enum Work {
    /// Run the whole chain from one set of settings
    #[command(after_help = "\
Examples:
  rocq-distill run --input mathcomp/ssreflect mathcomp/algebra/poly.v --num-documents 200
  rocq-distill run --all --config full.toml --max-cost 200

A run that was stopped goes on where it was: what is done and made with the same settings is kept.")]
    Run(RunArgs),
    /// A stage.
    #[command(flatten)]
    Stage(StageVerb),
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
    /// Look into the journal of a stage that asks models, or tend it
    #[command(
        subcommand,
        after_help = "\
Examples:
  rocq-distill journal show export/reason
  rocq-distill journal import export/reason --from older/reason"
    )]
    Journal(JournalVerb),
    /// Check that everything the settings need is here
    #[command(after_help = "\
Examples:
  rocq-distill doctor --config full.toml
  rocq-distill doctor --input my/theories

Ends with 3 when something is missing, and says what to type.")]
    Doctor(DoctorArgs),
}

/// A verb that only prints, or writes what it would print, and needs no settings.
#[derive(Debug, Subcommand)]
pub enum Print {
    /// Print a settings file to start from, for a kind of model server
    #[command(after_help = "\
Example:
  rocq-distill example openrouter --output rocq-distill.toml")]
    Example {
        /// The kind of model server: openrouter, deepseek, openai, gemini, gpt, vllm, or rehearsal for none
        #[arg(hide_possible_values = true)]
        name: Example,
        /// Write it to this file, which must not be there yet
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
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
}

/// A page of the documentation that is made from the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Page {
    /// `docs/settings.md`.
    Settings,
    /// `docs/stages.md`.
    Stages,
}

/// What is done with the journal of a stage, the folder of which is named.
#[derive(Debug, Subcommand)]
pub enum JournalVerb {
    /// List requests, answers, and what was spent by model and day
    #[command(after_help = "\
Example:
  rocq-distill journal show export/reason")]
    Show {
        /// The folder of the stage
        folder: PathBuf,
    },
    /// Rewrite it without damaged lines and repeated answers; what they cost stays counted
    #[command(after_help = "\
Example:
  rocq-distill journal compact export/reason")]
    Compact {
        /// The folder of the stage
        folder: PathBuf,
    },
    /// Take the answers of another run to the same requests
    #[command(after_help = "\
Example:
  rocq-distill journal import export/reason --from older/reason")]
    Import {
        /// The folder of the stage
        folder: PathBuf,
        /// The folder of the same stage of the other run
        #[arg(long)]
        from: PathBuf,
    },
}

impl Verb {
    fn overrides(&self, matches: &ArgMatches) -> Result<Overrides, NotText> {
        match self {
            Self::Work(work) => work.overrides(matches),
            Self::Print(_) | Self::Tether { .. } => Ok(Overrides::default()),
        }
    }
}

impl Work {
    /// The word on the command line.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Run(_) => "run",
            Self::Stage(verb) => verb.name,
            Self::Export(_) => "export",
            Self::Check(_) => "check",
            Self::Status(_) => "status",
            Self::Report(_) => "report",
            Self::Journal(_) => "journal",
            Self::Doctor(_) => "doctor",
        }
    }

    /// Whether files are to be made again at which provers failed.
    pub fn retries_faults(&self) -> bool {
        match self {
            Self::Run(args) => args.retry_faults,
            Self::Stage(verb) => verb.retry_faults,
            Self::Export(_)
            | Self::Check(_)
            | Self::Status(_)
            | Self::Report(_)
            | Self::Journal(_)
            | Self::Doctor(_) => false,
        }
    }

    /// What its flags and arguments set.
    fn overrides(&self, matches: &ArgMatches) -> Result<Overrides, NotText> {
        let run_dir = |mut overrides: Overrides, path: Option<&Path>| {
            path.map_or(Ok(()), |path| overrides.set("output", path))?;
            Ok(overrides)
        };
        match self {
            Self::Run(args) => {
                run_dir(of_library(Overrides::of(matches, RUN_FLAGS)?, &args.input)?, args.output.as_deref())
            }
            Self::Stage(verb) => verb.overrides(matches),
            Self::Export(_) => Overrides::of(matches, EXPORT_FLAGS),
            Self::Check(args) => of_library(Overrides::of(matches, CHECK_FLAGS)?, &args.library),
            Self::Status(args) => run_dir(Overrides::default(), args.dir.as_deref()),
            Self::Report(args) => run_dir(Overrides::default(), args.dir.as_deref()),
            Self::Journal(_) => Ok(Overrides::default()),
            Self::Doctor(args) => of_library(Overrides::default(), &args.input),
        }
    }
}

/// Sets which library is read, where it is named.
fn of_library(mut overrides: Overrides, input: &[PathBuf]) -> Result<Overrides, NotText> {
    if !input.is_empty() {
        overrides.set("extract.input", input)?;
    }
    Ok(overrides)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;
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
        let completions = Cli::completions(clap_complete::Shell::Bash);
        let help = Cli::whole().render_help().to_string();
        for text in [help, String::from_utf8(completions).unwrap(), String::from_utf8(Cli::manual()).unwrap()] {
            assert!(verbs.iter().all(|verb| text.contains(verb)));
            assert!(!text.contains("tether"));
        }
    }

    #[test]
    fn m57_the_command_lines_of_the_older_project_do_what_they_did() {
        let read = |arguments: &str| {
            let cli = Cli::read(format!("rocq-distill {arguments}").split(' ')).unwrap();
            let settings = Settings::resolve(Some("/dev/null".as_ref()), &cli.overrides).unwrap();
            let Verb::Work(Work::Stage(verb)) = cli.verb else { panic!("`{arguments}` is no stage") };
            let stages = verb.stages.iter().map(|entry| entry.stage.as_str()).collect::<Vec<_>>().join(" ");
            (stages, verb.input.or_else(|| verb.library.first().cloned()), verb.output, settings)
        };
        for (name, stages) in OLDER_NAMES {
            let stages = stages.iter().map(|stage| stage.as_str()).collect::<Vec<_>>().join(" ");
            for name in [name.to_string(), name.replace('_', "-")] {
                let (found, input, output, _) = read(&format!("{name} --input a --output b"));
                assert_eq!((found, input, output), (stages.clone(), Some("a".into()), Some("b".into())), "{name}");
            }
        }
        let shard = |arguments| read(arguments).3.shard;
        assert_eq!(Some(shard("step_0 --idx-worker 1 --num-workers 3")), Shard::new(1, 3).ok());
        assert_eq!(Some(shard("step_0_bis --idx_worker 1 --num_workers 3")), Shard::new(1, 3).ok());
        let measured = read("step_1 --tokenizer deepseek-ai/DeepSeek-R1").3.measure;
        assert_eq!(measured.tokenizer.as_deref(), Some("deepseek-ai/DeepSeek-R1"));
        let (.., selected) = read(
            "step_2 --num-documents 9 --max-num-tokens 8 --min_num_tokens 1 --min-number-instructions 2 \
             --max_number_instructions 6",
        );
        let limits = (selected.filter.min_num_tokens, selected.filter.max_num_tokens);
        assert_eq!(
            (selected.select.num_documents, limits, selected.filter.steps().to_string()),
            (9, (1, 8), "2..6".to_owned())
        );
        let reasoned = read("step_3 --num_gen 2 --max_workers 100 --mean-delay 10").3.reason;
        assert_eq!(
            (reasoned.num_gen, reasoned.max_workers, reasoned.mean_delay_s.to_string()),
            (2, 100, "10".to_owned())
        );
        read("step-4 --max-workers 2");
        read("step_5 --max_workers 2");
    }
}
