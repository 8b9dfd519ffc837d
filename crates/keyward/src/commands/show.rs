//! What answers of all nouns have in common: pages, receipts, words.

use std::fmt::Display;

use keyward_api::Page;
use keyward_api::receipt::Confirmed;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::output::{Picture, View};

/// Something that stands in a row of a list.
pub(crate) trait Listed: DeserializeOwned {
    /// The titles of the columns.
    const HEAD: &'static [&'static str];
    /// The cells, as many as there are titles.
    fn row(&self) -> Vec<String>;
    /// What names it; what `--quiet` leaves of it.
    fn name(&self) -> String;
}

impl<T: Listed> View for Page<T> {
    fn view(&self) -> Picture {
        Picture::rows(T::HEAD, self.items.iter().map(Listed::row))
    }

    fn essence(&self) -> Vec<String> {
        self.items.iter().map(Listed::name).collect()
    }
}

impl View for Confirmed {
    fn view(&self) -> Picture {
        Picture::text(self.receipt.to_string())
    }

    fn essence(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Whatever is there, as the text of a cell; nothing for nothing.
pub(crate) fn maybe<T: Display>(value: Option<&T>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

/// A word of a closed set, as the API writes it.
pub(crate) fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}

/// Several texts in one cell.
pub(crate) fn joined<T: Display>(values: impl IntoIterator<Item = T>) -> String {
    let texts: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
    texts.join(", ")
}

/// `yes`, or nothing.
pub(crate) fn flag(set: bool) -> String {
    if set { "yes".to_owned() } else { String::new() }
}
