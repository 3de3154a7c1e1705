//! A failing input made smaller while it goes on failing.

/// Tries at most: some seconds for the slowest target.
const MAX_TRIES: usize = 3_000;

/// The smallest input found that still fails: lines are left out, then ever smaller pieces.
pub(super) fn shrink(input: &[u8], fails: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut tries = 0;
    let mut best = input.to_vec();
    loop {
        let before = best.len();
        let lines: Vec<Vec<u8>> = best.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        best = without_pieces(lines, &fails, &mut tries).concat();
        let pieces = characters(&best);
        best = without_pieces(pieces, &fails, &mut tries).concat();
        if best.len() == before || tries >= MAX_TRIES {
            return best;
        }
    }
}

/// Whole characters where it is text, so that what is left is text too.
fn characters(bytes: &[u8]) -> Vec<Vec<u8>> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.chars().map(|c| c.to_string().into_bytes()).collect(),
        Err(_) => bytes.iter().map(|byte| vec![*byte]).collect(),
    }
}

/// Leaves out halves, quarters, … single pieces.
fn without_pieces(
    mut pieces: Vec<Vec<u8>>,
    fails: &impl Fn(&[u8]) -> bool,
    tries: &mut usize,
) -> Vec<Vec<u8>> {
    let mut size = pieces.len().div_ceil(2).max(1);
    loop {
        let mut at = 0;
        while at < pieces.len() && *tries < MAX_TRIES {
            let end = (at + size).min(pieces.len());
            let rest = [&pieces[..at], &pieces[end..]].concat();
            *tries += 1;
            if fails(&rest.concat()) {
                pieces = rest;
            } else {
                at = end;
            }
        }
        if size == 1 || *tries >= MAX_TRIES {
            return pieces;
        }
        size = size.div_ceil(2);
    }
}

#[test]
fn what_does_not_matter_is_left_out() {
    let text = "a line\nand the bug stands here, ä\nand one more\n".repeat(20);
    let fails = |input: &[u8]| input.windows(3).any(|three| three == b"bug");
    assert_eq!(shrink(text.as_bytes(), fails), b"bug");
}
