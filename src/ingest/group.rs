//! The lines of a file of orders, kept compactly and brought together by customer and order.
//!
//! Ten million lines are to fit some 600 MB: 32 bytes a line, ids and repeated texts once, and one
//! 4-byte index that groups them.

use std::collections::HashMap;

use ring::digest::{Context, SHA256};

use crate::model::{Currency, Instant, Money, Number};
use crate::record;

use super::ImportError;
use super::intern::Interner;
use super::order::ParsedLine;

/// Lines in one piece of memory: a table that grows piece by piece is never copied.
const PIECE: usize = 1 << 16;
/// No such text or number.
const NONE: u32 = u32::MAX;

/// A line of an order, texts by number.
#[derive(Debug, Clone, Copy)]
pub(super) struct PackedLine {
    pub(super) time: Instant,
    pub(super) total: Money,
    pub(super) customer: u32,
    /// Where its id begins among the order ids; [`NONE`] without one.
    order: u32,
    /// What was bought, by number.
    bought: u32,
    pub(super) row: u32,
}

/// What was bought, and in which currency; equal ones are kept once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Bought {
    currency: Option<Currency>,
    quantity: Option<Number>,
    product: u32,
    category: u32,
    channel: u32,
}

/// All lines of a file.
#[derive(Debug, Default)]
pub(super) struct LineTable {
    pub(super) customers: Interner,
    pieces: Vec<Vec<PackedLine>>,
    /// The orders' ids, each behind a byte with its length.
    order_ids: Vec<u8>,
    texts: Interner,
    bought: Vec<Bought>,
    bought_numbers: HashMap<Bought, u32>,
}

impl LineTable {
    pub(super) fn push(
        &mut self,
        customer: u32,
        order: Option<&str>,
        line: &ParsedLine,
        row: u64,
    ) -> Result<(), ImportError> {
        let row = u32::try_from(row).map_err(|_| ImportError::TooMuch("rows"))?;
        let order = match order {
            Some(id) => self.order_id(id)?,
            None => NONE,
        };
        let bought = self.bought(line)?;
        if self.pieces.last().is_none_or(|piece| piece.len() == PIECE) {
            self.pieces.push(Vec::with_capacity(PIECE.min(if self.pieces.is_empty() { 64 } else { PIECE })));
        }
        if let Some(piece) = self.pieces.last_mut() {
            piece.push(PackedLine { time: line.time, total: line.total, customer, order, bought, row });
        }
        Ok(())
    }

    /// Lines of one order often stand together: an id that repeats the one before is kept once.
    fn order_id(&mut self, id: &str) -> Result<u32, ImportError> {
        if let Some(last) = self.pieces.last().and_then(|piece| piece.last())
            && self.order_text(last) == Some(id)
        {
            return Ok(last.order);
        }
        let start = u32::try_from(self.order_ids.len()).ok().filter(|start| *start != NONE);
        let start = start.ok_or(ImportError::TooMuch("order ids"))?;
        self.order_ids
            .push(u8::try_from(id.len()).map_err(|_| ImportError::TooMuch("bytes of an order id"))?);
        self.order_ids.extend_from_slice(id.as_bytes());
        Ok(start)
    }

    fn bought(&mut self, line: &ParsedLine) -> Result<u32, ImportError> {
        let mut text = |text: Option<&str>| text.map_or(Ok(NONE), |text| self.texts.intern(text));
        let bought = Bought {
            currency: line.currency,
            quantity: line.quantity,
            product: text(line.product)?,
            category: text(line.category)?,
            channel: text(line.channel)?,
        };
        if let Some(&number) = self.bought_numbers.get(&bought) {
            return Ok(number);
        }
        let number = u32::try_from(self.bought.len()).map_err(|_| ImportError::TooMuch("different lines"))?;
        self.bought.push(bought);
        self.bought_numbers.insert(bought, number);
        Ok(number)
    }

    fn len(&self) -> usize {
        self.pieces.iter().map(Vec::len).sum()
    }

    /// A line by its position.
    pub(super) fn line(&self, position: u32) -> &PackedLine {
        &self.pieces[position as usize / PIECE][position as usize % PIECE]
    }

    /// The id of a line's order as the file has it.
    pub(super) fn order_text(&self, line: &PackedLine) -> Option<&str> {
        if line.order == NONE {
            return None;
        }
        let start = line.order as usize;
        let end = start + 1 + usize::from(self.order_ids[start]);
        std::str::from_utf8(&self.order_ids[start + 1..end]).ok()
    }

    /// The currency a line names.
    pub(super) fn currency(&self, line: &PackedLine) -> Option<Currency> {
        self.bought[line.bought as usize].currency
    }

    fn text(&self, number: u32) -> Option<&str> {
        (number != NONE).then(|| self.texts.get(number))
    }

    /// What a line says was bought; none where it says nothing.
    pub(super) fn line_record(&self, line: &PackedLine) -> Option<record::Line> {
        let bought = &self.bought[line.bought as usize];
        let record = record::Line {
            quantity: bought.quantity,
            product: self.text(bought.product).map(str::to_owned),
            category: self.text(bought.category).map(str::to_owned),
            channel: self.text(bought.channel).map(str::to_owned),
        };
        (record != record::Line::default()).then_some(record)
    }

    /// A hash of what the row of a line without an order id says: 64 bits, for it is unique among
    /// one customer's orders. Not of the row's bytes: a column more, or another way to write the
    /// same amount, is no other order.
    pub(super) fn row_hash(&self, line: &PackedLine) -> u64 {
        let bought = &self.bought[line.bought as usize];
        let mut hash = Context::new(&SHA256);
        hash.update(self.customers.get(line.customer).as_bytes());
        for number in [Some(line.time.0), Some(line.total.0), bought.quantity.map(|quantity| quantity.0)] {
            hash.update(&[0x1f]);
            hash.update(number.map_or_else(String::new, |number| number.to_string()).as_bytes());
        }
        let currency = bought.currency.as_ref().map(Currency::as_str);
        for text in
            [currency, self.text(bought.product), self.text(bought.category), self.text(bought.channel)]
        {
            hash.update(&[0x1f]);
            hash.update(text.unwrap_or("").as_bytes());
        }
        let mut first = [0; 8];
        first.copy_from_slice(&hash.finish().as_ref()[..8]);
        u64::from_be_bytes(first)
    }

    /// Whether two lines say the same, whatever their rows.
    pub(super) fn same_content(one: &PackedLine, other: &PackedLine) -> bool {
        (one.time, one.total, one.bought) == (other.time, other.total, other.bought)
    }

    /// Brings the lines together; the memory that only reading needs is given back.
    pub(super) fn group(&mut self) -> Result<Grouped, ImportError> {
        self.bought_numbers = HashMap::new();
        let count = u32::try_from(self.len()).map_err(|_| ImportError::TooMuch("rows"))?;
        // A counting sort by customer.
        let mut starts = vec![0_u32; self.customers.len() + 1];
        for line in self.pieces.iter().flatten() {
            starts[line.customer as usize + 1] += 1;
        }
        for customer in 1..starts.len() {
            starts[customer] += starts[customer - 1];
        }
        let mut free = starts.clone();
        let mut positions = vec![0_u32; count as usize];
        for (position, line) in (0..count).zip(self.pieces.iter().flatten()) {
            let place = &mut free[line.customer as usize];
            positions[*place as usize] = position;
            *place += 1;
        }
        for customer in 1..starts.len() {
            positions[starts[customer - 1] as usize..starts[customer] as usize].sort_unstable_by(
                |&one, &other| {
                    let key = |position| {
                        let line = self.line(position);
                        (self.order_text(line), line.time, line.total, line.bought, line.row)
                    };
                    key(one).cmp(&key(other))
                },
            );
        }
        Ok(Grouped { starts, positions })
    }
}

/// The lines by customer, then by order id and time; those without an id by content.
#[derive(Debug, Default)]
pub(super) struct Grouped {
    starts: Vec<u32>,
    positions: Vec<u32>,
}

impl Grouped {
    /// The lines of a customer.
    pub(super) fn of(&self, customer: u32) -> &[u32] {
        let customer = customer as usize;
        &self.positions[self.starts[customer] as usize..self.starts[customer + 1] as usize]
    }

    /// The lines of a customer, in one slice an order: same id and time, or one line without an id.
    pub(super) fn orders<'a>(
        &'a self,
        table: &'a LineTable,
        customer: u32,
    ) -> impl Iterator<Item = &'a [u32]> {
        self.of(customer).chunk_by(|&one, &other| {
            let (one, other) = (table.line(one), table.line(other));
            one.time == other.time && one.order != NONE && table.order_text(one) == table.order_text(other)
        })
    }
}
