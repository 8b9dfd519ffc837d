//! The client libraries of other languages that tests run against the program: exactly the packages that are pinned
//! beside those tests, in `target/clients`. Nothing is written into the checkout, and no script of a package is run.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::steps;

/// Makes sure that the packages of every [`Kit`] are there as they are pinned.
pub(crate) fn install_missing() -> Result<()> {
    for kit in &KITS {
        kit.install_missing(&steps::root().join(PINS), &steps::root().join(INSTALLED))?;
    }
    Ok(())
}

/// The packages of one language.
struct Kit {
    /// Its folder, both where the packages are pinned and where they are installed.
    name: &'static str,
    /// What the packages are installed for; another version of it asks for other packages.
    runtime: &'static str,
    /// What pins the packages.
    pins: &'static [&'static str],
    /// Installs into the folder that it is run in, where the pins are.
    install: &'static [&'static str],
}

const KITS: [Kit; 2] = [
    Kit {
        name: "npm",
        runtime: "node",
        pins: &["package.json", "package-lock.json"],
        install: &["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"],
    },
    Kit {
        name: "python",
        runtime: "python3",
        pins: &["requirements.txt"],
        install: &[
            "python3",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--require-hashes",
            "--no-deps",
            // Building a package would run its scripts.
            "--only-binary=:all:",
            "--root-user-action=ignore",
            "--disable-pip-version-check",
            "--target=packages",
            "--requirement=requirements.txt",
        ],
    },
];

impl Kit {
    fn install_missing(&self, pins: &Path, installed: &Path) -> Result<()> {
        let (pins, folder) = (pins.join(self.name), installed.join(self.name));
        let wanted = self.wanted(&pins)?;
        let stamp = folder.join(STAMP);
        if std::fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
            println!("==> clients: {}: all there", self.name);
            return Ok(());
        }
        if folder.exists() {
            std::fs::remove_dir_all(&folder)
                .with_context(|| format!("clients: cannot remove `{}`", folder.display()))?;
        }
        std::fs::create_dir_all(&folder).with_context(|| format!("clients: cannot make `{}`", folder.display()))?;
        for file in self.pins {
            std::fs::copy(pins.join(file), folder.join(file))
                .with_context(|| format!("clients: cannot copy `{file}` to `{}`", folder.display()))?;
        }
        let mut command = Command::new(self.install[0]);
        command.args(&self.install[1..]).current_dir(&folder);
        steps::run("clients", command).with_context(|| {
            format!(
                "clients: missing packages: those of `{}`; they come from the language's registry",
                pins.join(self.pins[self.pins.len() - 1]).display()
            )
        })?;
        // Last, so that a run that was interrupted is begun again.
        std::fs::write(&stamp, wanted).with_context(|| format!("clients: cannot write `{}`", stamp.display()))
    }

    /// What the folder's stamp says when everything in it is as it is pinned.
    fn wanted(&self, pins: &Path) -> Result<String> {
        let mut wanted = version(self.runtime)?;
        wanted.push_str(&self.install.join(" "));
        for file in self.pins {
            let path = pins.join(file);
            wanted.push('\n');
            wanted += &std::fs::read_to_string(&path)
                .with_context(|| format!("clients: cannot read `{}`", path.display()))?;
        }
        Ok(wanted)
    }
}

fn version(runtime: &str) -> Result<String> {
    let output = Command::new(runtime).arg("--version").stdin(Stdio::null()).output();
    match output.with_context(|| format!("clients: cannot start `{runtime}`"))? {
        output if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        output => bail!("clients: `{runtime} --version` failed ({})", output.status),
    }
}

/// Where packages are pinned.
const PINS: &str = "crates/keyward/tests/clients";
/// Where they are installed; the tests look there.
const INSTALLED: &str = "target/clients";
const STAMP: &str = "installed";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pinned_is_there() {
        for kit in &KITS {
            for file in kit.pins {
                assert!(steps::root().join(PINS).join(kit.name).join(file).is_file(), "{file}");
            }
        }
    }

    #[test]
    fn packages_are_installed_once_and_again_when_a_pin_changes() {
        let home = std::env::temp_dir().join(format!("keyward-xtask-clients-{}", std::process::id()));
        let (pins, installed) = (home.join("pins"), home.join("installed"));
        std::fs::create_dir_all(pins.join("kit")).unwrap();
        let pin = |text: &str| std::fs::write(pins.join("kit/lock"), text).unwrap();
        let kit = |install| Kit { name: "kit", runtime: "cargo", pins: &["lock"], install };
        let copying = kit(&["cp", "lock", "package"]);
        let package = installed.join("kit/package");

        pin("one");
        copying.install_missing(&pins, &installed).unwrap();
        assert_eq!(std::fs::read_to_string(&package).unwrap(), "one");
        std::fs::write(&package, "untouched").unwrap();
        copying.install_missing(&pins, &installed).unwrap();
        assert_eq!(std::fs::read_to_string(&package).unwrap(), "untouched");
        pin("two");
        copying.install_missing(&pins, &installed).unwrap();
        assert_eq!(std::fs::read_to_string(&package).unwrap(), "two");

        // Twin: what could not be installed is said, and tried again.
        let failing = kit(&["false"]);
        for _ in 0..2 {
            let error = format!("{:#}", failing.install_missing(&pins, &installed).unwrap_err());
            assert!(error.contains("missing packages") && error.contains("`false` failed"), "{error}");
        }
        copying.install_missing(&pins, &installed).unwrap();
        std::fs::remove_dir_all(&home).unwrap();
    }
}
