//! The programs that tests start and cargo cannot build, and the fonts that pages are shown in. On Debian, as root,
//! missing ones are installed; anywhere else the run ends with the names of the packages to install.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::steps;

/// Makes sure that everything of [`NEEDS`] is there.
pub(crate) fn install_missing() -> Result<()> {
    let directories = directories();
    let missing = packages(&directories);
    if missing.is_empty() {
        println!("==> programs: all there ({})", NEEDS.map(|need| need.files.join(", ")).join(", "));
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
    /// Programs, or a font. All are needed, in one directory: `initdb` starts the `postgres` that lies beside it.
    files: &'static [&'static str],
}

/// The Debian packages whose files lie in none of the directories.
fn packages(directories: &[PathBuf]) -> Vec<&'static str> {
    let present = |need: &Need| directories.iter().any(|dir| need.files.iter().all(|name| dir.join(name).is_file()));
    NEEDS.iter().filter(|need| !present(need)).map(|need| need.package).collect()
}

/// Where to look: the search path, and where Debian keeps each PostgreSQL version and the fonts.
fn directories() -> Vec<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "a search path is the environment's by nature")]
    let path = std::env::var_os("PATH").unwrap_or_default();
    let fonts = FONTS.iter().map(PathBuf::from);
    std::env::split_paths(&path).chain(postgresql_versions(Path::new("/usr/lib/postgresql"))).chain(fonts).collect()
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

const NEEDS: [Need; 10] = [
    Need { package: "postgresql", files: &["initdb", "postgres"] },
    // `promtool` lints the metrics.
    Need { package: "prometheus", files: &["promtool"] },
    Need { package: "curl", files: &["curl"] },
    // Client libraries of other languages, and what installs them.
    Need { package: "nodejs", files: &["node"] },
    Need { package: "npm", files: &["npm"] },
    Need { package: "python3-pip", files: &["python3", "pip3"] },
    // The browser without its windows, and what it shows text in: Latin, Arabic and Hebrew, emoji.
    Need { package: "chromium-headless-shell", files: &["chromium-headless-shell"] },
    Need { package: "fonts-inter", files: &["Inter-Regular.otf"] },
    Need { package: "fonts-dejavu-core", files: &["DejaVuSans.ttf"] },
    Need { package: "fonts-noto-color-emoji", files: &["NotoColorEmoji.ttf"] },
];

const FONTS: [&str; 3] =
    ["/usr/share/fonts/opentype/inter", "/usr/share/fonts/truetype/dejavu", "/usr/share/fonts/truetype/noto"];

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
        for name in NEEDS.iter().flat_map(|need| need.files).filter(|name| **name != "initdb") {
            std::fs::write(two.join(name), "").unwrap();
        }
        let mut directories = postgresql_versions(&home);
        directories.sort();
        assert_eq!(directories, [one.clone(), two]);
        assert_eq!(packages(&directories), ["postgresql"], "the two halves lie apart");
        std::fs::write(one.join("postgres"), "").unwrap();
        assert_eq!(packages(&directories), [""; 0]);
        assert_eq!(packages(&[]), NEEDS.map(|need| need.package));
        std::fs::remove_dir_all(&home).unwrap();
    }

    #[test]
    fn nothing_is_installed_without_apt_get() {
        assert!(!may_install(&[]));
    }
}
