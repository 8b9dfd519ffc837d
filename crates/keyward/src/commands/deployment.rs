//! `keyward deployment`: how the deployment is, for its operators.

use keyward_api::deployment::{Deployment, Freshness};
use keyward_client::Client;

use super::done;
use super::show::{joined, word};
use crate::failure::{Exit, Failure};
use crate::output::{Output, Picture, View};

pub(crate) async fn run(client: &Client, output: &Output) -> Result<Exit, Failure> {
    done(output, client.deployment().get()).await
}

impl View for Deployment {
    fn view(&self) -> Picture {
        let versions = self.key_ring.versions.iter();
        let picture = Picture::fields([
            ("version", self.version.clone()),
            ("revision", self.revision.to_string()),
            ("database", format!("{}, schema {}", self.database.engine, self.database.schema)),
            ("freshness", freshness(&self.freshness)),
            ("key ring", self.key_ring.fingerprint.clone()),
            (
                "its versions",
                joined(versions.map(|v| format!("{} ({}, {} in use)", v.version, word(&v.state), v.in_use))),
            ),
            ("profiles", joined(self.profiles.iter().map(|profile| format!("{} {}", profile.name, profile.version)))),
        ]);
        let others = self.profiles.iter().filter_map(|profile| Some((profile, profile.other_file?)));
        let picture = others.fold(picture, |picture, (profile, version)| {
            picture.line(format!("this node has another file of `{}`, of version {version}", profile.name))
        });
        if self.nodes.is_empty() {
            return picture;
        }
        let rows = self.nodes.iter().map(|node| {
            let state = if node.fresh { "fresh" } else { "silent" };
            let this = if node.this { format!("{state}, this one") } else { state.to_owned() };
            vec![node.id.to_string(), node.revision.to_string(), this, node.seen_at.to_string()]
        });
        picture.below(Picture::rows(&["node", "revision", "state", "seen at"], rows))
    }

    fn essence(&self) -> Vec<String> {
        vec![self.revision.to_string()]
    }
}

fn freshness(freshness: &Freshness) -> String {
    let state = if freshness.stale { "stale" } else { "current" };
    match freshness.age_ms {
        Some(age) => format!("{state}: heard {age} ms ago, bound {} ms", freshness.bound_ms),
        None => format!("{state}: this node is alone"),
    }
}
