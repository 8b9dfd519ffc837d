//! Every metric of a node, declared once: this table registers them, gives the places that count their handles, and
//! renders `docs/reference/metrics.md`.
//!
//! Labels have closed sets of values and never name a credential, a person, an organization or anything a client can
//! choose: a label with many values is a slow leak of memory here and of money in whatever stores it.

use std::fmt::Write as _;
use std::sync::OnceLock;

use metrics::{Counter, Gauge, Histogram, Key, Label as RecordedLabel, Level, Metadata, Recorder, SharedString, Unit};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// What a metric measures over time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// How often values fell into each of these buckets (upper bounds, in the metric's unit).
    Histogram(&'static [f64]),
}

/// The values a label may have.
#[derive(Clone, Copy, Debug)]
pub enum Values {
    /// Exactly these.
    These(&'static [&'static str]),
    /// A closed set that is kept elsewhere; the text says which.
    Catalogue(&'static str),
}

/// One label of a metric.
#[derive(Clone, Copy, Debug)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// What it may be.
    pub values: Values,
}

/// One metric.
#[derive(Debug)]
pub struct Metric {
    /// The name, as scraped.
    pub name: &'static str,
    /// What it measures over time.
    pub kind: Kind,
    /// The base unit, or `None` for a plain number.
    pub unit: Option<Unit>,
    /// What it means, one sentence.
    pub help: &'static str,
    /// Its labels, in the order in which their values are given.
    pub labels: &'static [Label],
}

const LISTENER: Label = Label { name: "listener", values: Values::Catalogue("the names of `[[listener]]`") };
const CLASS: Label = Label { name: "class", values: Values::These(&["1xx", "2xx", "3xx", "4xx", "5xx"]) };

/// From a tenth of a millisecond to half a minute: an answer from memory, a commit, a slow disk, a time-out.
const SECONDS: &[f64] = &[0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0];

macro_rules! table {
    ($($(#[doc = $help:literal])+ $id:ident = $kind:expr, $name:literal, $unit:expr, [$($label:expr),*];)*) => {
        $(
            $(#[doc = $help])+
            pub static $id: Metric = Metric {
                name: $name, kind: $kind, unit: $unit, help: concat!($($help),+), labels: &[$($label),*],
            };
        )*

        /// The table.
        pub static METRICS: &[&Metric] = &[$(&$id),*];
    };
}

table! {
    /// Open connections.
    CONNECTIONS = Kind::Gauge, "keyward_connections", None, [LISTENER];
    /// Connections that were accepted.
    CONNECTIONS_ACCEPTED = Kind::Counter, "keyward_connections_accepted_total", None, [LISTENER];
    /// Connections that were closed by this node, by why: the limit was reached, nothing was asked for too long, a
    /// request head or an answer took too long, TLS failed, accepting failed, or the node stopped.
    CONNECTIONS_CUT = Kind::Counter, "keyward_connections_cut_total", None, [LISTENER, Label { name: "reason", values: Values::These(&["limit", "idle", "slow_head", "slow_reader", "tls", "accept", "drain"]) }];
    /// Requests that were answered, by the class of the status.
    HTTP_REQUESTS = Kind::Counter, "keyward_http_requests_total", None, [LISTENER, CLASS];
    /// Time to answer a request that went through the router; the verification and gateway endpoints in front of it are counted, not timed.
    HTTP_REQUEST_DURATION = Kind::Histogram(SECONDS), "keyward_http_request_duration_seconds", Some(Unit::Seconds), [LISTENER, CLASS];
    /// Time from a proxied request to the head of its answer, whoever gave that.
    PROXIED_REQUEST_DURATION = Kind::Histogram(SECONDS), "keyward_proxied_request_duration_seconds", Some(Unit::Seconds), [Label { name: "route", values: Values::Catalogue("the paths of `[[route]]`") }, CLASS];
    /// Proxied requests, answers and upgraded connections that were cut because their credential could no longer do what they were for.
    PROXIED_REQUESTS_CUT = Kind::Counter, "keyward_proxied_requests_cut_total", None, [Label { name: "reason", values: Values::Catalogue("the reason code of a denial") }];
    /// Times a changed TLS certificate was taken into use, or was broken so that the old one stayed.
    TLS_RELOADS = Kind::Counter, "keyward_tls_reloads_total", None, [LISTENER, Label { name: "result", values: Values::These(&["ok", "error"]) }];
    /// Decisions about presented credentials.
    DECISIONS = Kind::Counter, "keyward_decisions_total", None, [Label { name: "reason", values: Values::Catalogue("`allow`, or the reason code of a denial") }];
    /// Credentials in the index of this node.
    INDEX_CREDENTIALS = Kind::Gauge, "keyward_index_credentials", None, [];
    /// The last revision that the index of this node has applied.
    INDEX_REVISION = Kind::Gauge, "keyward_index_revision", None, [];
    /// Age of what this node knows: time since its last successful poll of the change feed was sent.
    FEED_AGE = Kind::Gauge, "keyward_feed_age_seconds", Some(Unit::Seconds), [];
    /// Nodes that are registered, this one included.
    NODES = Kind::Gauge, "keyward_nodes", None, [];
    /// Write jobs, by how they ended.
    WRITE_JOBS = Kind::Counter, "keyward_write_jobs_total", None, [Label { name: "result", values: Values::These(&["committed", "refused", "failed"]) }];
    /// Time from a commit until every registered node had applied it.
    RECEIPT_DURATION = Kind::Histogram(SECONDS), "keyward_receipt_duration_seconds", Some(Unit::Seconds), [];
    /// Changes whose receipt was given because the freshness bound had passed, not because every node had answered.
    RECEIPTS_BY_BOUND = Kind::Counter, "keyward_receipts_by_bound_total", None, [];
    /// Notes of a credential's use that wait to be written.
    USES_QUEUED = Kind::Gauge, "keyward_uses_queued", None, [];
    /// Notes of a credential's use that were dropped because the queue was full.
    USES_DROPPED = Kind::Counter, "keyward_uses_dropped_total", None, [];
    /// Passwords that were hashed or checked, by how it ended.
    PASSWORD_CHECKS = Kind::Counter, "keyward_password_checks_total", None, [Label { name: "result", values: Values::These(&["match", "mismatch", "overloaded"]) }];
    /// Constant 1; the label carries the version.
    BUILD_INFO = Kind::Gauge, "keyward_build_info", None, [Label { name: "version", values: Values::These(&[env!("CARGO_PKG_VERSION")]) }];
    /// When this process started, in seconds since 1970.
    START_TIME = Kind::Gauge, "keyward_start_time_seconds", Some(Unit::Seconds), [];
}

impl Metric {
    /// The counter of these label values. Keep the handle where it is counted often: finding it costs a look-up.
    pub fn counter(&'static self, values: &[&str]) -> Counter {
        debug_assert_eq!(self.kind, Kind::Counter, "`{}` is not a counter", self.name);
        metrics::with_recorder(|recorder| recorder.register_counter(&self.key(values), &METADATA))
    }

    /// The gauge of these label values.
    pub fn gauge(&'static self, values: &[&str]) -> Gauge {
        debug_assert_eq!(self.kind, Kind::Gauge, "`{}` is not a gauge", self.name);
        metrics::with_recorder(|recorder| recorder.register_gauge(&self.key(values), &METADATA))
    }

    /// The histogram of these label values.
    pub fn histogram(&'static self, values: &[&str]) -> Histogram {
        debug_assert!(matches!(self.kind, Kind::Histogram(_)), "`{}` is not a histogram", self.name);
        metrics::with_recorder(|recorder| recorder.register_histogram(&self.key(values), &METADATA))
    }

    /// A value outside a closed set is recorded as `other`, so that no mistake can grow the number of series.
    fn key(&'static self, values: &[&str]) -> Key {
        debug_assert_eq!(values.len(), self.labels.len(), "`{}` takes other labels", self.name);
        let labels = self.labels.iter().zip(values).map(|(label, value)| {
            let known = match label.values {
                Values::These(these) => these.contains(value),
                Values::Catalogue(_) => true,
            };
            debug_assert!(known, "`{value}` is not a declared value of `{}` of `{}`", label.name, self.name);
            RecordedLabel::new(label.name, if known { SharedString::from((*value).to_owned()) } else { "other".into() })
        });
        Key::from_parts(self.name, labels.collect::<Vec<_>>())
    }
}

static METADATA: Metadata<'static> = Metadata::new("keyward", Level::INFO, None);

/// The class of a status code, as labels have it.
pub fn class(status: http::StatusCode) -> &'static str {
    match status.as_u16() {
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}

/// The metrics of this process, ready to be scraped.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

/// Why metrics could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// The table declares something the recorder does not take.
    #[error("the table of metrics is broken")]
    Table(#[from] BuildError),
    /// Somebody else in this process has installed another recorder.
    #[error("this process already records its metrics elsewhere: embed one node per process")]
    Taken,
}

impl Metrics {
    /// Starts to record. A later call in the same process returns the first one's.
    pub fn install() -> Result<Self, MetricsError> {
        static INSTALLED: OnceLock<Metrics> = OnceLock::new();
        static INSTALLING: std::sync::Mutex<()> = std::sync::Mutex::new(());
        let _one_at_a_time = INSTALLING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(metrics) = INSTALLED.get() {
            return Ok(metrics.clone());
        }
        let recorder = builder()?.build_recorder();
        let metrics = Self(recorder.handle());
        describe(&recorder);
        metrics::set_global_recorder(recorder).map_err(|_| MetricsError::Taken)?;
        start_at_zero();
        Ok(INSTALLED.get_or_init(|| metrics).clone())
    }

    /// Everything recorded so far, in the Prometheus text format (`text/plain; version=0.0.4`).
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Folds recorded values into their buckets. To be called every few seconds, so that memory does not grow on a node
    /// that nobody scrapes.
    pub fn upkeep(&self) {
        self.0.run_upkeep();
    }
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    METRICS.iter().try_fold(PrometheusBuilder::new(), |builder, metric| match metric.kind {
        Kind::Histogram(buckets) => builder.set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), buckets),
        Kind::Counter | Kind::Gauge => Ok(builder),
    })
}

fn describe(recorder: &impl Recorder) {
    for metric in METRICS {
        let help = metric.help.trim();
        match metric.kind {
            Kind::Counter => recorder.describe_counter(metric.name.into(), metric.unit, help.into()),
            Kind::Gauge => recorder.describe_gauge(metric.name.into(), metric.unit, help.into()),
            Kind::Histogram(_) => recorder.describe_histogram(metric.name.into(), metric.unit, help.into()),
        }
    }
}

/// A counter that appears only with its first event hides that event from every rate. Those whose labels are known
/// here therefore start at zero.
fn start_at_zero() {
    for metric in METRICS.iter().filter(|m| m.kind == Kind::Counter) {
        match metric.labels {
            [] => metric.counter(&[]).absolute(0),
            [Label { values: Values::These(values), .. }] => {
                values.iter().for_each(|value| metric.counter(&[value]).absolute(0));
            }
            _ => {}
        }
    }
    BUILD_INFO.gauge(&[env!("CARGO_PKG_VERSION")]).set(1.0);
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^52")]
    START_TIME.gauge(&[]).set(crate::clock::now().seconds() as f64);
}

/// The reference table, `docs/reference/metrics.md`.
pub fn reference() -> String {
    let mut page = String::from(
        "# Metrics\n\n<!-- Generated from crates/keyward-server/src/telemetry/metrics.rs. Do not edit. -->\n\n\
         Scraped at `GET /metrics` in the Prometheus text format. No label names a credential, a person or an organization.\n\n\
         | metric | kind | labels | meaning |\n|---|---|---|---|\n",
    );
    for metric in METRICS {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        };
        let labels: Vec<String> = metric
            .labels
            .iter()
            .map(|label| match label.values {
                Values::Catalogue(which) => format!("`{}`: {which}", label.name),
                Values::These(_) if metric.name == BUILD_INFO.name => format!("`{}`", label.name),
                Values::These(values) => format!("`{}`: `{}`", label.name, values.join("`, `")),
            })
            .collect();
        let labels = if labels.is_empty() { "–".to_owned() } else { labels.join("; ") };
        // Writing to a `String` cannot fail.
        let _ = writeln!(page, "| `{}` | {kind} | {labels} | {} |", metric.name, metric.help.trim());
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_metrics_reference() {
        crate::config::docs::assert_fresh("docs/reference/metrics.md", &reference());
    }

    #[test]
    fn names_follow_the_conventions() {
        for metric in METRICS {
            let name = metric.name;
            assert!(name.starts_with("keyward_"), "{name}");
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
            assert_eq!(name.ends_with("_total"), metric.kind == Kind::Counter, "{name}");
            assert_eq!(name.ends_with("_seconds"), metric.unit == Some(Unit::Seconds), "{name}");
            assert_eq!(name.ends_with("_bytes"), metric.unit == Some(Unit::Bytes), "{name}");
            assert!(metric.help.trim().ends_with('.'), "{name}");
            if let Kind::Histogram(buckets) = metric.kind {
                assert!(buckets.is_sorted_by(|a, b| a < b), "{name}");
            }
        }
        let mut names: Vec<_> = METRICS.iter().map(|m| m.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), METRICS.len());
    }

    #[test]
    fn no_label_can_name_what_a_client_chooses() {
        let allowed = ["listener", "class", "reason", "result", "route", "version"];
        for label in METRICS.iter().flat_map(|m| m.labels) {
            assert!(allowed.contains(&label.name), "`{}`: is its set of values closed?", label.name);
        }
    }

    #[test]
    fn what_is_rendered_has_help_and_type() {
        let recorder = builder().unwrap().build_recorder();
        describe(&recorder);
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            CONNECTIONS_CUT.counter(&["main", "idle"]).increment(2);
            RECEIPT_DURATION.histogram(&[]).record(0.002);
            start_at_zero();
        });
        let text = handle.render();
        assert!(text.contains("# HELP keyward_connections_cut_total Connections that were closed"), "{text}");
        assert!(text.contains("# TYPE keyward_connections_cut_total counter"), "{text}");
        assert!(text.contains("keyward_connections_cut_total{listener=\"main\",reason=\"idle\"} 2"), "{text}");
        assert!(text.contains("keyward_receipt_duration_seconds_bucket{le=\"0.003\"} 1"), "{text}");
        assert!(text.contains("keyward_write_jobs_total{result=\"failed\"} 0"), "{text}");
    }

    #[test]
    #[should_panic(expected = "not a declared value")]
    fn a_label_value_outside_its_set_is_a_mistake() {
        let recorder = builder().unwrap().build_recorder();
        metrics::with_local_recorder(&recorder, || WRITE_JOBS.counter(&["whatever"]).increment(1));
    }
}
