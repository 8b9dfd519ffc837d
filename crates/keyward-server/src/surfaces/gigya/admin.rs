//! The methods of `admin.*`: what the vendor's console and provisioning scripts ask for.
//!
//! An account (`partnerID`) is an organization and a site an application, whose site key is its `apiKey`. An application
//! of the console is an application key; its `userKey` is its public id. A permissions group is a role: `groupID` is its
//! name, its ACL (`aclID`) the role's patterns, and its users are those who hold the role, each at the sites (and, as
//! `_owner`, the account itself) where they hold it. So a group without users is on no site, and a scope is given to
//! users: to those whom the same call names.
//!
//! Each method is thin over an operation, which judges the caller by Keyward's own permissions besides the method's:
//! `docs/guides/gigya.md` lists them. Changing methods of several steps do one after another; what was done before a
//! refusal stays.

mod groups;
mod keys;
mod patterns;
mod sites;

use axum::response::Response;
use keyward_core::id::{ApplicationId, OrganizationId};
use keyward_core::name::Name;
use serde_json::{Map, Value};

use crate::app::App;
use crate::ops::context::Ctx;
use crate::ops::error::OpError;
use crate::surfaces::form::Form;
use crate::surfaces::gigya::envelope::{Code, Echo};
use crate::surfaces::gigya::refusal;

/// The answer to a call of `admin.METHOD` that may be made: who calls (`ctx.caller`) holds `admin:METHOD` at the site.
/// Changing methods arrive by POST alone. `method` is spelled as in the profile's permissions, if it is one of them.
pub async fn answer(
    app: &App,
    ctx: &Ctx,
    (organization, site): (OrganizationId, ApplicationId),
    method: &str,
    parameters: &Form,
    echo: &Echo,
) -> Response {
    let call = Call { app, ctx, organization, site, parameters };
    // One of many operations: none but the one that runs needs its memory.
    match Box::pin(call.perform(method)).await {
        Ok(fields) => echo.success(fields),
        Err(Failure::Operation(error)) => refusal::failed(echo, &error),
        Err(Failure::NoMethod) => echo.failure(Code::Forbidden, "there is no such method"),
        Err(Failure::Missing(name)) => {
            echo.failure(Code::MissingParameter, &format!("the parameter `{name}` is missing"))
        }
        Err(Failure::Invalid(name, problem)) => {
            echo.failure(Code::InvalidParameter, &format!("the parameter `{name}`: {problem}"))
        }
        Err(Failure::Taken(name)) => {
            let details = format!("there is a group `{name}` already: choose another `groupID`, or update that group");
            echo.failure(Code::Duplicate, &details)
        }
    }
}

/// A call of a method.
struct Call<'r> {
    app: &'r App,
    ctx: &'r Ctx,
    /// The account.
    organization: OrganizationId,
    /// The site that the call's `apiKey` names.
    site: ApplicationId,
    parameters: &'r Form,
}

/// What a method answers besides the envelope.
type Answer = Result<Map<String, Value>, Failure>;

/// Why a method does not do what it was called for.
enum Failure {
    /// There is no such method.
    NoMethod,
    /// A parameter that must be there is not.
    Missing(&'static str),
    /// A parameter has a value that it cannot have, and why.
    Invalid(&'static str, String),
    /// There is a group of this name.
    Taken(Name),
    /// The operation refused or failed.
    Operation(OpError),
}

impl From<OpError> for Failure {
    fn from(error: OpError) -> Self {
        Failure::Operation(error)
    }
}

impl<'r> Call<'r> {
    async fn perform(&self, method: &str) -> Answer {
        // One account is all that a credential can be about; whoever names it, names this one.
        for name in ["partnerID", "ownerPartnerID", "targetPartnerID"] {
            self.must_be_own_account(name)?;
        }
        match method {
            "createUserKey" => keys::create(self).await,
            "getUserKey" => keys::get(self).await,
            "updateUserKey" => keys::update(self).await,
            "deleteUserKey" => keys::delete(self).await,
            "addExistingApplication" => keys::import(self).await,
            "getGroups" => groups::all(self).await,
            "getGroupUsers" => groups::users(self).await,
            "createGroup" => groups::create(self).await,
            "updateGroup" => groups::update(self).await,
            "deleteGroup" => groups::delete(self).await,
            "getACL" => patterns::get(self).await,
            "setACL" => patterns::set(self).await,
            "getEffectiveACL" => patterns::effective(self).await,
            "createSite" => sites::create(self).await,
            "getSiteConfig" => sites::get(self).await,
            "getUserSites" => sites::all(self).await,
            _ => Err(Failure::NoMethod),
        }
    }

    fn must_be_own_account(&self, name: &'static str) -> Result<(), Failure> {
        match self.find(name)? {
            Some(text) if text != self.organization.to_string() => {
                Err(Failure::Invalid(name, format!("there is no account `{text}`: leave it out")))
            }
            _ => Ok(()),
        }
    }

    /// A parameter, unless it is empty. One that is there twice is refused: which one counts?
    fn find(&self, name: &'static str) -> Result<Option<&'r str>, Failure> {
        let mut values = self.parameters.values(name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Failure::Invalid(name, "it is there twice: give it once".to_owned())),
            (value, None) => Ok(value.filter(|value| !value.trim().is_empty())),
        }
    }

    /// A parameter that must be there.
    fn get(&self, name: &'static str) -> Result<&'r str, Failure> {
        self.find(name)?.ok_or(Failure::Missing(name))
    }

    /// A parameter that is a name for people.
    fn name(&self, name: &'static str) -> Result<Name, Failure> {
        Name::new(self.get(name)?).map_err(|invalid| Failure::Invalid(name, invalid.to_string()))
    }

    /// A parameter that is a JSON array of texts.
    fn texts(&self, name: &'static str) -> Result<Option<Vec<String>>, Failure> {
        let Some(text) = self.find(name)? else { return Ok(None) };
        serde_json::from_str(text).map(Some).map_err(|_| {
            let problem = r#"it must be a JSON array of texts, such as `["AbCdEfGhIjKl"]`"#;
            Failure::Invalid(name, problem.to_owned())
        })
    }
}

/// The fields of an answer.
fn fields<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The key that says whom a method is about: `userKey` is the caller's own.
const TARGET: &str = "targetUserKey";
const GROUP: &str = "groupID";
/// The group of an application that was put into none.
const NO_PERMISSIONS: &str = "_no_permissions";
