//! Amounts, numbers, shares, dates and times in each language, against another's reading of CLDR.

use cvmd::message::Shown;
use cvmd::model::{Currency, Money, Number};

use super::{shown, value};

#[test]
fn each_language_is_written_as_cldr_says() {
    let mut wrong = Vec::new();
    let lines = include_str!("formats.txt").lines().filter(|line| !line.starts_with('#'));
    for line in lines {
        let [locale, filter, plain, expected] =
            line.split(" | ").collect::<Vec<_>>().try_into().unwrap_or_else(|_| panic!("{line}"));
        let value = value(plain);
        let said = shown(locale, &format!("{{{{ v | {filter} }}}}"), &[("v", value)]).unwrap();
        let said = said.replace('\u{a0}', "~").replace('\u{202f}', "_");
        if said != expected {
            wrong.push(format!("{line}: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_digit_is_lost() {
    let most = Shown::Money(Money(i64::MAX).to_cent(), Currency::parse("EUR"));
    assert_eq!(shown("en", "{{ v | money }}", &[("v", most)]).unwrap(), "€922,337,203,685,477.58");
    // A float would say 9007199254.740993 here.
    let much = Shown::Number(Number(9_007_199_254_740_993));
    for (template, expected) in
        [("{{ v }}", "9007199254.740993"), ("{{ v | number }}", "9,007,199,254.740993")]
    {
        assert_eq!(shown("en", template, &[("v", much.clone())]).unwrap(), expected);
    }
    for (number, expected) in
        [("0.1", "0.1"), ("2.5", "2.5"), ("1000000.000001", "1000000.000001"), ("3", "3")]
    {
        let number = Shown::Number(Number::parse(number).unwrap());
        assert_eq!(shown("en", "{{ v }}", &[("v", number)]).unwrap(), expected);
    }
    let half = Shown::Number(Number(2_500_000));
    assert_eq!(shown("en", "{% if v > 2 and v < 2.6 %}yes{% endif %}", &[("v", half)]).unwrap(), "yes");
}

#[test]
fn a_plain_placeholder_is_the_same_in_every_language() {
    for locale in ["en", "es", "de-ch", "xx"] {
        for plain in ["1234.56 EUR", "12.5%", "2026-11-26", "1234.5"] {
            assert_eq!(shown(locale, "{{ v }}", &[("v", value(plain))]).unwrap(), plain);
        }
    }
}

#[test]
fn options_say_how_much_is_shown() {
    for (template, plain, expected) in [
        ("{{ v | money('short') }}", "500.00 EUR", "€500"),
        ("{{ v | money('short') }}", "500.10 EUR", "€500.10"),
        ("{{ v | number(2) }}", "1234.565", "1,234.56"),
        ("{{ v | number(0) }}", "1234.5", "1,234"),
        ("{{ v | percent(1) }}", "72.66%", "72.7%"),
        ("{{ v | percent }}", "72.66%", "72.66%"),
        ("{{ v | date }}", "2026-11-26", "Nov 26, 2026"),
        ("{{ v | date }}", "09:30", "Nov 26, 2026"),
    ] {
        assert_eq!(shown("en", template, &[("v", value(plain))]).unwrap(), expected, "{template} {plain}");
    }
    let unnamed = Shown::Money(Money(-12_345_600), None);
    assert_eq!(shown("es", "{{ v | money }}", &[("v", unnamed)]).unwrap(), "-1.234,56");
    for template in
        ["{{ v | money('long') }}", "{{ v | money(2) }}", "{{ v | date }}", "{{ v | money('short', 2) }}"]
    {
        let error = shown("en", template, &[("v", value("5.00 EUR"))]).unwrap_err();
        assert!(error.contains("it is written"), "{error}");
    }
}

#[test]
fn what_is_unknown_stays_so_for_default() {
    assert_eq!(shown("en", "{{ v | money | default('nothing yet') }}", &[]).unwrap(), "nothing yet");
    for template in
        ["{{ v | date('long') }}", "{{ w | default('') }}{{ v | money | upper }}{{ u }}", "{{ v }}"]
    {
        let error = shown("en", template, &[]).unwrap_err();
        assert!(error.starts_with("`v` is unknown"), "{template}: {error}");
    }
}
