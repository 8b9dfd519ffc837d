//! `keyward serve`: a node, from start to drain.

use keyward_server::config::{Config, Loaded};
use keyward_server::serve::{self, Serving};
use keyward_server::telemetry::log;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::config::{load, tell_warnings};
use crate::arguments::NodeFlags;
use crate::failure::{Exit, Failure};
use crate::output::Output;

pub(crate) async fn run(flags: &NodeFlags, output: &Output) -> Result<Exit, Failure> {
    let loaded = load(flags)?;
    tell_warnings(&loaded, output);
    let Loaded { config, .. } = loaded;
    log::install(&config.log);
    let mut signals = Signals::listen()?;
    let urls = Urls::of(&config);
    let serving = serve::serve(config).await?;
    announce(&serving, &urls, output);
    while signals.next().await == Asked::Reload {
        serving.reload().await;
    }
    output.note("stopping: what is in flight may finish");
    tokio::select! {
        () = serving.stop() => Ok(Exit::Done),
        // Whoever asks twice means it.
        () = signals.end() => Err(Failure::local("stopped before everything was finished, because it was asked twice")),
    }
}

/// The addresses under which people reach the node.
pub(crate) struct Urls {
    public: Option<String>,
    /// Which listeners do TLS, by name.
    tls: Vec<String>,
}

impl Urls {
    pub(crate) fn of(config: &Config) -> Self {
        let tls = config.listeners.iter().filter(|listener| listener.certificate_source().is_some());
        Self {
            public: config.server.public_url.as_ref().map(ToString::to_string),
            tls: tls.map(|listener| listener.name.0.clone()).collect(),
        }
    }

    /// Each listener with its address.
    pub(crate) fn listeners(&self, serving: &Serving) -> Vec<(String, String)> {
        let address = |name: &str| if self.tls.iter().any(|tls| tls == name) { "https" } else { "http" };
        serving.addresses.iter().map(|(name, at)| (name.to_string(), format!("{}://{at}", address(name)))).collect()
    }

    /// Where people go.
    pub(crate) fn people(&self, serving: &Serving) -> String {
        let first = || self.listeners(serving).into_iter().next().map(|(_, url)| url).unwrap_or_default();
        self.public.clone().unwrap_or_else(first).trim_end_matches('/').to_owned()
    }
}

fn announce(serving: &Serving, urls: &Urls, output: &Output) {
    for (name, url) in urls.listeners(serving) {
        output.note(&format!("listening on {url} ({name})"));
    }
    if let Some(token) = &serving.setup {
        // A fragment stays in the browser: it is in no log of any server or proxy.
        let page = format!("{}/setup#{}", urls.people(serving), token.expose());
        output.tell(&format!(
            "nobody can sign in yet: make the first operator within half an hour, at\n  {page}\nor with `keyward init`; \
             the set-up token is\n  {}",
            token.expose()
        ));
    }
}

/// What the process is asked to do from outside.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// To read certificates and key ring again.
    Reload,
    /// To end.
    End,
}

impl Signals {
    /// From now on signals do not end the process at once.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let on = |kind| signal(kind).map_err(|error| Failure::local(format!("signals cannot be received: {error}")));
        let (terminate, interrupt, hangup) =
            (on(SignalKind::terminate())?, on(SignalKind::interrupt())?, on(SignalKind::hangup())?);
        Ok(Self { terminate, interrupt, hangup })
    }

    /// The next thing that is asked.
    pub(crate) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::End,
            _ = self.interrupt.recv() => Asked::End,
            _ = self.hangup.recv() => Asked::Reload,
        }
    }

    /// Until the end is asked for.
    pub(crate) async fn end(&mut self) {
        while self.next().await != Asked::End {}
    }
}
