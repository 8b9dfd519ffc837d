//! Sites: applications, each with its site key.

use std::collections::BTreeMap;

use keyward_core::namespace::{Namespace, NamespaceId, NamespaceKind};
use serde_json::{Value, json};

use super::groups::{self, Scope};
use super::{Answer, Call, Failure, TARGET, fields};
use crate::ops::{NamespaceFilter, Page, namespaces};

/// Creates a site. Nobody but super admins can do anything on it until somebody gives them a group there.
pub(super) async fn create(call: &Call<'_>) -> Answer {
    let name = call.name("baseDomain")?;
    let site = namespaces::create_application(call.app, call.ctx, name).await?.value;
    Ok(fields([("apiKey", json!(site.site_key)), ("siteID", json!(site.id))]))
}

/// The site that `apiKey` names.
pub(super) async fn get(call: &Call<'_>) -> Answer {
    let site = namespaces::get(call.app, call.ctx, call.site.into()).await?;
    Ok(fields([
        ("siteID", json!(site.id)),
        ("apiKey", json!(site.site_key)),
        ("baseDomain", json!(site.name)),
        ("partnerID", json!(site.organization)),
    ]))
}

/// The sites that the caller can see; with `targetUserKey`, those of them on which that key has a group.
pub(super) async fn all(call: &Call<'_>) -> Answer {
    let mut sites = visible(call).await?;
    if let Some(target) = call.find(TARGET)? {
        let holder = groups::holder(call, TARGET, target)?;
        let held = groups::held_by(call, holder).await?;
        sites.retain(|id, _| held.iter().any(|grant| grant.namespace == *id));
    }
    let sites: Vec<Value> = sites
        .values()
        .map(|site| json!({ "siteID": site.id, "apiKey": site.site_key, "baseDomain": site.name }))
        .collect();
    let account = json!({ "partnerID": call.organization, "sites": sites });
    Ok(fields([("sites", json!([account]))]))
}

/// The sites that the caller can see.
pub(super) async fn visible(call: &Call<'_>) -> Result<BTreeMap<NamespaceId, Namespace>, Failure> {
    let filter = NamespaceFilter { kind: Some(NamespaceKind::Application), ..NamespaceFilter::default() };
    let mut page = Page::first(PAGE);
    let mut sites = BTreeMap::new();
    loop {
        let some = namespaces::list(call.app, call.ctx, filter.clone(), &page).await?;
        page.after = some.last().map(|last| (last.name.folded(), last.id));
        let more = some.len() >= PAGE as usize;
        sites.extend(some.into_iter().map(|site| (site.id, site)));
        if !more {
            return Ok(sites);
        }
    }
}

/// Where a scope is, in the words of this program; the site that `apiKey` names when nothing is said.
pub(super) fn places(call: &Call<'_>, scope: Option<&Scope>) -> Result<Vec<NamespaceId>, Failure> {
    let Some(scope) = scope else { return Ok(vec![call.site.into()]) };
    let wrong = |text: &str, what: &str| Failure::Invalid("scope", format!("there is no {what} `{text}` here"));
    let account = call.organization.to_string();
    let mut places = Vec::new();
    for text in &scope.allow_partners {
        if *text != groups::OWNER && *text != account {
            return Err(wrong(text, "account"));
        }
        places.push(NamespaceId::from(call.organization));
    }
    let index = call.app.index.snapshot();
    let world = index.organization(call.organization);
    let exists = |id: NamespaceId| world.as_ref().is_some_and(|world| keyward_core::rights::exists(world, id));
    for text in &scope.allow_sites {
        let by_key = index.site(text).filter(|(organization, _)| *organization == call.organization);
        let id = by_key.map(|(_, id)| id).or_else(|| text.parse().ok());
        places.push(id.map(NamespaceId::from).filter(|id| exists(*id)).ok_or_else(|| wrong(text, "site"))?);
    }
    places.sort();
    places.dedup();
    if places.is_empty() {
        let problem = "name a site in `allowSites`, or `_owner` in `allowPartners`".to_owned();
        return Err(Failure::Invalid("scope", problem));
    }
    Ok(places)
}

/// How many of anything are read at once.
pub(super) const PAGE: u32 = 500;
