//! The native REST API: `/v1/…`, problems as RFC 9457, described by OpenAPI 3.1.

mod access;
mod answer;
mod audit;
mod changes;
mod credentials;
mod deployment;
pub(super) mod dialect;
pub mod document;
mod extract;
mod grants;
mod health;
mod namespaces;
mod organizations;
mod profiles;
mod reference;
mod roles;
mod second_factor;
mod sessions;
mod setup;
mod usage;
mod users;
mod verify;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use keyward_api::error::ErrorCode;

use crate::app::App;

pub use answer::Problematic;
pub use document::document;

/// Everything that is served where the management API is mounted.
pub fn router(app: &Arc<App>) -> Router {
    document::routes().with_state(Arc::clone(app)).layer(from_fn_with_state(Arc::clone(app), answer::finish))
}

/// The verification endpoint alone, for listeners where nothing is managed.
pub fn verification(app: &Arc<App>) -> Router {
    document::verification().with_state(Arc::clone(app)).layer(from_fn_with_state(Arc::clone(app), answer::finish))
}

/// What answers a program at a path that is not there.
pub fn nowhere(app: &Arc<App>) -> Router {
    let finished = from_fn_with_state(Arc::clone(app), answer::finish);
    Router::new().fallback(async || answer::problem(ErrorCode::NotFound)).layer(finished)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::ops::testing::TestApp;
    use crate::telemetry::requests::tests::ask;

    #[tokio::test]
    async fn the_event_of_a_request_names_its_operation() {
        let app = TestApp::start().await;
        for (method, path, operation) in [
            ("GET", "/v1/apps", json!("apps.list")),
            ("GET", "/v1/apps/app_1", json!("apps.get")),
            ("POST", "/v1/credentials/cred_1/revoke", json!("credentials.revoke")),
            ("DELETE", "/v1/sessions/current", json!("sessions.delete")),
            ("PUT", "/v1/users/current/password", json!("users.password")),
            ("POST", "/v1/verify", json!("credentials.verify")),
            ("PATCH", "/v1/apps", Value::Null),
            ("GET", "/openapi.json", Value::Null),
            ("GET", "/v1/nothing", Value::Null),
        ] {
            let (_, text) = ask(router(&app.app), method, path).await;
            let event: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
            assert_eq!(event["operation"], operation, "{method} {path}: {text}");
        }
        let (_, text) = ask(verification(&app.app), "POST", "/access/v1/evaluation").await;
        assert!(text.contains("\"access.evaluate\""), "{text}");
    }
}
