//! The programs that tests start and cargo cannot build. On Debian, as root, missing ones are installed; anywhere else
//! the run ends with the names of the packages to install.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::steps;

/// Makes sure that every program of [`NEEDS`] is there.
pub(crate) fn install_missing() -> Result<()> {
    let directories = directories();
    let missing = packages(&directories);
    if missing.is_empty() {
        println!("==> programs: all there ({})", NEEDS.map(|need| need.programs.join(", ")).join(", "));
        return Ok(());
    }
    if !may_install(&directories) {
        bail!(
            "programs: missing Debian packages: {names}; run `apt-get install -y --no-install-recommends {names}` as root",
            names = missing.join(" ")
        );
    }
    steps::run("programs", apt_get(&["update"]))?;
    let install = ["install", "-y", "--no-install-recommends"];
    steps::run("programs", apt_get(&[&install, missing.as_slice()].concat()))?;
    let still = packages(&self::directories());
    if !still.is_empty() {
        bail!("programs: installing `{}` did not bring what the tests start", still.join(" "));
    }
    Ok(())
}

struct Need {
    package: &'static str,
    /// All are needed, in one directory: `initdb` starts the `postgres` that lies beside it.
    programs: &'static [&'static str],
}

/// The Debian packages whose programs lie in none of the directories.
fn packages(directories: &[PathBuf]) -> Vec<&'static str> {
    let present = |need: &Need| directories.iter().any(|dir| need.programs.iter().all(|name| dir.join(name).is_file()));
    NEEDS.iter().filter(|need| !present(need)).map(|need| need.package).collect()
}

/// Where to look: the search path, and where Debian keeps each PostgreSQL version.
fn directories() -> Vec<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "a search path is the environment's by nature")]
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).chain(postgresql_versions(Path::new("/usr/lib/postgresql"))).collect()
}

fn postgresql_versions(parent: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(parent) else { return Vec::new() };
    entries.flatten().map(|entry| entry.path().join("bin")).collect()
}

fn may_install(directories: &[PathBuf]) -> bool {
    let root = Command::new("id").arg("-u").stdin(Stdio::null()).output().is_ok_and(|id| id.stdout == b"0\n");
    root && directories.iter().any(|dir| dir.join("apt-get").is_file())
}

fn apt_get<S: AsRef<OsStr>>(arguments: &[S]) -> Command {
    let mut command = Command::new("apt-get");
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    command
}

const NEEDS: [Need; 6] = [
    Need { package: "postgresql", programs: &["initdb", "postgres"] },
    // `promtool` lints the metrics.
    Need { package: "prometheus", programs: &["promtool"] },
    Need { package: "curl", programs: &["curl"] },
    // Client libraries of other languages, and what installs them.
    Need { package: "nodejs", programs: &["node"] },
    Need { package: "npm", programs: &["npm"] },
    Need { package: "python3-pip", programs: &["python3", "pip3"] },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_beside_its_partner_counts_and_one_alone_does_not() {
        let home = std::env::temp_dir().join(format!("keyward-xtask-{}", std::process::id()));
        let (one, two) = (home.join("15/bin"), home.join("18/bin"));
        std::fs::create_dir_all(&one).unwrap();
        std::fs::create_dir_all(&two).unwrap();
        std::fs::write(one.join("initdb"), "").unwrap();
        for name in NEEDS.iter().flat_map(|need| need.programs).filter(|name| **name != "initdb") {
            std::fs::write(two.join(name), "").unwrap();
        }
        let mut directories = postgresql_versions(&home);
        directories.sort();
        assert_eq!(directories, [one.clone(), two]);
        assert_eq!(packages(&directories), ["postgresql"], "the two halves lie apart");
        std::fs::write(one.join("postgres"), "").unwrap();
        assert_eq!(packages(&directories), [""; 0]);
        assert_eq!(packages(&[]), ["postgresql", "prometheus", "curl", "nodejs", "npm", "python3-pip"]);
        std::fs::remove_dir_all(&home).unwrap();
    }

    #[test]
    fn nothing_is_installed_without_apt_get() {
        assert!(!may_install(&[]));
    }
}
