//! Texts of others on a terminal: what would move its cursor, change its colours or turn the direction of
//! writing is shown as what it is, `\u{202e}`.

use std::fmt::Write;

/// What bold text begins and ends with, where colours are wanted.
pub(super) const BOLD: [&str; 2] = ["\x1b[1m", "\x1b[0m"];

/// What is wrong.
pub(super) const RED: [&str; 2] = ["\x1b[31m", BOLD[1]];
/// What waits for a person.
pub(super) const YELLOW: [&str; 2] = ["\x1b[33m", BOLD[1]];

/// All that we colour with: what is wrong or went, what came, what waits.
const COLOURS: [&str; 5] = [BOLD[0], BOLD[1], RED[0], "\x1b[32m", YELLOW[0]];

/// A text of one line: a cell of a table, a value.
pub(super) fn cell(text: &str) -> String {
    written(text, |letter| format!("\\u{{{:x}}}", u32::from(letter)), is_loud)
}

/// Lines that we put together, of texts of others among them; `colour` where some of it may be in colours
/// of ours.
pub(super) fn lines(text: &str, colour: bool) -> String {
    let shown = |text: &str| {
        let is_loud = |letter| is_loud(letter) && !matches!(letter, '\n' | '\t');
        written(text, |letter| format!("\\u{{{:x}}}", u32::from(letter)), is_loud)
    };
    let text = &*text.replace("\r\n", "\n");
    if !colour {
        return shown(text);
    }
    let mut rest = text;
    let mut written = String::with_capacity(text.len());
    let next = |rest: &str| COLOURS.iter().filter_map(|mark| Some((rest.find(mark)?, mark.len()))).min();
    while let Some((at, length)) = next(rest) {
        written.push_str(&shown(&rest[..at]));
        written.push_str(&rest[at..at + length]);
        rest = &rest[at + length..];
    }
    written.push_str(&shown(rest));
    written
}

/// A JSON document that means the same, with escapes for what a terminal would act on. Such a letter stands
/// in strings only.
pub(super) fn json(text: &str) -> String {
    let escape = |letter: char| {
        let mut units = [0; 2];
        letter.encode_utf16(&mut units).iter().fold(String::new(), |mut all, unit| {
            let _ = write!(all, "\\u{unit:04x}");
            all
        })
    };
    written(text, escape, |letter| is_loud(letter) && letter != '\n')
}

fn written(text: &str, escape: impl Fn(char) -> String, is_loud: impl Fn(char) -> bool) -> String {
    if !text.contains(&is_loud) {
        return text.to_owned();
    }
    let mut quiet = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        if is_loud(letter) { quiet.push_str(&escape(letter)) } else { quiet.push(letter) }
    }
    quiet
}

/// Whether a terminal acts on it, or hides it: control characters, overrides of the writing direction, line
/// and paragraph separators, tags. Joiners of emoji and of Persian are letters like others.
fn is_loud(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'
                ..='\u{202e}' | '\u{2066}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'
                ..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_acts_on_is_shown_as_what_it_is() {
        for (text, shown) in [
            ("Zoë 山田 👩‍👩‍👧 می‌خواهم", "Zoë 山田 👩‍👩‍👧 می‌خواهم"),
            ("gold\u{202e}dlog", "gold\\u{202e}dlog"),
            ("\x1b]0;gone\x07", "\\u{1b}]0;gone\\u{7}"),
            ("a\nb\tc\r", "a\\u{a}b\\u{9}c\\u{d}"),
            ("\u{9b}31m\u{2066}\u{e0041}", "\\u{9b}31m\\u{2066}\\u{e0041}"),
        ] {
            assert_eq!(cell(text), shown);
        }
        assert_eq!(lines("a\n\tb\u{200f}", false), "a\n\tb\\u{200f}");
    }

    #[test]
    fn only_our_colours_pass_and_only_where_they_are_wanted() {
        assert_eq!(lines("\x1b[1mana\x1b[0m \x1b[8mhid", true), "\x1b[1mana\x1b[0m \\u{1b}[8mhid");
        assert_eq!(lines("\x1b[1mana", false), "\\u{1b}[1mana");
    }

    #[test]
    fn json_means_the_same() {
        let value = serde_json::json!({"name": "a\u{202e}b\u{7f}\u{9b}\u{e0041}\n\"é"});
        let text = json(&serde_json::to_string_pretty(&value).unwrap());
        assert!(text.contains("\\u202e") && text.contains("\\udb40\\udc41") && text.contains('é'), "{text}");
        assert!(!text.contains(|letter| is_loud(letter) && letter != '\n'), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
