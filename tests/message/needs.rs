//! What a message cannot do without: the quick answer is the one that filling it gives.

use cvmd::message::{Needs, RenderError, Shown, Templates, render};
use proptest::prelude::*;

use super::filled;

#[test]
fn a_gap_is_told_by_its_placeholder() {
    for (template, known, expected) in [
        ("Dear {{ a }}", "", Some("a")),
        ("Dear {{ a }}", "a", None),
        ("Dear {{ a | default('friend') }}", "", None),
        ("{{ a | money | default('-') }}", "", None),
        ("{% if a is defined %}{{ a }}{% endif %}", "", None),
        ("{% if b is defined %}{{ a }}{% endif %}", "", None),
        ("{% if b is defined %}{{ a }}{% endif %}", "b", Some("a")),
        ("{% for i in a %}{{ i }}{% endfor %}x", "", Some("a")),
        ("{% set i = b %}{{ i }}", "", Some("i")),
        ("{{ a or b }}", "b", Some("a")),
        ("{{ unsubscribe_url }}x", "", None),
        ("{{ e.v }}", "", Some("e.v")),
        ("{{ e.v | default('x') }}", "", None),
    ] {
        let templates = super::text(template);
        let values: Vec<(&str, Shown)> =
            known.split_whitespace().map(|name| (name, Shown::Text("x".into()))).collect();
        let gap = Needs::of(&templates).gap(|| templates.clone(), &filled("en", &values));
        assert_eq!(gap.as_deref(), expected, "{template} with {known}");
    }
}

proptest! {
    /// The reference is the filling itself.
    #[test]
    fn the_quick_answer_is_the_true_one(
        parts in prop::collection::vec(0..9_usize, 0..7), known in prop::collection::vec(any::<bool>(), 3),
    ) {
        const PARTS: [&str; 9] = [
            "{{ a }}", "{{ b | default('x') }}", "{% if a is defined %}{{ a }}{{ c }}{% endif %}",
            "{{ a if b is defined else c }}", "{{ c | upper }}", "{{ c | money | default('y') }}",
            "{% for i in b %}{{ i }}{{ a }}{% endfor %}", "{% set z = c %}{{ z }}", "{{ a ~ b }}",
        ];
        let template: String = parts.iter().map(|part| PARTS[*part]).collect::<String>() + "end";
        let templates = Templates { subject: String::new(), html: None, text: Some(template), preview: None };
        let names = ["a", "b", "c"].into_iter().zip(&known).filter(|(_, known)| **known);
        let mut values: Vec<(&str, Shown)> = names.map(|(name, _)| (name, Shown::Text("x".into()))).collect();
        // A money filter takes an amount, a loop a list.
        for (name, shown) in &mut values {
            match *name {
                "c" => *shown = super::value("5.00 EUR"),
                "b" => *shown = Shown::List(vec!["x".into()]),
                _ => {}
            }
        }
        let filled = filled("en", &values);
        let gap = Needs::of(&templates).gap(|| templates.clone(), &filled);
        let unknown = matches!(render(&templates, &filled), Err(RenderError::Unknown { .. }));
        prop_assert_eq!(gap.is_some(), unknown, "{:?} {:?}", templates.text, known);
    }
}
