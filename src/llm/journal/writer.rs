//! The thread that appends to a journal: whatever waits is written at once, and on disk before anybody is told.

use std::fs::File;
use std::io::{self, Write};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

/// Appends lines to a file; ends when it is dropped, once everything is written.
#[derive(Debug)]
pub(super) struct Writer {
    /// Taken when it is dropped.
    thread: Option<(Sender<Line>, JoinHandle<()>)>,
}

/// A line to be written, and whom to tell where it is.
struct Line {
    bytes: Vec<u8>,
    written: oneshot::Sender<io::Result<u64>>,
}

impl Writer {
    /// Appends to a file that ends at `end` and whose cursor stands there.
    pub(super) fn new(file: File, end: u64) -> Self {
        let (lines, to_write) = mpsc::channel();
        Self { thread: Some((lines, thread::spawn(move || write_lines(file, end, &to_write)))) }
    }

    /// Where the line begins, once it is on disk.
    pub(super) async fn append(&self, bytes: Vec<u8>) -> io::Result<u64> {
        let (written, place) = oneshot::channel();
        let failed = || io::Error::other("an earlier line could not be written");
        let Some((lines, _)) = &self.thread else { return Err(failed()) };
        lines.send(Line { bytes, written }).map_err(|_| failed())?;
        place.await.unwrap_or_else(|_| Err(failed()))
    }
}

impl Drop for Writer {
    /// The lock on the file ends with the thread.
    fn drop(&mut self) {
        if let Some((lines, thread)) = self.thread.take() {
            drop(lines);
            let _ = thread.join();
        }
    }
}

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
