//! A serving node: listeners, surfaces, tasks; from start to drain.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use keyward_api::limits::MAX_PROFILE_BODY_BYTES;
use tokio::task::JoinSet;

use crate::app::App;
use crate::config::{Config, Listener};
use crate::console;
use crate::net::hosts::{self, Surface};
use crate::net::limits::RequestLimits;
use crate::net::tls::{self, Certificates};
use crate::net::{Listen, Running, Server, Site, Sites};
use crate::ops::profiles::Shelf;
use crate::ops::{admission, attempts, audit, sessions, setup, usage};
use crate::proxy::{self, Front, Routes};
use crate::start::StartError;
use crate::surfaces::dialect::{Dialect, InvalidSurface};
use crate::surfaces::{native, oauth};
use crate::tasks::nodes;
use crate::telemetry::requests;

/// How often recorded values are folded into their buckets.
const METRICS_EVERY: Duration = Duration::from_secs(5);
/// How often certificate files are looked at.
const CERTIFICATES_EVERY: Duration = Duration::from_secs(30);
/// How long the change feed goes back, for whoever follows it and was away. A node that was away for longer loads a
/// snapshot again.
const FEED_KEPT: Duration = Duration::from_hours(7 * 24);
/// How often what is no longer needed is forgotten.
const PURGE_EVERY: Duration = Duration::from_mins(10);

/// A node that answers requests.
pub struct Serving {
    /// What it serves.
    pub app: Arc<App>,
    /// Where each listener listens, by name.
    pub addresses: Vec<(Arc<str>, SocketAddr)>,
    /// The token of the first set-up, when nobody can sign in yet.
    pub setup: Option<keyward_core::secret::Secret>,
    running: Running,
    certificates: Vec<Arc<Certificates>>,
    tasks: JoinSet<()>,
}

/// Opens everything and begins to serve.
pub async fn serve(config: Config) -> Result<Serving, StartError> {
    tls::install_provider();
    let app = App::open(config).await?;
    match begin(&app).await {
        Ok(serving) => Ok(serving),
        Err(error) => {
            app.leave().await;
            Err(error)
        }
    }
}

async fn begin(app: &Arc<App>) -> Result<Serving, StartError> {
    let setup = setup::prepare(app, app.now().wall).await.map_err(|e| StartError::Setup(e.to_string()))?;
    let config = Arc::clone(&app.config);
    let routes = Routes::open(&config, &app.profiles)?;
    let mut certificates = Vec::new();
    let mut listens = Vec::new();
    for listener in &config.listeners {
        let tls = certificate(listener)?;
        certificates.extend(tls.clone());
        listens.push(Listen {
            name: Arc::from(listener.name.0.as_str()),
            address: listener.address,
            tls,
            sites: sites(app, &config, &routes, &listener.name.0)?,
        });
    }
    let server = Server::bind(config.network(), listens)?;
    let addresses = server.addresses();
    let tasks = tasks(app, &certificates);
    // On PostgreSQL nothing is served before the first successful poll: until then decisions answer `stale`.
    let running = server.start();
    Ok(Serving { app: Arc::clone(app), addresses, setup, running, certificates, tasks })
}

impl Serving {
    /// Stops: lets what is in flight finish, writes what waits, lets the database go.
    pub async fn stop(mut self) {
        let drained = self.running.drain().await;
        if drained.cut > 0 {
            tracing::warn!(connections = drained.cut, "connections were cut at the end of the drain");
        }
        self.tasks.shutdown().await;
        if let Err(error) = self.app.usage.flush(&self.app.store).await {
            tracing::warn!(%error, "the last uses could not be written");
        }
        self.app.leave().await;
    }

    /// Looks at certificates and key ring again, as SIGHUP asks.
    pub async fn reload(&self) {
        for certificates in &self.certificates {
            Arc::clone(certificates).refresh().await;
        }
        self.app.reload_ring();
    }
}

/// What answers on one listener. The surfaces of one place answer together.
fn sites(app: &Arc<App>, config: &Config, routes: &Routes, listener: &str) -> Result<Sites<Site>, StartError> {
    let limits = config.request_limits();
    hosts::places(&config.mounts, listener).into_iter().try_fold(Sites::new(config.public_host()), |sites, place| {
        let routes = routes.at(listener, &place.host);
        let site = Site { hot: None, router: router(app, limits, &routes, place.surfaces.iter())? };
        Ok(sites.mount(place.host, place.prefix, site))
    })
}

fn router<'a>(
    app: &Arc<App>,
    limits: RequestLimits,
    routes: &Routes,
    surfaces: impl Iterator<Item = &'a Surface>,
) -> Result<Router, StartError> {
    let (mut native, mut console, mut verify, mut foreign) = (None, None, None, Router::new());
    let mut front = Front::new(app, limits);
    for surface in surfaces {
        match surface {
            Surface::Native => native = Some(native::router(app)),
            Surface::Verify => verify = Some(native::verification(app)),
            Surface::OAuth => foreign = foreign.merge(oauth::router(app)),
            Surface::Dialect(name) => {
                let dialect = dialect(&app.profiles, name)?;
                foreign = foreign.merge(dialect.endpoints(app));
                front.dialect = Some(dialect);
            }
            Surface::Proxy => front.routes = routes.clone(),
            Surface::Console => console = Some(console::router(app)),
            // Mounted in advance; they answer as soon as this program has them.
            Surface::Gateways => {}
        }
    }
    // Its bodies are held to their own limits, so that too large a one is told in its own words.
    let limits = RequestLimits { body: limits.body.max(MAX_PROFILE_BODY_BYTES), ..limits };
    // The management API answers the verification endpoint too.
    if native.is_none() && console.is_some() {
        native = verify.take();
    }
    // Neither shares its place with anything foreign. The console answers what nobody knows, a program's requests too.
    let managing = match (native, console) {
        (Some(api), Some(console)) => Some(api.reset_fallback().merge(console)),
        (api, console) => api.or(console),
    };
    let router = if let Some(managing) = managing {
        crate::net::limits::apply(managing.merge(foreign), limits)
    } else {
        let known = foreign.merge(verify.unwrap_or_default());
        crate::net::limits::apply(known, limits).fallback_service(front.service())
    };
    Ok(requests::observe(router))
}

/// Finds what only shows when the profiles are known: routes and surfaces that do not fit them. For `config check`.
pub fn check(config: &Config) -> Result<(), StartError> {
    let profiles = Shelf::load(config.profiles.as_deref())?;
    proxy::check(config, &profiles)?;
    let surfaces = config.mounts.iter().map(|mount| &mount.surface);
    surfaces
        .filter_map(|surface| if let Surface::Dialect(name) = surface { Some(name) } else { None })
        .try_for_each(|name| dialect(&profiles, name).map(drop))
}

/// The dialect of the profile that has it.
fn dialect(profiles: &Shelf, name: &str) -> Result<Dialect, StartError> {
    let found = profiles.of_dialect(name);
    let profile = found.ok_or_else(|| StartError::Profile(InvalidSurface::Unknown(name.to_owned()).to_string()))?;
    Dialect::of(&profile.name, &profile.surface).map_err(|e| StartError::Profile(e.to_string()))
}

fn certificate(listener: &Listener) -> Result<Option<Arc<Certificates>>, StartError> {
    let load = |source| Certificates::load(listener.name.0.as_str().into(), source);
    Ok(listener.certificate_source().map(load).transpose()?)
}

fn tasks(app: &Arc<App>, certificates: &[Arc<Certificates>]) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(nodes::follow(Arc::clone(app)));
    tasks.spawn(nodes::forget_silent(Arc::clone(app)));
    let uses = Arc::clone(app);
    tasks.spawn(async move { usage::flush_uses(&uses).await });
    let chains = Arc::clone(app);
    tasks.spawn(async move { audit::sign_checkpoints(chains).await });
    let purging = Arc::clone(app);
    tasks.spawn(async move {
        loop {
            tokio::time::sleep(PURGE_EVERY).await;
            let now = purging.now().wall;
            let purged = async {
                usage::begin_day(&purging, now).await?;
                sessions::purge(&purging, now).await?;
                attempts::purge(&purging, now).await?;
                admission::purge(&purging, now).await?;
                purging.store.prune_feed(now.minus(FEED_KEPT)).await?;
                crate::ops::idempotency::purge(&purging, now).await
            };
            if let Err(error) = purged.await {
                tracing::warn!(%error, "what is no longer needed could not be forgotten");
            }
        }
    });
    if let Some(metrics) = app.metrics.clone() {
        tasks.spawn(async move {
            loop {
                tokio::time::sleep(METRICS_EVERY).await;
                metrics.upkeep();
            }
        });
    }
    let certificates = certificates.to_vec();
    tasks.spawn(async move {
        loop {
            tokio::time::sleep(CERTIFICATES_EVERY).await;
            for certificate in &certificates {
                Arc::clone(certificate).refresh().await;
            }
        }
    });
    tasks
}
