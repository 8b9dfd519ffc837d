use super::*;

/// What the cases break. What they append begins on line 14, within the kind `api`.
const GOOD: &str = include_str!("good.toml");
/// The cases; their form is described there.
const BROKEN: &str = include_str!("broken.txt");

/// The faults of a text, one a line.
fn faults(text: &str) -> String {
    Profile::parse("acme.toml", text).err().map(|faults| faults.to_string()).unwrap_or_default()
}

#[test]
fn every_broken_profile_says_what_is_wrong() {
    assert_eq!(faults(GOOD), "");
    let cases = BROKEN.split("\n\n").filter(|case| !case.starts_with('#'));
    let mut count = 0;
    for case in cases {
        let (mut from, mut to, mut appended, mut expected) = (Vec::new(), Vec::new(), String::new(), Vec::new());
        for line in case.trim_end().lines() {
            match (line.strip_prefix("- "), line.strip_prefix("+ "), line.strip_prefix("> ")) {
                (Some(piece), _, _) => from.push(piece),
                (_, Some(piece), _) => to.push(piece),
                (_, _, Some(fault)) => expected.push(format!("acme.toml:{fault}")),
                _ => appended.extend([line, "\n"]),
            }
        }
        let from = from.join("\n");
        assert!(GOOD.contains(&from), "`{from}` is not in the good profile");
        let text = if from.is_empty() { GOOD.to_owned() } else { GOOD.replacen(&from, &to.join("\n"), 1) };
        assert_eq!(faults(&format!("{text}{appended}")), expected.join("\n"), "for\n{case}");
        count += 1;
    }
    assert!(count >= 90, "{count} cases: is the file whole?");
}

#[test]
fn limits() {
    let replaced = |from: &str, to: &str| faults(&GOOD.replacen(from, to, 1));
    let many: Vec<String> = (0..4_097).map(|i| format!("\"items:a{i}\"")).collect();
    let said =
        replaced("permissions = [\"items:read\", \"items:write\"]", &format!("permissions = [{}]", many.join(",")));
    assert!(
        said.starts_with("acme.toml:4: permissions: 4097 permissions are too many: declare at most 4096"),
        "{said}"
    );

    let many: Vec<String> = (0..500).map(|i| format!("r{i} = {{ title = \"R{i}\", allow = [] }}\n")).collect();
    let said = replaced("[roles]\n", &format!("[roles]\n{}", many.concat()));
    assert_eq!(said, "acme.toml:6: roles: 501 roles are too many: write at most 500");

    let many: Vec<String> = (0..501).map(|i| format!("\"items:a{i}\"")).collect();
    let declared = GOOD.replacen("\"items:write\"]", &format!("\"items:write\", {}]", many.join(",")), 1);
    let said = faults(&declared.replacen("[\"*\"]", &format!("[{}]", many.join(",")), 1));
    assert_eq!(said, "acme.toml:7: roles.admin.allow: 501 patterns are too many: write at most 500");

    let many: Vec<String> = (0..64).map(|i| format!("[kinds.k{i}]\nprefix = \"k{i}k\"\n")).collect();
    let many = many.concat();
    assert_eq!(
        faults(&format!("{GOOD}{many}")),
        "acme.toml:12: kinds: 65 kinds are too few or too many: write 1 to 64"
    );

    let said = faults(&format!("{GOOD}labels.title = \"{}\"", "x".repeat(601)));
    assert_eq!(said, "acme.toml:14: kinds.api.labels.title: the text is too long: write at most 600 characters");

    let said = faults(&format!("{GOOD}# {}", "x".repeat(300_000)));
    assert_eq!(said, "acme.toml:1: the file is too large: write at most 262144 bytes");
}

#[test]
fn deep_nesting_is_refused() {
    for text in [
        format!("a = {}", "[".repeat(100_000)),
        format!("a = {}", "{ a = ".repeat(40_000)),
        format!("{}a = 1", "a.".repeat(100_000)),
        format!("[{}a]", "a.".repeat(100_000)),
        format!("a = {{ {}a = 1 }}", "a.".repeat(100_000)),
    ] {
        assert_ne!(faults(&text), "");
    }
}

#[test]
fn columns_count_characters() {
    let broken = GOOD.replace("title = \"Admin\"", "title = \"Ädmin\", alow = []");
    let faults = Profile::parse("acme.toml", &broken).unwrap_err();
    let places: Vec<Place> = faults.iter().map(|fault| fault.place).collect();
    assert_eq!(places, [Place { line: 7, column: 28 }]);
}

/// A date, which is never right, is refused at every key of the reference: so each of them is read.
#[test]
fn every_key_of_the_reference_is_read() {
    fn check(keys: &[keys::Key], path: &str, write: impl Fn(&str) -> String) {
        for key in keys {
            let said = faults(&write(&format!("{} = 1979-05-27", key.name)));
            assert!(said.contains(&format!("{path}{}: a date stands here", key.name)), "`{path}{}`\n{said}", key.name);
        }
    }
    let section = |name: &'static str| move |line: &str| format!("{GOOD}[{name}]\n{line}\n");
    let item = |name: &'static str| move |line: &str| format!("{GOOD}[[{name}]]\n{line}\n");
    check(keys::PROFILE, "", str::to_owned);
    check(keys::SURFACE, "surface.", section("surface"));
    check(keys::ROLE, "roles.x.", section("roles.x"));
    check(keys::API_GROUP, "api_groups.x.", section("api_groups.x"));
    check(keys::KIND, "kinds.x.", section("kinds.x"));
    check(keys::FORMAT, "kinds.x.secret_format.", section("kinds.x.secret_format"));
    check(keys::FORMAT, "kinds.x.id_format.", section("kinds.x.id_format"));
    check(keys::USE, "kinds.x.use.", section("kinds.x.use"));
    check(keys::EXPIRY, "kinds.x.expiry.", section("kinds.x.expiry"));
    check(keys::ROTATE, "kinds.x.rotate.", section("kinds.x.rotate"));
    check(keys::AUTHORITY, "kinds.x.authority.", section("kinds.x.authority"));
    check(keys::LABELS, "kinds.x.labels.", section("kinds.x.labels"));
    for dialog in ["create", "edit", "reveal", "rotate", "revoke", "disable", "enable", "import", "unlink"] {
        let path = format!("kinds.x.labels.{dialog}");
        check(keys::DIALOG, &format!("{path}."), |line| format!("{GOOD}[{path}]\n{line}\n"));
    }
    check(keys::DIALOG_FIELD, "kinds.x.labels.create.fields.", item("kinds.x.labels.create.fields"));
    check(keys::ISSUED, "kinds.x.labels.issued.", section("kinds.x.labels.issued"));
    check(keys::LINK, "kinds.x.labels.help.", item("kinds.x.labels.help"));
}
