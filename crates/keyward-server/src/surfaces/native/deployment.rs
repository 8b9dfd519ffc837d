//! `/v1/deployment`.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use keyward_api::deployment as wire;
use keyward_api::error::Problem;
use keyward_core::time::Timestamp;

use crate::app::App;
use crate::ops::context::Ctx;
use crate::ops::deployment::{self, FileState, Freshness, Status};
use crate::surfaces::native::answer::{Answer, Problematic};

/// Say how the deployment is: nodes, freshness, key ring, profiles.
#[utoipa::path(get, path = "/v1/deployment", operation_id = "deployment.get", tag = "deployment",
    responses((status = 200, body = wire::Deployment), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn get(State(app): State<Arc<App>>, ctx: Ctx) -> Result<Answer<wire::Deployment>, Problematic> {
    let status = deployment::status(&app, &ctx).await?;
    let revision = status.revision;
    Ok(Answer::ok(view(status, ctx.at())).at(revision))
}

fn view(status: Status, now: Timestamp) -> wire::Deployment {
    let bound = status.freshness.bound;
    let node = |server: &deployment::Server| wire::Node {
        id: server.node.node,
        this: server.this,
        revision: server.node.applied.0,
        seen_at: server.node.heartbeat.into(),
        fresh: server.is_fresh(bound, now),
    };
    let version = |version: &deployment::RingVersion| wire::KeyRingVersion {
        version: version.info.version.number(),
        state: version.info.state,
        created_at: version.info.created_at.into(),
        in_use: version.in_use,
        check: version.info.check.to_string(),
    };
    wire::Deployment {
        version: status.version.to_owned(),
        revision: status.revision.0,
        database: wire::Database {
            engine: status.database.to_owned(),
            schema: u32::try_from(status.schema).unwrap_or_default(),
        },
        freshness: freshness(&status.freshness),
        nodes: status.nodes.iter().map(node).collect(),
        key_ring: wire::KeyRing {
            versions: status.ring.iter().map(version).collect(),
            fingerprint: status.fingerprint,
        },
        profiles: status.profiles.into_iter().map(profile).collect(),
    }
}

fn freshness(freshness: &Freshness) -> wire::Freshness {
    wire::Freshness {
        stale: freshness.is_stale(),
        bound_ms: millis(freshness.bound),
        serve_stale_ms: millis(freshness.serve_stale),
        poll_ms: millis(freshness.poll),
        age_ms: freshness.age.map(millis),
    }
}

fn profile(state: deployment::ProfileState) -> wire::DeployedProfile {
    wire::DeployedProfile {
        name: state.recorded.name,
        title: state.title,
        version: state.recorded.version,
        digest: state.recorded.digest,
        other_file: match state.file {
            FileState::Other(version) => Some(version),
            FileState::Same | FileState::Missing => None,
        },
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
