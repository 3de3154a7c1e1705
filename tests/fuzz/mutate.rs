//! New inputs from old ones: tokens and bytes cut, put in, doubled, swapped, spliced.

use crate::evaluate::random::Random;

use super::quantities;
use super::text::{NUMBERS, ODD};

/// Draws an input from a pool.
pub(super) struct Mutator<'a> {
    pub(super) random: &'a mut Random,
    pub(super) pool: &'a [Vec<u8>],
    pub(super) words: &'a [String],
}

impl Mutator<'_> {
    /// One of the pool, changed in one to six places.
    pub(super) fn draw(&mut self) -> Vec<u8> {
        let mut input = self.other();
        for _ in 0..self.random.of(&[1, 1, 1, 2, 2, 3, 4, 6]) {
            input = match self.random.below(10) {
                // Bytes: what is no text, or no longer one.
                0 => self.bytes(input),
                // A whole piece of another, or an end cut off: half-typed.
                1 | 2 => self.lines(&input),
                3..=5 => self.quantity(&input),
                _ => self.tokens(&input),
            };
        }
        input
    }

    fn other(&mut self) -> Vec<u8> {
        if self.pool.is_empty() { Vec::new() } else { self.pool[self.random.index(self.pool.len())].clone() }
    }

    fn place(&mut self, length: usize) -> usize {
        self.random.index(length + 1)
    }

    /// Some neighbours, mostly few.
    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.place(length);
        let long = if self.random.chance(10) { length } else { 4 };
        start..(start + 1 + self.random.index(long.max(1))).min(length)
    }

    fn bytes(&mut self, mut input: Vec<u8>) -> Vec<u8> {
        if input.is_empty() {
            return vec![self.byte()];
        }
        let at = self.random.index(input.len());
        match self.random.below(6) {
            0 => input[at] ^= 1 << self.random.below(8),
            1 => input[at] = self.byte(),
            2 => input.insert(at, self.byte()),
            3 => drop(input.drain(self.range(at))),
            4 => input.truncate(at),
            _ => {
                let odd = self.random.of(&ODD);
                input.splice(at..at, odd.bytes());
            }
        }
        input
    }

    fn byte(&mut self) -> u8 {
        let any = self.random.next().to_le_bytes()[0];
        self.random.of(&[any, any, 0, 0xff, 0x80, 0xc2, 0xef, b'\n', b'\r', b'"', b'('])
    }

    fn lines(&mut self, input: &[u8]) -> Vec<u8> {
        let lines = |input: &[u8]| -> Vec<Vec<u8>> {
            input.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
        };
        let other = lines(&self.other());
        let mut mine = lines(input);
        let at = self.place(mine.len());
        let taken = self.range(other.len());
        match self.random.below(7) {
            0 => mine.truncate(at),
            1 => drop(mine.drain(..at)),
            2 => {
                let (from, to) = (self.range(mine.len()), at);
                let moved = mine[from].to_vec();
                mine.splice(to..to, moved);
            }
            3 => mine.truncate(at.min(mine.len())),
            4 => mine = [&mine[..at], &other[self.place(other.len())..]].concat(),
            5 => drop(mine.drain(self.range(at))),
            _ => drop(mine.splice(at..at, other[taken].to_vec())),
        }
        mine.concat()
    }

    fn quantity(&mut self, input: &[u8]) -> Vec<u8> {
        let changed = std::str::from_utf8(input).ok().and_then(|text| quantities::change(text, self.random));
        changed.map_or_else(|| self.tokens(input), String::into_bytes)
    }

    fn tokens(&mut self, input: &[u8]) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(input) else { return self.bytes(input.to_vec()) };
        let mut tokens = tokens(text);
        if tokens.is_empty() {
            return self.word().into_bytes();
        }
        let at = self.random.index(tokens.len());
        let range = self.range(tokens.len());
        match self.random.below(14) {
            0 | 1 => drop(tokens.drain(range)),
            2 => {
                let doubled = tokens[range].to_vec();
                tokens.splice(at..at, doubled);
            }
            3 => {
                let other = self.random.index(tokens.len());
                tokens.swap(at, other);
            }
            4..=6 => tokens[at] = self.word(),
            7 | 8 => tokens.insert(at, format!(" {} ", self.word())),
            9 => {
                let other = self.other();
                let other = self::tokens(std::str::from_utf8(&other).unwrap_or(""));
                let taken = self.range(other.len());
                tokens.splice(range, other[taken].to_vec());
            }
            10 if tokens[at].starts_with(|c: char| c.is_ascii_digit()) => {
                self.random.of(&["0", "00", "1", "13", "32", "60", "99", "9999"]).clone_into(&mut tokens[at]);
            }
            10 => tokens[at] = self.blank(&tokens[at].clone()),
            11 => tokens[at] = tokens[at].repeat(self.random.of(&[2, 2, 3, 40, 2_000])),
            12 => tokens[at] = self.cased(&tokens[at].clone()),
            _ => {
                // Half-typed, within a word.
                tokens.truncate(at + 1);
                let length = tokens[at].chars().count();
                tokens[at] = tokens[at].chars().take(self.random.index(length + 1)).collect();
            }
        }
        tokens.concat().into_bytes()
    }

    /// A word of the language, a number at some edge, or something that cannot be seen.
    fn word(&mut self) -> String {
        match self.random.below(10) {
            0 => self.random.of(&ODD).to_owned(),
            1 => quantities::draw(self.random),
            2 => self.random.of(&NUMBERS).to_owned(),
            _ if self.words.is_empty() => self.random.of(&NUMBERS).to_owned(),
            _ => self.random.of(self.words),
        }
    }

    fn blank(&mut self, token: &str) -> String {
        if token.trim().is_empty() {
            self.random.of(&["", "\n", " ", "\n  ", "\r\n", "\t", "\n\n", "\u{a0}", "\r"]).to_owned()
        } else {
            let blank = self.random.of(&["\n", "\n  ", "\r\n", "\t", "  ", "\u{a0}", " # "]);
            format!("{blank}{token}")
        }
    }

    fn cased(&mut self, token: &str) -> String {
        if self.random.chance(50) { token.to_uppercase() } else { format!("{token}{}", self.word()) }
    }
}

/// Words, numbers, blanks, and anything else one by one.
fn tokens(text: &str) -> Vec<String> {
    let kind = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => 1,
        c if c.is_whitespace() => 2,
        _ => 0,
    };
    let mut tokens: Vec<String> = Vec::new();
    let mut last = 0;
    for c in text.chars() {
        let this = kind(c);
        match tokens.last_mut() {
            Some(token) if this != 0 && this == last => token.push(c),
            Some(_) | None => tokens.push(c.into()),
        }
        last = this;
    }
    tokens
}

#[test]
fn a_seed_draws_the_same_inputs_again() {
    let pool = [b"rule a\n  when clv > 5\n".to_vec(), b"then send x\n".to_vec()];
    let words = ["when".to_owned()];
    let draw = |seed| {
        let mut random = Random(seed);
        let mut mutator = Mutator { random: &mut random, pool: &pool, words: &words };
        (0..200).map(|_| mutator.draw()).collect::<Vec<_>>()
    };
    assert_eq!(draw(3), draw(3));
    assert_ne!(draw(3), draw(4));
    assert_eq!(tokens("ab 12\n(é)").len(), 7);
}
