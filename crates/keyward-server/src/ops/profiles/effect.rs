//! What a newer text of a profile changes.

use std::collections::BTreeMap;
use std::fmt::Debug;

use keyward_api::error::{ErrorCode, FieldError};
use keyward_core::change::RecordedProfile;
use keyward_core::kind::{Kind, KindId};
use keyward_core::profile::Profile;
use keyward_store::Reader;

use super::parsed;
use crate::ops::error::OpError;

/// What a text of a profile changes of what is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The profile with the text in question.
    pub text: RecordedProfile,
    /// The recorded version; `None` when the profile is new.
    pub from_version: Option<u32>,
    /// Whether the text is the recorded one already.
    pub same_text: bool,
    /// The kinds that do not stay as they are, removed ones last.
    pub kinds: Vec<KindEffect>,
}

/// What happens to one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindEffect {
    /// The kind.
    pub kind: KindId,
    /// What happens to it.
    pub change: KindChange,
    /// The credentials of it that are not revoked.
    pub credentials: u64,
    /// What is different, one rule each, for people.
    pub details: Vec<String>,
}

/// What happens to a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KindChange {
    /// It is new.
    Added,
    /// Some of its rules are different.
    Changed,
    /// It goes.
    Removed,
}

impl Effect {
    /// Whether nothing would be done.
    pub const fn is_nothing(&self) -> bool {
        self.same_text
    }

    /// Refuses what would take the rules from credentials in use, and a text that has no later version than the recorded
    /// one.
    pub(super) fn must_be_possible(&self) -> Result<(), OpError> {
        if self.same_text {
            return Ok(());
        }
        if let Some(recorded) = self.from_version
            && self.text.version <= recorded
        {
            return Err(OpError::new(
                ErrorCode::ProfileConflict,
                format!(
                    "the text differs from the recorded one and says version {}, which is not later than {recorded}: \
                     raise its `version`",
                    self.text.version
                ),
            ));
        }
        let fields: Vec<FieldError> = self
            .kinds
            .iter()
            .filter(|kind| kind.change == KindChange::Removed && kind.credentials > 0)
            .map(|kind| FieldError {
                pointer: "/text".to_owned(),
                code: None,
                message: format!(
                    "{} credentials of the kind `{}` are in use: revoke them first",
                    kind.credentials, kind.kind
                ),
            })
            .collect();
        if fields.is_empty() {
            return Ok(());
        }
        let detail =
            "the text has no longer kinds of which credentials are in use: keep the kinds, or revoke those first";
        Err(OpError { fields, ..OpError::new(ErrorCode::ProfileConflict, detail) })
    }
}

/// What this text would change.
pub(super) async fn of(reader: &mut Reader, text: &RecordedProfile, profile: &Profile) -> Result<Effect, OpError> {
    let recorded = reader.recorded_profile(&text.name).await?;
    let before = recorded.as_ref().map(|r| parsed(&r.name, &r.text)).transpose()?;
    let in_use: BTreeMap<KindId, u64> = reader.kinds_in_use(&text.name).await?.into_iter().collect();
    Ok(Effect {
        text: text.clone(),
        from_version: recorded.as_ref().map(|r| r.version),
        same_text: recorded.is_some_and(|r| r.digest == text.digest),
        kinds: kinds(before.as_ref(), profile, &in_use),
    })
}

fn kinds(before: Option<&Profile>, after: &Profile, in_use: &BTreeMap<KindId, u64>) -> Vec<KindEffect> {
    let effect = |kind: &Kind, change, details| KindEffect {
        kind: kind.id.clone(),
        change,
        credentials: in_use.get(&kind.id).copied().unwrap_or(0),
        details,
    };
    let kept_or_new = after.kinds.iter().filter_map(|kind| match before.and_then(|before| before.kind(&kind.id)) {
        None => Some(effect(kind, KindChange::Added, Vec::new())),
        Some(earlier) if earlier == kind => None,
        Some(earlier) => Some(effect(kind, KindChange::Changed, differences(earlier, kind))),
    });
    let earlier = before.map(|before| before.kinds.as_slice()).unwrap_or_default();
    let removed = earlier
        .iter()
        .filter(|kind| after.kind(&kind.id).is_none())
        .map(|kind| effect(kind, KindChange::Removed, Vec::new()));
    kept_or_new.chain(removed).collect()
}

/// Every rule that is different, as it was and as it will be.
fn differences(before: &Kind, after: &Kind) -> Vec<String> {
    fn compare<T: PartialEq + Debug>(knob: &str, before: &T, after: &T) -> Option<String> {
        (before != after).then(|| format!("`{knob}` was {before:?} and becomes {after:?}"))
    }
    // Taken apart, so that no knob can be forgotten.
    let Kind {
        id: _,
        parts,
        key_pair,
        id_format,
        secret_format,
        present,
        usage,
        lives_in,
        limit,
        on_create,
        unique_name,
        reveal,
        expiry,
        rotate,
        edit,
        authority,
        cap,
        deny,
        create_requires,
        manage_requires,
        manage_from,
        transferable,
        rate,
        sources,
        log_use,
        https_only,
        revoked_shown,
        labels,
    } = before;
    let knobs = [
        compare("parts", parts, &after.parts),
        compare("key_pair", key_pair, &after.key_pair),
        compare("id_format", id_format, &after.id_format),
        compare("secret_format", secret_format, &after.secret_format),
        compare("present", present, &after.present),
        compare("use", usage, &after.usage),
        compare("lives_in", lives_in, &after.lives_in),
        compare("limit", limit, &after.limit),
        compare("on_create", on_create, &after.on_create),
        compare("unique_name", unique_name, &after.unique_name),
        compare("reveal", reveal, &after.reveal),
        compare("expiry", expiry, &after.expiry),
        compare("rotate", rotate, &after.rotate),
        compare("edit", edit, &after.edit),
        compare("authority", authority, &after.authority),
        compare("cap", cap, &after.cap),
        compare("deny", deny, &after.deny),
        compare("create_requires", create_requires, &after.create_requires),
        compare("manage_requires", manage_requires, &after.manage_requires),
        compare("manage_from", manage_from, &after.manage_from),
        compare("transferable", transferable, &after.transferable),
        compare("rate", rate, &after.rate),
        compare("sources", sources, &after.sources),
        compare("log_use", log_use, &after.log_use),
        compare("https_only", https_only, &after.https_only),
        compare("revoked_shown", revoked_shown, &after.revoked_shown),
        (*labels != after.labels).then(|| "the words of its pages are different".to_owned()),
    ];
    knobs.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use keyward_core::profile::built_in;

    fn profile() -> Profile {
        Profile::parse("keyward.toml", built_in("keyward").unwrap()).unwrap()
    }

    fn effect_on(after: &Profile, version: u32, in_use: u64) -> Effect {
        let before = profile();
        let in_use = before.kinds.iter().map(|kind| (kind.id.clone(), in_use)).collect();
        Effect {
            text: RecordedProfile::new("keyward", version, "another text"),
            from_version: Some(1),
            same_text: false,
            kinds: kinds(Some(&before), after, &in_use),
        }
    }

    #[test]
    fn the_same_kinds_are_no_effect() {
        assert_eq!(effect_on(&profile(), 2, 5).kinds, []);
    }

    #[test]
    fn a_changed_kind_says_what_is_different() {
        let mut after = profile();
        let changed = Arc::make_mut(&mut after.kinds[0]);
        changed.https_only = !changed.https_only;
        changed.revoked_shown = !changed.revoked_shown;
        let effect = effect_on(&after, 2, 5);
        let [kind] = &effect.kinds[..] else { panic!("{effect:?}") };
        assert_eq!((kind.change, kind.credentials, kind.details.len()), (KindChange::Changed, 5, 2));
        assert!(kind.details[0].starts_with("`https_only` was"), "{:?}", kind.details);
        assert!(effect.must_be_possible().is_ok());
    }

    #[test]
    fn a_kind_in_use_cannot_be_removed() {
        let mut after = profile();
        let removed = after.kinds.remove(0);
        let effect = effect_on(&after, 2, 5);
        assert_eq!(effect.kinds[0].change, KindChange::Removed);
        let refused = effect.must_be_possible().unwrap_err();
        assert_eq!(refused.code, ErrorCode::ProfileConflict);
        assert!(refused.fields[0].message.contains(removed.id.as_str()), "{refused:?}");
        assert!(effect_on(&after, 2, 0).must_be_possible().is_ok());
    }

    #[test]
    fn all_kinds_of_a_new_profile_are_added() {
        let after = profile();
        let added = kinds(None, &after, &BTreeMap::new());
        assert_eq!(added.len(), after.kinds.len());
        assert!(added.iter().all(|kind| kind.change == KindChange::Added && kind.credentials == 0));
    }

    #[test]
    fn another_text_needs_a_later_version() {
        let effect = effect_on(&profile(), 1, 0);
        assert_eq!(effect.must_be_possible().unwrap_err().code, ErrorCode::ProfileConflict);
        assert!(Effect { same_text: true, ..effect }.must_be_possible().is_ok());
        assert!(effect_on(&profile(), 2, 0).must_be_possible().is_ok());
    }
}
