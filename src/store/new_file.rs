//! A file that is being written: it appears under its name whole or not at all.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::NamedTempFile;

use super::StoreError;

/// What the names of files that are being written start with.
const WRITING: &str = ".writing-";

/// Whether a file is one that is being written, or was when a kill came.
pub fn is_being_written(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(WRITING))
}

/// A file under a temporary name; it is gone when this is dropped.
#[derive(Debug)]
pub struct NewFile(BufWriter<NamedTempFile>);

impl NewFile {
    /// A file in the folder of `path`, which is made if need be.
    pub fn beside(path: &Path) -> Result<Self, StoreError> {
        let folder = folder_of(path);
        fs::create_dir_all(folder).map_err(StoreError::io("create", folder))?;
        let temporary = NamedTempFile::with_prefix_in(WRITING, folder).map_err(StoreError::io("write in", folder))?;
        Ok(Self(BufWriter::new(temporary)))
    }

    /// Gives it its name, in the same folder, once all of it is on the disk.
    pub fn commit(self, path: &Path) -> Result<(), StoreError> {
        let temporary = self.0.into_inner().map_err(|error| StoreError::io("write", path)(error.into_error()))?;
        // Temporary files are private to their owner; a dataset is not.
        let ordinary = Permissions::from_mode(0o644);
        temporary.as_file().set_permissions(ordinary).map_err(StoreError::io("write", path))?;
        temporary.as_file().sync_all().map_err(StoreError::io("sync", path))?;
        temporary.persist(path).map_err(|error| StoreError::io("rename to", path)(error.error))?;
        // The rename itself is safe only once the folder is.
        let folder = folder_of(path);
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(StoreError::io("sync", folder))
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
