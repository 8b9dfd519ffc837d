//! Every rule of the five systems, in our own words, and the check that each has its test.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::path::Path;

use crate::{gainsight, gateway_hub, gigantik, gigya, passport};

/// The rules of one vendor's page.
struct System {
    title: &'static str,
    /// The profile that is under test, and the module of this target that tests it.
    module: &'static str,
    /// What the numbers begin with.
    letter: char,
    rules: &'static [Rule],
    /// Rules without a test yet, by the beginning of its name.
    pending: &'static [&'static str],
}

struct Rule {
    number: &'static str,
    text: &'static str,
    /// The way in by which the test reaches the node.
    surface: &'static str,
}

impl System {
    /// Whether a name that begins so has a number of this system.
    fn numbers(&self, prefix: &str) -> bool {
        let digits = prefix.strip_prefix(self.letter.to_ascii_lowercase()).and_then(|rest| rest.strip_suffix('_'));
        digits.is_some_and(|digits| digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit()))
    }
}

impl Rule {
    /// What the name of its test begins with: `g05_` for G5.
    fn prefix(&self) -> String {
        let (letter, number) = self.number.split_at(1);
        format!("{}{number:0>2}_", letter.to_lowercase())
    }
}

#[test]
fn every_rule_has_its_test() {
    let mut wrong = Vec::new();
    for system in SYSTEMS {
        let numbers: Vec<_> = (1..=system.rules.len()).map(|number| format!("{}{number}", system.letter)).collect();
        assert!(
            system.rules.iter().map(|rule| rule.number).eq(numbers.iter()),
            "the rules of {} in order",
            system.title
        );
        let mut tests = tests_of(system);
        let mut pending: BTreeSet<&str> = system.pending.iter().copied().collect();
        for rule in system.rules {
            let test = tests.remove(&rule.prefix());
            match (pending.remove(&*rule.prefix()), test) {
                (false, None) => wrong.push(format!("{} has no test, nor is it in PENDING", rule.number)),
                (true, Some(test)) => wrong.push(format!("{} is in PENDING, and has the test `{test}`", rule.number)),
                (true, None) | (false, Some(_)) => {}
            }
        }
        wrong.extend(tests.into_values().map(|test| format!("`{test}` of `{}` belongs to no rule", system.module)));
        wrong.extend(pending.into_iter().map(|prefix| format!("`{prefix}` in PENDING belongs to no rule")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(SYSTEMS.iter().map(|system| system.rules.len()).sum::<usize>(), 117);
}

/// The rules that are about pages: how they look, what they offer and what they say.
const PAGES: [(char, RangeInclusive<u32>); 6] =
    [('G', 11..=12), ('G', 18..=22), ('K', 7..=21), ('S', 8..=19), ('H', 7..=16), ('P', 18..=21)];

#[test]
fn every_rule_about_pages_is_tested_in_a_browser() {
    let tested = browser_tests();
    let rules = PAGES.into_iter().flat_map(|(letter, range)| range.map(move |number| format!("{letter}{number}")));
    let missing: Vec<_> = rules.filter(|rule| !tested.contains_key(rule)).collect();
    assert!(missing.is_empty(), "no title of a test in tests/console begins with {missing:?}");
    let known: BTreeSet<&str> = SYSTEMS.iter().flat_map(|system| system.rules).map(|rule| rule.number).collect();
    let foreign: Vec<_> = tested.keys().filter(|rule| !known.contains(rule.as_str())).collect();
    assert!(foreign.is_empty(), "{foreign:?} are no rules");
}

#[test]
fn generated_systems_reference() {
    let mut page = String::from(
        "# Systems\n\n\
         <!-- Generated from crates/keyward/tests/systems/. `cargo xtask docs` rewrites it. -->\n\n\
         Five vendors describe their systems of API keys on public pages. Each is one profile over the same engine, and \
         every\nrule of its page is one test with the number of the rule in its name. The test talks over a socket to the \
         running\nprogram, and does the same act once more slightly wrong, which is refused. *Surface* is the way in: \
         *dialect* is the\nvendor's wire format, *labels* the words from which the console makes the page. What is about \
         pages is tested again in a\nbrowser, in the files of `crates/keyward/tests/console` that are named.\n",
    );
    let in_browser = browser_tests();
    for system in SYSTEMS {
        let tests = tests_of(system);
        let _ = write!(page, "\n## {}\n\n", system.title);
        let _ = writeln!(page, "Profile `{0}`; tests in `crates/keyward/tests/systems/{0}.rs`.\n", system.module);
        page.push_str("| number | rule | test | surface | in a browser |\n|---|---|---|---|---|\n");
        for rule in system.rules {
            let test = tests.get(&rule.prefix()).map_or_else(|| "–".to_owned(), |test| format!("`{test}`"));
            let specs = in_browser.get(rule.number).into_iter().flatten();
            let specs: Vec<_> = specs.map(|spec| format!("`{spec}`")).collect();
            let specs = specs.join(", ");
            let _ = writeln!(page, "| {} | {} | {test} | {} | {specs} |", rule.number, rule.text, rule.surface);
        }
    }
    assert_fresh("docs/reference/systems.md", &page);
}

/// The tests of a system's rules by the beginning of their names, up to and with the first `_`. Others, of what the
/// vendor's page is silent about, have no number.
fn tests_of(system: &System) -> BTreeMap<String, String> {
    let mut tests = BTreeMap::new();
    for source in sources_of(system) {
        let mut is_test = false;
        for line in source.lines() {
            if let Some(attribute) = line.strip_prefix("#[") {
                is_test |= attribute.starts_with("test]") || attribute.starts_with("tokio::test");
                continue;
            }
            let signature = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
            let name = signature.filter(|_| is_test).and_then(|rest| rest.split('(').next());
            is_test = false;
            let prefix = name.and_then(|name| name.split_inclusive('_').next());
            if let (Some(name), Some(prefix)) = (name, prefix.filter(|prefix| system.numbers(prefix))) {
                let earlier = tests.insert(prefix.to_owned(), name.to_owned());
                assert_eq!(earlier, None, "`{name}` and another test have one number");
            }
        }
    }
    tests
}

/// The numbers of rules with which titles of browser tests begin, and the specs that have them. One title may begin with
/// several: `K8, K9 …`.
fn browser_tests() -> BTreeMap<String, BTreeSet<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/console");
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let Some(name) =
            path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".spec.mjs"))
        else {
            continue;
        };
        let source = std::fs::read_to_string(&path).unwrap();
        for title in source.split("test(").skip(1).filter_map(|rest| rest.trim_start().strip_prefix(['\'', '"', '`'])) {
            for word in title.split(' ').map_while(|word| number(word.trim_end_matches(','))) {
                found.entry(word).or_default().insert(name.to_owned());
            }
        }
    }
    found
}

/// The number of a rule: a letter and digits.
fn number(word: &str) -> Option<String> {
    let (letter, digits) = word.split_at_checked(1)?;
    let is_number = "GKSHP".contains(letter) && !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| word.to_owned())
}

/// The module of a system, and what is below it.
fn sources_of(system: &System) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/systems");
    let below = std::fs::read_dir(folder.join(system.module));
    let below = below.into_iter().flatten().map(|entry| entry.unwrap().path());
    let files = below.chain([folder.join(system.module).with_extension("rs")]);
    files.map(|file| std::fs::read_to_string(file).unwrap()).collect()
}

#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says whether files are rewritten")]
fn assert_fresh(path: &str, generated: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    if std::env::var_os("KEYWARD_UPDATE_DOCS").is_some_and(|value| value == "1") {
        std::fs::write(&file, generated).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(kept == generated, "`{path}` is out of date: run the tests once with KEYWARD_UPDATE_DOCS=1");
}

const SYSTEMS: &[System] = &[
    System {
        title: "Gigya (SAP Customer Data Cloud): application keys",
        module: "gigya",
        letter: 'G',
        rules: GIGYA,
        pending: gigya::PENDING,
    },
    System {
        title: "Gigantik CMS: API keys",
        module: "gigantik",
        letter: 'K',
        rules: GIGANTIK,
        pending: gigantik::PENDING,
    },
    System {
        title: "Gainsight NXT: Access key and M2M OAuth",
        module: "gainsight",
        letter: 'S',
        rules: GAINSIGHT,
        pending: gainsight::PENDING,
    },
    System {
        title: "ITRS Geneos Gateway Hub: application keys",
        module: "gateway_hub",
        letter: 'H',
        rules: GATEWAY_HUB,
        pending: gateway_hub::PENDING,
    },
    System {
        title: "Twinit (Invicara) Passport Service: API keys",
        module: "passport",
        letter: 'P',
        rules: PASSPORT,
        pending: passport::PENDING,
    },
];

const fn rule(number: &'static str, surface: &'static str, text: &'static str) -> Rule {
    Rule { number, text, surface }
}

const GIGYA: &[Rule] = &[
    rule("G1", "dialect", "An application calls REST methods with its key and secret, also one of a third party."),
    rule("G2", "dialect", "A user key with its secret works as well, with the rights of that user."),
    rule("G3", "dialect, native REST", "Every call with a key is in the audit log, under the name of that key."),
    rule("G4", "dialect", "A request names the site (`apiKey`), the key (`userKey`) and the secret of that key."),
    rule("G5", "dialect", "A secret in the clear is taken over https alone."),
    rule("G6", "native REST", "People who sign in can look up their own user key."),
    rule("G7", "dialect", "An account has many applications, and none has the permissions of another."),
    rule("G8", "dialect, native REST", "Groups hold permissions and give them to applications and users."),
    rule("G9", "dialect", "An application has one key and one secret at a time, the same for every method."),
    rule("G10", "dialect", "With key and secret over https, no signature is made and none is checked."),
    rule("G11", "labels, native REST", "Admin, Applications, Create New Application is the way to a new one."),
    rule("G12", "labels, native REST", "Edit Application shows key and secret again, at any later time."),
    rule(
        "G13",
        "dialect, native REST",
        "Whoever has the pair has the rights of the application, under its one identity.",
    ),
    rule("G14", "dialect", "Deleting the application ends its key at once, everywhere, with all tokens got by it."),
    rule(
        "G15",
        "dialect",
        "Requests are forms with `apiKey`, `userKey`, `secret`, `format` and the method's own fields.",
    ),
    rule("G16", "dialect", "The secret of the account does not go with the key of an application."),
    rule("G17", "dialect", "The accounts of a site can be searched with a query."),
    rule("G18", "labels", "Add Existing Application stands beside Create New Application."),
    rule("G19", "labels, native REST", "An application is added by its key and a permissions group, without a secret."),
    rule("G20", "native REST", "Adding one answers with the name that it has where it was made."),
    rule("G21", "dialect, native REST", "A key that does not exist cannot be added."),
    rule("G22", "native REST", "Seen from another site, an application's fields are blank."),
    rule("G23", "dialect, native REST", "An added application holds at each site the group that was chosen there."),
    rule("G24", "native REST", "Site key, key and secret have the lengths and beginnings of the vendor's."),
];

const GIGANTIK: &[Rule] = &[
    rule("K1", "native REST", "A key is one opaque string, which says both who calls and what they may do."),
    rule("K2", "proxied route, verify", "What a key may do is decided by the role of the key itself."),
    rule("K3", "native REST", "An admin generates keys, signed in to the platform; a key generates none."),
    rule("K4", "native REST", "Keys never expire, and there is no field for it."),
    rule("K5", "proxied route", "Keys work from tools, without session, cookie or browser."),
    rule("K6", "labels", "The page warns to store keys securely and not to publish them."),
    rule("K7", "labels, native REST", "Organization, API Keys is the way to the page."),
    rule("K8", "labels, native REST", "The button Create API Key opens the window of that name."),
    rule("K9", "labels, native REST", "A key needs a name."),
    rule("K10", "labels, native REST", "A key has one role, which is selected and sets its permissions."),
    rule("K11", "labels", "Learn More stands beside the role and leads to the article about it."),
    rule("K12", "native REST", "The role of a key is at most the role that its creator has at that moment."),
    rule("K13", "labels, native REST", "The button of the window is Create & View."),
    rule("K14", "labels, native REST", "A message says that the key was created, and shows it."),
    rule("K15", "native REST", "A key can be seen once: no list, edit or call shows it again."),
    rule("K16", "labels, files of the node", "Nobody can retrieve a key, since only a digest of it is kept."),
    rule("K17", "labels, native REST", "The list shows earlier keys, with pencil and trash can under Actions."),
    rule("K18", "native REST", "The pencil edits the name of any earlier key and nothing else; the key keeps working."),
    rule("K19", "proxied route, native REST", "The trash can removes a key: its next call fails."),
    rule("K20", "labels, native REST", "The page urges to delete keys that are lost or were published."),
    rule(
        "K21",
        "native REST",
        "Several keys exist side by side; one is edited or deleted when its window is closed, and none is regenerated.",
    ),
];

const GAINSIGHT: &[Rule] = &[
    rule("S1", "dialect", "There are two kinds, API Access key and M2M OAuth, and both authenticate REST calls."),
    rule("S2", "dialect", "Admins generate them, and developers put them into headers of requests."),
    rule("S3", "native REST", "An organization has at most one Access key; a second is refused."),
    rule("S4", "native REST", "An organization has at most 15 M2M OAuth keys; deleting one makes room for another."),
    rule("S5", "dialect", "A key that was found right opens the REST APIs of the platform."),
    rule("S6", "native REST", "An Access key can be reset at any time."),
    rule("S7", "dialect", "After a reset the old key fails at once for the whole organization."),
    rule("S8", "labels", "Administration, Connectors 2.0, Create Connection is the way to a new one."),
    rule("S9", "labels", "The connector is Gainsight API."),
    rule("S10", "labels, native REST", "A connection has a name, which is asked for."),
    rule("S11", "labels, native REST", "The authentication type is Access_Key or OAuth."),
    rule("S12", "labels, dialect", "Generate Access Key shows a key that is valid for all REST requests."),
    rule("S13", "labels, native REST", "Three dots on a connection lead to Edit Connection."),
    rule("S14", "labels, native REST", "Re-Generate Access Key asks first; whoever cancels keeps the old key."),
    rule("S15", "labels, oauth", "Generate OAuth Credentials shows an OAuth API Key and an OAuth API Secret."),
    rule("S16", "native REST", "Only super admins create and manage M2M OAuth; admins have the Access key."),
    rule("S17", "dialect", "M2M OAuth is refused by the Event APIs, and taken everywhere else."),
    rule("S18", "native REST", "Two M2M connections of a connector cannot have one name, also after renaming."),
    rule("S19", "native REST", "A connection is one credential with a name and an authentication type."),
];

const GATEWAY_HUB: &[Rule] = &[
    rule(
        "H1",
        "labels, oauth",
        "The page Application keys manages OAuth 2.0 client credentials of external applications.",
    ),
    rule("H2", "native REST", "A credential is a `client_id` and a `client_secret`."),
    rule("H3", "oauth, dialect", "They are exchanged for an access token, and open nothing by themselves."),
    rule("H4", "native REST", "One can be created, given a new secret, and removed."),
    rule("H5", "dialect", "A key holds a set of roles, which decide what it can view and what it can edit."),
    rule("H6", "native REST, dialect", "No key edits security settings, whatever its roles; people do, signed in."),
    rule("H7", "labels", "New API Key opens the window of that name."),
    rule("H8", "labels, native REST", "The first step asks for the name of the identity."),
    rule("H9", "labels, native REST", "The second step asks for one or more roles; none is refused."),
    rule("H10", "labels, native REST", "Generate API Key shows the new keys."),
    rule("H11", "labels", "Both values can be copied, with the advice to store them securely."),
    rule("H12", "labels, native REST", "After Close the secret cannot be recovered."),
    rule("H13", "labels", "Pointing at an identity offers regenerate and delete."),
    rule("H14", "labels, native REST", "Regenerate asks in a window of its own, and then shows the new keys."),
    rule(
        "H15",
        "oauth, native REST",
        "Regenerating replaces the secret alone: name, roles and `client_id` stay, the old secret fails at once.",
    ),
    rule("H16", "oauth, native REST", "Deleting is for ever."),
    rule("H17", "native REST", "Nothing expires, and several identities exist side by side."),
];

const PASSPORT: &[Rule] = &[
    rule("P1", "dialect", "An API key opens the API directly, without an access token."),
    rule("P2", "dialect, oauth", "The token endpoints refuse API keys."),
    rule("P3", "dialect, proxied route", "Every endpoint that takes access tokens takes API keys."),
    rule("P4", "native REST", "A key is an API Key ID and a Secret, and is not an Access Key with its Secret Key."),
    rule("P5", "native REST, dialect", "There may be several, and creating another revokes none."),
    rule("P6", "native REST, oauth", "A new user access key revokes the one before."),
    rule("P7", "native REST", "Each key is restricted to one namespace."),
    rule("P8", "native REST", "It is an organization, an application, a workspace, or a user group of either."),
    rule("P9", "dialect", "A key reaches nothing outside its namespace."),
    rule("P10", "native REST, dialect", "Several keys of one namespace exist side by side."),
    rule("P11", "dialect", "Revoking one affects no other, not even of the same namespace."),
    rule("P12", "native REST", "An expiry date may be given at creation."),
    rule("P13", "dialect", "A key becomes invalid at its expiry date and time."),
    rule("P14", "native REST", "The expiry cannot be changed later."),
    rule("P15", "native REST, dialect", "A key can be revoked at any time, and is never accepted again."),
    rule("P16", "native REST, dialect", "Revoking works with and without an expiry date."),
    rule("P17", "native REST", "Creating one takes no application, but access to at least one namespace."),
    rule("P18", "labels", "The user's profile, Authenticator & Access, API keys is the way to the page."),
    rule("P19", "labels, native REST", "The button is Generate New API Key; the page says that earlier keys stay."),
    rule("P20", "labels, native REST", "The window asks for name, namespace and, at will, expiry date."),
    rule("P21", "labels, native REST", "The result is an API Key ID and a Secret, shown once."),
    rule("P22", "dialect", "A key has at most the access of its creator, in the namespace of the key."),
    rule("P23", "dialect", "A key of an application gives nothing in its workspaces, P34 excepted."),
    rule("P24", "dialect", "When its creator loses a permission, the key loses it."),
    rule("P25", "dialect", "A workspace key lists that workspace alone."),
    rule("P26", "dialect", "A workspace key lists the application of its workspace alone."),
    rule("P27", "dialect", "A workspace key lists the organization of that application alone."),
    rule("P28", "dialect", "A user-group key lists that user group alone."),
    rule("P29", "dialect", "A key of an application's user group lists that application alone."),
    rule("P30", "dialect", "A key of an application's user group lists the organization of that application alone."),
    rule("P31", "dialect", "A key of an organization's user group lists that organization alone."),
    rule("P32", "dialect", "An application key lists that application alone."),
    rule("P33", "dialect", "An application key lists the organization of its application alone."),
    rule(
        "P34",
        "dialect",
        "An application key makes, reads, edits and deletes its workspaces and user groups, as its creator may.",
    ),
    rule("P35", "dialect, proxied route", "The rules P25 to P34 hold for the Passport Service alone."),
    rule("P36", "dialect", "An organization key reaches its own organization, as any key its namespace."),
];
