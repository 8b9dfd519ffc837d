//! One process per SQLite file: a lock file beside it, held for the life of the store.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use crate::error::StoreError;

/// Held until dropped; the operating system drops it when the process dies.
pub(crate) struct FileLock {
    _file: File,
}

impl FileLock {
    /// Takes the lock beside `database`, or says who holds it. Creates the file if need be: only then do all paths that
    /// lead to it lead to one lock.
    pub(crate) fn take(database: &Path) -> Result<Self, StoreError> {
        create(database)?;
        let path = beside(database).map_err(|error| cannot(database, &error))?;
        let mut file = create(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                // The holder may be about to write it.
                let _ = file.read_to_string(&mut pid);
                let pid = if pid.trim().is_empty() { "unknown".to_owned() } else { pid.trim().to_owned() };
                return Err(StoreError::Held { path: database.to_owned(), pid });
            }
            Err(TryLockError::Error(error)) => return Err(cannot(&path, &error)),
        }
        let written =
            file.set_len(0).and_then(|()| file.rewind()).and_then(|()| write!(file, "{}", std::process::id()));
        written.map_err(|error| cannot(&path, &error))?;
        Ok(Self { _file: file })
    }
}

fn create(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    // The database is nobody else's to read; SQLite gives its other files the mode of this one.
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.read(true).write(true).create(true).truncate(false).open(path).map_err(|error| cannot(path, &error))
}

/// `data.db` is locked by `data.db.lock`, whatever path leads to it.
fn beside(database: &Path) -> std::io::Result<PathBuf> {
    let mut path = std::fs::canonicalize(database)?.into_os_string();
    path.push(".lock");
    Ok(path.into())
}

fn cannot(path: &Path, error: &std::io::Error) -> StoreError {
    use std::io::ErrorKind;
    let text = format!("{}: {error}", path.display()).into();
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly(text),
        ErrorKind::StorageFull => StoreError::Full,
        _ => StoreError::Unavailable(text),
    }
}
