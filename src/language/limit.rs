//! The limits of the language, each with its name.

/// Bytes of one file; larger ones are data that landed in the folder by mistake.
pub const MAX_FILE_BYTES: usize = 1 << 20;
/// Items of one file.
pub const MAX_ITEMS: usize = 10_000;
/// Bytes of one clause: some two thousand values in an `in (…)`. Blanks and comments do not count, so that
/// no layout is beyond it.
pub const MAX_CLAUSE_BYTES: usize = 64 << 10;
/// The same with blanks and comments.
pub(super) const MAX_CLAUSE_LENGTH: usize = 4 * MAX_CLAUSE_BYTES;
/// Parentheses inside one another; checked before the grammar sees the text.
pub const MAX_NESTING: usize = 32;
/// Diagnostics of one file; the last one says how many were left out.
pub const MAX_DIAGNOSTICS: usize = 100;
/// Steps that the grammar may take over one clause. The longest clause that the limits above admit
/// takes a fraction of them.
pub(super) const MAX_STEPS: usize = 20_000_000;
