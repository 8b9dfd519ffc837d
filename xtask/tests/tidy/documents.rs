//! What the documents promise: links that resolve, commands that are the real ones, lengths that are read.

use std::collections::BTreeMap;

use crate::tree::{Finding, Tree, extension};

/// Every relative link of every Markdown file leads to a file, and to a heading of it where it names one.
pub(crate) fn links(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.with_extension("md").filter(|(path, _)| !path.contains("/vendor/")) {
        for (line, target) in relative_links(text) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let Some(to) = (if file.is_empty() { Some(path.to_owned()) } else { resolved(path, file) }) else {
                findings.push(Finding::at(path, line, format!("the link `{target}` leaves the repository")));
                continue;
            };
            if !tree.has(&to) {
                findings.push(Finding::at(path, line, format!("the link `{target}` leads nowhere")));
            } else if !anchor.is_empty()
                && extension(&to) == "md"
                && !anchors(tree.text(&to).unwrap_or_default()).contains(&anchor.to_owned())
            {
                findings.push(Finding::at(path, line, format!("the link `{target}` names no heading of `{to}`")));
            }
        }
    }
    findings
}

/// The first block of README's section is the two commands, and nothing else.
pub(crate) fn commands(tree: &Tree) -> Vec<Finding> {
    match readme_commands(tree).as_slice() {
        ["cargo run --release -- demo", "cargo xtask test"] => Vec::new(),
        other => vec![Finding::file(
            "README.md",
            format!("`{SECTION}` must show exactly the two commands, and shows {other:?}"),
        )],
    }
}

/// CI has no steps of its own.
pub(crate) fn continuous_integration(tree: &Tree) -> Vec<Finding> {
    const PATH: &str = ".ci/run";
    let Some(text) = tree.text(PATH) else { return vec![Finding::file(PATH, "is missing")] };
    let Some(test) = readme_commands(tree).get(1).copied() else {
        return vec![Finding::file("README.md", "shows no test command")];
    };
    let lines: Vec<&str> =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    match lines.as_slice() {
        ["set -euo pipefail", enter, run] if enter.starts_with("cd \"$(dirname ") && *run == test => Vec::new(),
        _ => vec![Finding::file(PATH, format!("must do exactly this: `set -euo pipefail`, enter the root, `{test}`"))],
    }
}

/// The documents that a newcomer reads first stay short.
pub(crate) fn lengths(tree: &Tree) -> Vec<Finding> {
    const LONGEST: [(&str, usize); 2] = [("README.md", 200), ("ARCHITECTURE.md", 250)];
    let mut findings = Vec::new();
    for (path, longest) in LONGEST {
        match tree.text(path).map(|text| text.lines().count()) {
            None => findings.push(Finding::file(path, "is missing")),
            Some(lines) if lines > longest => {
                findings
                    .push(Finding::file(path, format!("{lines} lines, more than {longest}: move detail to `docs/`")));
            }
            Some(_) => {}
        }
    }
    findings
}

const SECTION: &str = "## Two commands";

fn readme_commands(tree: &Tree) -> Vec<&str> {
    let section = tree.text("README.md").unwrap_or_default().split_once(SECTION).map_or("", |(_, after)| after);
    let section = section.split_once("\n## ").map_or(section, |(section, _)| section);
    let block =
        section.split_once("```sh\n").and_then(|(_, after)| after.split_once("```")).map_or("", |(block, _)| block);
    // A word of explanation may stand behind a command.
    let commands = block.lines().map(|line| line.split(" #").next().unwrap_or_default().trim());
    commands.filter(|line| !line.is_empty()).collect()
}

/// The relative targets of a Markdown file, with their lines; code blocks and code spans hold no links.
fn relative_links(text: &str) -> Vec<(usize, &str)> {
    let mut links = Vec::new();
    let mut fenced = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            links.extend(targets(line).into_iter().map(|target| (index + 1, target)));
        }
    }
    links.retain(|(_, target)| !["http://", "https://", "mailto:"].iter().any(|scheme| target.starts_with(scheme)));
    links
}

fn targets(line: &str) -> Vec<&str> {
    let definition = line.strip_prefix('[').and_then(|rest| rest.split_once("]: ")).map(|(_, target)| target.trim());
    let in_code = |position: usize| line[..position].matches('`').count() % 2 == 1;
    let inline = line.match_indices("](").filter(|(at, _)| !in_code(*at)).filter_map(|(at, _)| {
        let rest = &line[at + 2..];
        Some(rest.split_once(')')?.0.split(' ').next().unwrap_or_default())
    });
    inline.chain(definition).collect()
}

/// The path that `target` means in a file at `from`; none when it climbs out of the root.
fn resolved(from: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.trim_end_matches('/').split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The anchors that headings get when the file is shown.
fn anchors(text: &str) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut fenced = false;
    let mut anchors = Vec::new();
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        let Some(heading) = line.strip_prefix('#').filter(|_| !fenced) else { continue };
        let slug: String = heading
            .trim_start_matches('#')
            .trim()
            .to_lowercase()
            .chars()
            .filter_map(|c| match c {
                ' ' => Some('-'),
                c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
                _ => None,
            })
            .collect();
        let times = seen.entry(slug.clone()).or_default();
        anchors.push(if *times == 0 { slug } else { format!("{slug}-{times}") });
        *times += 1;
    }
    anchors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(check: fn(&Tree) -> Vec<Finding>, files: &[(&str, &str)]) -> Vec<String> {
        check(&Tree::of(files)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn links_lead_to_files_and_headings() {
        let other = ("docs/b.md", "# One, two\n## Again\n## Again");
        let good = "[a](docs/b.md#one-two) [b](docs/) [c](https://x) `[d](no)` [e](#here)\n# Here\n[f]: docs/b.md#again-1\n```\n[g](no)\n```";
        assert!(found(links, &[("a.md", good), other]).is_empty());
        let bad = "[a](docs/c.md)\n[b](docs/b.md#three)\n[c](../x)\n[d]: nowhere";
        assert_eq!(
            found(links, &[("a.md", bad), other]),
            [
                "a.md:1: the link `docs/c.md` leads nowhere",
                "a.md:2: the link `docs/b.md#three` names no heading of `docs/b.md`",
                "a.md:3: the link `../x` leaves the repository",
                "a.md:4: the link `nowhere` leads nowhere",
            ]
        );
        assert!(found(links, &[("docs/x/y.md", "[up](../b.md)"), other]).is_empty());
    }

    const README: &str =
        "## Two commands\n```sh\ncargo run --release -- demo   # try\ncargo xtask test\n```\n## Next\n```sh\nls\n```";

    #[test]
    fn the_commands_are_these_two() {
        assert!(found(commands, &[("README.md", README)]).is_empty());
        for other in [README.replace("xtask test", "test"), README.replace("demo ", "demo\nls"), String::new()] {
            assert_eq!(found(commands, &[("README.md", &other)]).len(), 1, "{other}");
        }
    }

    #[test]
    fn ci_is_the_test_command() {
        let run = "#!/usr/bin/env bash\n# Why.\nset -euo pipefail\ncd \"$(dirname \"$0\")/..\"\ncargo xtask test\n";
        assert!(found(continuous_integration, &[("README.md", README), (".ci/run", run)]).is_empty());
        for other in [
            run.replace("xtask test", "xtask test --quick"),
            format!("{run}ls\n"),
            run.replace("set -euo pipefail\n", ""),
        ] {
            assert_eq!(
                found(continuous_integration, &[("README.md", README), (".ci/run", &other)]).len(),
                1,
                "{other}"
            );
        }
        assert_eq!(found(continuous_integration, &[]), [".ci/run: is missing"]);
    }

    #[test]
    fn long_documents_are_found() {
        let (short, long) = ("\n".repeat(200), "\n".repeat(251));
        let found = found(lengths, &[("README.md", &short), ("ARCHITECTURE.md", &long)]);
        assert_eq!(found, ["ARCHITECTURE.md: 251 lines, more than 250: move detail to `docs/`"]);
    }
}
