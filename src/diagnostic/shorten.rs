//! Words cut to a length that a person reads: they quote what somebody wrote, and that can be a
//! whole spreadsheet pasted into one line.

use super::Diagnostic;

/// Letters of one quoted piece.
const MAX_QUOTED: usize = 80;
/// Bytes of a headline, a label or a reason.
pub const MAX_WORDS_BYTES: usize = 600;

impl Diagnostic {
    /// The same with what it quotes cut to its beginning. Spans and the fix stay whole.
    #[must_use]
    pub fn shortened(mut self) -> Self {
        for words in [&mut self.message, &mut self.label, &mut self.why] {
            // Most are short already.
            if words.len() > MAX_QUOTED {
                *words = shorten(words);
            }
        }
        self
    }
}

fn shorten(words: &str) -> String {
    let mut out = String::with_capacity(words.len().min(MAX_WORDS_BYTES));
    for (position, piece) in words.split('`').enumerate() {
        if position > 0 {
            out.push('`');
        }
        match piece.char_indices().nth(MAX_QUOTED) {
            Some((end, _)) if position % 2 == 1 => {
                out.push_str(&piece[..end]);
                out.push('…');
            }
            Some(_) | None => out.push_str(piece),
        }
        if out.len() > MAX_WORDS_BYTES {
            break;
        }
    }
    // Where somebody's text holds backticks of its own.
    if out.len() > MAX_WORDS_BYTES {
        let dots = '…'.len_utf8();
        out.truncate(out.floor_char_boundary(MAX_WORDS_BYTES - dots));
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_cut_and_what_we_say_is_not() {
        let long = "ä".repeat(5_000);
        let cut = "ä".repeat(80);
        assert_eq!(shorten(&format!("unknown item `{long}` here")), format!("unknown item `{cut}…` here"));
        let ours = "why ".repeat(100);
        assert_eq!(shorten(&ours), ours);
        for nasty in [long.clone(), format!("`{long}"), "`".repeat(5_000), format!("a`b`{long}`{long}")] {
            assert!(shorten(&nasty).len() <= MAX_WORDS_BYTES);
        }
    }
}
