//! Reading ten million orders, with the memory it takes, and generating a million customers:
//! `cargo bench --bench import`.

#![expect(clippy::disallowed_methods, reason = "how long it took is what a benchmark shows")]

use std::io::{self, Read};
use std::time::Instant as Stopwatch;

use cvmd::ingest::{Kind, Options, Origin, Report, open, read_orders};
use cvmd::model::Instant;
use cvmd::ruleset::Schema;
use jiff::tz::TimeZone;

const ROWS: u64 = 10_000_000;
const CUSTOMERS: u64 = 1_000_000;

/// Orders as CSV, made while they are read, scattered over the customers.
struct Rows {
    next: u64,
    line: Vec<u8>,
    at: usize,
}

impl Read for Rows {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.line.len() && self.next < ROWS {
            use std::io::Write;
            let n = self.next;
            let customer = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % CUSTOMERS;
            self.line.clear();
            self.at = 0;
            let (day, cents) = (n % 28 + 1, n % 90_000);
            writeln!(
                self.line,
                "o{n:09},c{customer:07},2026-10-{day:02}T10:00:00Z,{}.{:02},p{}",
                cents / 100,
                cents % 100,
                n % 5_000
            )?;
            self.next += 1;
        }
        let count = buffer.len().min(self.line.len() - self.at);
        buffer[..count].copy_from_slice(&self.line[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

/// The most memory this process has held, in MB; Linux only.
fn peak_mb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kb| kb / 1_024)
}

fn main() {
    ten_million_orders();
    a_million_customers();
}

/// 2026-12-01T09:00:00Z.
const NOW: Instant = Instant(1_796_115_600_000);

fn ten_million_orders() {
    let schema = Schema::built_in();
    let options = Options {
        schema: &schema,
        zone: &TimeZone::UTC,
        now: NOW,
        map: &[],
        event: None,
        totals: None,
        origin: Origin::File,
    };
    let mut ignore = |_: &cvmd::ingest::Reject| ();
    let mut report = Report::new(Kind::Orders, "large", &mut ignore);
    let line = b"order_id,customer_id,time,total,product\n".to_vec();
    let mut progress = |_| ();
    let mut rows = open(io::BufReader::new(Rows { next: 0, line, at: 0 }), &mut progress).unwrap();
    let start = Stopwatch::now();
    let orders = read_orders(&mut *rows, &options, &mut report).unwrap();
    let read = start.elapsed();
    let count: usize = orders.map(|(_, orders)| orders.len()).sum();
    assert_eq!(count as u64, ROWS);
    println!(
        "{ROWS} order rows: read in {read:.1?}, handed out by {:.1?}, at most {:?} MB",
        start.elapsed(),
        peak_mb()
    );
}

fn a_million_customers() {
    let start = Stopwatch::now();
    let shop = cvmd::generate::shop(1, 1_000_000, NOW);
    let written = cvmd::generate::write(shop, io::sink(), io::sink(), io::sink()).unwrap();
    println!("{written:?} generated in {:.1?}", start.elapsed());
}
