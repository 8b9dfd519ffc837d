//! Dialects: how requests of one vendor's API carry their credential and what they ask for, and how that vendor says
//! no. One module each; this file only chooses.
//!
//! A dialect is used twice: by its own endpoints (`[[surface]] name = "dialect:NAME"`), and by the proxy for routes
//! whose `dialect` it is.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use http::request::Parts;
use keyward_core::decision::Reason;
use keyward_core::namespace::NamespaceId;
use keyward_core::profile::{Setting, Surface};

use crate::app::App;
use crate::ops::context::Ctx;
use crate::ops::presented::Carried;
use crate::surfaces::form::Form;
use crate::surfaces::trouble::Trouble;
use crate::surfaces::{gainsight, gateway_hub, gigantik, gigya, native, passport};

/// The wire format of one vendor, with what its profile lets choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Keyward's own.
    Native,
    /// Gigya: methods by path, credentials as parameters, one envelope for everything.
    Gigya(gigya::Settings),
    /// Gigantik: a key as bearer token or header.
    Gigantik,
    /// Gainsight: a header of its own, tokens, one envelope for everything.
    Gainsight,
    /// Gateway Hub: bearer tokens.
    GatewayHub,
    /// Passport: Basic on every endpoint, tokens.
    Passport(passport::Settings),
}

/// A request whose head, and whose body where it is a form, have been read.
#[derive(Clone, Copy)]
pub struct Arrived<'r> {
    /// Method, target and headers.
    pub head: &'r Parts,
    /// The parameters of the query.
    pub query: &'r Form,
    /// The parameters of the body, where the dialect reads forms and the body is one.
    pub body: Option<&'r Form>,
}

/// What a request asks for, as its dialect says it.
pub struct Asked {
    /// What it carried; `None`: nothing.
    pub carried: Option<Carried>,
    /// The permission that its path stands for; `None`: the route says.
    pub permission: Option<String>,
    /// The namespace that its parameters name; `None`: the route says.
    pub namespace: Option<NamespaceId>,
}

/// Why a profile's `[surface]` cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSurface {
    /// No such dialect.
    #[error("there is no dialect `{0}`: write one of {names}", names = Dialect::NAMES.join(", "))]
    Unknown(String),
    /// A setting that the dialect does not have, or of another type.
    #[error("`surface.settings.{setting}` of the profile `{profile}` {problem}")]
    Setting {
        /// The profile.
        profile: String,
        /// The setting.
        setting: String,
        /// What is wrong, and what to write.
        problem: String,
    },
}

impl Dialect {
    /// The names of all dialects, as profiles and configurations write them.
    pub const NAMES: [&str; 6] = ["native", "gigya", "gigantik", "gainsight", "gateway_hub", "passport"];

    /// The dialect of a profile.
    pub fn of(profile: &str, surface: &Surface) -> Result<Self, InvalidSurface> {
        let mut settings = Settings { profile, left: surface.settings.clone() };
        let dialect = match surface.dialect.as_str() {
            Surface::NATIVE => Dialect::Native,
            "gigya" => Dialect::Gigya(gigya::Settings::read(&mut settings)?),
            "gigantik" => Dialect::Gigantik,
            "gainsight" => Dialect::Gainsight,
            "gateway_hub" => Dialect::GatewayHub,
            "passport" => Dialect::Passport(passport::Settings::read(&mut settings)?),
            other => return Err(InvalidSurface::Unknown(other.to_owned())),
        };
        settings.finish()?;
        Ok(dialect)
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        match self {
            Dialect::Native => "native",
            Dialect::Gigya(_) => "gigya",
            Dialect::Gigantik => "gigantik",
            Dialect::Gainsight => "gainsight",
            Dialect::GatewayHub => "gateway_hub",
            Dialect::Passport(_) => "passport",
        }
    }

    /// Whether its credentials may travel in form bodies, which then have to be read before anything is decided.
    pub const fn reads_forms(&self) -> bool {
        matches!(self, Dialect::Gigya(_))
    }

    /// Whether the paths of its requests say which permission they ask for.
    pub const fn derives_permissions(&self) -> bool {
        matches!(self, Dialect::Gigya(_))
    }

    /// The endpoints that Keyward itself answers, where their paths can be told to a router.
    pub fn endpoints(&self, app: &Arc<App>) -> Router {
        match self {
            // Gigya's paths have their method's name behind a dot: see [`gigya::is_own`].
            Dialect::Native | Dialect::Gigantik | Dialect::Gigya(_) => Router::new(),
            Dialect::Gainsight => gainsight::router(app),
            Dialect::GatewayHub => gateway_hub::router(app),
            Dialect::Passport(settings) => passport::router(app, settings),
        }
    }

    /// What a request carries and asks for.
    pub fn read(&self, app: &App, ctx: &Ctx, arrived: Arrived<'_>) -> Result<Asked, Trouble> {
        match self {
            Dialect::Native => native::dialect::read(arrived),
            Dialect::Gigya(settings) => gigya::read(settings, app, ctx, arrived),
            Dialect::Gigantik => gigantik::read(arrived),
            Dialect::Gainsight => gainsight::read(arrived),
            Dialect::GatewayHub => gateway_hub::read(arrived),
            Dialect::Passport(settings) => passport::read(settings, arrived),
        }
    }

    /// Takes everything that [`Dialect::read`] reads a credential from out of a request that goes on to somebody else.
    pub fn strip(&self, head: &mut Parts, query: &mut Form, body: Option<&mut Form>) {
        match self {
            Dialect::Native => native::dialect::strip(head),
            Dialect::Gigya(_) => gigya::strip(head, query, body),
            Dialect::Gigantik => gigantik::strip(head),
            Dialect::Gainsight => gainsight::strip(head),
            Dialect::GatewayHub => gateway_hub::strip(head),
            Dialect::Passport(_) => passport::strip(head),
        }
    }

    /// The answer to a request that is not served. `arrived` is missing where the request could not be read so far.
    pub fn refuse(&self, ctx: &Ctx, arrived: Option<Arrived<'_>>, trouble: &Trouble) -> Response {
        match self {
            Dialect::Native => native::dialect::refuse(ctx, trouble),
            Dialect::Gigya(settings) => gigya::refuse(settings, ctx, arrived, trouble),
            Dialect::Gigantik => gigantik::refuse(ctx, trouble),
            Dialect::Gainsight => gainsight::refuse(ctx, trouble),
            Dialect::GatewayHub => gateway_hub::refuse(ctx, trouble),
            Dialect::Passport(_) => passport::refuse(trouble),
        }
    }

    /// How it says no for a reason, for the reference: status, code and text.
    pub fn row(&self, reason: Reason) -> Row {
        match self {
            Dialect::Native => native::dialect::row(reason),
            Dialect::Gigya(_) => gigya::row(reason),
            Dialect::Gigantik => gigantik::row(reason),
            Dialect::Gainsight => gainsight::row(reason),
            Dialect::GatewayHub => gateway_hub::row(reason),
            Dialect::Passport(_) => passport::row(reason),
        }
    }
}

/// How a dialect says no for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The HTTP status.
    pub status: u16,
    /// What clients branch on.
    pub code: &'static str,
    /// What people read.
    pub text: &'static str,
}

/// The settings of a profile's surface while a dialect reads them.
pub struct Settings<'p> {
    profile: &'p str,
    left: BTreeMap<String, Setting>,
}

impl Settings<'_> {
    /// The profile whose settings they are.
    pub fn profile(&self) -> &str {
        self.profile
    }

    /// Yes or no.
    pub fn flag(&mut self, name: &str, default: bool) -> Result<bool, InvalidSurface> {
        match self.left.remove(name) {
            None => Ok(default),
            Some(Setting::Flag(value)) => Ok(value),
            Some(_) => Err(self.wrong(name, "must be `true` or `false`")),
        }
    }

    /// A whole number within bounds.
    pub fn number(
        &mut self,
        name: &str,
        default: u32,
        bounds: std::ops::RangeInclusive<u32>,
    ) -> Result<u32, InvalidSurface> {
        match self.left.remove(name) {
            None => Ok(default),
            Some(Setting::Number(value)) if bounds.contains(&value) => Ok(value),
            Some(_) => {
                let problem = format!("must be a whole number from {} to {}", bounds.start(), bounds.end());
                Err(self.wrong(name, &problem))
            }
        }
    }

    /// Several texts.
    pub fn texts(&mut self, name: &str) -> Result<Vec<String>, InvalidSurface> {
        match self.left.remove(name) {
            None => Ok(Vec::new()),
            Some(Setting::Texts(values)) => Ok(values),
            Some(_) => Err(self.wrong(name, "must be a list of texts")),
        }
    }

    fn wrong(&self, name: &str, problem: &str) -> InvalidSurface {
        InvalidSurface::Setting {
            profile: self.profile.to_owned(),
            setting: name.to_owned(),
            problem: problem.to_owned(),
        }
    }

    fn finish(self) -> Result<(), InvalidSurface> {
        match self.left.keys().next() {
            None => Ok(()),
            Some(name) => Err(self.wrong(name, "is no setting of this dialect: remove it")),
        }
    }
}
