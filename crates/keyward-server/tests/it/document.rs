//! What a node says of itself: the OpenAPI document, the reference page, health and metrics.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use keyward_api::operations::{self, Caller, Operation};
use keyward_server::surfaces::native;
use keyward_server::telemetry::metrics::METRICS;
use serde_json::{Value, json};

use crate::harness::{As, TestServer};

const COMMITTED: &str = "docs/reference/openapi.json";

#[test]
fn generated_openapi() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(COMMITTED);
    let generated = native::document().to_pretty_json().unwrap() + "\n";
    #[expect(clippy::disallowed_methods, reason = "a switch of the tests, not of a node")]
    let update = std::env::var("KEYWARD_UPDATE_DOCS").is_ok_and(|value| value == "1");
    if update {
        std::fs::write(&file, &generated).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(kept == generated, "`{COMMITTED}` is out of date: run the tests once with KEYWARD_UPDATE_DOCS=1");
}

#[tokio::test]
async fn the_document_is_served_as_it_is_committed() {
    let server = TestServer::start().await;
    let served = server.get(&As::Anonymous, "/openapi.json").await.expect(200);
    assert_eq!(served.headers["content-type"], "application/json");
    assert_eq!(served.body, document());
    assert!(served.body["openapi"].as_str().unwrap().starts_with("3.1."), "{}", served.body["openapi"]);
}

#[test]
fn the_document_has_exactly_the_operations_of_the_table() {
    let described: BTreeSet<_> = described()
        .into_iter()
        .map(|(method, path, operation)| (operation["operationId"].as_str().unwrap().to_owned(), method, path))
        .collect();
    let table: BTreeSet<_> = operations::ALL
        .iter()
        .map(|o| (o.id.to_owned(), o.method.as_str().to_lowercase(), o.path.to_owned()))
        .collect();
    let missing: Vec<_> = table.difference(&described).collect();
    let unknown: Vec<_> = described.difference(&table).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "not described: {missing:?}; not in the table: {unknown:?}");
}

#[test]
fn every_operation_is_described_in_full() {
    for (_, path, described) in described() {
        let id = described["operationId"].as_str().unwrap();
        let operation = Operation::find(id).unwrap();
        assert_eq!(described["summary"], operation.summary, "{id}");

        let parameters = described["parameters"].as_array().cloned().unwrap_or_default();
        let in_path: BTreeSet<_> =
            parameters.iter().filter(|p| p["in"] == "path").map(|p| p["name"].as_str().unwrap()).collect();
        assert_eq!(in_path, operation.parameters().collect(), "{id} at {path}");
        assert!(parameters.iter().all(|p| p["schema"].is_object()), "{id}: {parameters:?}");

        let responses = described["responses"].as_object().unwrap();
        let successes: Vec<_> = responses.iter().filter(|(status, _)| status.starts_with('2')).collect();
        assert!(!successes.is_empty(), "{id} never succeeds");
        for (status, response) in successes {
            let contents = response["content"].as_object().unwrap_or_else(|| panic!("{id}: {status} has no content"));
            assert!(contents.values().all(|content| content["schema"].is_object()), "{id}: {response}");
        }
        let problem = &responses["default"]["content"]["application/problem+json"]["schema"];
        assert_eq!(problem["$ref"], "#/components/schemas/Problem", "{id}");

        let open_to_all = described.get("security") == Some(&json!([{}]));
        assert_eq!(open_to_all, operation.caller == Caller::Anyone, "{id}: {:?}", described.get("security"));
    }
}

#[test]
fn every_reference_in_the_document_leads_somewhere() {
    let document = document();
    let mut references = BTreeSet::new();
    collect_references(&document, &mut references);
    assert!(references.len() > 50, "{references:?}");
    for reference in references {
        let target = document.pointer(reference.strip_prefix('#').unwrap());
        assert!(target.is_some_and(Value::is_object), "`{reference}` leads nowhere");
    }
}

#[tokio::test]
async fn the_reference_page_loads_its_own_files_and_nothing_else() {
    let server = TestServer::start().await;
    let page = server.get(&As::Anonymous, "/docs").await.expect(200);
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    for part in ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"] {
        assert!(policy.split("; ").any(|directive| directive.trim() == part), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("http") && !policy.contains('*'), "{policy}");

    let lower = page.text.to_lowercase();
    assert!(!lower.contains("<style") && !lower.contains(" style="), "{}", page.text);
    assert!(!lower.contains("javascript:") && !lower.contains("://") && !lower.contains("\"//"), "{}", page.text);
    for tag in lower.split('<').filter(|tag| tag.starts_with("script")) {
        assert!(tag.contains(" src=\"") && tag.ends_with('>'), "an inline script: {tag}");
    }
    let attributes = lower.split([' ', '\n']).filter_map(|word| word.split_once('=')).map(|(name, _)| name);
    assert!(!attributes.clone().any(|name| name.starts_with("on")), "{:?}", attributes.collect::<Vec<_>>());

    let quoted = page.text.split('"');
    let files: BTreeSet<_> = quoted.filter(|word| word.starts_with("docs/") || *word == "openapi.json").collect();
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        let reply = server.http.get(format!("{}/{file}", server.url)).send().await.unwrap();
        assert_eq!(reply.status().as_u16(), 200, "{file}");
        assert_eq!(reply.headers()["x-content-type-options"], "nosniff", "{file}");
        assert!(
            reply.headers()["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"),
            "{file}"
        );
        let expected = match file.rsplit_once('.').unwrap().1 {
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "png" => "image/png",
            _ => "application/json",
        };
        assert_eq!(reply.headers()["content-type"], expected, "{file}");
    }
    server.get(&As::Anonymous, "/docs/secret.js").await.expect(404);
}

#[tokio::test]
async fn supervisors_are_told_that_the_node_lives_and_is_ready() {
    let server = TestServer::start().await;
    assert_eq!(server.get(&As::Anonymous, "/healthz").await.expect(200).text, "ok\n");
    assert_eq!(server.get(&As::Anonymous, "/readyz").await.expect(200).text, "ready\n");
}

#[tokio::test]
async fn prometheus_finds_nothing_wrong_with_the_metrics() {
    let server = TestServer::start().await;
    let admin = server.set_up(&["keyward"]).await;
    server.get(&admin.caller, "/v1/credentials").await.expect(200);
    let metrics = server.get(&As::Anonymous, "/metrics").await.expect(200);
    assert_eq!(metrics.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    for name in ["keyward_http_requests_total{", "keyward_index_revision ", "keyward_password_checks_total{"] {
        assert!(metrics.text.contains(name), "no {name}: {}", metrics.text);
    }

    let command =
        Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut promtool = command.unwrap_or_else(|error| match error.kind() {
        ErrorKind::NotFound => panic!("`promtool` is missing: install the Debian package `prometheus`"),
        _ => panic!("`promtool` does not start: {error}"),
    });
    promtool.stdin.take().unwrap().write_all(metrics.text.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn every_metric_of_the_table_is_recorded_somewhere() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let table = std::fs::read_to_string(source.join("telemetry/metrics.rs")).unwrap();
    // What stands in a test is not recorded by a node.
    let code: Vec<String> = rust_files(&source)
        .into_iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .map(|text| text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned())
        .collect();
    let statics: Vec<(&str, &str)> = table
        .lines()
        .filter_map(|line| line.trim().split_once(" = Kind::"))
        .map(|(id, rest)| (id, rest.split('"').nth(1).unwrap()))
        .collect();
    let names: BTreeSet<_> = statics.iter().map(|(_, name)| *name).collect();
    assert_eq!(names, METRICS.iter().map(|metric| metric.name).collect(), "the table is read wrongly");
    for (id, name) in statics {
        let methods = ["counter", "gauge", "histogram"].map(|method| format!("{id}.{method}("));
        let recorded = code.iter().any(|text| methods.iter().any(|method| text.contains(method.as_str())));
        assert!(recorded, "nothing records `{name}` (`{id}`): record it, or take it out of the table");
    }
}

fn document() -> Value {
    serde_json::to_value(native::document()).unwrap()
}

/// Every operation of the document: method, path, description.
fn described() -> Vec<(String, String, Value)> {
    let document = document();
    let mut described = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(operation["operationId"].is_string(), "{method} {path}: {operation}");
            described.push((method.clone(), path.clone(), operation.clone()));
        }
    }
    described
}

fn collect_references(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get("$ref") {
                references.insert(reference.clone());
            }
            object.values().for_each(|value| collect_references(value, references));
        }
        Value::Array(items) => items.iter().for_each(|value| collect_references(value, references)),
        _ => {}
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let own = files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    own.chain(folders.iter().flat_map(|folder| rust_files(folder))).collect()
}
