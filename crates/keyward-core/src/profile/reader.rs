//! Walks the TOML of a profile by hand, so that every fault is found in one go, each with its place and key.

use std::cell::RefCell;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::Setting;
use super::faults::{Fault, Place};
use super::keys::Key;

/// The text of a profile, and what was found wrong with it so far.
pub(super) struct Source<'t> {
    file: &'t str,
    text: &'t str,
    /// Where each line begins.
    lines: Vec<usize>,
    faults: RefCell<Vec<Fault>>,
}

impl<'t> Source<'t> {
    pub(super) fn new(file: &'t str, text: &'t str) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { file, text, lines, faults: RefCell::new(Vec::new()) }
    }

    pub(super) fn fault(&self, offset: usize, key: &str, text: impl Into<String>) {
        let place = self.place(offset);
        self.faults.borrow_mut().push(Fault {
            file: self.file.to_owned(),
            place,
            key: key.to_owned(),
            text: text.into(),
        });
    }

    pub(super) fn place(&self, offset: usize) -> Place {
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|i| self.lines.get(i)).copied().unwrap_or(0);
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count()) + 1;
        Place { line: u32::try_from(line).unwrap_or(u32::MAX), column: u32::try_from(column).unwrap_or(u32::MAX) }
    }

    /// How many faults there are so far: to see whether a part was understood.
    pub(super) fn count(&self) -> usize {
        self.faults.borrow().len()
    }

    pub(super) fn into_faults(self) -> Vec<Fault> {
        self.faults.into_inner()
    }
}

/// One value with its place.
#[derive(Clone)]
pub(super) struct Node<'t> {
    pub(super) source: &'t Source<'t>,
    pub(super) path: String,
    pub(super) at: usize,
    value: &'t DeValue<'t>,
}

impl<'t> Node<'t> {
    pub(super) fn fault(&self, text: impl Into<String>) {
        self.source.fault(self.at, &self.path, text);
    }

    /// A value of another type was expected.
    fn mistyped<T>(&self, expected: &str) -> Option<T> {
        let found = match self.value {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a fraction",
            DeValue::Boolean(_) => "`true` or `false`",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.fault(format!("{found} stands here: write {expected}"));
        None
    }

    pub(super) fn is_table(&self) -> bool {
        matches!(self.value, DeValue::Table(_))
    }

    /// A text, without a fault when it is something else.
    pub(super) fn is_text(&self) -> Option<&'t str> {
        if let DeValue::String(text) = self.value { Some(text) } else { None }
    }

    /// A text, whatever it says.
    pub(super) fn text(&self) -> Option<&'t str> {
        match self.value {
            DeValue::String(text) => Some(text),
            _ => self.mistyped("a text in double quotes"),
        }
    }

    /// A text that people read.
    pub(super) fn words(&self) -> Option<&'t str> {
        let text = self.text()?;
        if text.trim().is_empty() {
            self.fault("the text is empty: write it, or remove the key");
            return None;
        }
        if text.chars().count() > MAX_WORDS_CHARS {
            self.fault(format!("the text is too long: write at most {MAX_WORDS_CHARS} characters"));
            return None;
        }
        if text.chars().any(char::is_control) {
            self.fault("the text contains a control character: write it on one line");
            return None;
        }
        Some(text)
    }

    pub(super) fn flag(&self) -> Option<bool> {
        match self.value {
            DeValue::Boolean(flag) => Some(*flag),
            _ => self.mistyped("`true` or `false`, without quotes"),
        }
    }

    pub(super) fn number(&self, range: RangeInclusive<u32>) -> Option<u32> {
        let DeValue::Integer(number) = self.value else { return self.mistyped("a whole number") };
        let value = u32::from_str_radix(number.as_str(), number.radix()).ok().filter(|n| range.contains(n));
        if value.is_none() {
            let (start, end) = (range.start(), range.end());
            let bounds =
                if *end == u32::MAX { format!("{start} or more") } else { format!("a number from {start} to {end}") };
            self.fault(format!("`{number}` is out of range: write {bounds}"));
        }
        value
    }

    pub(super) fn duration(&self, range: RangeInclusive<Duration>) -> Option<Duration> {
        let text = self.text()?;
        let Some(duration) = parse_duration(text) else {
            self.fault(format!(
                "`{text}` is not a duration: write a number and one of `s`, `m`, `h`, `d`, such as `72h`"
            ));
            return None;
        };
        if duration < *range.start() {
            self.fault(format!("`{text}` is too short: write at least `{}`", show_duration(*range.start())));
            return None;
        }
        if duration > *range.end() {
            self.fault(format!("`{text}` is too long: write at most `{}`", show_duration(*range.end())));
            return None;
        }
        Some(duration)
    }

    /// A setting of a dialect: whatever is not a table, a date or a fraction.
    pub(super) fn setting(&self) -> Option<Setting> {
        match self.value {
            DeValue::Boolean(flag) => Some(Setting::Flag(*flag)),
            DeValue::Integer(_) => self.number(0..=u32::MAX).map(Setting::Number),
            DeValue::String(text) => Some(Setting::Text(text.clone().into_owned())),
            DeValue::Array(_) => {
                let texts = self.list()?.iter().map(|node| node.text().map(str::to_owned)).collect::<Option<_>>()?;
                Some(Setting::Texts(texts))
            }
            _ => self.mistyped("a text, a whole number, `true` or `false`, or a list of texts"),
        }
    }

    pub(super) fn list(&self) -> Option<Vec<Node<'t>>> {
        let DeValue::Array(array) = self.value else { return self.mistyped("a list in square brackets") };
        Some(array.iter().map(|item| self.child(self.path.clone(), item.span().start, item.get_ref())).collect())
    }

    /// One of a closed set.
    pub(super) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.fault(format!("`{text}` is not known here: {}", remedy(text, &known)));
        }
        found.map(|(_, value)| *value)
    }

    /// A list of members of a closed set, none of them twice.
    pub(super) fn words_of<T: Copy + PartialEq>(&self, words: &[(&str, T)]) -> Option<Vec<T>> {
        let mut found = Vec::new();
        for node in self.list()? {
            match node.word(words) {
                Some(value) if found.contains(&value) => node.fault("this stands here twice: remove one"),
                Some(value) => found.push(value),
                None => {}
            }
        }
        Some(found)
    }

    /// Something with a grammar of its own, whose error says what to write.
    pub(super) fn parsed<T: FromStr<Err: fmt::Display>>(&self) -> Option<T> {
        self.text()?.parse().map_err(|error: T::Err| self.fault(error.to_string())).ok()
    }

    /// The entries of a table whose keys are names that the profile gives, in the order of the file.
    pub(super) fn entries(&self) -> Option<Vec<(&'t str, Node<'t>)>> {
        let DeValue::Table(table) = self.value else { return self.mistyped("a table") };
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        Some(
            entries
                .into_iter()
                .map(|(key, value)| {
                    let name: &'t str = key.get_ref();
                    (name, self.child(join(&self.path, name), key.span().start, value.get_ref()))
                })
                .collect(),
        )
    }

    fn child(&self, path: String, at: usize, value: &'t DeValue<'t>) -> Node<'t> {
        Node { source: self.source, path, at, value }
    }
}

/// A table whose keys are known.
pub(super) struct Table<'t> {
    pub(super) source: &'t Source<'t>,
    path: String,
    at: usize,
    entries: &'t DeTable<'t>,
    keys: &'static [Key],
}

impl<'t> Table<'t> {
    /// The whole file.
    pub(super) fn root(source: &'t Source<'t>, entries: &'t DeTable<'t>, keys: &'static [Key]) -> Self {
        let table = Self { source, path: String::new(), at: 0, entries, keys };
        table.refuse_unknown();
        table
    }

    pub(super) fn open(node: &Node<'t>, keys: &'static [Key]) -> Option<Self> {
        let DeValue::Table(entries) = node.value else { return node.mistyped("a table") };
        let table = Self { source: node.source, path: node.path.clone(), at: node.at, entries, keys };
        table.refuse_unknown();
        Some(table)
    }

    fn refuse_unknown(&self) {
        let known: Vec<&str> = self.keys.iter().map(|key| key.name).collect();
        for (key, _) in self.entries {
            let name: &str = key.get_ref();
            if !known.contains(&name) {
                let text = format!("`{name}` is not known here: {}", remedy(name, &known));
                self.source.fault(key.span().start, &join(&self.path, name), text);
            }
        }
    }

    /// The value of a key, if it is written.
    pub(super) fn find(&self, name: &str) -> Option<Node<'t>> {
        debug_assert!(self.keys.iter().any(|key| key.name == name), "`{name}` is not in the reference");
        let value = self.entries.get(name)?;
        Some(Node { source: self.source, path: join(&self.path, name), at: value.span().start, value: value.get_ref() })
    }

    /// The value of a key that must be written.
    pub(super) fn need(&self, name: &str, remedy: &str) -> Option<Node<'t>> {
        let node = self.find(name);
        if node.is_none() {
            self.blame(name, format!("this is missing: {remedy}"));
        }
        node
    }

    /// The same as [`Node::words`] for a key, or `standard` when it is not written.
    pub(super) fn words_or(&self, name: &str, standard: String) -> String {
        match self.find(name) {
            Some(node) => node.words().unwrap_or_default().to_owned(),
            None => standard,
        }
    }

    pub(super) fn flag_or(&self, name: &str, standard: bool) -> bool {
        self.find(name).and_then(|node| node.flag()).unwrap_or(standard)
    }

    pub(super) fn word_or<T: Copy>(&self, name: &str, words: &[(&str, T)], standard: T) -> T {
        self.find(name).and_then(|node| node.word(words)).unwrap_or(standard)
    }

    /// Reports a fault at a key (`rotate.grace` for one further down), or at as much of the way to it as is written.
    pub(super) fn blame(&self, key: &str, text: impl Into<String>) {
        let mut at = self.at;
        let mut entries = Some(self.entries);
        for name in key.split('.') {
            let Some(value) = entries.and_then(|table| table.get(name)) else { break };
            at = value.span().start;
            entries = match value.get_ref() {
                DeValue::Table(table) => Some(table),
                _ => None,
            };
        }
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        self.source.fault(at, &path, text);
    }

    /// Where [`Table::blame`] would report a fault.
    pub(super) fn place_of(&self, key: &str) -> Place {
        self.source.place(self.entries.get(key).map_or(self.at, |value| value.span().start))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }
}

/// `did you mean` the nearest of `known`, or all of them.
pub(super) fn remedy(text: &str, known: &[&str]) -> String {
    if let Some(nearest) = nearest(text, known.iter().copied()) {
        return format!("did you mean `{nearest}`?");
    }
    match known {
        [] => "remove it".to_owned(),
        [one] => format!("write `{one}`"),
        [all @ .., last] => format!("write `{}` or `{last}`", all.join("`, `")),
    }
}

/// The one of `known` that `text` is most likely a slip for.
pub(super) fn nearest<'k>(text: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let allowed = (text.chars().count() / 3).clamp(1, 2);
    let near = known.into_iter().map(|word| (distance(text, word), word)).min_by_key(|(distance, _)| *distance)?;
    (near.0 <= allowed).then_some(near.1)
}

/// How many single characters have to be put in, taken out, replaced or swapped with their neighbour to make one text
/// of the other.
fn distance(a: &str, b: &str) -> usize {
    // A text that long is nobody's slip; the bound keeps hostile files cheap.
    if a.len().max(b.len()) > 128 {
        return usize::MAX;
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut next = vec![i + 1];
        for j in 0..b.len() {
            let replaced = row[j] + usize::from(a[i] != b[j]);
            let mut least = replaced.min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                least = least.min(before[j - 1] + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()]
}

/// `90d`, `72h`, `30m`, `45s`.
pub(super) fn parse_duration(text: &str) -> Option<Duration> {
    let (unit, seconds) = match text.chars().last()? {
        's' => ("s", 1),
        'm' => ("m", 60),
        'h' => ("h", 3_600),
        'd' => ("d", 86_400),
        _ => return None,
    };
    let count = text.strip_suffix(unit)?;
    if count.is_empty() || !count.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    count.parse::<u64>().ok()?.checked_mul(seconds).map(Duration::from_secs)
}

/// A duration as a profile writes it, in the largest unit that says it whole.
pub(super) fn show_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (unit, size) = [("d", 86_400), ("h", 3_600), ("m", 60)]
        .into_iter()
        .find(|(_, size)| seconds != 0 && seconds.is_multiple_of(*size))
        .unwrap_or(("s", 1));
    format!("{}{unit}", seconds / size)
}

fn join(path: &str, key: &str) -> String {
    let bare = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    let key = if bare { key.to_owned() } else { format!("{key:?}") };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

/// The longest text of a label: a short paragraph.
const MAX_WORDS_CHARS: usize = 600;
