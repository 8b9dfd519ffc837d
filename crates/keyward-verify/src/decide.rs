//! May this credential do that, there, now? One function, the first check that fails is the answer.
//!
//! The order is that of [`Check::ALL`], with one exception: when every kind that a presented text could belong to is for
//! https alone, plain http is refused before anything is looked up, so that the answer says nothing about the secret.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use keyward_core::access_token::AccessToken;
use keyward_core::credential::MAX_SLOTS;
use keyward_core::decision::{By, Check, Denial, Presented, Purpose, Reason, Request};
use keyward_core::digest::PepperVersion;
use keyward_core::id::CredentialId;
use keyward_core::kind::{Authority, Kind};
use keyward_core::namespace::NamespaceId;
use keyward_core::rights::{self, Facts as _, Holding};
use keyward_core::seal::Binding;
use keyward_core::secret::Secret;
use keyward_core::signed::{Proof, Signed, SignedForm, SignedMessage};
use keyward_core::time::Timestamp;

use crate::catalogue::{Form, Issued, may_carry, may_carry_token};
use crate::explain::{Explanation, Notes, Outcome, Recorder, Unheard};
use crate::permit::{Decision, Identity, Means, Owed, OwedNonce, Permit};
use crate::record::{Record, Standing};
use crate::snapshot::{CredentialView, Decoy, Snapshot};
use crate::world::World;
use crate::{apply, rate};

/// The time of a decision, read once by whoever asks.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// For expiry and grace.
    pub wall: Timestamp,
    /// Since the machine started, sleep included (`CLOCK_BOOTTIME`): for freshness.
    pub boot: Duration,
    /// For rate limits alone; may lag behind by milliseconds.
    pub coarse: Timestamp,
}

/// What an explanation is about.
#[derive(Clone, Copy)]
pub enum Subject<'a> {
    /// What a request carried.
    Presented(Presented<'a>),
    /// A credential by the id of its record. Checks of the secret and of how it is sent do not apply.
    Credential(CredentialId),
    /// Who was admitted earlier and is still at it: whether the same request would be admitted now. What was presented
    /// then is known to have been right.
    Admitted(&'a Identity),
}

impl Snapshot {
    /// Decides, and charges an allowed use to the rate limit. Never waits, and allocates for signed requests alone.
    pub fn decide(&self, presented: &Presented<'_>, request: &Request<'_>, now: Now) -> Decision {
        match judge(self, Subject::Presented(*presented), request, now, &mut Unheard) {
            Ok(permit) => Decision::Allow(permit),
            Err(denial) => Decision::Deny(denial),
        }
    }

    /// Whether who was admitted earlier would be admitted to the same request now; charges nothing to the rate limit.
    /// For what goes on after it was answered: streams, upgraded connections.
    pub fn still_admits(&self, identity: &Identity, request: &Request<'_>, now: Now) -> Result<(), Denial> {
        judge(self, Subject::Admitted(identity), request, now, &mut Unheard).map(drop)
    }

    /// Makes the same checks in the same way and lists them all. Charges nothing to the rate limit.
    pub fn explain(&self, subject: Subject<'_>, request: &Request<'_>, now: Now) -> Explanation {
        let mut notes = Notes::default();
        let denial = judge(self, subject, request, now, &mut notes).err();
        notes.into_explanation(self.revision, denial)
    }
}

fn judge(
    snapshot: &Snapshot,
    subject: Subject<'_>,
    request: &Request<'_>,
    now: Now,
    recorder: &mut impl Recorder,
) -> Result<Permit, Denial> {
    let issued = match &subject {
        Subject::Presented(presented) => Issued::open(&snapshot.ring, presented),
        Subject::Credential(_) | Subject::Admitted(_) => Issued::Nothing,
    };
    let mut checks = Checks { snapshot, request, now, recorder };
    let found = match subject {
        Subject::Presented(presented) => checks.identify(&presented, &issued)?,
        Subject::Credential(id) => checks.look_up(id, How::Unpresented)?,
        Subject::Admitted(identity) => checks.look_up(identity.credential, How::Admitted(identity))?,
    };
    checks.window(&found)?;
    checks.presentation(&found)?;
    checks.validity(&found)?;
    checks.origin(&found)?;
    checks.rights(&found)?;
    checks.rate(&found)?;
    let (credential, holding) = (&found.credential, &found.holding);
    let identity = Identity {
        organization: credential.organization(),
        credential: holding.id,
        public_id: credential.particulars().public_id.clone(),
        kind: credential.kind_name().clone(),
        owner: holding.owner,
        namespace: holding.namespace,
        means: found.how.means(),
        slot: found.secret.slot,
        slot_ends_at: found.secret.ends_at,
        pepper: found.secret.pepper,
        generation: credential.generation(),
        token_ends_at: found.how.token().map(|token| token.expires_at),
        narrowed: found.how.token().is_some_and(AccessToken::is_narrowed),
        revision: snapshot.revision,
    };
    let nonce = found.how.signed().map(|signed| OwedNonce { digest: signed.nonce_digest(), until: signed.until });
    Ok(Permit::new(identity, Owed { log_use: holding.kind.log_use, nonce }))
}

struct Checks<'a, R> {
    snapshot: &'a Snapshot,
    request: &'a Request<'a>,
    now: Now,
    recorder: &'a mut R,
}

/// The credential in question.
struct Found<'a> {
    credential: CredentialView<'a>,
    holding: Holding<'a>,
    world: World<'a>,
    /// The secret that was presented; the current one when a credential is judged without a secret.
    secret: Matched,
    how: How<'a>,
}

/// What stands for the credential in this decision.
#[derive(Clone, Copy)]
enum How<'a> {
    /// Its secret, and how that travelled.
    Secret(By<'a>),
    /// An access token of it, and how that travelled.
    Token(&'a AccessToken, By<'a>),
    /// A signature made with its secret or its key pair.
    Signed(&'a Signed<'a>, By<'a>),
    /// Nothing: it is judged as such.
    Unpresented,
    /// What was admitted earlier.
    Admitted(&'a Identity),
}

impl<'a> How<'a> {
    fn token(&self) -> Option<&'a AccessToken> {
        match self {
            How::Token(token, _) => Some(token),
            _ => None,
        }
    }

    fn signed(&self) -> Option<&'a Signed<'a>> {
        match self {
            How::Signed(signed, _) => Some(signed),
            _ => None,
        }
    }

    fn means(&self) -> Means {
        match self {
            How::Secret(_) | How::Unpresented => Means::Secret,
            How::Token(..) => Means::Token,
            How::Signed(Signed { proof: Proof::Form(_), .. }, _) => Means::SignedForm,
            How::Signed(Signed { proof: Proof::Jwt(_), .. }, _) => Means::SignedJwt,
            How::Admitted(identity) => identity.means,
        }
    }
}

/// Which of a credential's secrets was presented.
#[derive(Clone, Copy)]
struct Matched {
    slot: u32,
    pepper: PepperVersion,
    ends_at: Option<Timestamp>,
}

impl<'a, R: Recorder> Checks<'a, R> {
    /// Well-formed, fresh, known, secret: from a presented text to a credential.
    fn identify(&mut self, presented: &Presented<'a>, issued: &'a Issued) -> Result<Found<'a>, Denial> {
        let Some(formed) = self.snapshot.catalogue.read(presented, issued) else {
            let fact = || "no kind of credential has this length, these characters and this checksum".into();
            return Err(self.fail(Check::WellFormed, Reason::Malformed, fact));
        };
        self.pass(Check::WellFormed, || "it looks like a credential".into());
        self.fresh()?;
        if formed.https_only && !self.request.secure {
            let fact = || "plain http, and whatever it is must only be sent over https: nothing was looked up".into();
            return Err(self.fail(Check::Transport, Reason::InsecureTransport, fact));
        }
        let by = presented.by();
        let ((credential, secret), how) = match formed.form {
            Form::Pair { id, secret } => (self.confirm(id, secret), How::Secret(by)),
            Form::Bare { token } => (self.find_by_digest(token), How::Secret(by)),
            Form::Issued(Some(token)) => (self.find_issued(token), How::Token(token, by)),
            Form::Issued(None) => ((None, None), How::Unpresented),
            Form::Signed(signed) => (self.confirm_signed(signed), How::Signed(signed, by)),
        };
        let Some((credential, world)) = credential else {
            let fact = || "no credential of a known kind and organization has this id".into();
            return Err(self.fail(Check::Known, Reason::Unknown, fact));
        };
        self.known(&credential);
        let Some(secret) = secret else {
            return Err(self.fail(Check::Secret, Reason::Unknown, || "the secret is none of the credential's".into()));
        };
        self.pass(Check::Secret, || match how {
            How::Token(..) => "it is an access token that was issued for it".into(),
            How::Signed(..) => "it was signed with what belongs to it".into(),
            _ => format!("it is secret number {}", secret.slot),
        });
        Ok(Found { holding: credential.holding(), credential, world, secret, how })
    }

    /// The same without a secret, from the id of the record.
    fn look_up(&mut self, id: CredentialId, how: How<'a>) -> Result<Found<'a>, Denial> {
        self.skip(Check::WellFormed, NO_SECRET);
        self.fresh()?;
        let number = self.snapshot.record_number(id);
        let Some((credential, world)) = number.and_then(|number| self.known_record(number)) else {
            return Err(self.fail(Check::Known, Reason::Unknown, || format!("no credential `{id}`")));
        };
        self.known(&credential);
        self.skip(Check::Secret, NO_SECRET);
        let secret = match how {
            How::Admitted(identity) => of_slot(&credential, identity.slot, identity.pepper),
            _ => self.current(&credential),
        };
        Ok(Found { holding: credential.holding(), credential, world, secret, how })
    }

    /// The current secret, where it is not presented itself.
    fn current(&self, credential: &CredentialView<'_>) -> Matched {
        let pepper = self.snapshot.ring.current_version();
        Matched { slot: credential.particulars().slot, pepper, ends_at: None }
    }

    /// Finds the credential of an access token. The seal has proved the statement already.
    fn find_issued(&self, token: &AccessToken) -> (Known<'a>, Option<Matched>) {
        let number = self.snapshot.record_number(token.credential);
        let known = number.and_then(|number| self.known_record(number));
        let matched = known.as_ref().map(|(credential, _)| self.current(credential));
        (known, matched)
    }

    /// Finds by id, and confirms the signature. An id that is not known, or has nothing to sign with, costs the same:
    /// opening sealed texts and signing, or checking a signature with a public key.
    fn confirm_signed(&self, signed: &Signed<'_>) -> (Known<'a>, Option<Matched>) {
        let known = self.snapshot.record_number_by_public_id(signed.id).and_then(|number| self.known_record(number));
        let credential = known.as_ref().map(|(credential, _)| credential);
        let matched = match &signed.proof {
            Proof::Form(form) => self.signed_with_secret(credential, form),
            Proof::Jwt(message) => self.signed_with_key_pair(credential, message),
        };
        (known, matched)
    }

    /// With which of the credential's secrets a form was signed. Tries as many as a credential can have, always.
    fn signed_with_secret(&self, credential: Option<&CredentialView<'_>>, form: &SignedForm<'_>) -> Option<Matched> {
        let decoy = &self.snapshot.decoy;
        let mut sealed = credential.into_iter().flat_map(CredentialView::all_sealed);
        let mut matched = None;
        for _ in 0..MAX_SLOTS {
            let own = credential.zip(sealed.next());
            let (binding, text) = match own {
                Some((credential, (_, text))) => (binding_of(credential), Some(text)),
                None => (decoy.binding, decoy.sealed.as_ref()),
            };
            let secret = text.and_then(|text| self.snapshot.ring.open(binding, text).ok());
            let signs = form.is_signed_with(secret.as_ref().map_or(Decoy::SECRET, Secret::expose));
            let own = own.filter(|_| signs && secret.is_some());
            let version = self.snapshot.ring.current_version();
            matched = matched.or(own.map(|(credential, (slot, _))| of_slot(credential, slot, version)));
        }
        matched
    }

    /// Whether a message was signed with the credential's key pair, which has no slot of its own.
    fn signed_with_key_pair(
        &self,
        credential: Option<&CredentialView<'_>>,
        message: &SignedMessage<'_>,
    ) -> Option<Matched> {
        let own = credential.and_then(CredentialView::public_key);
        let key = own.or(self.snapshot.decoy.public_key.as_ref());
        let confirmed = key.is_some_and(|key| key.confirms(message)) && own.is_some();
        credential.filter(|_| confirmed).map(|credential| self.current(credential))
    }

    fn fresh(&mut self) -> Result<(), Denial> {
        let (until, now) = (self.snapshot.fresh_until, self.now.boot);
        self.require(Check::Fresh, until.is_none_or(|until| now < until), Reason::Stale, || match until {
            None => "this node is the only one".into(),
            Some(until) if now < until => format!("for {:?} more without news", until.saturating_sub(now)),
            Some(until) => format!("without news for {:?} too long", now.saturating_sub(until)),
        })
    }

    /// Finds by id, and confirms the secret. An id that is not known costs the same hashes and comparisons.
    fn confirm(&self, id: &str, secret: &str) -> (Known<'a>, Option<Matched>) {
        let known = self.snapshot.record_number_by_public_id(id).and_then(|number| self.known_record(number));
        let mut matched = None;
        for version in &*self.snapshot.peppers {
            let Some(pepper) = self.snapshot.ring.pepper(*version) else { continue };
            let digest = pepper.digest(id, secret);
            let found = match &known {
                Some((credential, _)) => matching(credential, *version, &digest),
                None => UNKNOWN.confirms(&digest).then_some(Matched::NONE),
            };
            matched = matched.or(found);
        }
        (known, matched)
    }

    /// Finds by the digest of the whole text, which proves it as well.
    fn find_by_digest(&self, token: &str) -> (Known<'a>, Option<Matched>) {
        let snapshot = self.snapshot;
        for version in &*snapshot.peppers {
            let Some(pepper) = snapshot.ring.pepper(*version) else { continue };
            let digest = pepper.digest_token(token);
            let mut found = None;
            snapshot.by_digest.find(apply::digest_hash(&digest), |number| {
                let known = self.known_record(number);
                let matched = known.as_ref().and_then(|(credential, _)| matching(credential, *version, &digest));
                found = known.zip(matched);
                found.is_some()
            });
            if let Some((known, matched)) = found {
                return (Some(known), Some(matched));
            }
        }
        (None, None)
    }

    fn known_record(&self, number: u32) -> Known<'a> {
        let credential = self.snapshot.view(number)?;
        Some((credential, credential.world(number)?))
    }

    fn known(&mut self, credential: &CredentialView<'_>) {
        self.recorder.found(credential.organization(), credential.id());
        self.pass(Check::Known, || format!("it is `{}` of kind `{}`", credential.id(), credential.kind_name()));
    }

    /// Whether a signed request holds at this time.
    fn window(&mut self, found: &Found<'_>) -> Result<(), Denial> {
        let Some(signed) = found.how.signed() else {
            self.skip(Check::Window, "nothing was signed");
            return Ok(());
        };
        let now = self.now.wall;
        self.require(Check::Window, signed.from <= now && now < signed.until, Reason::OutOfWindow, || {
            format!("it holds from {} to {}; it is {now}", signed.from, signed.until)
        })
    }

    /// Carrier and use.
    fn presentation(&mut self, found: &Found<'_>) -> Result<(), Denial> {
        let kind = found.holding.kind;
        let carried = match found.how {
            How::Secret(by) | How::Signed(_, by) => Some((by, may_carry(kind, by))),
            How::Token(_, by) => Some((by, may_carry_token(kind, by))),
            How::Unpresented | How::Admitted(_) => None,
        };
        match carried {
            Some((by, allowed)) => self.require(Check::Carrier, allowed, Reason::WrongCarrier, || match by {
                By::Vouched => "how it travelled is vouched for".into(),
                by => format!("it travelled as {by:?}; its kind allows {:?}", kind.present),
            })?,
            None => self.skip(Check::Carrier, NO_SECRET),
        }
        let exchanged = kind.usage.token_lifetime().is_some();
        let allowed = match (found.how.means(), self.request.purpose) {
            // A token is what comes of an exchange, not what can be exchanged.
            (Means::Token, purpose) => exchanged && purpose == Purpose::Direct,
            (_, Purpose::Direct) => kind.usage.allows_direct(),
            (_, Purpose::Exchange) => exchanged,
        };
        let purpose = self.request.purpose;
        self.require(Check::Use, allowed, Reason::WrongUse, || {
            format!("it is for {purpose:?} use; its kind allows {:?}", kind.usage)
        })
    }

    /// Organization, state, slot, expiry, owner.
    fn validity(&mut self, found: &Found<'_>) -> Result<(), Denial> {
        let (now, world, credential) = (self.now.wall, &found.world, &found.credential);
        let suspended_at = world.record().suspended_at;
        self.require(
            Check::Organization,
            suspended_at.is_none(),
            Reason::OrganizationSuspended,
            || match suspended_at {
                None => format!("`{}` is active", world.organization()),
                Some(at) => format!("`{}` is suspended since {at}", world.organization()),
            },
        )?;
        let standing = credential.standing();
        let reason = if standing == Standing::Disabled { Reason::Disabled } else { Reason::Revoked };
        self.require(Check::State, standing == Standing::Active, reason, || match standing {
            Standing::Active => "it is active".into(),
            Standing::Disabled => "it is disabled".into(),
            Standing::Revoked => "it is revoked".into(),
        })?;
        self.slot(found)?;
        let own = credential.expires_at();
        let token_ends_at = match found.how {
            How::Token(token, _) => Some(token.expires_at),
            How::Admitted(identity) => identity.token_ends_at,
            _ => None,
        };
        let expires_at = [own, token_ends_at].into_iter().flatten().min();
        match expires_at {
            Some(end) => {
                self.require(Check::Expiry, now < end, Reason::Expired, || {
                    format!("it expires at {end}; it is {now}")
                })?;
            }
            None => self.skip(Check::Expiry, "it never expires"),
        }
        self.owner(found)
    }

    fn slot(&mut self, found: &Found<'_>) -> Result<(), Denial> {
        let issued = match found.how {
            How::Token(token, _) => Some(token.generation),
            How::Admitted(identity) if identity.means == Means::Token => Some(identity.generation),
            _ => None,
        };
        if let Some(issued) = issued {
            let current = found.credential.generation();
            return self.require(Check::Slot, issued == current, Reason::Replaced, || {
                format!("the token is of generation {issued}, the credential of {current}")
            });
        }
        let without_secret = match found.how {
            How::Unpresented => Some(NO_SECRET),
            how if how.means() == Means::SignedJwt => Some("its key pair is never replaced"),
            _ => None,
        };
        if let Some(why) = without_secret {
            self.skip(Check::Slot, why);
            return Ok(());
        }
        let (now, ends_at) = (self.now.wall, found.secret.ends_at);
        self.require(Check::Slot, ends_at.is_none_or(|end| now < end), Reason::Replaced, || match ends_at {
            None => "it is the current secret".into(),
            Some(end) => format!("the secret was replaced; its grace ends at {end}"),
        })
    }

    fn owner(&mut self, found: &Found<'_>) -> Result<(), Denial> {
        if !found.holding.kind.is_live() {
            self.skip(Check::Owner, "its kind does not depend on an owner");
            return Ok(());
        }
        let owner = found.holding.owner;
        let active = owner.and_then(|owner| found.world.member(owner)).is_some_and(|member| member.active);
        self.require(Check::Owner, active, Reason::OwnerInactive, || match owner {
            Some(owner) if active => format!("`{owner}` is an active member"),
            Some(owner) => format!("`{owner}` is suspended or no member"),
            None => "it has no owner".into(),
        })
    }

    /// Transport and source address.
    fn origin(&mut self, found: &Found<'_>) -> Result<(), Denial> {
        // A signed request carries nothing that could be stolen on the way.
        if found.holding.kind.https_only && !found.how.means().is_signature() {
            let secure = self.request.secure;
            self.require(Check::Transport, secure, Reason::InsecureTransport, || {
                if secure { "https".into() } else { "plain http, and its kind is for https alone".into() }
            })?;
        } else {
            self.skip(Check::Transport, "it may be sent over plain http");
        }
        let own = found.credential.particulars().extra.as_ref().map_or(&[][..], |extra| &extra.sources);
        let general = &found.world.record().sources[..];
        if own.is_empty() && general.is_empty() {
            self.skip(Check::Source, "neither credential nor organization lists networks");
            return Ok(());
        }
        // An IPv4 client of a listener that speaks IPv6 is still that IPv4 client.
        let source = self.request.source.map(|address| address.to_canonical());
        let allowed = source.is_some_and(|address| is_listed(own, address) && is_listed(general, address));
        self.require(Check::Source, allowed, Reason::SourceNotAllowed, || match source {
            Some(address) => {
                format!("from {address}; listed by the credential {own:?}, by the organization {general:?}")
            }
            None => "from an address that is not known, although networks are listed".into(),
        })
    }

    /// Denials, reach, grants, owner's rights: [`rights::credential_allow`], one by one.
    fn rights(&mut self, found: &Found<'_>) -> Result<(), Denial> {
        let Found { world, holding, .. } = found;
        let Request { permission, groups, .. } = *self.request;
        let token = found.how.token();
        let at = self.request.namespace.unwrap_or_else(|| world.organization().into());
        let denied = holding.kind.deny.refuse(permission, groups) || holding.denied.refuse(permission, groups);
        self.require(Check::Denials, !denied, Reason::Denied, || {
            let asked = permission.unwrap_or("no permission");
            let verdict = if denied { "denied by its kind or by what made it" } else { "nothing of it is denied" };
            format!("{asked}, API groups {groups:?}: {verdict}")
        })?;
        match token {
            Some(AccessToken { scope, .. }) if !scope.is_everything() => {
                let includes = permission.is_none_or(|permission| scope.includes(permission));
                self.require(Check::Scope, includes, Reason::OutOfScope, || {
                    format!("the token was issued for {scope:?}")
                })?;
            }
            _ => self.skip(Check::Scope, "no scope narrows it"),
        }
        // A credential whose namespace was deleted reaches nothing, whatever it was granted elsewhere.
        let reached = rights::exists(world, holding.namespace)
            && token.is_none_or(|token| self.counts_at(token, at))
            && rights::reaches(world, holding, at, permission);
        self.require(Check::Reach, reached, Reason::OutOfReach, || {
            format!("`{at}` is {} the reach of a credential of `{}`", within(reached), holding.namespace)
        })?;
        let Some(permission) = permission else {
            self.skip(Check::Grants, NO_PERMISSION);
            self.skip(Check::OwnerRights, NO_PERMISSION);
            return Ok(());
        };
        self.grants(found, at, permission)?;
        if !holding.kind.is_live() {
            self.skip(Check::OwnerRights, "its kind does not depend on an owner");
            return Ok(());
        }
        let allowed = rights::owner_allows(world, holding, at, permission);
        self.require(Check::OwnerRights, allowed, Reason::OwnerLacks, || {
            format!("`{permission}` at `{at}` is {} what its owner may do now", within(allowed))
        })
    }

    /// Whether a token counts at a place. As for credentials that are confined to one place: who asks for authentication
    /// alone, and names none, asks for no place.
    fn counts_at(&self, token: &AccessToken, at: NamespaceId) -> bool {
        let asks_nowhere = self.request.permission.is_none() && self.request.namespace.is_none();
        token.namespace.is_none_or(|only| only == at || asks_nowhere)
    }

    fn grants(&mut self, found: &Found<'_>, at: NamespaceId, permission: &str) -> Result<(), Denial> {
        let Found { world, holding, .. } = found;
        if !holds_roles(holding.kind) {
            self.skip(Check::Grants, "its kind holds no roles of its own");
            return Ok(());
        }
        let allowed = rights::own_grants_allow(world, holding, at, permission);
        self.require(Check::Grants, allowed, Reason::NotGranted, || {
            format!("`{permission}` at `{at}` is {} what its roles give", within(allowed))
        })
    }

    /// Last, so that only what is allowed otherwise counts.
    fn rate(&mut self, found: &Found<'_>) -> Result<(), Denial> {
        let Some(limit) = found.holding.kind.rate else {
            self.skip(Check::Rate, "its kind has no rate limit");
            return Ok(());
        };
        if matches!(found.how, How::Admitted(_)) {
            self.skip(Check::Rate, "it was counted when it was admitted");
            return Ok(());
        }
        let word = &found.credential.record().rate;
        let charge = if R::IS_USE { rate::charge } else { rate::peek };
        match charge(word, limit, self.now.coarse) {
            Ok(()) => {
                self.pass(Check::Rate, || format!("within {} uses in {:?}", limit.count, limit.window));
                Ok(())
            }
            Err(wait) => {
                let fact = || format!("more than {} uses in {:?}: free again in {wait:?}", limit.count, limit.window);
                let denial = self.fail(Check::Rate, Reason::RateLimited, fact);
                Err(Denial { retry_after: Some(wait), ..denial })
            }
        }
    }

    fn require(
        &mut self,
        check: Check,
        holds: bool,
        reason: Reason,
        fact: impl FnOnce() -> String,
    ) -> Result<(), Denial> {
        if !holds {
            return Err(self.fail(check, reason, fact));
        }
        self.pass(check, fact);
        Ok(())
    }

    fn pass(&mut self, check: Check, fact: impl FnOnce() -> String) {
        self.recorder.note(check, Outcome::Passed, fact);
    }

    fn fail(&mut self, check: Check, reason: Reason, fact: impl FnOnce() -> String) -> Denial {
        self.recorder.note(check, Outcome::Failed, fact);
        reason.into()
    }

    fn skip(&mut self, check: Check, why: &'static str) {
        self.recorder.note(check, Outcome::NotApplicable, || why.into());
    }
}

/// A credential of a known kind and organization, with the facts about its rights.
type Known<'a> = Option<(CredentialView<'a>, World<'a>)>;

impl Matched {
    const NONE: Matched = Matched { slot: 0, pepper: PepperVersion::new(0), ends_at: None };
}

/// Which secret of the credential has this digest, the current one or one that was replaced.
fn matching(credential: &CredentialView<'_>, version: PepperVersion, digest: &[u8; 32]) -> Option<Matched> {
    let particulars = credential.particulars();
    let extra = particulars.extra.as_deref();
    if credential.record().confirms(digest) {
        let ends_at = extra.and_then(|extra| extra.ends_at);
        return Some(Matched { slot: particulars.slot, pepper: version, ends_at });
    }
    let replaced = extra?.replaced.iter().find(|old| old.digest.confirms(digest))?;
    Some(Matched { slot: replaced.slot, pepper: version, ends_at: Some(replaced.ends_at) })
}

/// A secret of the credential by its number, as long as it is kept; one that is gone has ended.
fn of_slot(credential: &CredentialView<'_>, slot: u32, pepper: PepperVersion) -> Matched {
    let particulars = credential.particulars();
    let extra = particulars.extra.as_deref();
    let gone = Some(Timestamp::from_micros(i64::MIN));
    let ends_at = if particulars.slot == slot {
        extra.and_then(|extra| extra.ends_at)
    } else {
        extra.and_then(|extra| extra.replaced.iter().find(|old| old.slot == slot)).map_or(gone, |old| Some(old.ends_at))
    };
    Matched { slot, pepper, ends_at }
}

fn binding_of(credential: &CredentialView<'_>) -> Binding {
    Binding::CredentialSecret { organization: credential.organization(), credential: credential.id() }
}

fn is_listed(networks: &[IpNet], address: IpAddr) -> bool {
    networks.is_empty() || networks.iter().any(|network| network.contains(&address))
}

fn holds_roles(kind: &Kind) -> bool {
    matches!(kind.authority, Authority::Roles { .. } | Authority::Group)
}

fn within(holds: bool) -> &'static str {
    if holds { "within" } else { "beyond" }
}

/// What a secret for an unknown id is compared with.
static UNKNOWN: Record = Record::vacant();

const NO_SECRET: &str = "judged without a secret";
const NO_PERMISSION: &str = "no permission is asked for";
