//! Why a credential is ended: how dialogs ask it, and how pages tell it.

use keyward_core::credential::RevokeReason;

use super::gate::Fields;

/// The field of a dialog.
const WHY: &str = "why";

/// A reason that may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Why {
    pub(super) value: &'static str,
    pub(super) words: &'static str,
    pub(super) chosen: bool,
}

/// What a form gave as the reason; the usual one where it gave none that is known.
pub(super) fn given(fields: &Fields) -> RevokeReason {
    let [usual, ..] = RevokeReason::GIVEN;
    RevokeReason::GIVEN.into_iter().find(|reason| reason.as_str() == fields.text(WHY)).unwrap_or(usual)
}

/// What a dialog offers.
pub(super) fn offered(chosen: RevokeReason) -> Vec<Why> {
    let offer = |reason: RevokeReason| {
        let words = match reason {
            RevokeReason::Compromised => "It leaked, or may have been in wrong hands",
            RevokeReason::Superseded => "A newer one took its place",
            _ => "It is not needed any more",
        };
        Why { value: reason.as_str(), words, chosen: reason == chosen }
    };
    RevokeReason::GIVEN.into_iter().map(offer).collect()
}

/// The end of a sentence that says that it was revoked. Nothing where nothing special was the matter.
pub(super) const fn because(reason: RevokeReason) -> &'static str {
    match reason {
        RevokeReason::Requested => "",
        RevokeReason::Compromised => ", because it may have been in wrong hands",
        RevokeReason::Superseded => ", because a newer one took its place",
        RevokeReason::OwnerRemoved => ", because its owner left",
        RevokeReason::NamespaceDeleted => ", with the namespace where it lived",
        RevokeReason::AncestorRevoked => ", with the credential that had made it",
    }
}

/// The same for a reason as an entry of the log keeps it.
pub(super) fn because_of(kept: &str) -> &'static str {
    RevokeReason::GIVEN.into_iter().find(|reason| reason.as_str() == kept).map_or("", because)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_offered_in_words_of_its_own_and_the_chosen_one_is_marked() {
        let offered = offered(RevokeReason::Superseded);
        let words: std::collections::BTreeSet<_> = offered.iter().map(|why| why.words).collect();
        assert_eq!(words.len(), RevokeReason::GIVEN.len());
        let chosen: Vec<_> = offered.iter().filter(|why| why.chosen).map(|why| why.value).collect();
        assert_eq!(chosen, ["superseded"]);
    }

    #[test]
    fn what_the_log_keeps_is_told_as_on_the_page() {
        assert_eq!(because_of("compromised"), because(RevokeReason::Compromised));
        assert_eq!((because_of("requested"), because_of("of_old")), ("", ""));
    }
}
