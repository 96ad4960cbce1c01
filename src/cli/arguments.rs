//! The arguments of each verb.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::record::TheoremKind;
use crate::rocq::engine::EngineChoice;
use crate::settings::{Compat, FileFormat, MemorySize, RankBy, SplitBy, StepRange, View, Wire};
use crate::store::shard::Shard;

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

/// What each prover may use.
#[derive(Debug, Clone, Default, Args, Serialize)]
#[command(next_help_heading = "Work")]
pub struct ProverFlags {
    /// Memory that each prover may use [default: 4GiB]
    #[arg(long, value_name = "SIZE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_memory: Option<MemorySize>,
}

/// How proofs are replayed.
#[derive(Debug, Clone, Default, Args, Serialize)]
#[command(next_help_heading = "Replay")]
pub struct VerifyFlags {
    /// What replays proofs: auto, petanque or coqidetop [default: auto]
    #[arg(long, value_name = "ENGINE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<EngineChoice>,
    /// Petanque's program, one for each worker [default: pet]
    #[arg(long, value_name = "PATH")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pet: Option<PathBuf>,
    /// A running pet-server, instead
    #[arg(long, value_name = "HOST:PORT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pet_server: Option<String>,
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
    /// Statements that become records [default: Theorem,Lemma,Fact,Remark,Corollary,Proposition,Property]
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    pub kinds: Vec<TheoremKind>,
    /// Only these theorems, by their full names
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub only: Vec<String>,
    /// Only proofs with so many steps, both ends inclusive
    #[arg(long, value_name = "MIN..MAX")]
    pub only_steps: Option<StepRange>,
    /// List premises too that only the proof term names; needs Elpi
    #[arg(long)]
    pub implicit_premises: bool,
    /// How much of the machine is used.
    #[command(flatten)]
    pub jobs: JobsArgs,
    /// What each prover may use.
    #[command(flatten)]
    pub prover: ProverFlags,
    /// Which part of the work.
    #[command(flatten)]
    pub shard: ShardArgs,
}

/// Where a stage reads and writes.
#[derive(Debug, Clone, Default, Args)]
pub struct Folders {
    /// Records of the stage before [default: its folder in export]
    #[arg(long, short, value_name = "DIR")]
    pub input: Option<PathBuf>,
    /// Where the records go [default: this stage's folder in export]
    #[arg(long, short, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

/// `verify`.
#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    /// Where it reads and writes.
    #[command(flatten)]
    pub folders: Folders,
    /// Folders and .v files that the records come from [default: the installed mathcomp]
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub library: Vec<PathBuf>,
    /// Its settings.
    #[command(flatten)]
    pub flags: VerifyFlags,
    /// How much of the machine is used.
    #[command(flatten)]
    pub jobs: JobsArgs,
    /// What each prover may use.
    #[command(flatten)]
    pub prover: ProverFlags,
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
    /// A tokenizer.json, its folder, or a name on the hub [default: built in]
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

/// Settings of every stage that asks a model server.
#[derive(Debug, Clone, Default, Args, Serialize)]
#[command(next_help_heading = "Model server")]
pub struct ModelFlags {
    /// Address of the server, such as `http://127.0.0.1:8000/v1`, or `scripted`
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The model, as the server names it
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Most requests under way at once [default: 50]
    #[arg(long, alias = "max_workers", value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_workers: Option<usize>,
    /// Mean seconds that each of the first requests waits [default: 0]
    #[arg(long, alias = "mean_delay", value_name = "S")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_delay: Option<f64>,
    /// Most money that the stage may spend, all its runs together
    #[arg(long, alias = "max_cost", value_name = "X")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<f64>,
    /// Most tokens that the stage may use up, all its runs together
    #[arg(long, alias = "max_tokens_total", value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens_total: Option<u64>,
}

/// `reason`.
#[derive(Debug, Clone, Args)]
pub struct ReasonArgs {
    /// Where it reads and writes.
    #[command(flatten)]
    pub folders: Folders,
    /// Say what would be asked, and what it may cost, without asking
    #[arg(long)]
    pub dry_run: bool,
    /// Its settings.
    #[command(flatten)]
    pub flags: ReasonFlags,
    /// The server.
    #[command(flatten)]
    pub model: ModelFlags,
    /// Which part of the work.
    #[command(flatten)]
    pub shard: ShardArgs,
}

/// Settings of `reason`.
#[derive(Debug, Clone, Default, Args, Serialize)]
#[command(next_help_heading = "Reasonings")]
pub struct ReasonFlags {
    /// Reasonings of each record [default: 20]
    #[arg(long, alias = "num_gen", value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_gen: Option<usize>,
    /// Another template of the prompt
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<PathBuf>,
}

/// `score`.
#[derive(Debug, Clone, Args)]
pub struct ScoreArgs {
    /// Where it reads and writes.
    #[command(flatten)]
    pub folders: Folders,
    /// Say what would be asked, and what it may cost, without asking
    #[arg(long)]
    pub dry_run: bool,
    /// Its settings.
    #[command(flatten)]
    pub flags: ScoreFlags,
    /// The server.
    #[command(flatten)]
    pub model: ModelFlags,
    /// Which part of the work.
    #[command(flatten)]
    pub shard: ShardArgs,
}

/// Plain text, as a terminal shows the marks that documentation puts around names.
const WIRE_HELP: &str = "How the server gives a prompt's logprobs: prompt_logprobs or echo [default: prompt_logprobs]";

/// Settings of `score`.
#[derive(Debug, Clone, Default, Args, Serialize)]
#[command(next_help_heading = "Scores")]
pub struct ScoreFlags {
    /// How the server gives a prompt's logprobs
    #[arg(long, help = WIRE_HELP, value_name = "WIRE", hide_possible_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wire: Option<Wire>,
    /// Tokenise here: a tokenizer.json, a folder with one, or a name on the hub [default: the server does]
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokenizer: Option<String>,
    /// Do not keep the logprob of each token of the tactics
    #[arg(long)]
    #[serde(skip)]
    pub no_keep_tokens: bool,
    /// What `--no-keep-tokens` sets.
    #[arg(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_tokens: Option<bool>,
    /// Another template of the prompt
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<PathBuf>,
}

impl ScoreFlags {
    /// The flags in the words of the settings.
    #[must_use]
    pub fn resolve(&self) -> Self {
        Self { keep_tokens: self.no_keep_tokens.then_some(false), ..self.clone() }
    }
}

/// `judge`.
#[derive(Debug, Clone, Args)]
pub struct JudgeArgs {
    /// Where it reads and writes.
    #[command(flatten)]
    pub folders: Folders,
    /// Say what would be asked at most, and what it may cost, without asking
    #[arg(long)]
    pub dry_run: bool,
    /// Its settings.
    #[command(flatten)]
    pub flags: JudgeFlags,
    /// The server.
    #[command(flatten)]
    pub model: ModelFlags,
    /// Which part of the work.
    #[command(flatten)]
    pub shard: ShardArgs,
}

/// Plain text, as above.
const RANK_HELP: &str = "The score by which the best is judged first, of mean, decision, completion and normalised_mean \
                         [default: decision]";

/// Settings of `judge`.
#[derive(Debug, Clone, Default, Args, Serialize)]
#[command(next_help_heading = "Verdicts")]
pub struct JudgeFlags {
    /// What the best is first by
    #[arg(long, help = RANK_HELP, value_name = "SCORE", hide_possible_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank_by: Option<RankBy>,
    /// Most reasonings of a record that the model judges [default: 20]
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_judged: Option<usize>,
    /// Whether listed signs of a known answer are looked for first [default: true]
    #[arg(long, value_name = "BOOL", hide_possible_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check_patterns: Option<bool>,
    /// Another template of the prompt
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<PathBuf>,
}

/// `export`.
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// Records of a stage [default: the last stage that is done in export]
    #[arg(long, short, value_name = "DIR")]
    pub input: Option<PathBuf>,
    /// Where the dataset goes [default: export/dataset]
    #[arg(long, short, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Its settings.
    #[command(flatten)]
    pub flags: ExportFlags,
    /// How much of the machine is used.
    #[command(flatten)]
    pub jobs: JobsArgs,
}

/// Plain text, as a terminal shows the marks that documentation puts around names.
const VIEWS_HELP: &str = "What they are written for, of records, whole_proof, steps, premise_selection, \
                          term_to_script, messages and rl [default: records]";

/// Settings of `export`.
#[derive(Debug, Clone, Default, Args, Serialize)]
#[command(next_help_heading = "Dataset")]
pub struct ExportFlags {
    /// Forms of the files, of json, jsonl and parquet [default: all]
    #[arg(long, value_name = "FORM", value_delimiter = ',', hide_possible_values = true)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub formats: Vec<FileFormat>,
    /// What the records are written for
    #[arg(long, help = VIEWS_HELP, value_name = "VIEW", value_delimiter = ',', hide_possible_values = true)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub views: Vec<View>,
    /// Older layouts to write too, of babel-formal
    #[arg(long, value_name = "LAYOUT", value_delimiter = ',', hide_possible_values = true)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub compat: Vec<Compat>,
    /// Hold out whole files, or what names a premise that no other record names [default: file]
    #[arg(long, value_name = "file|premise", hide_possible_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_by: Option<SplitBy>,
    /// Share of the records held out to choose models [default: 0.05]
    #[arg(long, value_name = "SHARE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<f64>,
    /// Share of the records held out to judge models [default: 0.05]
    #[arg(long, value_name = "SHARE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<f64>,
    /// What the choice of the held-out records depends on [default: 0]
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Statements that must not be trained on, in JSON or JSON lines
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub benchmark: Option<PathBuf>,
    /// Write records with answers of the scripted backend
    #[arg(long)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allow_rehearsal: bool,
}

/// `status`.
#[derive(Debug, Clone, Args)]
pub struct StatusArgs {
    /// The run directory [default: export]
    pub dir: Option<PathBuf>,
    /// Read every file and compare it with its digest
    #[arg(long)]
    pub check: bool,
    /// Write the manifests of stages whose units are all done
    #[arg(long)]
    pub write: bool,
    /// Only print each verb with its shards, of N, that have work left
    #[arg(long, value_name = "N")]
    pub shards: Option<std::num::NonZeroUsize>,
}

impl ShardArgs {
    /// The part, however it is named.
    pub fn resolve(&self) -> Option<Shard> {
        self.shard.or_else(|| Shard::new(self.idx_worker?, self.num_workers?).ok())
    }
}
