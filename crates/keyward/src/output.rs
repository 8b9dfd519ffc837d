//! Everything that the program says: the one place that writes to standard output and standard error.
//!
//! Standard output has the answer: a table for people, or exactly the JSON of the API. Standard error has everything
//! else, so that an answer can always be piped.

use std::io::{self, IsTerminal as _, Write as _};

use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table, presets};
use keyward_client::{Answer, Call};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::failure::Failure;

/// How answers are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Table,
    /// For programs: one document, exactly as the API answers it.
    Json,
}

/// Where answers and remarks go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    format: Format,
    quiet: bool,
}

/// What an answer looks like to people.
pub(crate) trait View {
    /// The table, or whatever suits it.
    fn view(&self) -> Picture;
    /// What `--quiet` leaves of it, one a line: ids, or a secret.
    fn essence(&self) -> Vec<String>;
}

/// An answer for people.
#[derive(Debug, Default)]
pub(crate) struct Picture {
    blocks: Vec<Block>,
}

#[derive(Debug)]
enum Block {
    Fields(Vec<(&'static str, String)>),
    Rows(Vec<&'static str>, Vec<Vec<String>>),
    Line(String),
}

impl Picture {
    /// One record: its fields, without those that are empty.
    pub(crate) fn fields(fields: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        Self::default().and(Block::Fields(fields.into_iter().filter(|(_, value)| !value.is_empty()).collect()))
    }

    /// Many records, one a row.
    pub(crate) fn rows(head: &[&'static str], rows: impl IntoIterator<Item = Vec<String>>) -> Self {
        Self::default().and(Block::Rows(head.to_vec(), rows.into_iter().collect()))
    }

    /// One line of text.
    pub(crate) fn text(line: impl Into<String>) -> Self {
        Self::default().line(line)
    }

    /// With a line of text below.
    pub(crate) fn line(self, line: impl Into<String>) -> Self {
        self.and(Block::Line(line.into()))
    }

    /// With another table below.
    pub(crate) fn below(mut self, other: Picture) -> Self {
        self.blocks.extend(other.blocks);
        self
    }

    fn and(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }
}

impl std::fmt::Display for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for block in &self.blocks {
            match block {
                Block::Line(line) => writeln!(f, "{line}")?,
                Block::Fields(fields) => {
                    let mut table = plain();
                    table.add_rows(fields.iter().map(|(name, value)| [*name, value.as_str()]));
                    write_table(f, &table)?;
                }
                Block::Rows(head, rows) => {
                    let mut table = plain();
                    table.set_header(head.iter().map(|name| name.to_uppercase()));
                    table.add_rows(rows);
                    write_table(f, &table)?;
                }
            }
        }
        Ok(())
    }
}

#[expect(clippy::unused_self, reason = "only who was given the output may write to it")]
impl Output {
    pub(crate) const fn new(format: Option<Format>, quiet: bool) -> Self {
        let format = match format {
            Some(format) => format,
            None => Format::Table,
        };
        Self { format, quiet }
    }

    /// Makes a call and shows its answer, which it also gives back.
    pub(crate) async fn answer<T: View + DeserializeOwned>(&self, call: Call<T>) -> Result<T, Failure> {
        let raw: Answer<Box<RawValue>> = call.read_as().await?;
        let value = read(&raw)?;
        match self.format {
            Format::Json => self.write(raw.get())?,
            Format::Table => self.show(&value)?,
        }
        Ok(value)
    }

    /// Shows something that is not the answer of a call.
    pub(crate) fn value<T: View + Serialize>(&self, value: &T) -> Result<(), Failure> {
        match self.format {
            Format::Json => self.document(&json(value)?),
            Format::Table => self.show(value),
        }
    }

    /// Shows a document that is JSON already, as it is.
    pub(crate) fn document(&self, text: &str) -> Result<(), Failure> {
        self.write(text)
    }

    /// Shows a text that has no other form.
    pub(crate) fn text(&self, text: &str) -> Result<(), Failure> {
        self.write(text.strip_suffix('\n').unwrap_or(text))
    }

    /// Passes on bytes as they are.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        Ok(out.flush()?)
    }

    /// Remarks something, unless remarks are not wanted.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.tell(text);
        }
    }

    /// Says something that has to be said.
    pub(crate) fn tell(&self, text: &str) {
        // With standard error closed there is nowhere to say that it is.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Asks for something, without ending the line.
    pub(crate) fn ask(&self, text: &str) {
        let mut err = io::stderr().lock();
        let _ = write!(err, "{text}");
        let _ = err.flush();
    }

    /// Says why a command failed.
    pub(crate) fn failure(&self, failure: &Failure) {
        match self.format {
            Format::Json => self.tell(&failure.json().to_string()),
            Format::Table => self.tell(&format!("error: {}", failure.text())),
        }
    }

    /// Whether programs read the answer.
    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Whether only the essence is wanted.
    pub(crate) const fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Shows something to people.
    pub(crate) fn show<T: View>(&self, value: &T) -> Result<(), Failure> {
        if !self.quiet {
            return self.bytes(value.view().to_string().as_bytes());
        }
        let lines = value.essence();
        if lines.is_empty() { Ok(()) } else { self.write(&lines.join("\n")) }
    }

    fn write(&self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.write_all(b"\n")?;
        Ok(out.flush()?)
    }
}

/// As a JSON document.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|error| Failure::local(format!("the answer cannot be written: {error}")))
}

/// Whether somebody at a terminal would type what is read from standard input.
pub(crate) fn input_is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// Reads an answer that was kept as it arrived.
pub(crate) fn read<T: DeserializeOwned>(raw: &RawValue) -> Result<T, Failure> {
    // The parser's message may quote a secret.
    serde_json::from_str(raw.get()).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Failure::local(format!("the answer has another shape than this version knows ({place}): use a newer `keyward`"))
    })
}

/// No borders and no colours, so that a table can be cut and searched with the usual tools.
fn plain() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table
}

fn write_table(f: &mut std::fmt::Formatter<'_>, table: &Table) -> std::fmt::Result {
    // Every cell is padded on both sides; nothing stands before the first column or behind the last.
    table.lines().try_for_each(|line| writeln!(f, "{}", line.strip_prefix(' ').unwrap_or(&line).trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_plain_columns() {
        let rows = Picture::rows(
            &["id", "name"],
            [vec!["a".to_owned(), "One thing".to_owned()], vec!["bb".to_owned(), String::new()]],
        );
        assert_eq!(rows.to_string(), "ID  NAME\na   One thing\nbb\n");
        let fields =
            Picture::fields([("id", "a".to_owned()), ("empty", String::new()), ("created at", "now".to_owned())]);
        assert_eq!(fields.line("end").to_string(), "id          a\ncreated at  now\nend\n");
    }
}
