//! What an import did, in figures: for people and for scripts.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::{Serialize, Serializer};

use crate::model::{Currency, Instant, Money};

use super::{RejectCode, Totals, is_fresh};

/// First lines that are named for each code.
const FIRST_LINES: usize = 5;

/// Names of events that are listed at most.
const FIRST_NAMES: usize = 10;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A row a customer.
    Customers,
    /// A row a line of an order.
    Orders,
    /// A row an event.
    Events,
    /// A row an address, a domain or a customer to whom nothing goes.
    Suppressions,
}

/// How often a code was given, and where first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct RejectCount {
    /// How often.
    pub count: u64,
    /// The first lines, at most five.
    pub lines: Vec<u64>,
}

/// The figures of one file's import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The file's name as it was given.
    pub file: String,
    /// What it holds.
    pub kind: Kind,
    /// Rows read, the header not counted.
    pub rows: u64,
    /// Rows taken.
    pub accepted_rows: u64,
    /// Rows taken that say what was known already.
    #[serde(skip)]
    pub unchanged_rows: u64,
    /// Rows not taken.
    pub rejected_rows: u64,
    /// Cells not taken, of rows that were.
    pub dropped_cells: u64,
    /// Customers seen for the first time.
    pub new_customers: u64,
    /// Customers of whom something changed.
    pub changed_customers: u64,
    /// Customers who are as they were.
    pub unchanged_customers: u64,
    /// Orders in the file.
    pub orders: u64,
    /// Orders that were new.
    pub orders_added: u64,
    /// Orders that were stored already, the same.
    pub orders_unchanged: u64,
    /// Orders refused because their id is stored with other content.
    pub orders_in_conflict: u64,
    /// Orders with a negative total, among the orders.
    pub refunds: u64,
    /// Events in the file.
    pub events: u64,
    /// Events that were new.
    pub events_added: u64,
    /// Events that were known already, the same.
    pub events_unchanged: u64,
    /// Events refused because their id stands for another.
    pub events_in_conflict: u64,
    /// Addresses, domains and customers that are suppressed from now on.
    pub suppressions_added: u64,
    /// Those that were before.
    pub suppressions_unchanged: u64,
    /// Rows of customers who were erased, among the rejected.
    pub erased_rows: u64,
    /// Events that no rule declares, by name: they are kept, and read once one does.
    pub undeclared: BTreeMap<String, u64>,
    /// Orders and events an hour old or older, among those of the file: they fire no rule.
    pub history: u64,
    /// The earliest time of an order or an event; in JSON as RFC 3339.
    #[serde(serialize_with = "time")]
    pub earliest: Option<Instant>,
    /// The latest time of an order or an event; in JSON as RFC 3339.
    #[serde(serialize_with = "time")]
    pub latest: Option<Instant>,
    /// The sum of the orders' totals in ten-thousandths by currency; an empty name for those without one.
    #[serde(serialize_with = "amounts")]
    pub totals: BTreeMap<String, i128>,
    /// How totals were read, where there are orders of several lines.
    pub totals_read: Option<Totals>,
    /// Columns that are no field.
    pub ignored_columns: Vec<String>,
    /// Columns ignored because rules set these attributes.
    pub set_by_rules: Vec<String>,
    /// Rejects by code.
    pub rejects: BTreeMap<RejectCode, RejectCount>,
}

impl Summary {
    /// Nothing yet.
    #[must_use]
    pub fn new(kind: Kind, file: &str) -> Self {
        Self {
            file: file.to_owned(),
            kind,
            rows: 0,
            accepted_rows: 0,
            unchanged_rows: 0,
            rejected_rows: 0,
            dropped_cells: 0,
            new_customers: 0,
            changed_customers: 0,
            unchanged_customers: 0,
            orders: 0,
            orders_added: 0,
            orders_unchanged: 0,
            orders_in_conflict: 0,
            refunds: 0,
            events: 0,
            events_added: 0,
            events_unchanged: 0,
            events_in_conflict: 0,
            suppressions_added: 0,
            suppressions_unchanged: 0,
            erased_rows: 0,
            undeclared: BTreeMap::new(),
            history: 0,
            earliest: None,
            latest: None,
            totals: BTreeMap::new(),
            totals_read: None,
            ignored_columns: Vec::new(),
            set_by_rules: Vec::new(),
            rejects: BTreeMap::new(),
        }
    }

    /// Counts an order of the file.
    pub(super) fn count_order(
        &mut self,
        time: Instant,
        total: Money,
        currency: Option<Currency>,
        now: Instant,
    ) {
        self.orders += 1;
        self.refunds += u64::from(total.0 < 0);
        self.count_time(time, now);
        let currency = currency.map_or_else(String::new, |currency| currency.to_string());
        *self.totals.entry(currency).or_default() += i128::from(total.0);
    }

    /// Counts an event of the file.
    pub(super) fn count_event(&mut self, name: &str, time: Instant, declared: bool, now: Instant) {
        self.events += 1;
        if !declared {
            *self.undeclared.entry(name.to_owned()).or_default() += 1;
        }
        self.count_time(time, now);
    }

    fn count_time(&mut self, time: Instant, now: Instant) {
        self.history += u64::from(!is_fresh(time, now));
        self.earliest = Some(self.earliest.map_or(time, |earliest| earliest.min(time)));
        self.latest = Some(self.latest.map_or(time, |latest| latest.max(time)));
    }

    pub(super) fn count_reject(&mut self, code: RejectCode, line: u64) {
        let count = self.rejects.entry(code).or_default();
        count.count += 1;
        if count.lines.len() < FIRST_LINES {
            count.lines.push(line);
        }
    }

    /// The figures as an aligned text, a line each, zeros left out.
    #[must_use]
    pub fn text(&self) -> String {
        let mut lines: Vec<(String, String)> = Vec::new();
        let mut figure = |name: &str, count: u64, always: bool| {
            if always || count > 0 {
                lines.push((name.to_owned(), thousands(count)));
            }
        };
        figure("rows", self.rows, true);
        figure("taken", self.accepted_rows, true);
        figure("rejected", self.rejected_rows, true);
        figure("cells dropped", self.dropped_cells, false);
        figure("of who was erased", self.erased_rows, false);
        figure("customers new", self.new_customers, self.kind != Kind::Suppressions);
        figure("customers changed", self.changed_customers, false);
        figure("customers unchanged", self.unchanged_customers, false);
        match self.kind {
            Kind::Customers => {}
            Kind::Orders => {
                figure("orders", self.orders, true);
                figure("orders added", self.orders_added, true);
                figure("orders unchanged", self.orders_unchanged, false);
                figure("orders in conflict", self.orders_in_conflict, false);
                figure("refunds", self.refunds, false);
            }
            Kind::Events => {
                figure("events", self.events, true);
                figure("events added", self.events_added, true);
                figure("events unchanged", self.events_unchanged, false);
                figure("events in conflict", self.events_in_conflict, false);
                figure("not declared", self.undeclared.values().sum(), false);
            }
            Kind::Suppressions => {
                figure("suppressed", self.suppressions_added, true);
                figure("suppressed before", self.suppressions_unchanged, false);
            }
        }
        figure("older than an hour", self.history, false);
        let mut text = format!("{}\n", self.file);
        let name_width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let width = lines.iter().map(|(_, value)| value.len()).max().unwrap_or(0);
        for (name, value) in lines {
            let _ = writeln!(text, "  {name:name_width$}  {value:>width$}");
        }
        self.write_facts(&mut text);
        self.write_rejects(&mut text);
        text
    }

    /// What is no count: the span of time, sums, columns.
    fn write_facts(&self, text: &mut String) {
        if let (Some(earliest), Some(latest)) = (self.earliest, self.latest) {
            let _ = writeln!(text, "  from {earliest} to {latest}");
        }
        for (currency, sum) in &self.totals {
            let _ = writeln!(text, "  total {} {currency}", amount(*sum)).map(|()| trim_line(text));
        }
        if !self.undeclared.is_empty() {
            let name = |(name, count): (&String, &u64)| format!("{name} ({})", thousands(*count));
            let mut names: Vec<String> = self.undeclared.iter().take(FIRST_NAMES).map(name).collect();
            if self.undeclared.len() > FIRST_NAMES {
                names.push("…".into());
            }
            let _ = writeln!(
                text,
                "  kept although no rule declares them: {}; `event NAME` in the rules makes them readable",
                names.join(", ")
            );
        }
        match self.totals_read {
            Some(Totals::PerLine) => text.push_str("  each line of an order counts with its own total\n"),
            Some(Totals::PerOrder) => text.push_str(
                "  the total on each line of an order was read as the whole order's (else say --total per-line)\n",
            ),
            None => {}
        }
        for (what, columns) in
            [("ignored, no field", &self.ignored_columns), ("ignored, set by rules", &self.set_by_rules)]
        {
            if !columns.is_empty() {
                let _ = writeln!(text, "  columns {what}: {}", columns.join(", "));
            }
        }
    }

    fn write_rejects(&self, text: &mut String) {
        let name_width = self.rejects.keys().map(|code| code.as_str().len()).max().unwrap_or(0);
        let counts: Vec<String> = self.rejects.values().map(|reject| thousands(reject.count)).collect();
        let width = counts.iter().map(String::len).max().unwrap_or(0);
        for ((code, reject), count) in self.rejects.iter().zip(counts) {
            let lines: Vec<String> = reject.lines.iter().map(u64::to_string).collect();
            let word = if reject.lines.len() == 1 { "line" } else { "lines" };
            let more = if reject.count > reject.lines.len() as u64 { ", …" } else { "" };
            let code = code.as_str();
            let _ =
                writeln!(text, "  {code:name_width$}  {count:>width$}  {word} {}{more}", lines.join(", "));
        }
    }
}

/// Drops the blank that an unnamed currency leaves.
fn trim_line(text: &mut String) {
    text.truncate(text.trim_end().len());
    text.push('\n');
}

/// `1234567` as `1,234,567`.
fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A sum of money; larger ones than a [`Money`] holds are written all the same.
fn amount(sum: i128) -> String {
    let Ok(small) = i64::try_from(sum) else {
        let scale = i128::from(Money::SCALE);
        return format!("{}.{:04}", sum / scale, (sum % scale).abs());
    };
    Money(small).to_string()
}

#[expect(clippy::ref_option, reason = "serde hands fields over so")]
fn time<S: Serializer>(time: &Option<Instant>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(|time| time.to_string()).serialize(serializer)
}

fn amounts<S: Serializer>(totals: &BTreeMap<String, i128>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(totals.iter().map(|(currency, sum)| (currency, amount(*sum))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::HOUR_MS;

    #[test]
    fn the_text_is_aligned_and_leaves_zeros_out() {
        let mut summary = Summary::new(Kind::Orders, "orders.csv");
        summary.rows = 1_234_567;
        summary.accepted_rows = 1_234_561;
        summary.rejected_rows = 6;
        summary.count_order(Instant(0), Money(8_200_000), Currency::parse("EUR"), Instant(HOUR_MS + 1));
        summary.count_order(Instant(1_000), Money(-10_000), None, Instant(0));
        (1..=6).for_each(|line| summary.count_reject(RejectCode::BadTotal, line));
        summary.ignored_columns.push("store".into());
        assert_eq!(
            summary.text(),
            "orders.csv\n  \
               rows                1,234,567\n  \
               taken               1,234,561\n  \
               rejected                    6\n  \
               customers new               0\n  \
               orders                      2\n  \
               orders added                0\n  \
               refunds                     1\n  \
               older than an hour          1\n  \
               from 1970-01-01T00:00:00Z to 1970-01-01T00:00:01Z\n  \
               total -1.00\n  \
               total 820.00 EUR\n  \
               columns ignored, no field: store\n  \
               bad_total  6  lines 1, 2, 3, 4, 5, …\n"
        );
    }

    #[test]
    fn sums_beyond_an_amount_are_written() {
        assert_eq!(amount(i128::from(i64::MAX) * 10_000), "9223372036854775807.0000");
    }
}
