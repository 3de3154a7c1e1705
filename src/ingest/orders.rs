//! A file of orders: rows with the same order id, customer and time are the lines of one order,
//! wherever in the file they stand; so the whole file is read before the first order comes out.
//!
//! What `total` means is settled for the file as a whole, never order by order. Orders of several
//! lines whose totals are equal speak for totals per order, those whose totals differ for totals
//! per line. If only one kind occurs, that is how the file is read (and the summary says so); if
//! both do, `--total` must say it. Orders whose lines all say 0 come to 0 either way and speak for
//! neither.

use std::collections::HashSet;

use crate::model::{CustomerId, Instant, Money, Number};
use crate::record::{Line, Order};

use super::group::{Grouped, LineTable, PackedLine};
use super::order::{Cells, Column, OrderFields, read};
use super::table::Table;
use super::{ImportError, NewOrder, Next, Options, Origin, RejectCode, Report, Row, Rows, Totals};

/// Reads a file or a body of orders to its end; what is wrong with rows goes to `report`.
///
/// # Errors
/// When the input cannot be read, a column is missing, `--map` cannot be, or `--total` is needed.
pub fn read_orders(
    rows: &mut dyn Rows,
    options: &Options,
    report: &mut Report,
) -> Result<Orders, ImportError> {
    let required = [("customer_id", Column::Customer), ("time", Column::Time), ("total", Column::Total)];
    let table = Table::new(OrderFields, options.map, rows, &required, &mut report.summary)?;
    let mut reading = Reading { table, options, lines: LineTable::default(), incomplete: HashSet::new() };
    let mut row = Row::default();
    loop {
        let next = rows.next(&mut row)?;
        reading.table.grow(rows.columns(), &mut report.summary);
        match next {
            Next::Row => reading.row(&row, rows.decimal_comma(), report)?,
            Next::Bad(code, reason) => report.row(&row, None, code, reason),
            Next::End => break,
        }
        report.summary.rows += 1;
    }
    let Reading { mut lines, incomplete, .. } = reading;
    let grouped = lines.group()?;
    let evidence = Evidence::of(&lines, &grouped, &incomplete);
    let totals = evidence.settle(options)?;
    report.summary.totals_read = evidence.several.then_some(totals);
    let (now, origin) = (options.now, options.origin);
    let mut orders = Orders { lines, grouped, totals, left_out: HashSet::new(), next: 0, now, origin };
    orders.examine(&incomplete, report);
    Ok(orders)
}

/// Orders by customer and id of which a line was rejected.
type Incomplete = HashSet<(u32, Box<str>)>;

struct Reading<'a> {
    table: Table<'a, OrderFields>,
    options: &'a Options<'a>,
    lines: LineTable,
    incomplete: Incomplete,
}

impl Reading<'_> {
    fn row(&mut self, row: &Row, decimal_comma: bool, report: &mut Report) -> Result<(), ImportError> {
        let cells = Cells::new(row, &self.table);
        let (customer, id) = match (cells.customer(), cells.id()) {
            (Ok(customer), Ok(id)) => (customer, id),
            (Err((code, reason)), _) | (_, Err((code, reason))) => {
                report.row(row, None, code, reason);
                return Ok(());
            }
        };
        let line = self.table.check_once(row).and_then(|()| read(&cells, self.options, decimal_comma));
        match line {
            Ok(line) => {
                report.summary.accepted_rows += 1;
                let customer = self.lines.customers.intern(customer)?;
                self.lines.push(customer, id, &line, row.line)
            }
            Err((code, reason)) => {
                report.row(row, id, code, reason);
                if let Some(id) = id {
                    self.incomplete.insert((self.lines.customers.intern(customer)?, id.into()));
                }
                Ok(())
            }
        }
    }
}

/// What orders of several lines say about the meaning of `total`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Evidence {
    /// Whether there are any.
    several: bool,
    /// Two lines of an order all of whose totals are equal, and not 0.
    equal: Option<(u64, u64)>,
    /// Two lines of an order whose totals differ.
    different: Option<(u64, u64)>,
}

impl Evidence {
    fn of(lines: &LineTable, grouped: &Grouped, incomplete: &Incomplete) -> Self {
        let mut evidence = Self::default();
        for customer in customers(lines) {
            for order in grouped.orders(lines, customer).filter(|order| order.len() > 1) {
                if !is_incomplete(lines, order, incomplete) {
                    evidence.see(&order.iter().map(|&position| *lines.line(position)).collect::<Vec<_>>());
                }
            }
        }
        evidence
    }

    fn see(&mut self, order: &[PackedLine]) {
        self.several = true;
        let first = &order[0];
        let pair = |other: &PackedLine| {
            let (one, other) = (u64::from(first.row), u64::from(other.row));
            (one.min(other), one.max(other))
        };
        let (place, found) = match order.iter().find(|line| line.total != first.total) {
            Some(other) => (&mut self.different, pair(other)),
            None if first.total == Money(0) => return,
            None => (&mut self.equal, pair(&order[1])),
        };
        // The first lines of the file make the best example.
        *place = Some(place.map_or(found, |known| known.min(found)));
    }

    fn settle(&self, options: &Options) -> Result<Totals, ImportError> {
        match (options.totals, options.origin, self.equal, self.different) {
            (Some(said), ..) => Ok(said),
            (None, Origin::Http, ..) | (None, Origin::File, None, _) => Ok(Totals::PerLine),
            (None, Origin::File, Some(_), None) => Ok(Totals::PerOrder),
            (None, Origin::File, Some(equal), Some(different)) => {
                Err(ImportError::TotalNeeded { equal, different })
            }
        }
    }
}

fn customers(lines: &LineTable) -> std::ops::Range<u32> {
    0..u32::try_from(lines.customers.len()).unwrap_or(u32::MAX)
}

fn is_incomplete(lines: &LineTable, order: &[u32], incomplete: &Incomplete) -> bool {
    let first = lines.line(order[0]);
    !incomplete.is_empty()
        && lines.order_text(first).is_some_and(|id| incomplete.contains(&(first.customer, id.into())))
}

/// The orders of a file by customer, in the order in which the customers first came; a customer all
/// of whose rows were rejected is left out.
#[derive(Debug)]
pub struct Orders {
    lines: LineTable,
    grouped: Grouped,
    totals: Totals,
    /// First positions of orders that were rejected.
    left_out: HashSet<u32>,
    next: u32,
    now: Instant,
    origin: Origin,
}

impl Orders {
    /// The same, taken at another instant than they were read: what comes by HTTP is learnt then.
    #[must_use]
    pub fn taken_at(self, now: Instant) -> Self {
        Self { now, ..self }
    }

    /// Rejects what only shows when all lines of an order are there; counts the others.
    fn examine(&mut self, incomplete: &Incomplete, report: &mut Report) {
        for customer in customers(&self.lines) {
            for order in self.grouped.orders(&self.lines, customer) {
                let first = self.lines.line(order[0]);
                match self.total(order, incomplete) {
                    Ok(total) => {
                        report.summary.count_order(first.time, total, self.lines.currency(first), self.now);
                    }
                    Err((code, reason)) => {
                        let id = self.lines.order_text(first).unwrap_or("");
                        let mut rows: Vec<u32> = order.iter().map(|&at| self.lines.line(at).row).collect();
                        rows.sort_unstable();
                        for row in rows {
                            report.late(u64::from(row), id, code, reason);
                        }
                        self.left_out.insert(order[0]);
                    }
                }
            }
        }
    }

    /// What an order comes to, or why it cannot be taken.
    fn total(&self, order: &[u32], incomplete: &Incomplete) -> Result<Money, (RejectCode, &'static str)> {
        if is_incomplete(&self.lines, order, incomplete) {
            return Err((RejectCode::IncompleteOrder, "another line of this order was rejected"));
        }
        let first = self.lines.line(order[0]);
        let rest = || order[1..].iter().map(|&position| self.lines.line(position));
        if rest().any(|line| self.lines.currency(line) != self.lines.currency(first)) {
            return Err((RejectCode::CurrenciesDiffer, "the lines of this order name different currencies"));
        }
        match self.totals {
            Totals::PerOrder if rest().any(|line| line.total != first.total) => Err((
                RejectCode::TotalsDiffer,
                "totals are per order, but the lines of this one name different totals",
            )),
            Totals::PerOrder => Ok(first.total),
            Totals::PerLine => rest()
                .try_fold(first.total, |sum, line| sum.checked_add(line.total))
                .ok_or((RejectCode::BadTotal, "the total of this order is too large")),
        }
    }

    /// The orders of one customer, by time, then id.
    fn of(&self, customer: u32) -> Vec<NewOrder> {
        let mut orders: Vec<NewOrder> = Vec::new();
        let mut before: Option<(&PackedLine, u32)> = None;
        for order in self.grouped.orders(&self.lines, customer) {
            let first = self.lines.line(order[0]);
            let id = self.lines.order_text(first).map_or_else(
                || {
                    let same = before.filter(|(line, _)| LineTable::same_content(line, first));
                    let ordinal = same.map_or(1, |(_, ordinal)| ordinal + 1);
                    before = Some((first, ordinal));
                    row_id(self.lines.row_hash(first), ordinal)
                },
                str::to_owned,
            );
            // What was left out fails here as it did before: it was counted then.
            if self.left_out.contains(&order[0]) {
                continue;
            }
            if let Ok(total) = self.total(order, &Incomplete::new()) {
                orders.push(self.order(id, total, order));
            }
        }
        orders
            .sort_by(|one, other| (one.order.time, &one.order.id).cmp(&(other.order.time, &other.order.id)));
        orders
    }

    fn order(&self, id: String, total: Money, order: &[u32]) -> NewOrder {
        let first = self.lines.line(order[0]);
        let mut lines: Vec<Line> =
            order.iter().filter_map(|&position| self.lines.line_record(self.lines.line(position))).collect();
        // The order of the rows is no part of an order.
        lines.sort_by(|one, other| line_key(one).cmp(&line_key(other)));
        let mut rows: Vec<u64> =
            order.iter().map(|&position| u64::from(self.lines.line(position).row)).collect();
        rows.sort_unstable();
        let (time, currency) = (first.time, self.lines.currency(first));
        let learnt = self.origin.learnt(time, self.now);
        NewOrder { order: Order { id, time, learnt, total, currency, lines }, rows }
    }
}

fn line_key(line: &Line) -> (&Option<String>, &Option<String>, &Option<String>, Option<Number>) {
    (&line.product, &line.category, &line.channel, line.quantity)
}

/// The id of an order or an event that has none: `row-` and the hash of its row, and from the second identical
/// row on its ordinal.
pub(super) fn row_id(hash: u64, ordinal: u32) -> String {
    if ordinal == 1 { format!("row-{hash:016x}") } else { format!("row-{hash:016x}-{ordinal}") }
}

impl Iterator for Orders {
    type Item = (CustomerId, Vec<NewOrder>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let customer = self.next;
            if customer as usize >= self.lines.customers.len() {
                return None;
            }
            self.next += 1;
            let orders = self.of(customer);
            if !orders.is_empty() {
                return Some((CustomerId(self.lines.customers.get(customer).to_owned()), orders));
            }
        }
    }
}
