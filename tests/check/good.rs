//! Good workspaces, and what they mean.

use std::fmt::Write;

use cvmd::check::Files;
use cvmd::ruleset::{Expr, RuleSet};

use super::human::human;
use super::tree::{cases, checked, expect, read};

#[test]
fn good_workspaces_mean_what_is_expected() {
    for case in cases("good") {
        let checked = checked(&read(&case));
        let Some(rules) = &checked.rules else { panic!("{}\n{}", case.display(), human(&checked)) };
        expect(&case, &format!("{}{}", dump(rules), human(&checked)));
    }
}

#[test]
fn the_smallest_rule_is_a_whole_workspace() {
    let files: Files = [
        ("winback.rules", "when segment=lapsing and clv>500 then send offer"),
        ("messages/offer.html", "<title>For you</title><p>Come back.</p>"),
    ]
    .into_iter()
    .collect();
    let checked = checked(&files);
    let rules = checked.rules.expect("no errors");
    assert!(checked.diagnostics.is_empty());
    assert_eq!(rules.rules[0].name, "winback");
    assert_eq!(rules.messages[0].subject, "For you");
    assert_eq!(rules.segments[0].place.to_string(), "built in:1");
    assert_eq!(rules.hash, files.hash());
}

#[test]
fn the_order_of_files_and_items_means_nothing() {
    let (a, b) = ("audience a when in audience b\n", "audience b when clv > 500\n");
    let rule = "rule r\n  when in audience a\n  then send offer\n";
    let message = ("messages/offer.txt", "Subject: x\n\nHello".to_owned());
    let one: Files = [("x.rules", format!("{a}{b}{rule}")), message.clone()].into_iter().collect();
    let other: Files = [("x.rules", format!("{rule}{b}{a}")), message].into_iter().collect();
    let meaning =
        |files: &Files| dump(&checked(files).rules.unwrap()).replace(|c: char| c.is_ascii_digit(), "");
    assert_eq!(meaning(&one), meaning(&other));
}

/// What a rule set says, in lines that a person can compare.
fn dump(rules: &RuleSet) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "workspace {:?}", rules.workspace);
    for field in &rules.schema.fields[9..] {
        let _ = writeln!(out, "attribute {}: {:?}", field.name, field.ty);
    }
    for choices in &rules.schema.choices {
        let _ = writeln!(out, "choices {:?} ordered {}", choices.names, choices.ordered);
    }
    for segments in &rules.segments {
        let _ = writeln!(out, "segments {} at {}", segments.name, segments.place);
        segments.conditions.iter().for_each(|condition| dump_expr(condition, 1, &mut out));
    }
    for audience in &rules.audiences {
        let _ = writeln!(out, "audience {} at {}", audience.name, audience.place);
        dump_expr(&audience.when, 1, &mut out);
    }
    for message in &rules.messages {
        let _ = writeln!(
            out,
            "message {} at {} {:?} {} by {:?} subject {:?} html {:?} text {:?} from {:?} reply to {:?} expires {:?}",
            message.name,
            message.place,
            message.purpose,
            message.channel,
            message.webhook,
            message.subject,
            message.html,
            message.text,
            message.from,
            message.reply_to,
            message.expires_after,
        );
        for variant in &message.variants {
            let _ = writeln!(out, "  {variant:?}");
        }
        for (name, expr) in &message.fields {
            let _ = writeln!(out, "  {name} at {}", expr.place);
            dump_expr(expr, 2, &mut out);
        }
    }
    for webhook in &rules.webhooks {
        let _ = writeln!(
            out,
            "webhook {} at {} {} signed {:?}",
            webhook.name, webhook.place, webhook.url, webhook.secrets
        );
    }
    for policy in &rules.policies {
        let _ = writeln!(out, "policy {} at {}", policy.name, policy.place);
        for cap in &policy.caps {
            let _ =
                writeln!(out, "  at most {} {:?} {:?} at {}", cap.count, cap.subject, cap.period, cap.place);
        }
    }
    for rule in &rules.rules {
        let _ = writeln!(
            out,
            "rule {} {:?} owner {:?} at {} schedule {:?} at most {:?} priority {}",
            rule.name,
            rule.title,
            rule.owner,
            rule.place,
            rule.timetable().map(ToString::to_string),
            rule.at_most,
            rule.priority
        );
        dump_expr(&rule.when, 1, &mut out);
        for action in &rule.actions {
            match action {
                cvmd::ruleset::Action::Send(message) => {
                    let _ = writeln!(out, "  send {}", rules.messages[*message].name);
                }
                cvmd::ruleset::Action::Call { webhook, fields } => {
                    let _ = writeln!(out, "  call {}", rules.webhooks[*webhook].name);
                    for (name, expr) in fields {
                        let _ = writeln!(out, "    with {name}");
                        dump_expr(expr, 3, &mut out);
                    }
                }
                cvmd::ruleset::Action::Set { field, value } => {
                    let _ = writeln!(out, "  set {}", rules.schema.field(*field).name);
                    dump_expr(value, 3, &mut out);
                }
            }
        }
    }
    out
}

/// An expression on one line, without the texts and places inside, and the text it was written as.
fn dump_expr(expr: &Expr, depth: usize, out: &mut String) {
    let mut debug = format!("{:?}", expr.kind);
    // Places and texts of the parts say nothing that the whole does not say.
    while let Some(start) = debug.find(", text: \"") {
        let end = debug[start..].find(" } }").map_or(debug.len(), |at| start + at + 2);
        debug.replace_range(start..end, "");
    }
    let _ = writeln!(out, "{}`{}` {:?} = {debug}", "  ".repeat(depth), expr.text, expr.ty);
}
