//! Where log lines go and what they look like.

use std::io;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Log, LogFormat};

/// Sends the process's log to standard error, as `[log]` says. Standard output belongs to the answers of commands.
///
/// A second call changes nothing: a process has one log.
pub fn install(log: &Log) {
    let _already_installed = subscriber(log, io::stderr).try_init();
}

/// The log as `[log]` says, written to `writer`.
pub fn subscriber<W>(log: &Log, writer: W) -> Box<dyn tracing::Subscriber + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(directives(log)))
        .with_writer(writer)
        .with_ansi(false)
        .with_target(true);
    match log.format {
        LogFormat::Text => Box::new(builder.finish()),
        LogFormat::Json => Box::new(builder.json().flatten_event(true).with_current_span(false).finish()),
    }
}

/// Our own lines from the chosen level on; from libraries only warnings, because their finer lines carry what was sent
/// and received, which no level of ours may show.
fn directives(log: &Log) -> String {
    let level = log.level.as_str();
    let libraries = if level == "error" { "error" } else { "warn" };
    format!("{libraries},keyward={level},keyward_server={level},keyward_store={level},keyward_verify={level}")
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::config::LogLevel;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(log: &Log) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        tracing::subscriber::with_default(subscriber(log, move || writer.clone()), || {
            tracing::info!(answer = 42, "own line");
            tracing::debug!("finer line");
            tracing::info!(target: "hyper::proto", "a library's line");
        });
        String::from_utf8(lines.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn text_has_own_lines_from_the_level_on_and_no_chatter_of_libraries() {
        let text = written(&Log { format: LogFormat::Text, level: LogLevel::Info });
        assert!(text.contains("own line") && text.contains("answer=42"), "{text}");
        assert!(!text.contains("finer line") && !text.contains("library"), "{text}");
    }

    #[test]
    fn json_is_one_object_a_line() {
        let text = written(&Log { format: LogFormat::Json, level: LogLevel::Debug });
        let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!(first["message"], "own line");
        assert_eq!(first["answer"], 42);
        assert!(text.contains("finer line"), "{text}");
    }
}
