//! Numbers, dates, times and amounts, changed as wholes: what reads them is met at its edges only where
//! everything around the one wrong number stays right.

use std::ops::Range;

use crate::evaluate::random::Random;

/// Parts of dates and times: before, at and after the ends of days, months, hours, minutes and years.
const PARTS: [&str; 32] = [
    "0", "00", "000", "0000", "1", "01", "1", "2", "02", "7", "09", "11", "12", "13", "23", "24", "25", "26",
    "28", "29", "30", "31", "32", "59", "60", "61", "99", "100", "1900", "2026", "9999", "10000",
];

/// One of the parts; none at all is what is forgotten most.
fn part(random: &mut Random) -> &'static str {
    if random.chance(25) { random.of(&["0", "00"]) } else { random.of(&PARTS) }
}

/// Numbers that count or measure.
const AMOUNTS: [&str; 24] = [
    "0",
    "1",
    "-1",
    "-0",
    "7",
    "29",
    "30",
    "31",
    "32",
    "33",
    "99",
    "100",
    "101",
    "255",
    "256",
    "365",
    "366",
    "65536",
    "2147483648",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "922337203685477.5808",
    "0.00001",
];

const MARKS: [&str; 9] = ["-", "/", ".", ":", ",", " ", "T", "", "--"];

const UNITS: [&str; 26] = [
    " EUR", " USD", "€", "$", "%", " %", " minutes", " hours", " days", " weeks", " months", " years", "d",
    "h", "m", "k", "am", "pm", " am", "Z", "+01:00", "e9", "e-9", "px", "'000", ",5",
];

/// Where quantities stand: from a digit on (and a sign before it) over digits and the marks between
/// them, with the unit that touches the last one.
fn quantities(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let begins = bytes[at].is_ascii_digit() && (at == 0 || !is_wordy(bytes[at - 1]));
        if !begins {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && (is_wordy(bytes[at]) || joins(bytes, at)) {
            at += 1;
        }
        let sign = usize::from(start > 0 && bytes[start - 1] == b'-');
        found.push(start - sign..at);
    }
    found
}

fn is_wordy(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// A mark with a digit after it.
fn joins(bytes: &[u8], at: usize) -> bool {
    matches!(bytes[at], b'-' | b'/' | b'.' | b':' | b',' | b'\'')
        && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
}

/// The runs of digits of a quantity.
fn numbers(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, _) in text.char_indices().filter(|(_, c)| c.is_ascii_digit()) {
        match found.last_mut() {
            Some(last) if last.end == at => last.end = at + 1,
            Some(_) | None => found.push(at..at + 1),
        }
    }
    found
}

/// Changes one of the text's quantities; where there is none, nothing.
pub(super) fn change(text: &str, random: &mut Random) -> Option<String> {
    let all = quantities(text);
    if all.is_empty() {
        return None;
    }
    let place = all[random.index(all.len())].clone();
    let other = if random.chance(50) { draw(random) } else { edge(&text[place.clone()], random) };
    let mut changed = text.to_owned();
    changed.replace_range(place, &other);
    Some(changed)
}

/// A quantity with one of its numbers at an edge, one more or one less, or with another mark.
fn edge(quantity: &str, random: &mut Random) -> String {
    let mut changed = quantity.to_owned();
    let numbers = numbers(quantity);
    let number = numbers[random.index(numbers.len())].clone();
    match random.below(8) {
        0..=3 => changed.replace_range(number, part(random)),
        4 => changed.replace_range(number, random.of(&AMOUNTS)),
        5 => {
            let value: i128 = quantity[number.clone()].parse().unwrap_or(0);
            changed.replace_range(number, &(value + i128::from(random.of(&[-1, 1]))).to_string());
        }
        6 => {
            let marks: Vec<usize> =
                quantity.match_indices(['-', '/', '.', ':', ',']).map(|(at, _)| at).collect();
            let mark = random.of(&MARKS);
            // All of them or one: a date of another country, or of none.
            let one = (!marks.is_empty() && random.chance(50)).then(|| marks[random.index(marks.len())]);
            for at in marks.into_iter().rev().filter(|at| one.is_none_or(|one| one == *at)) {
                changed.replace_range(at..=at, mark);
            }
        }
        _ => changed.push_str(random.of(&UNITS)),
    }
    changed
}

/// A quantity of any kind, some of them foreign.
pub(super) fn draw(random: &mut Random) -> String {
    let (one, two, three) = (part(random), part(random), part(random));
    let (small, year) = (random.of(&["1", "12", "26", "31"]), random.of(&["2026", "1999", "26", "2024"]));
    let mark = random.of(&["-", "/", "."]);
    match random.below(9) {
        // Two of three are right, so that what looks at the third is reached.
        0 => format!("{one}{mark}{small}{mark}{year}"),
        1 => format!("{small}{mark}{two}{mark}{year}"),
        2 => format!("{small}{mark}{small}{mark}{three}"),
        3 => format!("{year}{mark}{one}{mark}{small}"),
        4 => format!("{year}{mark}{small}{mark}{two}"),
        5 => format!("{one}:{two}"),
        6 => format!("2026-11-26T{one}:{two}:{three}Z"),
        7 => format!("{}{}", random.of(&AMOUNTS), random.of(&UNITS)),
        _ => random.of(&AMOUNTS).to_owned(),
    }
}

#[test]
fn quantities_are_found_whole() {
    let found = |text: &str| quantities(text).into_iter().map(|at| text[at].to_owned()).collect::<Vec<_>>();
    let text = "from 26/11/2026 at 09:30, a1 > -5.50 EUR or (90d) x, 1,000";
    assert_eq!(found(text), ["26/11/2026", "09:30", "-5.50", "90d", "1,000"]);
    assert!(found("é rule a_1, then").is_empty());
    assert_eq!(change("no number", &mut Random(1)), None);
}

/// Each end of each part of a date comes soon, with the rest of it right.
#[test]
fn a_date_is_met_at_its_edges() {
    let mut random = Random(5);
    let drawn: std::collections::BTreeSet<String> =
        (0..4_000).filter_map(|_| change("until 26/11/2026\n", &mut random)).collect();
    for expected in
        ["26/0/2026", "26/13/2026", "0/11/2026", "32/11/2026", "26/11/0000", "26.11.2026", "26/12/2026"]
    {
        assert!(drawn.contains(&format!("until {expected}\n")), "{expected} was not drawn");
    }
}
