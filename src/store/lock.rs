//! One process writes a shard: a lock that the operating system drops when its holder ends, however it ends.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

use super::StoreError;

/// Held as long as it lives.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held for its lock, which the file's closing drops")] File);

impl Lock {
    /// Takes the lock or says who holds it.
    pub fn take(path: &Path) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(StoreError::io("create", folder))?;
        }
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)
            .map_err(StoreError::io("open", path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = fs::read_to_string(path).unwrap_or_default().trim().to_owned();
                return Err(StoreError::Locked { path: path.to_owned(), holder });
            }
            Err(TryLockError::Error(source)) => return Err(StoreError::io("lock", path)(source)),
        }
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        file.set_len(0).map_err(StoreError::io("write", path))?;
        writeln!(file, "process {} on {host}", std::process::id()).map_err(StoreError::io("write", path))?;
        Ok(Self(file))
    }
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
}
