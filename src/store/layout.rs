//! Every path of the run directory; nothing else joins its paths.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::StoreError;
use super::shard::Shard;

/// A stage of the pipeline, in pipeline order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Every proved theorem of a library.
    Extract,
    /// Each proof replayed.
    Verify,
    /// Token counts.
    Measure,
    /// By tokens and stages.
    Filter,
    /// A diverse subset.
    Select,
    /// Reasonings of a large model.
    Reason,
    /// How much each reasoning helps a smaller model.
    Score,
    /// The best reasoning that a judge lets pass.
    Judge,
}

impl Stage {
    /// The stages that write records, in order.
    pub const ALL: &[Self] = &[
        Self::Extract,
        Self::Verify,
        Self::Measure,
        Self::Filter,
        Self::Select,
        Self::Reason,
        Self::Score,
        Self::Judge,
    ];

    /// The verb, which is also the folder.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Extract => "extract",
            Self::Verify => "verify",
            Self::Measure => "measure",
            Self::Filter => "filter",
            Self::Select => "select",
            Self::Reason => "reason",
            Self::Score => "score",
            Self::Judge => "judge",
        }
    }

    /// The stage whose records this one reads.
    pub fn previous(self) -> Option<Self> {
        let index = Self::ALL.iter().position(|stage| *stage == self)?;
        index.checked_sub(1).map(|index| Self::ALL[index])
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name of a unit: the logical path of its source file with `/`, such as `mathcomp/ssreflect/div`.
///
/// Files are called by it, so it is a relative path that leads to no other folder, wherever it was read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UnitName(String);

impl UnitName {
    /// The unit of a source file, from its logical path.
    pub fn of_logical_path(logical_path: &str) -> Result<Self, StoreError> {
        logical_path.replace('.', "/").try_into()
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for UnitName {
    type Error = StoreError;

    fn try_from(name: String) -> Result<Self, StoreError> {
        // Letters of all alphabets occur in identifiers; what else is not ASCII leads nowhere either.
        let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '\'' || !(c.is_ascii() || c.is_control());
        let is_identifier = |part: &str| !part.is_empty() && part.chars().all(is_part);
        if name.split('/').all(is_identifier) { Ok(Self(name)) } else { Err(StoreError::BadUnitName { name }) }
    }
}

impl From<UnitName> for String {
    fn from(name: UnitName) -> Self {
        name.0
    }
}

impl fmt::Display for UnitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The root of a run, by default `export`.
#[derive(Debug, Clone)]
pub struct RunDir(PathBuf);

impl RunDir {
    /// The run in this folder, which need not be there yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The folder of a stage.
    pub fn stage(&self, stage: Stage) -> StageDir {
        StageDir(self.0.join(stage.as_str()))
    }

    /// The folder of verdicts on candidate scripts.
    pub fn check(&self) -> StageDir {
        StageDir(self.0.join("check"))
    }

    /// The folder of the export.
    pub fn dataset(&self) -> DatasetDir {
        DatasetDir(self.0.join("dataset"))
    }
}

/// The folder of one stage.
#[derive(Debug, Clone)]
pub struct StageDir(PathBuf);

impl StageDir {
    /// A stage's records in this folder.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The run directory that it lies in.
    pub fn run_dir(&self) -> RunDir {
        RunDir(self.0.parent().unwrap_or(&self.0).to_owned())
    }

    /// The files of a unit.
    pub fn unit(&self, unit: &UnitName) -> UnitFiles {
        UnitFiles { stem: self.0.join(unit.as_str()) }
    }

    /// The verdicts on all candidate scripts, in their order.
    pub fn verdicts(&self) -> PathBuf {
        self.0.join("verdicts.jsonl")
    }

    /// What the stage did as a whole.
    pub fn manifest(&self) -> PathBuf {
        self.0.join("manifest.json")
    }

    /// What the stage is to make.
    pub fn plan(&self) -> PathBuf {
        self.0.join("plan.json")
    }

    /// How long each unit took in the process of this shard; not part of the output.
    pub fn timings(&self, shard: Shard) -> PathBuf {
        self.0.join(format!("timings-{}-of-{}.json", shard.index(), shard.of()))
    }

    /// Whether a path is that of some shard's [`timings`](Self::timings).
    pub fn is_timings(&self, path: &Path) -> bool {
        let name = path.strip_prefix(&self.0).ok().and_then(Path::to_str);
        name.is_some_and(|name| name.starts_with("timings-") && path.extension().is_some_and(|it| it == "json"))
    }

    /// The lock of the process that writes a shard.
    pub fn lock(&self, shard: Shard) -> PathBuf {
        self.0.join(format!("{LOCK}{}-of-{}", shard.index(), shard.of()))
    }

    /// The shard that a lock belongs to, if the path is a lock's.
    pub fn shard_of_lock(&self, path: &Path) -> Option<Shard> {
        let name = path.strip_prefix(&self.0).ok()?.to_str()?;
        let (index, of) = name.strip_prefix(LOCK)?.split_once("-of-")?;
        Shard::new(index.parse().ok()?, of.parse().ok()?).ok()
    }

    /// Where the answers of model servers are written as they arrive.
    pub fn journals(&self) -> PathBuf {
        self.0.join(JOURNALS)
    }

    /// The journal of the process that asks for a shard.
    pub fn journal(&self, shard: Shard) -> PathBuf {
        self.journals().join(format!("{:05}-of-{:05}{JOURNAL}", shard.index(), shard.of()))
    }

    /// The shard that a journal belongs to, if the path is a journal's.
    pub fn shard_of_journal(&self, path: &Path) -> Option<Shard> {
        let name = path.strip_prefix(self.journals()).ok()?.to_str()?;
        let (index, of) = name.strip_suffix(JOURNAL)?.split_once("-of-")?;
        Shard::new(index.parse().ok()?, of.parse().ok()?).ok()
    }

    /// The unit that a seal belongs to, if the path is a seal's.
    pub fn unit_of_seal(&self, path: &Path) -> Option<UnitName> {
        let relative = path.strip_prefix(&self.0).ok()?.to_str()?;
        relative.strip_suffix(SEAL)?.to_owned().try_into().ok()
    }
}

const SEAL: &str = ".unit.json";
const LOCK: &str = ".lock-";
const JOURNALS: &str = "journal";
const JOURNAL: &str = ".jsonl";

/// The files of one unit in one stage.
#[derive(Debug, Clone)]
pub struct UnitFiles {
    stem: PathBuf,
}

impl UnitFiles {
    /// The records that were kept.
    pub fn records(&self) -> PathBuf {
        self.with(".jsonl")
    }

    /// The others, with reasons; absent when there are none.
    pub fn rejected(&self) -> PathBuf {
        self.with(".rejected.jsonl")
    }

    /// Written last: says that the unit is whole and what it was made from.
    pub fn seal(&self) -> PathBuf {
        self.with(SEAL)
    }

    fn with(&self, suffix: &str) -> PathBuf {
        let mut path = self.stem.clone().into_os_string();
        path.push(suffix);
        path.into()
    }
}

/// The folder of the export.
#[derive(Debug, Clone)]
pub struct DatasetDir(PathBuf);

impl DatasetDir {
    /// A dataset in this folder.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// All records in one JSON array.
    pub fn json(&self) -> PathBuf {
        self.0.join("dataset.json")
    }

    /// All records, one a line.
    pub fn jsonl(&self) -> PathBuf {
        self.0.join("dataset.jsonl")
    }

    /// One split of a view, in the format of this file extension.
    pub fn split(&self, view: &str, split: &str, extension: &str) -> PathBuf {
        self.0.join(view).join(format!("{split}.{extension}"))
    }

    /// One of the numbered parts of a split of a view, or all of it where there is one part, as the hub names them.
    pub fn shard(&self, view: &str, split: &str, shard: usize, n_shards: usize) -> PathBuf {
        match n_shards {
            1 => self.split(view, split, "parquet"),
            _ => self.split(view, &format!("{split}-{shard:05}-of-{n_shards:05}"), "parquet"),
        }
    }

    /// The premises to choose from, for the view `premise_selection`.
    pub fn corpus(&self, extension: &str) -> PathBuf {
        self.0.join("premise_corpus").join(format!("corpus.{extension}"))
    }

    /// One split in the layout of babel-formal.
    pub fn babel_formal(&self, split: &str) -> PathBuf {
        self.0.join("babel-formal").join(format!("{split}.json"))
    }

    /// The records that resemble a statement of the benchmark.
    pub fn contamination(&self) -> PathBuf {
        self.0.join("contamination.jsonl")
    }

    /// The dataset card.
    pub fn card(&self) -> PathBuf {
        self.0.join("README.md")
    }

    /// The description of the dataset for programs, in the Croissant format.
    pub fn croissant(&self) -> PathBuf {
        self.0.join("croissant.json")
    }

    /// A file by its path below the folder, with `/`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The path of a file below the folder, with `/`.
    pub fn name_of(&self, path: &Path) -> String {
        path.strip_prefix(&self.0).unwrap_or(path).to_string_lossy().into_owned()
    }

    /// What the export holds and what it was made from.
    pub fn manifest(&self) -> PathBuf {
        self.0.join("manifest.json")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m99_a_unit_is_never_called_by_a_path_that_leads_elsewhere() {
        for name in ["../evil", "/evil", "a/../../evil", "a//b", ".", "a/.lock", "", "a b", "a\\b", "a\0b", "c:d"] {
            let json = serde_json::to_string(name).unwrap();
            let error = serde_json::from_str::<UnitName>(&json).unwrap_err();
            assert!(error.to_string().contains("is no name of a unit"), "{name}: {error}");
        }
        for logical_path in ["..evil", ".evil", "/evil.a", ""] {
            assert!(UnitName::of_logical_path(logical_path).is_err(), "{logical_path}");
        }
        for logical_path in ["mathcomp.ssreflect.div", "L.a'_1", "Größe.αβ.x₁"] {
            assert!(UnitName::of_logical_path(logical_path).is_ok(), "{logical_path}");
        }
    }
}
