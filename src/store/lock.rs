//! One process writes a shard: a lock that the operating system drops when its holder ends, however it ends.
//!
//! The lock is the kernel's (`flock`), which on a shared file system reaches every machine, and nothing here ever breaks
//! it: a holder that is silent may only be suspended. NFS 4 drops the locks of a machine that is gone when its lease
//! ends; where that never happens, whoever knows that the machine is gone removes the file, and the file says which
//! process, machine and batch job that is. A holder that comes back after that finds that the file is no longer its own
//! and stops before it writes.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, process, thread};

use super::StoreError;

/// How long to wait for a lock: `status` holds it for an instant, and a holder that was killed for a little longer.
const PATIENCE: Duration = Duration::from_secs(2);
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// Held as long as it lives.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock or says who holds it.
    pub fn take(path: &Path) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(StoreError::io("create", folder))?;
        }
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true);
        let started = Instant::now();
        loop {
            let file = options.open(path).map_err(StoreError::io("open", path))?;
            match file.try_lock() {
                Ok(()) => {
                    let mut lock = Self { file, path: path.to_owned() };
                    // Otherwise it was replaced since it was opened, and the lock of the new file is the one that counts.
                    if lock.is_ours()? {
                        lock.sign()?;
                        return Ok(lock);
                    }
                }
                Err(TryLockError::WouldBlock) if started.elapsed() < PATIENCE => {}
                Err(TryLockError::WouldBlock) => {
                    let holder = fs::read_to_string(path).unwrap_or_default().trim().to_owned();
                    return Err(StoreError::Locked { path: path.to_owned(), holder });
                }
                Err(TryLockError::Error(source)) => return Err(StoreError::io("lock", path)(source)),
            }
            thread::sleep(BETWEEN_TRIES);
        }
    }

    /// An error if the file was removed or replaced, which makes the lock worthless.
    pub fn check(&self) -> Result<(), StoreError> {
        if self.is_ours()? { Ok(()) } else { Err(StoreError::LockLost { path: self.path.clone() }) }
    }

    fn is_ours(&self) -> Result<bool, StoreError> {
        let there = match fs::metadata(&self.path) {
            Ok(there) => there,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(StoreError::io("read", &self.path)(error)),
        };
        let ours = self.file.metadata().map_err(StoreError::io("read", &self.path))?;
        Ok((there.dev(), there.ino()) == (ours.dev(), ours.ino()))
    }

    /// Writes who holds it.
    fn sign(&mut self) -> Result<(), StoreError> {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let job = batch_job(|name| env::var(name).ok()).map(|job| format!(", Slurm job {job}")).unwrap_or_default();
        self.file.set_len(0).map_err(StoreError::io("write", &self.path))?;
        writeln!(self.file, "process {} on {host}{job}", process::id()).map_err(StoreError::io("write", &self.path))
    }
}

/// The batch job that this process belongs to, as Slurm writes it: `88`, or `88_3` in an array.
fn batch_job(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let of_array = variable("SLURM_ARRAY_JOB_ID").zip(variable("SLURM_ARRAY_TASK_ID"));
    of_array.map(|(job, task)| format!("{job}_{task}")).or_else(|| variable("SLURM_JOB_ID"))
}

/// Who holds the lock right now, if anyone does; changes nothing.
pub fn holder(path: &Path) -> Result<Option<String>, StoreError> {
    let mut file = File::open(path).map_err(StoreError::io("open", path))?;
    match file.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            file.read_to_string(&mut holder).map_err(StoreError::io("read", path))?;
            Ok(Some(holder.trim().to_owned()))
        }
        Err(TryLockError::Error(source)) => Err(StoreError::io("lock", path)(source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_is_told_who_is_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = Lock::take(&path).unwrap();
        let error = Lock::take(&path).unwrap_err().to_string();
        assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
        assert_eq!(
            holder(&path).unwrap().unwrap().split(" on ").next().unwrap(),
            format!("process {}", std::process::id())
        );
        drop(first);
        assert_eq!(holder(&path).unwrap(), None);
        Lock::take(&path).unwrap();
    }

    #[test]
    fn a_holder_whose_file_was_removed_notices_before_it_writes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let presumed_dead = Lock::take(&path).unwrap();
        presumed_dead.check().unwrap();
        fs::remove_file(&path).unwrap();
        let next = Lock::take(&path).unwrap();
        assert!(matches!(presumed_dead.check(), Err(StoreError::LockLost { .. })));
        next.check().unwrap();
    }

    #[test]
    fn a_lock_says_to_which_task_of_which_batch_job_its_holder_belongs() {
        let job = |variables: &[(&str, &str)]| {
            batch_job(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(job(&[]), None);
        assert_eq!(job(&[("SLURM_JOB_ID", "91")]).unwrap(), "91");
        let task = [("SLURM_JOB_ID", "91"), ("SLURM_ARRAY_JOB_ID", "88"), ("SLURM_ARRAY_TASK_ID", "3")];
        assert_eq!(job(&task).unwrap(), "88_3");
    }
}
