//! A request whose credential was let in, with what else it brought.

use axum::body::Body;
use bytes::Bytes;
use http::request::Parts;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use keyward_api::error::ErrorCode;
use keyward_core::decision::{Purpose, Request};
use keyward_core::id::{OrganizationId, UserId};
use keyward_core::namespace::NamespaceId;
use keyward_verify::Identity;
use serde_json::Value;

use super::{Passport, carried};
use crate::app::App;
use crate::net::limits::BodyFault;
use crate::ops::admission;
use crate::ops::context::{Caller, Ctx};
use crate::ops::error::OpError;
use crate::surfaces::form::Form;
use crate::surfaces::trouble::Trouble;
use crate::surfaces::visit::{tell, visit};

/// A credential that asks for something.
pub(super) struct Visitor<'a> {
    pub(super) app: &'a App,
    /// With the credential as its caller.
    pub(super) ctx: Ctx,
    pub(super) query: Form,
    /// Where the credential lives.
    pub(super) home: NamespaceId,
    /// Whose rights it has.
    pub(super) owner: Option<UserId>,
    pub(super) organization: OrganizationId,
}

impl<'a> Visitor<'a> {
    /// Lets the request in, or says why not.
    pub(super) async fn admitted(passport: &'a Passport, head: &Parts) -> Result<Self, Trouble> {
        let app = &*passport.app;
        let mut ctx = visit(app, head);
        let carried = carried(&passport.settings, &head.headers)?.ok_or(Trouble::NoCredential)?;
        let question = Request {
            permission: None,
            namespace: None,
            groups: &[],
            source: ctx.source,
            secure: ctx.secure,
            purpose: Purpose::Direct,
        };
        let identity = admission::admit(app, &ctx, &carried, &question).await?;
        if identity.narrowed {
            let detail = "an access token that was issued for less than its key may do does not manage: ask for one without `scope`";
            return Err(OpError::new(ErrorCode::PermissionDenied, detail).into());
        }
        let Identity { organization, namespace, owner, .. } = identity;
        ctx.organization = Some(organization);
        ctx.caller = Caller::Credential(identity);
        tell(head, &ctx);
        let query = Form::parse(head.uri.query().unwrap_or_default().as_bytes())?;
        Ok(Self { app, ctx, query, home: namespace, owner, organization })
    }

    /// The body as JSON.
    pub(super) async fn json(&self, body: Body) -> Result<Value, Trouble> {
        let bytes = whole(body, self.app.config.request_limits().body).await?;
        let value = serde_json::from_slice(&bytes).map_err(|error| {
            let detail = format!("the body is not JSON: line {}, column {}", error.line(), error.column());
            OpError::new(ErrorCode::MalformedJson, detail)
        })?;
        Ok(value)
    }

    /// The one value of a parameter.
    pub(super) fn parameter(&self, name: &'static str) -> Result<Option<&str>, Trouble> {
        let mut values = self.query.values(name);
        match (values.next(), values.next()) {
            (Some(_), Some(_)) => Err(Trouble::Invalid(name)),
            (value, _) => Ok(value),
        }
    }
}

async fn whole(body: Body, limit: usize) -> Result<Bytes, BodyFault> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if is_too_large(&*error) => Err(BodyFault::TooLarge),
        Err(_) => Err(BodyFault::Broken),
    }
}

/// Whether the limit here, or the one that holds for the listener, was passed.
fn is_too_large(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    causes.any(<dyn std::error::Error>::is::<LengthLimitError>)
}
