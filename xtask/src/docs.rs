//! Generated files that are committed: reference pages, the `OpenAPI` document, the example configuration.
//!
//! Each is owned by one test whose name begins with `generated_`: it renders the file from the code and compares.
//! With `KEYWARD_UPDATE_DOCS=1` the same test writes the file instead, so nothing can be generated and not checked.

use anyhow::Result;

use crate::steps;

/// Set to `1`, it makes every `generated_` test write its file; unset, they compare.
pub(crate) const UPDATE: &str = "KEYWARD_UPDATE_DOCS";

/// Rewrites every generated file.
pub(crate) fn update() -> Result<()> {
    let mut command = steps::cargo(["test", "--quiet"]);
    for package in ["keyward-core", "keyward-api", "keyward-server", "keyward"] {
        command.args(["-p", package]);
    }
    command.arg("generated_").env(UPDATE, "1");
    steps::run("generated files", command)
}
