//! What must be true before a node serves: a key ring, a database that belongs to it, profiles that agree.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use keyward_core::keyring::{KeyRing, KeyRingError};
use keyward_store::{Store, StoreError, Writer};

use crate::clock;
use crate::config::{Config, Problems};
use crate::entropy::OsEntropy;
use crate::net::{BindError, TlsError};

/// The setting of the database that names its key ring.
const RING: &str = "key_ring";

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key ring's file cannot be read or made.
    #[error("the key ring `{}` cannot be {what}: {source}", path.display())]
    KeyRingFile {
        /// Which file.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// The file with the database's password cannot be read.
    #[error("the file of `database.password_file` cannot be read: {0}")]
    PasswordFile(#[source] io::Error),
    /// Others can read the key ring.
    #[error("the key ring `{}` can be read by others: `chmod 600` it", .0.display())]
    KeyRingMode(PathBuf),
    /// The key ring is missing although the database has records under one.
    #[error(
        "the key ring `{}` is missing, but the database holds digests made under it: restore the file from a backup; a new one could not verify any of its credentials",
        .0.display()
    )]
    KeyRingMissing(PathBuf),
    /// The key ring is not the one of the database.
    #[error(
        "the key ring is not the one of this database: it is `{given}`, the database belongs to `{wanted}`; give the right file"
    )]
    KeyRingForeign {
        /// The fingerprint of the given ring.
        given: String,
        /// The fingerprint that the database has.
        wanted: String,
    },
    /// The key ring's text is wrong.
    #[error("the key ring {0}")]
    KeyRing(#[from] KeyRingError),
    /// A profile's file.
    #[error("{0}")]
    Profile(String),
    /// The routes of the proxy.
    #[error("the configuration is wrong:\n{0}")]
    Routes(Problems),
    /// The index cannot be made of what is in the database.
    #[error("the records in the database cannot be loaded: {0}")]
    Index(String),
    /// A listener.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// A certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The first set-up.
    #[error("the first set-up cannot be prepared: {0}")]
    Setup(String),
    /// The metrics.
    #[error("the metrics cannot be set up: {0}")]
    Metrics(String),
}

/// The key ring of a database: the one that is configured, if it is the database's own. A database that has none yet
/// takes it, and where there is no file either, one is made.
pub async fn key_ring_of(config: &Config, store: &Store) -> Result<KeyRing, StartError> {
    let ring = match key_ring(config) {
        Err(StartError::KeyRingFile { path, source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            if store.read().await?.setting(RING).await?.is_some() {
                return Err(StartError::KeyRingMissing(path));
            }
            let ring = KeyRing::generate(clock::now(), &mut OsEntropy)?;
            write_key_ring(&path, &ring, true)?;
            ring
        }
        read => read?,
    };
    recognise(store, &ring).await?;
    Ok(ring)
}

/// Reads the key ring that is configured.
pub fn key_ring(config: &Config) -> Result<KeyRing, StartError> {
    if let Some(text) = &config.keyring_text {
        return Ok(KeyRing::parse(text.expose())?);
    }
    let path = &config.keyring.file;
    match fs::read_to_string(path) {
        Ok(text) => {
            let mode = fs::metadata(path).map_err(|source| failed(path, "read", source))?.permissions().mode();
            if mode & 0o077 != 0 {
                return Err(StartError::KeyRingMode(path.clone()));
            }
            Ok(KeyRing::parse(&text)?)
        }
        Err(source) => Err(failed(path, "read", source)),
    }
}

/// Writes the key ring so that no moment exists at which the file is incomplete or readable by others.
pub fn write_key_ring(path: &Path, ring: &KeyRing, new: bool) -> Result<(), StartError> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|source| failed(folder, "made", source))?;
    let target = if new { path.to_path_buf() } else { path.with_extension("new") };
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(new).create(!new).truncate(!new).mode(0o600);
    let mut file = options.open(&target).map_err(|source| failed(&target, "written", source))?;
    file.write_all(ring.to_text().expose().as_bytes()).map_err(|source| failed(&target, "written", source))?;
    file.sync_all().map_err(|source| failed(&target, "written", source))?;
    if !new {
        fs::rename(&target, path).map_err(|source| failed(path, "replaced", source))?;
    }
    let synced = fs::File::open(folder).and_then(|f| f.sync_all());
    synced.map_err(|source| failed(folder, "written", source))
}

/// Compares the key ring with the one that the database was made under; a new database takes this one.
pub async fn recognise(store: &Store, ring: &KeyRing) -> Result<(), StartError> {
    let given = ring.fingerprint().to_string();
    let known = store.read().await?.setting(RING).await?;
    match known {
        Some(wanted) if wanted == given => Ok(()),
        Some(wanted) => Err(StartError::KeyRingForeign { given, wanted }),
        None => Ok(store.side_write(async move |writer: &mut Writer| writer.put_setting(RING, &given).await).await?),
    }
}

/// The database's URL for the store: a SQLite file is where the configuration says; its folder is made.
pub fn database_url(config: &Config) -> Result<String, StartError> {
    let Some(file) = config.sqlite_file() else {
        let url = config.database_url().map_err(StartError::PasswordFile)?;
        return Ok(url.expose().to_owned());
    };
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|source| failed(folder, "made", source))?;
    }
    Ok(format!("sqlite:{}", file.display()))
}

fn failed(path: &Path, what: &'static str, source: io::Error) -> StartError {
    StartError::KeyRingFile { path: path.to_path_buf(), what, source }
}
