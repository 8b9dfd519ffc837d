//! Faults sown into the decision, each of which the oracle must find: the proof that its agreement means something.
//!
//! Core and this crate are copied, one text is replaced, and the oracle's test is built and run there; it has to fail.
//! That takes minutes, so it runs only when asked for:
//!
//! ```text
//! cargo test -p keyward-verify --test mutants -- --ignored
//! ```
//!
//! Every run checks that each text to be replaced is still there, so that the list cannot go stale.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A fault: in `file`, below `crates`, `right` becomes `wrong`.
struct Fault {
    what: &'static str,
    file: &'static str,
    right: &'static str,
    wrong: &'static str,
}

const FAULTS: &[Fault] = &[
    Fault {
        what: "a credential lives on at the instant of its end",
        file: "keyward-verify/src/decide.rs",
        right: "self.require(Check::Expiry, now < end,",
        wrong: "self.require(Check::Expiry, now <= end,",
    },
    Fault {
        what: "a replaced secret is good for ever",
        file: "keyward-verify/src/decide.rs",
        right: "ends_at.is_none_or(|end| now < end), Reason::Replaced",
        wrong: "ends_at.is_none_or(|_| true), Reason::Replaced",
    },
    Fault {
        what: "a revoked credential can be stated to be active again",
        file: "keyward-verify/src/record.rs",
        right: "(Some(Standing::Revoked), _) | (_, State::Revoked { .. }) => 3",
        wrong: "(_, State::Revoked { .. }) => 3",
    },
    Fault {
        what: "nothing is denied",
        file: "keyward-verify/src/decide.rs",
        right: "let denied = holding.kind.deny.refuse(permission, groups) || holding.denied.refuse(permission, groups);",
        wrong: "let denied = false;",
    },
    Fault {
        what: "what a credential is denied itself is forgotten",
        file: "keyward-verify/src/decide.rs",
        right: "let denied = holding.kind.deny.refuse(permission, groups) || holding.denied.refuse(permission, groups);",
        wrong: "let denied = holding.kind.deny.refuse(permission, groups);",
    },
    Fault {
        what: "a role at the organization reaches down for all resources",
        file: "keyward-core/src/rights.rs",
        right: "if at == facts.organization().into() && is_administrative(permission) && patterns.covers(permission) {",
        wrong: "if at == facts.organization().into() && patterns.covers(permission) {",
    },
    Fault {
        what: "what a group holds is not its members'",
        file: "keyward-core/src/rights.rs",
        right: "facts.groups(user, &mut |group| facts.grants(Holder::UserGroup(group), visit))",
        wrong: "ControlFlow::Continue(())",
    },
    Fault {
        what: "what a group holds is everybody's",
        file: "keyward-verify/src/world.rs",
        right: ".range(all)\n            .filter(|(_, group)| self.estate",
        wrong: ".iter()\n            .filter(|(_, group)| self.estate",
    },
    Fault {
        what: "a key confined to a namespace is not bound to its owner's rights",
        file: "keyward-verify/src/decide.rs",
        right: "if !holding.kind.is_live() {\n            self.skip(Check::OwnerRights",
        wrong: "if !holding.kind.is_live() || !holds_roles(holding.kind) {\n            self.skip(Check::OwnerRights",
    },
    Fault {
        what: "the owner's rights are looked up where the key lives, not where it acts",
        file: "keyward-verify/src/decide.rs",
        right: "rights::owner_allows(world, holding, at, permission)",
        wrong: "rights::owner_allows(world, holding, holding.namespace, permission)",
    },
    Fault {
        what: "a suspended member counts",
        file: "keyward-verify/src/apply.rs",
        right: "active: membership.is_active()",
        wrong: "active: true",
    },
    Fault {
        what: "not only an application reaches down",
        file: "keyward-core/src/rights.rs",
        right: "home.kind() == NamespaceKind::Application && facts.parent(namespace) == Some(home)",
        wrong: "facts.parent(namespace) == Some(home)",
    },
    Fault {
        what: "any role lets its holder read what is below, not what is above",
        file: "keyward-core/src/rights.rs",
        right: "permission == namespace.kind().read() && is_at_or_above(facts, namespace, at)",
        wrong: "permission == namespace.kind().read() && is_at_or_above(facts, at, namespace)",
    },
    Fault {
        what: "every organization is a place of this one",
        file: "keyward-core/src/rights.rs",
        right: "namespace == facts.organization().into() || facts.parent(namespace).is_some()",
        wrong: "namespace.kind() == NamespaceKind::Organization || facts.parent(namespace).is_some()",
    },
    Fault {
        what: "a role of another organization counts",
        file: "keyward-verify/src/world.rs",
        right: "(*organization == self.number).then_some(patterns)",
        wrong: "(*organization == *organization).then_some(patterns)",
    },
    Fault {
        what: "a grant made in another organization counts",
        file: "keyward-verify/src/world.rs",
        right: ".filter(move |(_, home)| home.organization == number)",
        wrong: ".filter(move |_| number == number)",
    },
    Fault {
        what: "an access token outlives a rotation",
        file: "keyward-verify/src/decide.rs",
        right: "self.require(Check::Slot, issued == current, Reason::Replaced",
        wrong: "self.require(Check::Slot, issued <= current, Reason::Replaced",
    },
    Fault {
        what: "the scope of an access token is not looked at",
        file: "keyward-verify/src/decide.rs",
        right: "let includes = permission.is_none_or(|permission| scope.includes(permission));",
        wrong: "let includes = permission.is_none_or(|permission| !permission.is_empty() || scope.is_everything());",
    },
    Fault {
        what: "an access token for one place counts everywhere",
        file: "keyward-verify/src/decide.rs",
        right: "token.is_none_or(|token| self.counts_at(token, at))",
        wrong: "token.is_none_or(|token| self.counts_at(token, at) || at == at)",
    },
    Fault {
        what: "an access token for one place stands for it where none is named",
        file: "keyward-verify/src/decide.rs",
        right: "let at = self.request.namespace.unwrap_or_else(",
        wrong: "let at = self.request.namespace.or(token.and_then(|token| token.namespace)).unwrap_or_else(",
    },
    Fault {
        what: "an access token is exchanged for another",
        file: "keyward-verify/src/decide.rs",
        right: "(Means::Token, purpose) => exchanged && purpose == Purpose::Direct,",
        wrong: "(Means::Token, _) => exchanged,",
    },
    Fault {
        what: "an access token is good for ever",
        file: "keyward-verify/src/decide.rs",
        right: "How::Token(token, _) => Some(token.expires_at),",
        wrong: "How::Token(..) => None,",
    },
    Fault {
        what: "an access token travels in any way",
        file: "keyward-verify/src/decide.rs",
        right: "How::Token(_, by) => Some((by, may_carry_token(kind, by))),",
        wrong: "How::Token(_, by) => Some((by, may_carry_token(kind, by) || true)),",
    },
    Fault {
        what: "an access token that can only be for https is looked up over plain http",
        file: "keyward-verify/src/catalogue.rs",
        right: "Formed { form: Form::Issued(token), https_only }",
        wrong: "Formed { form: Form::Issued(token), https_only: https_only && token.is_none() }",
    },
    Fault {
        what: "a signature holds before its time",
        file: "keyward-verify/src/decide.rs",
        right: "signed.from <= now && now < signed.until",
        wrong: "signed.from <= signed.until && now < signed.until",
    },
    Fault {
        what: "a signature holds at the instant of its end",
        file: "keyward-verify/src/decide.rs",
        right: "signed.from <= now && now < signed.until",
        wrong: "signed.from <= now && now <= signed.until",
    },
    Fault {
        what: "what is signed with the decoy's secret is right",
        file: "keyward-verify/src/decide.rs",
        right: "matched = matched.or(own.map(|(credential, (slot, _))| of_slot(credential, slot, version)));",
        wrong: "matched = matched\n                .or(own.map(|(credential, (slot, _))| of_slot(credential, slot, version)))\n                .or(credential.filter(|_| signs).map(|credential| self.current(credential)));",
    },
    Fault {
        what: "a secret in its grace does not sign",
        file: "keyward-verify/src/decide.rs",
        right: "for _ in 0..MAX_SLOTS {",
        wrong: "for _ in 1..MAX_SLOTS {",
    },
    Fault {
        what: "a replaced secret signs for ever",
        file: "keyward-verify/src/decide.rs",
        right: "of_slot(credential, slot, version)",
        wrong: "Matched { ends_at: None, ..of_slot(credential, slot, version) }",
    },
    Fault {
        what: "a signed request is refused over plain http",
        file: "keyward-verify/src/decide.rs",
        right: "https_only && !found.how.means().is_signature()",
        wrong: "https_only && !found.how.means().is_signature() | true",
    },
    Fault {
        what: "an id of a native token cannot sign",
        file: "keyward-verify/src/catalogue.rs",
        right: "is_native_id(prefix.as_str(), id)",
        wrong: "is_native_id(prefix.as_str(), id) && prefix.as_str() == id",
    },
    Fault {
        what: "what was admitted goes on after its secret was replaced",
        file: "keyward-verify/src/decide.rs",
        right: "How::Admitted(identity) => of_slot(&credential, identity.slot, identity.pepper),",
        wrong: "How::Admitted(_) => self.current(&credential),",
    },
    Fault {
        what: "what was admitted by an access token goes on after its end",
        file: "keyward-verify/src/decide.rs",
        right: "How::Admitted(identity) => identity.token_ends_at,",
        wrong: "How::Admitted(_) => None,",
    },
    Fault {
        what: "what was admitted by an access token goes on after a rotation",
        file: "keyward-verify/src/decide.rs",
        right: "How::Admitted(identity) if identity.means == Means::Token => Some(identity.generation),",
        wrong: "How::Admitted(identity) if identity.means == Means::Token => Some(found.credential.generation()),",
    },
    Fault {
        what: "what was admitted by a key pair ends with the secret",
        file: "keyward-verify/src/decide.rs",
        right: "how if how.means() == Means::SignedJwt =>",
        wrong: "how if how.means() == Means::SignedJwt && how.signed().is_some() =>",
    },
    Fault {
        what: "a disabled credential is not the one of its kind",
        file: "keyward-verify/src/apply.rs",
        right: "standing != Standing::Revoked)",
        wrong: "standing == Standing::Active)",
    },
];

#[test]
fn every_fault_still_has_its_place() {
    for fault in FAULTS {
        fault.sown_into(&fs::read_to_string(crates().join(fault.file)).unwrap());
    }
}

#[test]
#[ignore = "builds core and this crate once for every fault: minutes"]
fn the_oracle_finds_every_fault() {
    let copy = CopiedWorkspace::new();
    assert_eq!(copy.oracle(), Verdict::Agrees, "without any fault");
    let missed: Vec<&str> = FAULTS.iter().filter(|fault| !copy.is_found(fault)).map(|fault| fault.what).collect();
    assert!(missed.is_empty(), "the oracle misses: {missed:#?}");
}

impl Fault {
    fn sown_into(&self, text: &str) -> String {
        let places = text.matches(self.right).count();
        assert_eq!(places, 1, "`{}`: `{}` is in {} {places} times", self.what, self.right, self.file);
        text.replace(self.right, self.wrong)
    }
}

/// What the oracle's test says.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Agrees,
    Differs,
}

/// A workspace of core and this crate alone, with a build folder of its own.
struct CopiedWorkspace(PathBuf);

impl CopiedWorkspace {
    fn new() -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutants");
        for part in ["crates", "profiles"] {
            // Left behind by an earlier run.
            let _ = fs::remove_dir_all(root.join(part));
        }
        copy_folder(&crates().join("keyward-core"), &root.join("crates/keyward-core"));
        copy_folder(&crates().join("keyward-verify"), &root.join("crates/keyward-verify"));
        copy_folder(&crates().join("../profiles"), &root.join("profiles"));
        for file in ["Cargo.lock", "rust-toolchain.toml"] {
            fs::copy(crates().join("..").join(file), root.join(file)).unwrap();
        }
        let manifest = fs::read_to_string(crates().join("../Cargo.toml")).unwrap();
        let kept = |line: &&str| !line.starts_with("members = ") && !line.starts_with("default-members = ");
        let manifest: Vec<&str> = manifest.lines().filter(kept).collect();
        let manifest = manifest.join("\n").replacen("[workspace]", "[workspace]\nmembers = [\"crates/*\"]", 1);
        fs::write(root.join("Cargo.toml"), manifest).unwrap();
        CopiedWorkspace(root)
    }

    fn is_found(&self, fault: &Fault) -> bool {
        let file = self.0.join("crates").join(fault.file);
        let right = fs::read_to_string(&file).unwrap();
        fs::write(&file, fault.sown_into(&right)).unwrap();
        let verdict = self.oracle();
        fs::write(&file, right).unwrap();
        verdict == Verdict::Differs
    }

    /// The same cases every time, and no search for the smallest: that they differ is enough.
    fn oracle(&self) -> Verdict {
        let output = Command::new(env!("CARGO"))
            .args(["test", "--offline", "--package", "keyward-verify", "--test", "oracle"])
            .args(["--", "--exact", TEST])
            .current_dir(&self.0)
            .env("CARGO_TARGET_DIR", self.0.join("target"))
            .env("PROPTEST_CASES", "600")
            .env("PROPTEST_RNG_SEED", "1")
            .env("PROPTEST_MAX_SHRINK_ITERS", "0")
            .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "true")
            .env("RUST_BACKTRACE", "0")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        if said.contains(&format!("test {TEST} ... ok")) {
            Verdict::Agrees
        } else if said.contains(&format!("test {TEST} ... FAILED")) {
            Verdict::Differs
        } else {
            panic!("the copy did not build:\n{}", String::from_utf8_lossy(&output.stderr))
        }
    }
}

const TEST: &str = "every_answer_is_the_oracles";

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
