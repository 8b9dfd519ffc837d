//! The OpenAPI document and the router, from one list; the reference page at `/docs`.

use std::sync::Arc;

use axum::Router;
use axum::response::IntoResponse as _;
use axum::routing::get;
use http::header;
use keyward_api::error::ErrorCode;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, SecurityRequirement};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::surfaces::native::{
    access, answer, audit, changes, credentials, deployment, grants, health, namespaces, organizations, profiles,
    roles, second_factor, sessions, setup, usage, users, verify,
};

/// Every native operation, with health, metrics and the document itself.
pub(super) fn routes() -> Router<Arc<App>> {
    let (router, _) = operations().split_for_parts();
    router
        .merge(health::routes())
        .route("/openapi.json", get(served))
        .merge(super::reference::routes())
        .merge(sessions::routes())
        .fallback(async || answer::problem(ErrorCode::NotFound))
        .method_not_allowed_fallback(async || answer::problem(ErrorCode::MethodNotAllowed))
}

/// The verification endpoints and health.
pub(super) fn verification() -> Router<Arc<App>> {
    let router = OpenApiRouter::with_openapi(OpenApiBuilder::new().build())
        .routes(routes!(verify::verify))
        .routes(routes!(access::evaluate));
    let (router, _) = router.split_for_parts();
    router.merge(health::routes()).fallback(async || answer::problem(ErrorCode::NotFound))
}

/// The OpenAPI 3.1 document of the native API.
pub fn document() -> OpenApi {
    let (_, mut document) = operations().split_for_parts();
    document.info = InfoBuilder::new()
        .title("Keyward")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Issues, verifies, authorises, rotates, revokes and audits credentials for machines."))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
        .build();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("The token of a session, or a credential."))
        .build();
    let basic = HttpBuilder::new()
        .scheme(HttpAuthScheme::Basic)
        .description(Some("The id and the secret of a credential."))
        .build();
    let components = document.components.get_or_insert_with(Components::new);
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    components.add_security_scheme("basic", SecurityScheme::Http(basic));
    let none: [&str; 0] = [];
    document.security = Some(vec![SecurityRequirement::new("bearer", none), SecurityRequirement::new("basic", none)]);
    document
}

fn operations() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(OpenApiBuilder::new().build())
        .routes(routes!(setup::create))
        .routes(routes!(sessions::list, sessions::create, sessions::delete_others))
        .routes(routes!(sessions::current))
        .routes(routes!(sessions::delete))
        .routes(routes!(organizations::list, organizations::create))
        .routes(routes!(organizations::get, organizations::edit))
        .routes(routes!(organizations::suspend))
        .routes(routes!(organizations::resume))
        .routes(routes!(namespaces::list_apps, namespaces::create_app))
        .routes(routes!(namespaces::get_app, namespaces::edit_app, namespaces::delete_app))
        .routes(routes!(namespaces::list_workspaces, namespaces::create_workspace))
        .routes(routes!(namespaces::get_workspace, namespaces::edit_workspace, namespaces::delete_workspace))
        .routes(routes!(namespaces::list_groups, namespaces::create_group))
        .routes(routes!(namespaces::get_group, namespaces::edit_group, namespaces::delete_group))
        .routes(routes!(namespaces::list_members))
        .routes(routes!(namespaces::add_member, namespaces::remove_member))
        .routes(routes!(users::list, users::invite))
        .routes(routes!(users::get, users::edit, users::remove))
        .routes(routes!(users::suspend))
        .routes(routes!(users::enable))
        .routes(routes!(users::password))
        .routes(routes!(users::profile))
        .routes(routes!(second_factor::get, second_factor::begin, second_factor::remove))
        .routes(routes!(second_factor::confirm))
        .routes(routes!(second_factor::renew_codes))
        .routes(routes!(users::invitations))
        .routes(routes!(users::withdraw))
        .routes(routes!(users::accept))
        .routes(routes!(roles::list, roles::create))
        .routes(routes!(roles::get, roles::edit, roles::delete))
        .routes(routes!(roles::preview))
        .routes(routes!(grants::list, grants::create))
        .routes(routes!(grants::delete))
        .routes(routes!(credentials::list, credentials::create))
        .routes(routes!(credentials::import))
        .routes(routes!(credentials::get, credentials::edit))
        .routes(routes!(credentials::rotate))
        .routes(routes!(credentials::disable))
        .routes(routes!(credentials::enable))
        .routes(routes!(credentials::revoke))
        .routes(routes!(credentials::reveal))
        .routes(routes!(credentials::unlink))
        .routes(routes!(verify::verify))
        .routes(routes!(access::evaluate))
        .routes(routes!(audit::list))
        .routes(routes!(audit::export))
        .routes(routes!(audit::verify))
        .routes(routes!(usage::get))
        .routes(routes!(changes::list))
        .routes(routes!(profiles::list))
        .routes(routes!(profiles::get, profiles::apply))
        .routes(routes!(deployment::get))
}

async fn served() -> axum::response::Response {
    match document().to_json() {
        Ok(text) => ([(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Err(_) => answer::problem(ErrorCode::Internal),
    }
}
