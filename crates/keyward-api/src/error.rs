//! The closed catalogue of everything that can go wrong over the native API, and the RFC 9457 body that says so.
//!
//! Clients branch on `code` alone; title and detail are for people and may change.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use keyward_core::decision::Reason;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::sample::{self, Sample};
use crate::schema;
use crate::values::Open;

macro_rules! catalogue {
    ($($(#[doc = $doc:literal])* $name:ident = $code:literal, $status:literal, $title:literal, $sentence:literal;)*) => {
        /// Everything that can go wrong. Append only: a code, once published, keeps its meaning and its status.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ErrorCode { $($(#[doc = $doc])* $name,)* }

        impl ErrorCode {
            /// Every code, in the order of the reference.
            pub const ALL: &[ErrorCode] = &[$(ErrorCode::$name),*];

            /// As it stands in answers.
            pub const fn as_str(self) -> &'static str {
                match self { $(ErrorCode::$name => $code),* }
            }

            /// The HTTP status that goes with it, always the same.
            pub const fn status(self) -> u16 {
                match self { $(ErrorCode::$name => $status),* }
            }

            /// What went wrong, in a few words that do not depend on the occurrence.
            pub const fn title(self) -> &'static str {
                match self { $(ErrorCode::$name => $title),* }
            }

            /// What it means and what to do about it.
            pub const fn sentence(self) -> &'static str {
                match self { $(ErrorCode::$name => $sentence),* }
            }

            /// The stable name of the problem type (RFC 9457, section 3.1.1).
            pub const fn urn(self) -> &'static str {
                match self { $(ErrorCode::$name => concat!("urn:keyward:problem:", $code)),* }
            }
        }
    };
}

catalogue! {
    // The request cannot be read.
    /// Not JSON.
    MalformedJson = "malformed_json", 400, "The body is not JSON",
        "the body breaks off or is not JSON: correct it at the line and column that `detail` names";
    /// A field that the request does not have.
    UnknownField = "unknown_field", 400, "Unknown field",
        "the request has no such field or parameter: correct its name or leave it out";
    /// A field that is given twice.
    DuplicateField = "duplicate_field", 400, "Duplicate field",
        "a field or parameter is given twice, and readers would disagree about which one counts: give it once";
    /// A field that must be there.
    MissingField = "missing_field", 400, "Missing field",
        "a field that the request needs is missing: add it";
    /// A field with a value of the wrong type, form or range.
    InvalidValue = "invalid_value", 400, "Invalid value",
        "a value has the wrong type, form or range: `errors` says which one and what is allowed";
    /// A path or parameter that is no identifier of the wanted type.
    InvalidId = "invalid_id", 400, "Invalid identifier",
        "the text is not an identifier of this type: use the one that Keyward answered when the thing was created";
    /// A text that is neither permission nor pattern.
    InvalidPermission = "invalid_permission", 400, "Invalid permission",
        "write permissions as `resource:action`; patterns may also be `resource:*` and `*`";
    /// A cursor that was not issued for this list and these filters.
    InvalidCursor = "invalid_cursor", 400, "Invalid cursor",
        "the cursor does not belong to this list with these filters: begin again without `cursor`";
    /// More items a page than there may be.
    PageTooLarge = "page_too_large", 400, "Page too large",
        "`limit` may be 1 to 200 (1 to 1000 for changes): follow `next` for more";
    /// More requests in one body than there may be.
    BatchTooLarge = "batch_too_large", 400, "Batch too large",
        "a batch may hold 1 to 100 requests: split it";
    /// A header that Keyward reads and cannot.
    InvalidHeader = "invalid_header", 400, "Invalid header",
        "a header is given twice or is not what it has to be: `detail` names it";
    /// An organization must be named.
    OrganizationRequired = "organization_required", 400, "Organization required",
        "you belong to several organizations: name the one that you mean in the header `Keyward-Organization`";
    /// More than one credential.
    TwoCredentials = "two_credentials", 400, "Two credentials",
        "the request carries more than one credential, and guessing would be wrong: send exactly one";
    /// A method that the path does not have.
    MethodNotAllowed = "method_not_allowed", 405, "Method not allowed",
        "the path exists, but not with this method: the header `Allow` lists those it has";
    /// A representation that the server does not have.
    NotAcceptable = "not_acceptable", 406, "Not acceptable",
        "the answer cannot be had in a type that `Accept` names: accept `application/json`";
    /// A body that did not arrive.
    RequestTimeout = "request_timeout", 408, "Request not received in time",
        "the request took too long to arrive, and nothing was done: send it again";
    /// A body of unknown length, where one is needed.
    BodyTooLarge = "body_too_large", 413, "Body too large",
        "the body is larger than this operation reads: `detail` names the limit";
    /// A path and query that are too long.
    TargetTooLong = "target_too_long", 414, "Path or query too long",
        "path and query together are longer than 4096 bytes: shorten the filters";
    /// A body of another type.
    WrongContentType = "wrong_content_type", 415, "Wrong content type",
        "send the body as `application/json`, uncompressed and in UTF-8";
    /// Headers that are too large.
    HeaderTooLarge = "header_too_large", 431, "Headers too large",
        "the headers together are larger than 16 KiB: send fewer or shorter ones";

    // Who asks.
    /// No credential.
    Unauthenticated = "unauthenticated", 401, "Not authenticated",
        "the request carries no credential: send one as `Authorization: Bearer …`";
    /// A credential that is not accepted.
    InvalidCredential = "invalid_credential", 401, "Credential not accepted",
        "the credential is unknown, was sent wrongly or can no longer be used: `reason` says more where the secret was right";
    /// E-mail and password do not belong together.
    SignInFailed = "sign_in_failed", 401, "Sign-in failed",
        "e-mail and password do not belong together: try again, or ask an operator for a new invitation";
    /// Not the caller's password.
    WrongPassword = "wrong_password", 403, "Wrong password",
        "the current password is another one, or was changed a moment ago: try again";
    /// A code is missing.
    SecondFactorRequired = "second_factor_required", 401, "Second factor required",
        "the password is right, and this user also has a second factor: repeat it with `code`, a current code or a recovery code";
    /// Not a code that counts.
    WrongCode = "wrong_code", 403, "Wrong code",
        "the code is another one, is too old or was used already: wait for the next one, or use a recovery code";
    /// A session that ended.
    SessionEnded = "session_ended", 401, "Session ended",
        "the session has expired or was ended: sign in again";
    /// Only for signed-in users.
    SessionRequired = "session_required", 403, "Session required",
        "no credential may do this, only a signed-in user: use the console or the token of a session";
    /// Only right after signing in.
    FreshSignInRequired = "fresh_sign_in_required", 403, "Fresh sign-in required",
        "this needs a sign-in within the last minutes: sign in again and repeat it";
    /// Only for operators.
    OperatorRequired = "operator_required", 403, "Operator required",
        "only an operator of the deployment may do this";
    /// Only for super admins.
    SuperAdminRequired = "super_admin_required", 403, "Super admin required",
        "only a super admin of the organization may do this with this kind of credential";
    /// A permission is missing.
    PermissionDenied = "permission_denied", 403, "Permission denied",
        "the caller does not hold the permission that this takes here: `detail` names it";
    /// The caller's kind can never do this.
    DeniedKind = "denied_kind", 403, "Denied to this kind of credential",
        "credentials of the caller's kind can never do this, whatever they are granted: use a signed-in user or another kind";
    /// The law of no amplification.
    ExceedsOwnRights = "exceeds_own_rights", 403, "Exceeds your own rights",
        "nobody can give what they do not hold: `detail` names what exceeds your rights";
    /// Only for the owner.
    OwnerOnly = "owner_only", 403, "Only for the owner",
        "the credential acts with its owner's rights, so only they may do this; others may disable or revoke it";
    /// The caller's address is not listed.
    SourceNotAllowed = "source_not_allowed", 403, "Address not allowed",
        "the credential may not be used from this address: use it from a listed network";
    /// A secret over plain http.
    InsecureTransport = "insecure_transport", 403, "Insecure transport",
        "this credential may only be sent over https: treat it as exposed, rotate it, and use https";
    /// The organization is suspended.
    OrganizationSuspended = "organization_suspended", 403, "Organization suspended",
        "the organization is suspended: ask an operator of the deployment";
    /// The caller's membership is suspended.
    MemberSuspended = "member_suspended", 403, "Membership suspended",
        "your membership in the organization is suspended: ask one of its admins";
    /// The set-up token is not right.
    SetupTokenInvalid = "setup_token_invalid", 403, "Set-up token not accepted",
        "the set-up token is wrong or was replaced: use the one that the server printed last";
    /// The invitation is not right.
    InvitationInvalid = "invitation_invalid", 403, "Invitation not accepted",
        "the invitation is unknown, used, replaced or older than 72 hours: ask for a new one";

    // What it is about.
    /// No such thing, or none that the caller may see.
    NotFound = "not_found", 404, "Not found",
        "there is no such thing, or the caller may not see it";
    /// Not a host of this listener.
    MisdirectedRequest = "misdirected_request", 421, "Misdirected request",
        "this server does not answer for that host here: check address and configuration";

    // What stands against it now.
    /// The name is taken.
    NameTaken = "name_taken", 409, "Name taken",
        "the name, compared without regard to case, is used already: choose another";
    /// No more of it.
    LimitReached = "limit_reached", 409, "Limit reached",
        "there may be no more of these: revoke or delete one that is not needed any more";
    /// The role is held by somebody.
    RoleInUse = "role_in_use", 409, "Role in use",
        "users, groups or credentials hold the role: take the grants back first";
    /// The role comes from a profile.
    TemplateRoleReadOnly = "template_role_read_only", 409, "Role is read-only",
        "roles that a profile brings cannot be changed: create a role of your own with the patterns you need";
    /// The organization would be without super admin.
    LastSuperAdmin = "last_super_admin", 409, "Last super admin",
        "the organization would have no active super admin left: make somebody else super admin first";
    /// Credentials live in the namespace.
    NamespaceNotEmpty = "namespace_not_empty", 409, "Namespace not empty",
        "credentials live here and would be revoked: repeat with `confirm` set to the name of what is deleted";
    /// What was typed is not the name.
    ConfirmRequired = "confirm_required", 409, "Confirmation required",
        "this cannot be taken back: repeat it with `confirm` as `detail` says";
    /// Not possible in this state.
    WrongState = "wrong_state", 409, "Wrong state",
        "it is not in a state in which this can be done: `detail` names the state";
    /// The kind has no rotation.
    NeverRotates = "never_rotates", 409, "Cannot be rotated",
        "secrets of this kind cannot be replaced: create another credential and revoke this one";
    /// The kind keeps no secret.
    NotRevealable = "not_revealable", 409, "Cannot be revealed",
        "secrets of this kind are shown once: rotate the credential, or create another";
    /// The kind cannot be imported.
    NotTransferable = "not_transferable", 409, "Cannot be imported",
        "credentials of this kind stay where they were made: create another one there";
    /// Imported there already.
    AlreadyImported = "already_imported", 409, "Imported already",
        "the application has this credential already: edit its roles there";
    /// Held already.
    AlreadyGranted = "already_granted", 409, "Granted already",
        "the holder has this role at this namespace already";
    /// A member already.
    AlreadyMember = "already_member", 409, "Member already",
        "this user is a member already: edit their membership";
    /// The first operator exists.
    SetupDone = "setup_done", 409, "Set-up is done",
        "the deployment has its first operator: sign in, or ask for an invitation";
    /// The profile does not fit what exists.
    ProfileConflict = "profile_conflict", 409, "Profile conflicts with what exists",
        "the profile would remove or change what is in use: `errors` lists what";
    /// The record changed since it was read.
    StaleIfMatch = "stale_if_match", 412, "Changed in the meantime",
        "the record is not the one that `If-Match` names any more: read it again, decide again";
    /// Such edits must name what they change.
    IfMatchRequired = "if_match_required", 428, "If-Match required",
        "this edit replaces a whole list: send `If-Match` with the `ETag` of what you read";

    // What is asked for.
    /// No such kind, or none that the organization can create.
    UnknownKind = "unknown_kind", 422, "Unknown kind",
        "the organization's profiles have no such kind of credential: `GET /v1/profiles` lists those there are";
    /// No such role.
    UnknownRole = "unknown_role", 422, "Unknown role",
        "the organization has no such role: `GET /v1/roles` lists those there are";
    /// No such namespace.
    UnknownNamespace = "unknown_namespace", 422, "Unknown namespace",
        "there is no such namespace in the organization, or the caller may not see it";
    /// No such member.
    UnknownUser = "unknown_user", 422, "Unknown user",
        "there is no such member in the organization, or the caller may not see them";
    /// No such profile.
    UnknownProfile = "unknown_profile", 422, "Unknown profile",
        "no such profile is recorded: `GET /v1/profiles` lists those there are";
    /// The kind cannot live there.
    WrongNamespace = "wrong_namespace", 422, "Wrong kind of namespace",
        "this cannot stand in a namespace of that kind: `detail` names those that can hold it";
    /// Too few or too many roles.
    WrongRoles = "wrong_roles", 422, "Wrong number of roles",
        "the kind takes another number of roles: `detail` names it";
    /// The kind asks for an owner, or has none.
    WrongOwner = "wrong_owner", 422, "Wrong owner",
        "the owner has to be an active member, and the kind may say who: `detail` names what is wrong";
    /// The kind has no networks, or too many are listed.
    WrongSources = "wrong_sources", 422, "Wrong networks",
        "the kind cannot be bound to networks, or too many are listed: `detail` names which";
    /// The kind has no key pair.
    NoKeyPair = "no_key_pair", 422, "No key pair",
        "no key pair can be made for this kind: leave `key_pair` out";
    /// The kind must expire.
    ExpiryRequired = "expiry_required", 422, "Expiry required",
        "credentials of this kind must end: give `expires_at`";
    /// The kind cannot expire.
    ExpiryNotSupported = "expiry_not_supported", 422, "Expiry not supported",
        "credentials of this kind never expire: leave `expires_at` out";
    /// The end is in the past.
    ExpiryInPast = "expiry_in_past", 422, "Expiry in the past",
        "`expires_at` has to be in the future";
    /// The end is too far away.
    ExpiryTooLate = "expiry_too_late", 422, "Expiry too late",
        "credentials of this kind may not live that long: `detail` names the latest end";
    /// The grace is too long.
    GraceTooLong = "grace_too_long", 422, "Grace too long",
        "the earlier secret may not stay valid that long: `detail` names the longest grace";
    /// The field cannot change.
    ImmutableField = "immutable_field", 422, "Field cannot be changed",
        "the kind fixes this field at creation: create another credential instead";
    /// The idempotency key belongs to another request.
    IdempotencyKeyReused = "idempotency_key_reused", 422, "Idempotency key reused",
        "the key was used for another request within 24 hours: use a new one for each creation";
    /// The password is too short.
    PasswordTooShort = "password_too_short", 422, "Password too short",
        "choose a password of at least 15 characters: several words will do";
    /// The password is too long.
    PasswordTooLong = "password_too_long", 422, "Password too long",
        "choose a password of at most 1024 bytes";
    /// The password can be guessed.
    PasswordTooCommon = "password_too_common", 422, "Password too common",
        "the password is on a list of common ones, or is made of your name or address: choose another";
    /// The profile cannot be read.
    ProfileInvalid = "profile_invalid", 422, "Profile not valid",
        "the text is not a profile: `errors` lists what is wrong, with lines";

    // Not now.
    /// Too many uses.
    RateLimited = "rate_limited", 429, "Too many requests",
        "wait for the seconds that `Retry-After` names";
    /// Too many failed attempts.
    TooManyAttempts = "too_many_attempts", 429, "Too many attempts",
        "too many failed sign-ins from here or for this address: wait for the seconds that `Retry-After` names";
    /// Our fault.
    Internal = "internal", 500, "Internal error",
        "something went wrong that should not: tell the operator the id of the request (`instance`)";
    /// The server behind a proxied route cannot be reached, or broke off.
    UpstreamDown = "upstream_down", 502, "Server behind this route not available",
        "the server behind this route did not answer: try again, or tell the operator the id of the request (`instance`)";
    /// The node cannot prove that it is up to date.
    Stale = "stale", 503, "Not up to date",
        "this node has not heard from its database for longer than the freshness bound: try again, or ask another node";
    /// The revision has not arrived.
    RevisionNotReached = "revision_not_reached", 503, "Revision not reached",
        "this node has not reached the revision of `at_least` within a second: try again, or ask another node";
    /// The database does not answer, or the node is starting or stopping.
    Unavailable = "unavailable", 503, "Not available",
        "the server cannot do this now, and nothing was changed: try again after the seconds that `Retry-After` names";
    /// The database takes no changes.
    ReadOnly = "read_only", 503, "Read-only",
        "the database takes no changes at the moment, and nothing was changed: credentials are still verified";
    /// The outcome is not known in time.
    Timeout = "timeout", 504, "No answer in time",
        "the change may have been made or not: read before you repeat it, or repeat it with the same `Idempotency-Key`";
    /// The server behind a proxied route took too long.
    UpstreamTimeout = "upstream_timeout", 504, "Server behind this route too slow",
        "the server behind this route did not answer in time; it may have done what was asked: look before you repeat it";
    /// No room.
    StorageFull = "storage_full", 507, "Storage full",
        "the database has no room left, and nothing was changed: tell the operator";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No such code is in the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the catalogue has no such code")]
pub struct UnknownCode;

impl FromStr for ErrorCode {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or(UnknownCode)
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ErrorCode {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

impl PartialSchema for ErrorCode {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::String))
            .description(Some("What went wrong. Clients branch on it and on nothing else."))
            .enum_values(Some(ErrorCode::ALL.iter().map(|code| code.as_str())))
            .into()
    }
}

impl ToSchema for ErrorCode {}

impl From<Reason> for ErrorCode {
    /// How the native API answers a caller whose own credential is refused.
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Malformed
            | Reason::Unknown
            | Reason::OutOfWindow
            | Reason::WrongCarrier
            | Reason::WrongUse
            | Reason::Disabled
            | Reason::Revoked
            | Reason::Replaced
            | Reason::Expired
            | Reason::OwnerInactive
            | Reason::Replayed => ErrorCode::InvalidCredential,
            Reason::Stale => ErrorCode::Stale,
            Reason::OrganizationSuspended => ErrorCode::OrganizationSuspended,
            Reason::InsecureTransport => ErrorCode::InsecureTransport,
            Reason::SourceNotAllowed => ErrorCode::SourceNotAllowed,
            Reason::Denied => ErrorCode::DeniedKind,
            Reason::OutOfScope | Reason::OutOfReach | Reason::NotGranted | Reason::OwnerLacks => {
                ErrorCode::PermissionDenied
            }
            Reason::RateLimited => ErrorCode::RateLimited,
        }
    }
}

/// The body of every native error (RFC 9457, `application/problem+json`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = Problem::sample)]
pub struct Problem {
    /// The stable name of the problem: `urn:keyward:problem:` and the code.
    #[serde(rename = "type")]
    pub urn: String,
    /// What went wrong, in a few words.
    pub title: String,
    /// The HTTP status of the answer.
    pub status: u16,
    /// What went wrong here and what to do, for people. Never contains a secret.
    pub detail: String,
    /// The id of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::RequestId>)]
    pub instance: Option<String>,
    /// What went wrong, for programs.
    #[schema(value_type = ErrorCode)]
    pub code: Open<ErrorCode>,
    /// What exactly is wrong with the request, where more than one thing can be or a place can be named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// How many seconds to wait before trying again, where waiting helps. The header `Retry-After` says the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// Why the caller's own credential is refused, where its secret was right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Reason>)]
    pub reason: Option<Open<Reason>>,
    /// The permission that is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Permission>)]
    pub permission: Option<String>,
    /// How many things stand against it: credentials in a namespace, holders of a role, the limit that is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = FieldError::sample)]
pub struct FieldError {
    /// Where: a JSON Pointer (RFC 6901) into the body; a query parameter is `?name`, a header its name.
    pub pointer: String,
    /// What, for programs, where it differs from the problem's own code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ErrorCode>)]
    pub code: Option<Open<ErrorCode>>,
    /// What is wrong there and what is allowed.
    pub message: String,
}

impl Problem {
    /// The problem as the catalogue words it.
    pub fn new(code: ErrorCode) -> Self {
        Self {
            urn: code.urn().to_owned(),
            title: code.title().to_owned(),
            status: code.status(),
            detail: code.sentence().to_owned(),
            instance: None,
            code: Open::Known(code),
            errors: Vec::new(),
            retry_after: None,
            reason: None,
            permission: None,
            count: None,
        }
    }

    /// With a detail that says more about this occurrence.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// With one more place of the request where something is wrong.
    #[must_use]
    pub fn with_error(mut self, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        self.errors.push(FieldError { pointer: pointer.into(), code: None, message: message.into() });
        self
    }

    /// With the seconds after which trying again may help.
    #[must_use]
    pub const fn with_retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Whether it is this problem.
    pub fn is(&self, code: ErrorCode) -> bool {
        self.code.is(&code)
    }
}

impl From<ErrorCode> for Problem {
    fn from(code: ErrorCode) -> Self {
        Self::new(code)
    }
}

impl From<Reason> for Problem {
    /// How the native API answers a caller whose own credential is refused. The reason is only told where the secret
    /// was right.
    fn from(reason: Reason) -> Self {
        let problem = Self::new(reason.into());
        match reason {
            Reason::Malformed | Reason::Unknown | Reason::Stale => problem,
            _ => Self { reason: Some(reason.into()), ..problem.with_detail(reason.sentence()) },
        }
    }
}

impl fmt::Display for Problem {
    /// For people at a terminal: the title, then the detail, then what is wrong where.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.title, self.detail)?;
        self.errors.iter().try_for_each(|error| write!(f, "\n  {}: {}", error.pointer, error.message))
    }
}

impl std::error::Error for Problem {}

impl Sample for Problem {
    fn sample() -> Self {
        Self { instance: Some(sample::REQUEST.to_string()), ..Self::new(ErrorCode::InvalidValue) }
            .with_error("/expires_at", "`tomorrow` is not an RFC 3339 date and time with an offset")
    }
}

impl Sample for FieldError {
    fn sample() -> Self {
        Self {
            pointer: "/roles/0/role".to_owned(),
            code: Some(ErrorCode::UnknownRole.into()),
            message: "the organization has no role `Exporter`".to_owned(),
        }
    }
}
