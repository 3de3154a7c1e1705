//! A file into items at text in column 1, and items into clauses at clause words that start a line.

mod clause;
mod item;
mod scan;
mod table;
mod word;

pub(super) use clause::{Chunk, ChunkKind, chunks};
pub(super) use item::{RawItem, items};
pub(super) use scan::{Scan, Token, TokenKind, scan};
pub(super) use word::{ItemWord, clause_words};
