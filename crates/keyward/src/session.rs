//! Who is signed in: the server and the token of `keyward login`, in a file that only its owner may read.

use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use keyward_api::SecretText;
use keyward_api::id::OrganizationId;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// What `keyward login` leaves behind.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Session {
    /// Where the user is signed in.
    pub(crate) server: String,
    /// What proves it.
    pub(crate) token: SecretText,
    /// In which organization they work, where they belong to several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) organization: Option<OrganizationId>,
}

impl Session {
    /// The session that is kept, if there is one.
    pub(crate) fn find() -> Result<Option<Self>, Failure> {
        let Some(path) = path() else { return Ok(None) };
        let text = match fs::read_to_string(&path) {
            Ok(text) => SecretText::new(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(&path, "read", &error)),
        };
        let mode = fs::metadata(&path).map_err(|error| failed(&path, "read", &error))?.permissions().mode();
        if mode & 0o077 != 0 {
            let path = path.display();
            return Err(Failure::local(format!("the session `{path}` can be read by others: `chmod 600` it")));
        }
        match serde_json::from_str(text.expose()) {
            Ok(session) => Ok(Some(session)),
            Err(_) => Err(Failure::local(format!(
                "`{}` holds no session: remove it and `keyward login` again",
                path.display()
            ))),
        }
    }

    /// Keeps it in place of the one before. At no moment is the file incomplete or readable by others.
    pub(crate) fn keep(&self) -> Result<PathBuf, Failure> {
        let path = path().ok_or_else(|| {
            Failure::local("there is no place for the session: set `HOME` or `XDG_CONFIG_HOME`, or use `--token-file`")
        })?;
        let write = || {
            if let Some(folder) = path.parent() {
                fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            }
            let text = SecretText::new(serde_json::to_string(self)?);
            let new = path.with_extension("new");
            // An earlier attempt may have left one with another mode.
            let _ = fs::remove_file(&new);
            let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
            file.write_all(text.expose().as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, &path)
        };
        write().map_err(|error| failed(&path, "written", &error))?;
        Ok(path)
    }

    /// Forgets the one that is kept.
    pub(crate) fn forget() -> Result<(), Failure> {
        let Some(path) = path() else { return Ok(()) };
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(&path, "removed", &error)),
            _ => Ok(()),
        }
    }
}

/// `$XDG_CONFIG_HOME/keyward/session.json`, by the XDG Base Directory Specification.
#[expect(clippy::disallowed_methods, reason = "where a user keeps files is no setting of ours")]
fn path() -> Option<PathBuf> {
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")))?;
    Some(folder.join("keyward").join("session.json"))
}

fn failed(path: &Path, what: &str, error: &io::Error) -> Failure {
    Failure::local(format!("the session `{}` cannot be {what}: {error}", path.display()))
}
