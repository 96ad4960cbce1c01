//! The journal: every answer, on disk before it counts.
//!
//! One file a shard, one line an answer, only ever appended to. A line that a kill tore off is dropped when the file is
//! opened again. Lines are found again by record, sample, attempt and the hash of the exact request, in whichever
//! shard's file they are, so that the number of shards may change between two runs.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::Request;
use super::budget::Spending;
use crate::record::{Provenance, RecordId, Usage};
use crate::store::StoreError;
use crate::store::layout::StageDir;
use crate::store::shard::Shard;

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
    /// The answer.
    pub outcome: Outcome<A>,
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
pub enum Outcome<A> {
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
}

/// The journal of one shard, open for writing, and those of the other shards for reading.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    /// The own one is the last.
    files: Vec<(PathBuf, File)>,
    index: Mutex<HashMap<(Key, String), Place>>,
    /// Taken when it is closed.
    writer: Option<(Sender<Line>, JoinHandle<()>)>,
    spent: Spending,
}

/// Where a line is.
#[derive(Debug, Clone, Copy)]
struct Place {
    file: usize,
    offset: u64,
    length: usize,
}

/// A line to be written, and whom to tell where it is.
struct Line {
    bytes: Vec<u8>,
    written: oneshot::Sender<io::Result<u64>>,
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
        let own = open_and_lock(&path)?;
        let mut files = Vec::new();
        for entry in fs::read_dir(&folder_of_all).map_err(StoreError::io("list", &folder_of_all))? {
            let other = entry.map_err(StoreError::io("list", &folder_of_all))?.path();
            let Some(other_shard) = folder.shard_of_journal(&other).filter(|_| other != path) else { continue };
            let file = File::open(&other).map_err(StoreError::io("open", &other))?;
            if other_shard.of() != shard.of() {
                refuse_writer(&file, &other)?;
            }
            files.push((other, file));
        }
        files.sort_by(|left, right| left.0.cmp(&right.0));
        files.push((path.clone(), own));
        let mut found = Found::default();
        let mut end = 0;
        for (number, (path, file)) in files.iter().enumerate() {
            end = found.read(number, path, file)?;
        }
        let (own_path, own) = &files[files.len() - 1];
        own.set_len(end).map_err(StoreError::io("write", own_path))?;
        let mut own = own.try_clone().map_err(StoreError::io("open", own_path))?;
        own.seek(SeekFrom::Start(end)).map_err(StoreError::io("read", own_path))?;
        let (lines, to_write) = mpsc::channel();
        let thread = thread::spawn(move || write_lines(own, end, &to_write));
        let spent = found.spent();
        Ok(Self { path, files, index: Mutex::new(found.index), writer: Some((lines, thread)), spent })
    }

    /// How many of these requests are answered in any journal of the folder; changes nothing.
    pub fn n_answered<'a>(
        folder: &StageDir,
        requests: impl IntoIterator<Item = &'a Request>,
    ) -> Result<usize, StoreError> {
        let found = Found::in_folder(folder)?;
        let is_answered = |request: &&Request| found.index.contains_key(&(Key::of(request), request.hash.to_string()));
        Ok(requests.into_iter().filter(is_answered).count())
    }

    /// What all answers in the journals of a stage's folder used up; changes nothing.
    pub fn spent_in(folder: &StageDir) -> Result<Spending, StoreError> {
        Ok(Found::in_folder(folder)?.spent())
    }

    /// What the answers used up that were in the journal when it was opened.
    pub fn spent(&self) -> Spending {
        self.spent
    }

    /// The entry of a request that was answered.
    pub fn get<A: DeserializeOwned>(&self, request: &Request) -> Result<Option<Entry<A>>, StoreError> {
        let key = (Key::of(request), request.hash.to_string());
        let Some(place) = self.index().get(&key).copied() else { return Ok(None) };
        let (path, file) = &self.files[place.file];
        let mut bytes = vec![0; place.length];
        file.read_exact_at(&mut bytes, place.offset).map_err(StoreError::io("read", path))?;
        let text = String::from_utf8_lossy(&bytes);
        let malformed = |source| StoreError::Malformed { path: path.clone(), line: 0, expected: EXPECTED, source };
        serde_json::from_str(&text).map(Some).map_err(malformed)
    }

    /// Writes an entry; it is on disk when this returns.
    pub async fn append<A: Serialize>(&self, entry: &Entry<A>) -> Result<(), StoreError> {
        let unwritable = |source| StoreError::Unwritable { path: self.path.clone(), source };
        let mut bytes = serde_json::to_vec(entry).map_err(unwritable)?;
        bytes.push(b'\n');
        let length = bytes.len() - 1;
        let (written, place) = oneshot::channel();
        let failed = || io::Error::other("an earlier line could not be written");
        let is_sent = self.writer.as_ref().is_some_and(|(lines, _)| lines.send(Line { bytes, written }).is_ok());
        let outcome = if is_sent { place.await.unwrap_or_else(|_| Err(failed())) } else { Err(failed()) };
        let offset = outcome.map_err(StoreError::io("write", &self.path))?;
        if !matches!(entry.outcome, Outcome::Empty(_)) {
            let place = Place { file: self.files.len() - 1, offset, length };
            self.index().insert((entry.key.clone(), entry.provenance.request_hash.clone()), place);
        }
        Ok(())
    }

    fn index(&self) -> MutexGuard<'_, HashMap<(Key, String), Place>> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Journal {
    /// The lock ends with the thread that writes.
    fn drop(&mut self) {
        if let Some((lines, thread)) = self.writer.take() {
            drop(lines);
            let _ = thread.join();
        }
    }
}

const EXPECTED: &str = "journal entry";

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

/// What the journals hold.
#[derive(Debug, Default)]
struct Found {
    index: HashMap<(Key, String), Place>,
    used: Vec<Usage>,
}

impl Found {
    /// Reads every journal of a stage's folder, if it has some.
    fn in_folder(folder: &StageDir) -> Result<Self, StoreError> {
        let folder_of_all = folder.journals();
        let mut found = Self::default();
        if folder_of_all.is_dir() {
            for entry in fs::read_dir(&folder_of_all).map_err(StoreError::io("list", &folder_of_all))? {
                let path = entry.map_err(StoreError::io("list", &folder_of_all))?.path();
                if folder.shard_of_journal(&path).is_some() {
                    let file = File::open(&path).map_err(StoreError::io("open", &path))?;
                    found.read(0, &path, &file)?;
                }
            }
        }
        Ok(found)
    }

    /// The sum of what was used up: the same to the last bit in whatever order the answers arrived.
    fn spent(&self) -> Spending {
        let mut used: Vec<_> = self.used.iter().collect();
        used.sort_by(|left, right| left.cost.unwrap_or(0.0).total_cmp(&right.cost.unwrap_or(0.0)));
        let mut spent = Spending::default();
        for usage in used {
            spent.count(usage);
        }
        spent
    }

    /// Reads a file to its last whole line and says where that ends; of two answers to the same, the first counts.
    fn read(&mut self, number: usize, path: &Path, file: &File) -> Result<u64, StoreError> {
        let mut reader = BufReader::new(file);
        let (mut end, mut line) = (0, Vec::new());
        for line_number in 1.. {
            line.clear();
            let length = reader.read_until(b'\n', &mut line).map_err(StoreError::io("read", path))?;
            let Some(text) = line.strip_suffix(b"\n") else { break };
            let entry = serde_json::from_str::<Entry<IgnoredAny>>(&String::from_utf8_lossy(text));
            let entry = match entry {
                Ok(entry) => entry,
                // After a power cut the file system may have lost the text and kept the length.
                Err(_) if text.contains(&0) && reader.fill_buf().map_err(StoreError::io("read", path))?.is_empty() => {
                    break;
                }
                Err(source) => {
                    let (path, line) = (path.to_owned(), line_number);
                    return Err(StoreError::Malformed { path, line, expected: EXPECTED, source });
                }
            };
            self.used.push(entry.provenance.usage);
            if !matches!(entry.outcome, Outcome::Empty(_)) {
                let place = Place { file: number, offset: end, length: text.len() };
                self.index.entry((entry.key, entry.provenance.request_hash)).or_insert(place);
            }
            end += length as u64;
        }
        Ok(end)
    }
}

/// Writes lines as they come, as many at once as are waiting, and syncs before it tells where they are.
fn write_lines(mut file: File, mut end: u64, lines: &Receiver<Line>) {
    while let Ok(first) = lines.recv() {
        let batch: Vec<_> = std::iter::once(first).chain(lines.try_iter()).collect();
        let bytes: Vec<u8> = batch.iter().flat_map(|line| &line.bytes).copied().collect();
        match file.write_all(&bytes).and_then(|()| file.sync_data()) {
            Ok(()) => {
                for line in batch {
                    let length = line.bytes.len() as u64;
                    // Who does not wait any more finds it in the next run.
                    let _ = line.written.send(Ok(end));
                    end += length;
                }
            }
            Err(error) => {
                // Leave no half a line; if that fails too, the next opening drops it.
                let _ = file.set_len(end);
                // A later line might fit where this one did not, but whoever waits is to hear why the first one failed.
                for line in batch.into_iter().chain(lines.iter()) {
                    let _ = line.written.send(Err(error.kind().into()));
                }
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::llm::Route;

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
        Entry { key: Key::of(&request), provenance, response_id: None, outcome: Outcome::Answer(text.to_owned()) }
    }

    fn append(journal: &Journal, entry: &Entry<String>) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(journal.append(entry)).unwrap();
    }

    fn get(journal: &Journal, sample: usize) -> Option<Outcome<String>> {
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
        assert_eq!(get(&journal, 1), Some(Outcome::Answer("second".to_owned())));
        assert_eq!(get(&journal, 2), None);
        drop(journal);
        let journal = Journal::open(&stage, Shard::WHOLE).unwrap();
        assert_eq!(get(&journal, 0), Some(Outcome::Answer("first".to_owned())));
        assert_eq!((journal.spent().n_answers, journal.spent().tokens), (2, 10));
    }

    #[test]
    fn m26_a_torn_last_line_is_dropped_wherever_it_is_torn() {
        let folder = tempfile::tempdir().unwrap();
        let stage = StageDir::new(folder.path());
        let journal = Journal::open(&stage, Shard::WHOLE).unwrap();
        append(&journal, &entry(0, "first ≤"));
        append(&journal, &entry(1, "second"));
        drop(journal);
        let path = stage.journal(Shard::WHOLE);
        let bytes = fs::read(&path).unwrap();
        let first = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        for end in first..bytes.len() {
            fs::write(&path, &bytes[..end]).unwrap();
            let journal = Journal::open(&stage, Shard::WHOLE).unwrap();
            assert!(get(&journal, 0).is_some() && get(&journal, 1).is_none());
            append(&journal, &entry(1, "again"));
            drop(journal);
            let journal = Journal::open(&stage, Shard::WHOLE).unwrap();
            assert_eq!(get(&journal, 1), Some(Outcome::Answer("again".to_owned())));
        }
        fs::write(&path, [&bytes[..first], &[0; 40], b"\n"].concat()).unwrap();
        assert_eq!(Journal::open(&stage, Shard::WHOLE).unwrap().spent().n_answers, 1);
    }

    #[test]
    fn a_damaged_line_before_the_last_is_an_error_with_its_number() {
        let folder = tempfile::tempdir().unwrap();
        let stage = StageDir::new(folder.path());
        let path = stage.journal(Shard::WHOLE);
        fs::create_dir_all(stage.journals()).unwrap();
        fs::write(&path, "{}\n{}\n").unwrap();
        let error = Journal::open(&stage, Shard::WHOLE).unwrap_err().to_string();
        assert_eq!(error, format!("line 1 of `{}` is not a journal entry", path.display()));
    }

    #[test]
    fn the_answers_of_every_shard_are_found_however_the_work_is_divided() {
        let folder = tempfile::tempdir().unwrap();
        let stage = StageDir::new(folder.path());
        append(&Journal::open(&stage, shard("0/2")).unwrap(), &entry(0, "of 0/2"));
        append(&Journal::open(&stage, shard("1/2")).unwrap(), &entry(1, "of 1/2"));
        let journal = Journal::open(&stage, shard("2/3")).unwrap();
        assert_eq!(get(&journal, 0), Some(Outcome::Answer("of 0/2".to_owned())));
        assert_eq!(get(&journal, 1), Some(Outcome::Answer("of 1/2".to_owned())));
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
