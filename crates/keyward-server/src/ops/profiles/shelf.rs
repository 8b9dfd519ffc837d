//! The profiles that this node has as files: the built-in ones, and those of the operator's folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use keyward_core::change::RecordedProfile;
use keyward_core::profile::{BUILT_IN, Profile, check_together};

use crate::start::StartError;

/// The profiles that this node has as files, by name.
#[derive(Debug)]
pub struct Shelf {
    files: BTreeMap<String, File>,
}

#[derive(Debug)]
struct File {
    /// `None` for a built-in one.
    path: Option<PathBuf>,
    text: RecordedProfile,
    profile: Arc<Profile>,
}

impl Shelf {
    /// Reads the built-in profiles and every `*.toml` of the folder. All of them must fit together.
    pub fn load(folder: Option<&Path>) -> Result<Self, StartError> {
        let mut files = Vec::new();
        for (name, text) in BUILT_IN {
            files.push(File::read(None, name, text)?);
        }
        for path in folder.map(toml_files).transpose()?.unwrap_or_default() {
            let text = fs::read_to_string(&path).map_err(|e| unreadable(&path, &e))?;
            let name = path.display().to_string();
            files.push(File::read(Some(path), &name, &text)?);
        }
        let profiles: Vec<Profile> = files.iter().map(|file| Profile::clone(&file.profile)).collect();
        check_together(&profiles).map_err(|faults| StartError::Profile(faults.to_string()))?;
        Ok(Self { files: files.into_iter().map(|file| (file.text.name.clone(), file)).collect() })
    }

    /// The file of this profile: its text, and what it says.
    pub fn get(&self, name: &str) -> Option<(&RecordedProfile, &Arc<Profile>)> {
        self.files.get(name).map(|file| (&file.text, &file.profile))
    }

    /// Every file, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&RecordedProfile, &Arc<Profile>)> {
        self.files.values().map(|file| (&file.text, &file.profile))
    }

    /// The profile whose surface has this dialect; of several an operator's own before a built-in one.
    pub fn of_dialect(&self, dialect: &str) -> Option<&Arc<Profile>> {
        let speaks = |file: &&File| file.profile.surface.dialect == dialect;
        let own = self.files.values().filter(speaks).find(|file| file.path.is_some());
        own.or_else(|| self.files.values().find(speaks)).map(|file| &file.profile)
    }

    /// How the file of a profile disagrees with its recorded text, if it does.
    pub(super) fn disagreement(&self, recorded: &RecordedProfile) -> Option<String> {
        let file = self.files.get(&recorded.name)?;
        if file.text.digest == recorded.digest {
            return None;
        }
        let (name, old, new) = (&recorded.name, recorded.version, file.text.version);
        match &file.path {
            None if new < old => None,
            None => Some(format!(
                "this version of Keyward has another text of the profile `{name}` (version {new}) than this deployment \
                 uses (version {old}): see what it changes with `keyward profiles apply {name} --dry-run`, then run \
                 `keyward profiles apply {name}`"
            )),
            Some(path) => Some(format!(
                "`{}` (version {new}) is not the text of the profile `{name}` that this deployment uses (version {old}): \
                 see what it changes with `keyward profiles apply {0} --dry-run`, then run `keyward profiles apply {0}`, \
                 or put the former file back",
                path.display()
            )),
        }
    }
}

impl File {
    fn read(path: Option<PathBuf>, name: &str, text: &str) -> Result<Self, StartError> {
        let profile = Profile::parse(name, text).map_err(|faults| StartError::Profile(faults.to_string()))?;
        let text = RecordedProfile::new(&profile.name, profile.version, text);
        Ok(Self { path, text, profile: Arc::new(profile) })
    }
}

/// In the order of their names, so that faults come in the same order everywhere.
fn toml_files(folder: &Path) -> Result<Vec<PathBuf>, StartError> {
    let failed = |e: std::io::Error| unreadable(folder, &e);
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn unreadable(path: &Path, error: &std::io::Error) -> StartError {
    StartError::Profile(format!(
        "`{}` cannot be read ({error}): check the setting `profiles` and who may read it",
        path.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyward() -> (&'static str, &'static str) {
        *BUILT_IN.iter().find(|(name, _)| name.ends_with("keyward.toml")).unwrap()
    }

    /// The built-in profile under another name, with other prefixes.
    fn own(name: &str, version: u32) -> String {
        let (_, text) = keyward();
        text.replacen("name = \"keyward\"", &format!("name = \"{name}\""), 1)
            .replacen("version = 1", &format!("version = {version}"), 1)
            .replace("prefix = \"kw", "prefix = \"zz")
    }

    #[test]
    fn the_built_in_profiles_fit_together() {
        let shelf = Shelf::load(None).unwrap();
        assert!(shelf.get("keyward").is_some());
        assert_eq!(shelf.iter().count(), BUILT_IN.len());
    }

    #[test]
    fn a_folder_adds_profiles_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("own.toml"), own("own", 1)).unwrap();
        fs::write(folder.path().join("README"), "not a profile").unwrap();
        let shelf = Shelf::load(Some(folder.path())).unwrap();
        assert_eq!(shelf.get("own").unwrap().1.name, "own");
        // Though `keyward`, which speaks the same, stands before it.
        assert_eq!(shelf.of_dialect("native").unwrap().name, "own");
        assert_eq!(shelf.of_dialect("gigya").unwrap().name, "gigya");
        assert!(shelf.of_dialect("acme").is_none());
        assert_eq!(shelf.iter().count(), BUILT_IN.len() + 1);
    }

    #[test]
    fn what_cannot_be_used_stops_the_start_and_says_where() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.toml");
        let fails = |text: &str| {
            fs::write(&path, text).unwrap();
            Shelf::load(Some(folder.path())).unwrap_err().to_string()
        };
        assert!(fails("name = ").contains("own.toml:1"), "{}", fails("name = "));
        // A second profile of a built-in one's name.
        let error = fails(keyward().1);
        assert!(error.contains("rename one"), "{error}");
        let missing = Shelf::load(Some(&folder.path().join("missing"))).unwrap_err().to_string();
        assert!(missing.contains("cannot be read"), "{missing}");
    }

    #[test]
    fn another_file_than_the_recorded_text_stops_the_start() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("own.toml"), own("own", 2)).unwrap();
        let shelf = Shelf::load(Some(folder.path())).unwrap();
        let disagreement =
            |name: &str, version: u32, text: &str| shelf.disagreement(&RecordedProfile::new(name, version, text));
        assert_eq!(disagreement("own", 2, &own("own", 2)), None);
        assert_eq!(disagreement("unknown", 1, "anything"), None);
        for version in [1, 2, 3] {
            let problem = disagreement("own", version, "another text").unwrap();
            assert!(problem.contains("keyward profiles apply") && problem.contains("own.toml"), "{problem}");
        }
        // A built-in one may be older than what was applied since.
        assert!(disagreement("keyward", 1, "another text").unwrap().contains("keyward profiles apply keyward"));
        assert_eq!(disagreement("keyward", u32::MAX, "a newer text"), None);
    }
}
