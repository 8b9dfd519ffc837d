//! The packages of other languages that tests use, exactly as they are pinned beside those tests: client libraries, and
//! what drives a browser. They lie in `target`; nothing is written into the checkout, and no script of a package is run.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::{browser, steps};

/// Makes sure that the packages of every [`Kit`] are there as they are pinned.
pub(crate) fn install_missing() -> Result<()> {
    for kit in &KITS {
        kit.install_missing(steps::root())?;
    }
    Ok(())
}

/// Packages of one language that are pinned together.
struct Kit {
    /// The folder with their pins.
    pinned: &'static str,
    /// The folder where they are installed; the tests look there.
    installed: &'static str,
    /// What the packages are installed for; another version of it asks for other packages.
    runtime: &'static str,
    /// What pins the packages.
    pins: &'static [&'static str],
    /// Installs into the folder that it is run in, where the pins are.
    install: &'static [&'static str],
}

const KITS: [Kit; 3] = [
    Kit {
        pinned: "crates/keyward/tests/clients/npm",
        installed: "target/clients/npm",
        runtime: "node",
        pins: NPM_PINS,
        install: NPM_INSTALL,
    },
    Kit {
        pinned: "crates/keyward/tests/clients/python",
        installed: "target/clients/python",
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
    Kit {
        pinned: "crates/keyward/tests/console/npm",
        installed: browser::FOLDER,
        runtime: "node",
        pins: NPM_PINS,
        install: NPM_INSTALL,
    },
];

const NPM_PINS: &[&str] = &["package.json", "package-lock.json"];
const NPM_INSTALL: &[&str] = &["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"];

impl Kit {
    fn install_missing(&self, root: &Path) -> Result<()> {
        let (pins, folder) = (root.join(self.pinned), root.join(self.installed));
        let wanted = self.wanted(&pins)?;
        let stamp = folder.join(STAMP);
        if std::fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
            println!("==> packages: {}: all there", self.installed);
            return Ok(());
        }
        if folder.exists() {
            std::fs::remove_dir_all(&folder)
                .with_context(|| format!("packages: cannot remove `{}`", folder.display()))?;
        }
        std::fs::create_dir_all(&folder).with_context(|| format!("packages: cannot make `{}`", folder.display()))?;
        for file in self.pins {
            std::fs::copy(pins.join(file), folder.join(file))
                .with_context(|| format!("packages: cannot copy `{file}` to `{}`", folder.display()))?;
        }
        let mut command = Command::new(self.install[0]);
        command.args(&self.install[1..]).current_dir(&folder);
        steps::run("packages", command).with_context(|| {
            format!(
                "packages: missing packages: those of `{}`; they come from the language's registry",
                pins.join(self.pins[self.pins.len() - 1]).display()
            )
        })?;
        // Last, so that a run that was interrupted is begun again.
        std::fs::write(&stamp, wanted).with_context(|| format!("packages: cannot write `{}`", stamp.display()))
    }

    /// What the folder's stamp says when everything in it is as it is pinned.
    fn wanted(&self, pins: &Path) -> Result<String> {
        let mut wanted = version(self.runtime)?;
        wanted.push_str(&self.install.join(" "));
        for file in self.pins {
            let path = pins.join(file);
            wanted.push('\n');
            wanted += &std::fs::read_to_string(&path)
                .with_context(|| format!("packages: cannot read `{}`", path.display()))?;
        }
        Ok(wanted)
    }
}

fn version(runtime: &str) -> Result<String> {
    let output = Command::new(runtime).arg("--version").stdin(Stdio::null()).output();
    match output.with_context(|| format!("packages: cannot start `{runtime}`"))? {
        output if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        output => bail!("packages: `{runtime} --version` failed ({})", output.status),
    }
}

const STAMP: &str = "installed";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pinned_is_there() {
        for kit in &KITS {
            for file in kit.pins {
                assert!(steps::root().join(kit.pinned).join(file).is_file(), "{}/{file}", kit.pinned);
            }
        }
    }

    #[test]
    fn packages_are_installed_once_and_again_when_a_pin_changes() {
        let home = std::env::temp_dir().join(format!("keyward-xtask-packages-{}", std::process::id()));
        std::fs::create_dir_all(home.join("pins")).unwrap();
        let pin = |text: &str| std::fs::write(home.join("pins/lock"), text).unwrap();
        let kit = |install| Kit { pinned: "pins", installed: "target/kit", runtime: "cargo", pins: &["lock"], install };
        let copying = kit(&["cp", "lock", "package"]);
        let package = home.join("target/kit/package");

        pin("one");
        copying.install_missing(&home).unwrap();
        assert_eq!(std::fs::read_to_string(&package).unwrap(), "one");
        std::fs::write(&package, "untouched").unwrap();
        copying.install_missing(&home).unwrap();
        assert_eq!(std::fs::read_to_string(&package).unwrap(), "untouched");
        pin("two");
        copying.install_missing(&home).unwrap();
        assert_eq!(std::fs::read_to_string(&package).unwrap(), "two");

        // Twin: what could not be installed is said, and tried again.
        let failing = kit(&["false"]);
        for _ in 0..2 {
            let error = format!("{:#}", failing.install_missing(&home).unwrap_err());
            assert!(error.contains("missing packages") && error.contains("`false` failed"), "{error}");
        }
        copying.install_missing(&home).unwrap();
        std::fs::remove_dir_all(&home).unwrap();
    }
}
