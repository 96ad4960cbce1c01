//! The journal: every answer, on disk before it counts.
//!
//! One file a shard, one line an answer ([`line`]), only ever appended to. Reading goes forward over damage: what is intact
//! is used, what is not is copied into a file of its own beside the journal, and its request is asked again. A line that
//! a kill tore off is dropped when the file is opened again. Lines are found again by record, sample, attempt and the
//! hash of the exact request, in whichever shard's file they are, so that the number of shards may change between two
//! runs. Nothing here ever removes an answer but [`compact`](upkeep::compact), which drops what nothing is read from.

mod damage;
mod index;
mod line;
pub mod upkeep;
mod writer;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Request;
use super::account::{Expense, Spending};
use crate::record::{Provenance, RecordId};
use crate::store::StoreError;
use crate::store::layout::StageDir;
use crate::store::shard::Shard;
pub use damage::Damage;
use index::{Extent, Index, Reading};
use writer::Writer;

/// What a server answered, as it stands in the journal; `A` is what the stage keeps of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry<A> {
    /// What was asked, but for the hash, which is part of the provenance.
    pub key: Key,
    /// Who answered, and at what expense.
    pub provenance: Provenance,
    /// The server's name for the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_id: Option<String>,
    /// When it came, in seconds since 1970; unknown in lines of the first version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
    /// Whether another run directory's budget paid for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_imported: bool,
    /// The answer.
    pub outcome: Received<A>,
}

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// The record.
    pub record: RecordId,
    /// Which sample of it.
    pub sample: usize,
    /// How often the same was asked before, on purpose.
    pub attempt: usize,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Received<A> {
    /// An answer.
    Answer(A),
    /// An answer without content, which may have been paid for; the request was sent again.
    Empty(A),
    /// The request does not fit into the model.
    TooLong {
        /// What the server said.
        message: String,
    },
    /// The provider does not answer this prompt.
    Refused {
        /// What the server said.
        message: String,
    },
    /// An answer that cannot be used, with what the server says that it cost; the request was sent again.
    Useless {
        /// What is wrong with it.
        message: String,
    },
    /// Nobody told what became of the request, which may have been paid for. Its usage is what was set aside for it.
    Unknown {
        /// What happened.
        message: String,
    },
}

impl<A> Received<A> {
    /// Whether the same is never asked again.
    fn is_final(&self) -> bool {
        match self {
            Self::Answer(_) | Self::TooLong { .. } | Self::Refused { .. } => true,
            Self::Empty(_) | Self::Useless { .. } | Self::Unknown { .. } => false,
        }
    }

    /// What it was to the account; nothing where no model was at work.
    fn expense(&self) -> Option<Expense> {
        match self {
            Self::Answer(_) => Some(Expense::Answer),
            Self::Empty(_) | Self::Useless { .. } => Some(Expense::Useless),
            Self::Unknown { .. } => Some(Expense::Unknown),
            Self::TooLong { .. } | Self::Refused { .. } => None,
        }
    }
}

impl<A> Entry<A> {
    /// An entry of this moment.
    pub fn now(request: &Request, provenance: Provenance, response_id: Option<String>, outcome: Received<A>) -> Self {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let at = now.ok().map(|since| since.as_secs());
        Self { key: Key::of(request), provenance, response_id, at, is_imported: false, outcome }
    }
}

/// The journal of one shard, open for writing, and those of the other shards for reading.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    /// The own one is the last.
    files: Vec<(PathBuf, File)>,
    index: Mutex<Index>,
    writer: Writer,
    spent: Spending,
    damage: Vec<Damage>,
}

impl Key {
    /// What a request asks.
    pub fn of(request: &Request) -> Self {
        Self { record: request.record.clone(), sample: request.sample, attempt: request.attempt }
    }
}

impl Journal {
    /// Opens the journal of a shard, drops a torn line at its end, and finds what it and the others hold.
    pub fn open(folder: &StageDir, shard: Shard) -> Result<Self, StoreError> {
        let (path, folder_of_all) = (folder.journal(shard), folder.journals());
        fs::create_dir_all(&folder_of_all).map_err(StoreError::io("create", &folder_of_all))?;
        let mut own = open_and_lock(&path)?;
        let mut files = Vec::new();
        for other in index::journals(folder)?.into_iter().filter(|other| *other != path) {
            let file = File::open(&other).map_err(StoreError::io("open", &other))?;
            if folder.shard_of_journal(&other).is_some_and(|other| other.of() != shard.of()) {
                refuse_writer(&file, &other)?;
            }
            files.push((other, file));
        }
        let (mut index, mut damage) = (Index::default(), Vec::new());
        for (number, (path, file)) in files.iter().enumerate() {
            damage.extend(damage::set_aside(path, &index.read(number, path, file)?)?);
        }
        let reading = index.read(files.len(), &path, &own)?;
        damage.extend(damage::set_aside(&path, &reading)?);
        let end = mend_end(&mut own, &reading).map_err(StoreError::io("write", &path))?;
        let writer = Writer::new(own.try_clone().map_err(StoreError::io("open", &path))?, end);
        files.push((path.clone(), own));
        let spent = index.spent();
        Ok(Self { path, files, index: Mutex::new(index), writer, spent, damage })
    }

    /// How many of these requests are answered in any journal of the folder; changes nothing.
    pub fn n_answered<'a>(
        folder: &StageDir,
        requests: impl IntoIterator<Item = &'a Request>,
    ) -> Result<usize, StoreError> {
        let index = Index::of_folder(folder)?;
        let is_answered = |request: &&Request| index.places.contains_key(&(Key::of(request), request.hash.to_string()));
        Ok(requests.into_iter().filter(is_answered).count())
    }

    /// What all answers in the journals of a stage's folder used up; changes nothing.
    pub fn spent_in(folder: &StageDir) -> Result<Spending, StoreError> {
        Ok(Index::of_folder(folder)?.spent())
    }

    /// What the answers used up that were in the journal when it was opened.
    pub fn spent(&self) -> Spending {
        self.spent
    }

    /// The journals that were found damaged.
    pub fn damage(&self) -> &[Damage] {
        &self.damage
    }

    /// The entry of a request that was answered.
    pub fn get<A: DeserializeOwned>(&self, request: &Request) -> Result<Option<Entry<A>>, StoreError> {
        let key = (Key::of(request), request.hash.to_string());
        let Some(extent) = self.index().places.get(&key).copied() else { return Ok(None) };
        let (path, file) = &self.files[extent.file];
        let mut json = vec![0; extent.length];
        file.read_exact_at(&mut json, extent.offset).map_err(StoreError::io("read", path))?;
        // An answer of another shape than this version keeps is none.
        Ok(line::entry(&json).ok())
    }

    /// Writes an entry; it is on disk when this returns.
    pub async fn append<A: Serialize>(&self, entry: &Entry<A>) -> Result<(), StoreError> {
        let unwritable = |source| StoreError::Unwritable { path: self.path.clone(), source };
        let line = line::write(entry).map_err(unwritable)?;
        let length = line.len() - 1;
        let offset = self.writer.append(line).await.map_err(StoreError::io("write", &self.path))?;
        if entry.outcome.is_final() {
            let extent = Extent { file: self.files.len() - 1, offset, length };
            let key = (entry.key.clone(), entry.provenance.request_hash.clone());
            self.index().places.insert(key, extent);
        }
        Ok(())
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Drops a torn line at the end of a file, or ends an intact one, and says where the next line begins.
fn mend_end(file: &mut File, reading: &Reading) -> std::io::Result<u64> {
    file.set_len(reading.end)?;
    let end = file.seek(SeekFrom::Start(reading.end))?;
    if reading.is_unended {
        file.write_all(b"\n")?;
        return Ok(end + 1);
    }
    Ok(end)
}

fn open_and_lock(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    let file = options.create(true).truncate(false).read(true).write(true);
    let file = file.open(path).map_err(StoreError::io("open", path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(locked(path)),
        Err(TryLockError::Error(source)) => Err(StoreError::io("lock", path)(source)),
    }
}

/// Another division into shards would ask what this one asks.
fn refuse_writer(file: &File, path: &Path) -> Result<(), StoreError> {
    match file.try_lock_shared() {
        Ok(()) => file.unlock().map_err(StoreError::io("lock", path)),
        Err(TryLockError::WouldBlock) => Err(locked(path)),
        Err(TryLockError::Error(source)) => Err(StoreError::io("lock", path)(source)),
    }
}

fn locked(path: &Path) -> StoreError {
    StoreError::Locked { path: path.to_owned(), holder: "another process".to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::llm::Route;
    use crate::record::Usage;

    fn request(sample: usize) -> Request {
        Request::new(RecordId::new("lib.a:x"), sample, Route::ChatCompletions, &Map::new(), 1)
    }

    fn entry(sample: usize, text: &str) -> Entry<String> {
        let request = request(sample);
        let usage = Usage { prompt_tokens: 2, completion_tokens: 3, cost: Some(0.5) };
        let provenance = Provenance {
            model: "m".to_owned(),
            provider: None,
            usage,
            request_hash: request.hash.to_string(),
            is_rehearsal: false,
        };
        Entry::now(&request, provenance, None, Received::Answer(text.to_owned()))
    }

    fn append(journal: &Journal, entry: &Entry<String>) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(journal.append(entry)).unwrap();
    }

    fn get(journal: &Journal, sample: usize) -> Option<Received<String>> {
        journal.get(&request(sample)).unwrap().map(|entry: Entry<String>| entry.outcome)
    }

    fn shard(text: &str) -> Shard {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_written_is_found_again_and_counted() {
        let folder = tempfile::tempdir().unwrap();
        let stage = StageDir::new(folder.path());
        let journal = Journal::open(&stage, Shard::WHOLE).unwrap();
        append(&journal, &entry(0, "first"));
        append(&journal, &entry(1, "second"));
        assert_eq!(get(&journal, 1), Some(Received::Answer("second".to_owned())));
        assert_eq!(get(&journal, 2), None);
        drop(journal);
        let journal = Journal::open(&stage, Shard::WHOLE).unwrap();
        assert_eq!(get(&journal, 0), Some(Received::Answer("first".to_owned())));
        assert_eq!((journal.spent().n_answers, journal.spent().tokens), (2, 10));
    }

    #[test]
    fn m26_a_torn_last_line_is_dropped_wherever_it_is_torn() {
        let folder = tempfile::tempdir().unwrap();
        let stage = StageDir::new(folder.path());
        let path = two_answers(&stage);
        let bytes = fs::read(&path).unwrap();
        let first = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        for end in first..bytes.len() {
            fs::write(&path, &bytes[..end]).unwrap();
            let journal = Journal::open(&stage, Shard::WHOLE).unwrap();
            let is_whole = end == bytes.len() - 1;
            assert!(get(&journal, 0).is_some() && get(&journal, 1).is_some() == is_whole);
            assert_eq!(journal.damage(), []);
            append(&journal, &entry(2, "again"));
            drop(journal);
            let journal = Journal::open(&stage, Shard::WHOLE).unwrap();
            assert_eq!(get(&journal, 2), Some(Received::Answer("again".to_owned())));
            assert_eq!(get(&journal, 1).is_some(), is_whole);
        }
    }

    /// A journal with two answers and one line that a run sent again, and where it is.
    fn two_answers(stage: &StageDir) -> PathBuf {
        let path = stage.journal(Shard::WHOLE);
        let _ = fs::remove_file(&path);
        let journal = Journal::open(stage, Shard::WHOLE).unwrap();
        append(&journal, &entry(0, "first ≤"));
        append(&journal, &entry(1, "second"));
        path
    }

    /// What a reader finds of the two answers, which must be what was written or nothing.
    fn found(stage: &StageDir) -> [bool; 2] {
        let journal = Journal::open(stage, Shard::WHOLE).unwrap();
        [(0, "first ≤"), (1, "second")].map(|(sample, text)| match get(&journal, sample) {
            Some(outcome) => outcome == Received::Answer(text.to_owned()) || panic!("{outcome:?} is used"),
            None => false,
        })
    }

    #[test]
    fn m88_whichever_bit_is_flipped_nothing_intact_is_lost_and_nothing_damaged_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = two_answers(&StageDir::new(folder.path()));
        let bytes = fs::read(&path).unwrap();
        let first = bytes.iter().position(|byte| *byte == b'\n').unwrap();
        let texts = ["first ≤", "second"];
        for (at, bit) in (0..bytes.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            let mut index = Index::default();
            let reading = index.read(0, &path, flipped.as_slice()).unwrap();
            let found = [0, 1].map(|sample| {
                let request = request(sample);
                let Extent { offset, length, .. } =
                    *index.places.get(&(Key::of(&request), request.hash.to_string()))?;
                let start = usize::try_from(offset).unwrap();
                line::entry(&flipped[start..start + length]).ok().map(|entry: Entry<String>| entry.outcome)
            });
            let is_line_break = at == first || at == bytes.len() - 1;
            let is_intact = if is_line_break { [true, true] } else { [at > first, at < first] };
            for sample in [0, 1] {
                let expected = is_intact[sample].then(|| Received::Answer(texts[sample].to_owned()));
                assert_eq!(found[sample], expected, "bit {bit} of byte {at}");
            }
            assert!(!reading.damaged.is_empty(), "bit {bit} of byte {at}");
        }
    }

    #[test]
    fn m88_wherever_a_journal_is_cut_what_stands_before_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let stage = StageDir::new(folder.path());
        let path = two_answers(&stage);
        let bytes = fs::read(&path).unwrap();
        let first = bytes.iter().position(|byte| *byte == b'\n').unwrap();
        for end in 0..=bytes.len() {
            fs::write(&path, &bytes[..end]).unwrap();
            assert_eq!(found(&stage), [end >= first, end >= bytes.len() - 1], "cut at {end}");
        }
    }

    #[test]
    fn m88_foreign_lines_are_set_aside_by_name_and_number_and_their_neighbours_stay() {
        let folder = tempfile::tempdir().unwrap();
        let stage = StageDir::new(folder.path());
        let path = two_answers(&stage);
        let text = fs::read_to_string(&path).unwrap();
        let (first, second) = text.split_once('\n').unwrap();
        let of_newer = second.replace("\"journal\":2", "\"journal\":3");
        for foreign in ["{}", "\0\0\0", "not json", "<<<<<<< HEAD", &first[..40], &of_newer] {
            for text in [
                format!("{foreign}\n{first}\n{second}"),
                format!("{first}\n{foreign}\n{second}"),
                format!("{first}{foreign}{second}"),
            ] {
                fs::write(&path, &text).unwrap();
                assert_eq!(found(&stage), [true, true], "{text}");
                let journal = Journal::open(&stage, Shard::WHOLE).unwrap();
                let [damage] = journal.damage() else { panic!("{:?}", journal.damage()) };
                assert_eq!((&damage.journal, damage.n_lines), (&path, 1));
                assert!(fs::read_to_string(&damage.aside).unwrap().contains(foreign));
            }
        }
        fs::write(&path, format!("{first}\n\n{second}")).unwrap();
        assert_eq!((found(&stage), Journal::open(&stage, Shard::WHOLE).unwrap().damage().len()), ([true, true], 0));
    }

    #[test]
    fn a_journal_of_the_first_version_is_read_and_goes_on_in_the_second() {
        let folder = tempfile::tempdir().unwrap();
        let stage = StageDir::new(folder.path());
        let path = stage.journal(Shard::WHOLE);
        fs::create_dir_all(stage.journals()).unwrap();
        let old = [entry(0, "first ≤")].map(|entry| serde_json::to_string(&Entry { at: None, ..entry }).unwrap());
        fs::write(&path, format!("{}\n", old[0])).unwrap();
        let journal = Journal::open(&stage, Shard::WHOLE).unwrap();
        append(&journal, &entry(1, "second"));
        drop(journal);
        assert_eq!(found(&stage), [true, true]);
        let old = serde_json::to_string(&entry(2, "unsigned")).unwrap();
        fs::write(&path, format!("{}{old}\n", fs::read_to_string(&path).unwrap())).unwrap();
        let journal = Journal::open(&stage, Shard::WHOLE).unwrap();
        assert_eq!(
            (get(&journal, 2), journal.damage().len()),
            (None, 1),
            "behind a line with a sum, one without is none"
        );
    }

    #[test]
    fn the_answers_of_every_shard_are_found_however_the_work_is_divided() {
        let folder = tempfile::tempdir().unwrap();
        let stage = StageDir::new(folder.path());
        append(&Journal::open(&stage, shard("0/2")).unwrap(), &entry(0, "of 0/2"));
        append(&Journal::open(&stage, shard("1/2")).unwrap(), &entry(1, "of 1/2"));
        let journal = Journal::open(&stage, shard("2/3")).unwrap();
        assert_eq!(get(&journal, 0), Some(Received::Answer("of 0/2".to_owned())));
        assert_eq!(get(&journal, 1), Some(Received::Answer("of 1/2".to_owned())));
    }

    #[test]
    fn only_one_process_writes_a_journal_and_none_of_another_division() {
        let folder = tempfile::tempdir().unwrap();
        let stage = StageDir::new(folder.path());
        let _first = Journal::open(&stage, shard("0/2")).unwrap();
        Journal::open(&stage, shard("1/2")).unwrap();
        for other in ["0/2", "0/1"] {
            let error = Journal::open(&stage, shard(other)).unwrap_err();
            assert!(matches!(error, StoreError::Locked { .. }), "{error}");
        }
    }
}
