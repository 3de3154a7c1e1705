//! Where an import says what it did: the summary, and each reject as it is found.

use super::{Kind, MergedCustomer, MergedEvents, MergedOrders, Reject, RejectCode, Row, Summary};

/// Collects the summary and hands on rejects.
pub struct Report<'a> {
    /// The figures so far.
    pub summary: Summary,
    rejects: &'a mut dyn FnMut(&Reject),
}

impl<'a> Report<'a> {
    /// An empty report of one file (named as it was given). `rejects` gets each reject.
    pub fn new(kind: Kind, file: &str, rejects: &'a mut dyn FnMut(&Reject)) -> Self {
        Self { summary: Summary::new(kind, file), rejects }
    }

    /// Counts what became of a customer of whom `rows` rows told.
    pub fn customer(&mut self, merged: &MergedCustomer, rows: u64) {
        let counter = if merged.new {
            &mut self.summary.new_customers
        } else if merged.changed {
            &mut self.summary.changed_customers
        } else {
            &mut self.summary.unchanged_customers
        };
        *counter += 1;
        self.summary.unchanged_rows += if merged.changed { 0 } else { rows };
    }

    /// Counts what became of a customer's orders, conflicts with what is stored among the rejects;
    /// `new_customer` where the orders created them.
    pub fn orders(&mut self, merged: &MergedOrders, new_customer: bool) {
        self.summary.new_customers += u64::from(new_customer);
        self.summary.orders_added += merged.added.len() as u64;
        self.summary.orders_unchanged += merged.unchanged;
        self.summary.unchanged_rows += merged.unchanged_rows;
        for (order, reason) in &merged.conflicts {
            self.summary.orders_in_conflict += 1;
            for &line in &order.rows {
                self.late(line, &order.order.id, RejectCode::Conflict, reason);
            }
        }
    }

    /// Counts what became of a customer's events, as [`Report::orders`] does.
    pub fn events(&mut self, merged: &MergedEvents, new_customer: bool) {
        self.summary.new_customers += u64::from(new_customer);
        self.summary.events_added += merged.added.len() as u64;
        self.summary.events_unchanged += merged.unchanged;
        self.summary.unchanged_rows += merged.unchanged;
        self.summary.events_in_conflict += merged.conflicts.len() as u64;
        for (event, reason) in &merged.conflicts {
            self.late(event.row, &event.event.id, RejectCode::Conflict, reason);
        }
    }

    /// Rows about somebody who was erased: they are not taken. `id` is the row's, not the customer's where
    /// that is another.
    pub fn erased(&mut self, id: &str, lines: &[u64]) {
        let reason = "the customer was erased: `cvmd customer resume` lets the id be taken again";
        self.summary.erased_rows += lines.len() as u64;
        for line in lines {
            self.late(*line, id, RejectCode::Erased, reason);
        }
    }

    /// Hands on a reject that was counted elsewhere.
    pub fn pass_on(&mut self, reject: &Reject) {
        (self.rejects)(reject);
    }

    /// A row that is not taken.
    pub(super) fn row(&mut self, row: &Row, id: Option<&str>, code: RejectCode, reason: String) {
        self.summary.rejected_rows += 1;
        self.hand_on((row.line, false), id, code, reason, Some(row.raw()));
    }

    /// A cell that is not taken; its row is.
    pub(super) fn cell(&mut self, row: &Row, id: &str, code: RejectCode, reason: String) {
        self.summary.dropped_cells += 1;
        self.hand_on((row.line, true), Some(id), code, reason, Some(row.raw()));
    }

    /// A row that was taken at first and is not after all.
    pub(super) fn late(&mut self, line: u64, id: &str, code: RejectCode, reason: &str) {
        self.summary.rejected_rows += 1;
        self.summary.accepted_rows = self.summary.accepted_rows.saturating_sub(1);
        self.hand_on((line, false), Some(id), code, reason.to_owned(), None);
    }

    fn hand_on(
        &mut self,
        (line, cell): (u64, bool),
        id: Option<&str>,
        code: RejectCode,
        reason: String,
        raw: Option<String>,
    ) {
        self.summary.count_reject(code, line);
        let file = self.summary.file.clone();
        (self.rejects)(&Reject { file, line, cell, id: id.map(str::to_owned), code, reason, raw });
    }
}
