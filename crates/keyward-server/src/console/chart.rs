//! Charts of uses by day: drawn here, so that pages need no script for them.
//!
//! Across, everything is placed in parts of a hundred of the width; upwards, in pixels. So a chart fills whatever room
//! there is while its text and lines stay as they are. Template: `console/chart.html`, imported as `chart`:
//! `{% call chart::days(uses) %}{% endcall %}`, `{% call chart::spark(line) %}{% endcall %}`.

use std::fmt::Write as _;

use keyward_core::time::Timestamp;

use crate::ops::usage::DailyUse;

/// Pixels between the line of nothing and that of the most.
const HEIGHT: f64 = 144.0;
/// Pixels above the line of the most.
const ABOVE: f64 = 8.0;
/// What of a day's room its bar takes.
const BAR: f64 = 0.7;
/// A number above nothing is seen, however small it is: pixels.
const LEAST: f64 = 2.0;
/// How many days are named below a chart.
const NAMED: usize = 5;
/// Pixels of the small chart of a row.
const SPARK_HEIGHT: f64 = 20.0;
const SECONDS_OF_A_DAY: i64 = 24 * 60 * 60;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Allowed and refused uses by day, one upon the other.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chart {
    /// What it shows.
    pub(super) title: String,
    /// The same in a sentence, with the sums.
    pub(super) description: String,
    /// What tells its parts from those of another chart on the page.
    pub(super) id: String,
    /// A bar for each day.
    pub(super) bars: Vec<Bar>,
    /// What the lines across stand for, from the top.
    pub(super) scale: [String; 3],
    /// The days that are named below.
    pub(super) days: Vec<Named>,
    /// The figures of the days that have any, the latest first.
    pub(super) rows: Vec<Row>,
    /// All allowed ones.
    pub(super) allowed: u64,
    /// All refused ones.
    pub(super) refused: u64,
}

/// One day's bar.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bar {
    /// Where its room begins, in parts of a hundred.
    pub(super) slot: Across,
    /// Where it begins itself.
    pub(super) filled: Across,
    /// What was allowed.
    pub(super) allowed: Upwards,
    /// What was refused, upon it.
    pub(super) refused: Upwards,
    /// Day and figures.
    pub(super) text: String,
}

/// A stretch from left to right, in parts of a hundred of the width.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Across {
    /// Where it begins.
    pub(super) x: String,
    /// How wide it is.
    pub(super) width: String,
}

/// A stretch from the top down, in pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Upwards {
    /// Where it begins.
    pub(super) y: String,
    /// How high it is; empty when it is not there.
    pub(super) height: String,
}

/// A day that is named below a chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// Where, in parts of a hundred.
    pub(super) x: String,
    /// Which side of the text stands there.
    pub(super) anchor: &'static str,
    /// The day.
    pub(super) text: String,
}

/// The figures of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// The day, for machines.
    pub(super) exact: String,
    /// The day, for people.
    pub(super) day: String,
    /// What was allowed.
    pub(super) allowed: String,
    /// What was refused.
    pub(super) refused: String,
}

/// The small chart of a row: every use by day, without any text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spark {
    /// How many days it has room for, each one wide.
    pub(super) days: usize,
    /// A bar for each day that has any, as one path: a page has many of these charts.
    pub(super) bars: String,
    /// What it shows, for who cannot see it.
    pub(super) text: String,
}

impl Chart {
    /// A chart of `(day, allowed, refused)` for each of a row of days: see [`every_day`].
    pub(super) fn of_days(days: &[(i64, u64, u64)], title: &str) -> Self {
        let sum = |of: fn(&(i64, u64, u64)) -> u64| days.iter().map(of).fold(0, u64::saturating_add);
        let (allowed, refused) = (sum(|day| day.1), sum(|day| day.2));
        let most = days.iter().map(|(_, yes, no)| yes.saturating_add(*no)).max().unwrap_or(0);
        let top = round_top(most);
        Self {
            title: title.to_owned(),
            description: describe(days, allowed, refused),
            id: format!("chart-{}", title.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-")),
            bars: days.iter().enumerate().map(|(place, day)| bar(place, days.len(), day, top)).collect(),
            scale: [short(top), short(top / 2), "0".to_owned()],
            days: named(days),
            rows: days.iter().rev().filter(|(_, yes, no)| yes + no > 0).map(row).collect(),
            allowed,
            refused,
        }
    }

    /// Whether nothing was used on any day.
    pub(super) const fn is_empty(&self) -> bool {
        self.allowed == 0 && self.refused == 0
    }

    /// All allowed ones, for people.
    pub(super) fn allowed_text(&self) -> String {
        grouped(self.allowed)
    }

    /// All refused ones, for people.
    pub(super) fn refused_text(&self) -> String {
        grouped(self.refused)
    }
}

impl Spark {
    /// A small chart of `(day, allowed, refused)` for each of a row of days.
    pub(super) fn of_days(days: &[(i64, u64, u64)]) -> Self {
        let uses = |day: &(i64, u64, u64)| day.1.saturating_add(day.2);
        let most = days.iter().map(uses).max().unwrap_or(0).max(1);
        let used = days.iter().filter(|day| uses(day) > 0).count();
        let mut bars = String::new();
        for (place, day) in days.iter().enumerate().filter(|(_, day)| uses(day) > 0) {
            let height = pixels(uses(day), most, SPARK_HEIGHT);
            // Writing into a text does not fail.
            let _ = write!(bars, "M{place} {SPARK_HEIGHT}v-{height:.0}h{BAR}V{SPARK_HEIGHT}");
        }
        Self { days: days.len(), bars, text: format!("used on {used} of {} days", days.len()) }
    }
}

/// The uses of each day from `from` on, before `until`: none where nothing is known of.
pub(super) fn every_day(uses: &[DailyUse], from: i64, until: i64) -> Vec<(i64, u64, u64)> {
    let mut days: Vec<_> = (from..until).map(|day| (day, 0, 0)).collect();
    for used in uses {
        let place = usize::try_from(used.day.saturating_sub(from)).ok();
        if let Some(day) = place.and_then(|place| days.get_mut(place)) {
            day.1 += used.allowed;
            day.2 += used.refused;
        }
    }
    days
}

/// A number with its thousands apart, by a thin space that does not break.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 * 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// `12 Nov 2026`.
pub(super) fn day_text(day: i64) -> String {
    let exact = exact_day(day);
    match parts_of(&exact) {
        Some((year, month, day)) => format!("{day} {month} {year}"),
        None => exact,
    }
}

fn short_day(day: i64) -> String {
    let exact = exact_day(day);
    parts_of(&exact).map(|(_, month, day)| format!("{day} {month}")).unwrap_or(exact)
}

/// `2026-11-12`.
pub(super) fn exact_day(day: i64) -> String {
    let text = Timestamp::from_seconds(day.saturating_mul(SECONDS_OF_A_DAY)).to_string();
    text.split_once('T').map_or(text.clone(), |(day, _)| day.to_owned())
}

fn parts_of(exact: &str) -> Option<(&str, &'static str, &str)> {
    let (year, rest) = exact.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    let month = MONTHS.get(month.parse::<usize>().ok()?.checked_sub(1)?)?;
    Some((year, month, day.trim_start_matches('0')))
}

fn describe(days: &[(i64, u64, u64)], allowed: u64, refused: u64) -> String {
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return "No days.".to_owned() };
    let span = format!("From {} to {}", day_text(first.0), day_text(last.0));
    match (allowed, refused) {
        (0, 0) => format!("{span}: nothing was used."),
        (1, _) => format!("{span}: 1 use was allowed and {} refused.", grouped(refused)),
        _ => format!("{span}: {} uses were allowed and {} refused.", grouped(allowed), grouped(refused)),
    }
}

fn bar(place: usize, count: usize, &(day, yes, no): &(i64, u64, u64), top: u64) -> Bar {
    let (allowed, refused) = (pixels(yes, top, HEIGHT), pixels(no, top, HEIGHT));
    let floor = ABOVE + HEIGHT;
    Bar {
        slot: across(place, count, 1.0),
        filled: across(place, count, BAR),
        allowed: upwards(floor - allowed, allowed),
        refused: upwards(floor - allowed - refused, refused),
        text: format!("{}: {} allowed, {} refused", day_text(day), grouped(yes), grouped(no)),
    }
}

fn row(&(day, yes, no): &(i64, u64, u64)) -> Row {
    Row { exact: exact_day(day), day: day_text(day), allowed: grouped(yes), refused: grouped(no) }
}

/// The `part` in the middle of the room of one of `count` days.
fn across(place: usize, count: usize, part: f64) -> Across {
    let room = 100.0 / decimal(count.max(1));
    let x = room * (decimal(place) + (1.0 - part) / 2.0);
    Across { x: format!("{x:.3}%"), width: format!("{:.3}%", room * part) }
}

fn upwards(y: f64, height: f64) -> Upwards {
    let height = if height > 0.0 { format!("{height:.1}") } else { String::new() };
    Upwards { y: format!("{y:.1}"), height }
}

fn pixels(number: u64, top: u64, height: f64) -> f64 {
    if number == 0 {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "a pixel more or less of more than 2^52 uses is not seen")]
    let part = number as f64 / top.max(1) as f64;
    (part * height).max(LEAST)
}

/// Days that are named, spread evenly; the first and the last among them.
fn named(days: &[(i64, u64, u64)]) -> Vec<Named> {
    let last = days.len().saturating_sub(1);
    let steps = last.clamp(1, NAMED - 1);
    let mut places: Vec<usize> = (0..=steps).map(|step| (last * step + steps / 2) / steps).collect();
    places.dedup();
    let name = |place: usize| {
        let (x, anchor) = match place {
            _ if days.len() == 1 => (50.0, "middle"),
            0 => (0.0, "start"),
            place if place == last => (100.0, "end"),
            place => (100.0 * (decimal(place) + 0.5) / decimal(days.len()), "middle"),
        };
        days.get(place).map(|(day, ..)| Named { x: format!("{x:.3}%"), anchor, text: short_day(*day) })
    };
    places.into_iter().filter_map(name).collect()
}

fn decimal(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

/// The next round number that can be halved: 2, 4, 6, 8, then 10, 20, 40, 60, 80, then ten times those.
fn round_top(most: u64) -> u64 {
    let mut unit: u64 = 1;
    loop {
        for step in [2, 4, 6, 8, 10] {
            let top = unit.saturating_mul(step);
            if top >= most {
                return top;
            }
        }
        unit = unit.saturating_mul(10);
    }
}

/// A round number in few characters: `800`, `1.5k`, `40k`, `2M`.
fn short(number: u64) -> String {
    let units = [(1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")];
    let Some((unit, letter)) = units.into_iter().find(|(unit, _)| number >= *unit) else { return number.to_string() };
    match (number / unit, number % unit * 10 / unit) {
        (whole, 0) => format!("{whole}{letter}"),
        (whole, tenth) => format!("{whole}.{tenth}{letter}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-12.
    const DAY: i64 = 20_769;

    #[test]
    fn days_are_told_as_people_say_them() {
        assert_eq!(day_text(DAY), "12 Nov 2026");
        assert_eq!((short_day(DAY - 11), exact_day(DAY)), ("1 Nov".to_owned(), "2026-11-12".to_owned()));
        assert_eq!(day_text(0), "1 Jan 1970");
    }

    #[test]
    fn days_without_a_use_are_there_and_others_are_not() {
        let uses = [
            DailyUse { day: DAY, allowed: 3, refused: 1 },
            DailyUse { day: DAY + 2, allowed: 0, refused: 2 },
            DailyUse { day: DAY - 1, allowed: 9, refused: 9 },
            DailyUse { day: DAY + 3, allowed: 9, refused: 9 },
        ];
        assert_eq!(every_day(&uses, DAY, DAY + 3), [(DAY, 3, 1), (DAY + 1, 0, 0), (DAY + 2, 0, 2)]);
    }

    #[test]
    fn bars_stand_upon_each_other_below_a_round_number() {
        let chart = Chart::of_days(&[(DAY, 30, 10), (DAY + 1, 0, 0), (DAY + 2, 1, 0)], "Uses");
        assert_eq!(chart.scale, ["40", "20", "0"]);
        let [first, second, third] = chart.bars.as_slice() else { panic!("{chart:?}") };
        assert_eq!((first.allowed.height.as_str(), first.allowed.y.as_str()), ("108.0", "44.0"));
        assert_eq!((first.refused.height.as_str(), first.refused.y.as_str()), ("36.0", "8.0"));
        assert_eq!(first.text, "12 Nov 2026: 30 allowed, 10 refused");
        assert!(second.allowed.height.is_empty() && second.refused.height.is_empty());
        assert_eq!(third.allowed.height, "3.6");
        assert_eq!(chart.rows.iter().map(|row| row.day.as_str()).collect::<Vec<_>>(), ["14 Nov 2026", "12 Nov 2026"]);
        assert_eq!(chart.description, "From 12 Nov 2026 to 14 Nov 2026: 31 uses were allowed and 10 refused.");
    }

    #[test]
    fn one_among_many_is_still_seen() {
        let chart = Chart::of_days(&[(DAY, 1_000_000, 1)], "Uses");
        assert_eq!(chart.bars[0].refused.height, "2.0");
        let spark = Spark::of_days(&[(DAY, 1_000_000, 0), (DAY + 1, 0, 0), (DAY + 2, 0, 1)]);
        assert_eq!((spark.days, spark.bars.as_str()), (3, "M0 20v-20h0.7V20M2 20v-2h0.7V20"));
    }

    #[test]
    fn scales_end_in_round_numbers_that_can_be_halved() {
        let tops = [0, 1, 2, 3, 9, 11, 41, 100, 101, 999, 1_000_001].map(round_top);
        assert_eq!(tops, [2, 2, 2, 4, 10, 20, 60, 100, 200, 1_000, 2_000_000]);
        assert_eq!(round_top(u64::MAX), u64::MAX);
        assert_eq!([999, 1_000, 1_500, 40_000, 2_000_000].map(short), ["999", "1k", "1.5k", "40k", "2M"]);
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1\u{202f}000", "1\u{202f}234\u{202f}567"]);
    }

    #[test]
    fn few_days_are_named_among_them_the_first_and_the_last() {
        let days: Vec<_> = (0..30).map(|day| (DAY + day, 0, 0)).collect();
        let texts = |count: usize| named(&days[..count]).into_iter().map(|day| day.text).collect::<Vec<_>>();
        assert_eq!(texts(30), ["12 Nov", "19 Nov", "27 Nov", "4 Dec", "11 Dec"]);
        assert_eq!(texts(2), ["12 Nov", "13 Nov"]);
        assert_eq!(texts(1), ["12 Nov"]);
        assert!(texts(0).is_empty());
    }
}
