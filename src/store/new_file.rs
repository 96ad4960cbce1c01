//! A file that is being written: it appears under its name whole or not at all.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::{NamedTempFile, TempPath};

use super::StoreError;

/// What the names of files that are being written start with.
const WRITING: &str = ".writing-";

/// Whether a file is one that is being written, or was when a kill came.
pub fn is_being_written(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(WRITING))
}

/// A file under a temporary name; it is gone when this is dropped.
#[derive(Debug)]
pub struct NewFile {
    file: BufWriter<File>,
    path: TempPath,
}

impl NewFile {
    /// A file in the folder of `path`, which is made if need be.
    pub fn beside(path: &Path) -> Result<Self, StoreError> {
        let folder = folder_of(path);
        fs::create_dir_all(folder).map_err(StoreError::io("create", folder))?;
        let temporary = NamedTempFile::with_prefix_in(WRITING, folder).map_err(StoreError::io("write in", folder))?;
        // The file by itself: what it says of an error does not tell the temporary name.
        let (file, path) = temporary.into_parts();
        Ok(Self { file: BufWriter::new(file), path })
    }

    /// Gives it its name, in the same folder, once all of it is on the disk.
    pub fn commit(self, path: &Path) -> Result<(), StoreError> {
        let file = self.file.into_inner().map_err(|error| StoreError::io("write", path)(error.into_error()))?;
        // Temporary files are private to their owner; a dataset is not.
        let ordinary = Permissions::from_mode(0o644);
        file.set_permissions(ordinary).map_err(StoreError::io("write", path))?;
        file.sync_all().map_err(StoreError::io("sync", path))?;
        self.path.persist(path).map_err(|error| StoreError::io("rename to", path)(error.error))?;
        // The rename itself is safe only once the folder is.
        let folder = folder_of(path);
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(StoreError::io("sync", folder))
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
