//! Lists come in pages.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One page of a list, in a stable order: nothing is shown twice, and nothing that stayed is left out, whatever
/// changes between two pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next page begins: send it back as `cursor` with the same filters. Absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// The same page of something else.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next: self.next }
    }
}
