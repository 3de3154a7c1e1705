//! From syntax to meaning: names, types, units, lints. Makes the [`RuleSet`]; knows no customer.
//!
//! Pure: the same files, commit and day give the same answer. Words are collected first, from all
//! files; only then is any expression looked at, so the order of files and lines means nothing.

mod action;
mod advice;
mod allow;
mod attribute;
mod body;
mod bound;
mod comparison;
mod cost;
mod cycle;
mod email_only;
mod event;
mod expression;
mod files;
mod filter;
mod group;
mod guard;
mod item;
mod layout;
mod loops;
mod merge_tag;
mod message;
mod names;
mod on_event;
mod period;
mod placeholder;
mod policy;
mod quiet;
mod rename;
mod report;
mod rule;
mod schedule;
mod season;
mod sender;
mod set;
mod shown_event;
mod suggest;
mod variant;
mod webhook;
mod words;
mod workspace;

pub use bound::MAX_TREE_DIAGNOSTICS;
pub use files::Files;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic, FileId, Fix, Severity, Sources, Span};
use crate::language::tree::{self, Action, RuleClause};
use crate::model::Date;
use crate::ruleset::{Audience, FirstNames, Named, Remembered, RuleSet, Segments};

use action::Targets;
use body::Bodies;
use item::{Items, Of, unique};
use message::Surroundings;
use names::Names;
use report::Report;

/// What is not in the files.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// The git commit the files came from, `unknown` without git.
    pub commit: &'a str,
    /// Today, for what changes with the date alone (an expired `allow`).
    pub today: Date,
}

/// What came of a check.
#[derive(Debug)]
pub struct Checked {
    /// The rule set; none where there is an error.
    pub rules: Option<RuleSet>,
    /// The files' texts, for rendering the diagnostics.
    pub sources: Sources,
    /// Errors and warnings, by place.
    pub diagnostics: Vec<Diagnostic>,
    /// What could be better, by place: for those who ask.
    pub advice: Vec<Diagnostic>,
    /// What is right and can be said in full: amounts without their currency.
    pub written_out: Vec<Fix>,
}

/// Whether a path is one that a rules tree consists of: rule files anywhere, bodies of messages in
/// the folder `messages`.
#[must_use]
pub fn belongs(path: &str) -> bool {
    is_rules(path) || body::is_body(path)
}

fn is_rules(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, ending)| ending == "rules")
}

/// Reads and checks a whole rules tree that no store has met yet.
#[must_use]
pub fn check(files: &Files, options: &Options<'_>) -> Checked {
    check_beside(files, options, None)
}

/// Reads and checks a whole rules tree beside what a store remembers of names and runs now.
#[must_use]
pub fn check_beside(files: &Files, options: &Options<'_>, memory: Option<&Remembered>) -> Checked {
    // What does not belong must change neither the hash nor what is found.
    let files = &files.iter().filter(|(path, _)| belongs(path)).collect::<Files>();
    let sources = sources(files);
    let mut trees = Vec::new();
    let mut diagnostics = Vec::new();
    for (id, path, text) in sources.iter().filter(|(_, path, _)| is_rules(path)) {
        if files.get(path).is_some_and(|bytes| std::str::from_utf8(bytes).is_err()) {
            diagnostics.push(not_text(id, path));
            continue;
        }
        let (tree, found) = crate::language::parse(id, text);
        trees.push(tree);
        diagnostics.extend(found);
    }
    let (rules, found, written_out) = check_trees((files, &sources, &trees), diagnostics, options, memory);
    let (advice, diagnostics) = found.into_iter().partition(|one| one.code.severity() == Severity::Advice);
    Checked { rules, sources, diagnostics, advice, written_out }
}

/// The texts of all files that belong to the tree; what is not UTF-8 has replacement characters.
fn sources(files: &Files) -> Sources {
    let mut sources = Sources::default();
    for (path, contents) in files.iter() {
        sources.add(path, &String::from_utf8_lossy(contents));
    }
    sources
}

/// What is said of a rule file that is no text.
#[must_use]
pub fn not_text(file: FileId, path: &str) -> Diagnostic {
    Diagnostic {
        code: Code::NotText,
        message: format!("`{path}` is no UTF-8 text"),
        span: Span { file, start: 0, end: 0 },
        label: "save the file as UTF-8".into(),
        why: "in another encoding letters would be read wrongly, and names not be found".into(),
        fix: None,
    }
    .shortened()
}

/// Checks trees that were parsed before. `diagnostics` are those of the parser: with an error among
/// them there is no rule set.
fn check_trees(
    (files, sources, trees): (&Files, &Sources, &[tree::File]),
    mut diagnostics: Vec<Diagnostic>,
    options: &Options<'_>,
    memory: Option<&Remembered>,
) -> (Option<RuleSet>, Vec<Diagnostic>, Vec<Fix>) {
    let mut report = Report::new(sources);
    let rules = workspace_of((files, trees), options, memory, &mut report);
    let written_out = report.take_written_out();
    report.leave_out_answered(&mut diagnostics);
    diagnostics.extend(report.finish());
    let (mut diagnostics, problems) = allow::apply(sources, diagnostics, options.today);
    let mut more = Report::new(sources);
    for problem in problems {
        more.add(problem);
    }
    diagnostics.extend(more.finish());
    diagnostics.sort_by_key(|d| (d.span, d.code));
    let errors = diagnostics.iter().any(|d| d.code.severity() == Severity::Error);
    (rules.filter(|_| !errors), bound::bound(diagnostics), written_out)
}

/// The rule set, or `None` where a part of it could not be made; every such part has its diagnostic.
// One step after the other, each named.
#[allow(clippy::too_many_lines)]
fn workspace_of(
    (files, trees): (&Files, &[tree::File]),
    options: &Options<'_>,
    memory: Option<&Remembered>,
    report: &mut Report<'_>,
) -> Option<RuleSet> {
    let mut items = Items::collect(trees, report);
    let found = workspace::check(&items.workspaces, report);
    let renamed = items.workspaces.iter().filter_map(|(_, item, _)| item.formerly.as_ref());
    renamed.for_each(|name| report.add(rename::of_workspace(name)));
    let attributes = unique("attribute", std::mem::take(&mut items.attributes), report);
    let mut schema = attribute::check(&attributes, &items.set_by_rules, report);
    let segment_items = unique("segmentation", std::mem::take(&mut items.segments), report);
    let mut first_names = FirstNames::default();
    rename::names(Named::Attribute, &attributes, memory, &mut first_names, report);
    for attribute in &mut schema.attributes {
        let name = &schema.fields[usize::from(attribute.field.0)].name;
        first_names.of(Named::Attribute, name).clone_into(&mut attribute.first_name);
    }
    rename::names(Named::Segments, &segment_items, memory, &mut first_names, report);
    let declared = group::declare(&segment_items, &mut schema, report);
    let audience_items = unique("audience", std::mem::take(&mut items.audiences), report);
    let event_items = unique("event", std::mem::take(&mut items.events), report);
    rename::names(Named::Event, &event_items, memory, &mut first_names, report);
    event::declare(&event_items, &first_names, &mut schema, report);
    let bodies = Bodies::new(files, report.sources);
    rename::names(Named::Audience, &audience_items, memory, &mut first_names, report);
    let names = Names {
        currency: found.workspace.currency,
        currency_line: found.currency_line,
        zone: found.zone,
        schema,
        segments: declared.iter().map(|(name, choices, _)| (name.clone(), *choices)).collect(),
        audiences: audience_items.iter().map(|item| item.name.text.clone()).collect(),
        messages: items.message_names(&bodies),
        rules: items.rules.iter().map(|item| item.name.text.clone()).collect(),
        channels: items.channels(),
    };
    let groups = groups(&declared, &audience_items, &names, report);

    let webhook_items = unique("webhook", std::mem::take(&mut items.webhooks), report);
    rename::names(Named::Webhook, &webhook_items, memory, &mut first_names, report);
    let webhook_names: Vec<String> = webhook_items.iter().map(|item| item.name.text.clone()).collect();
    let webhooks = webhook_items.iter().map(|item| webhook::check(item, report)).collect();
    let rule_items = unique("rule", std::mem::take(&mut items.rules), report);
    rename::names(Named::Rule, &rule_items, memory, &mut first_names, report);
    let message_items = unique("message", std::mem::take(&mut items.messages), report);
    rename::names(Named::Message, &message_items, memory, &mut first_names, report);
    let around = Surroundings { names: &names, bodies: &bodies, webhooks: &webhook_names };
    let messages = messages(&message_items, &rule_items, &around, report);

    let policy_items = unique("policy", std::mem::take(&mut items.policies), report);
    rename::names(Named::Policy, &policy_items, memory, &mut first_names, report);
    let policies = policy::check(&policy_items, &messages.channels, report);
    let plain = |item: &&Of<'_, &tree::AttributeType>| item.item.formerly.is_none();
    let ends: Vec<(String, Span)> = attributes
        .iter()
        .filter(plain)
        .map(|item| (item.name.text.clone(), report::after(item.item.span)))
        .collect();
    let targets = Targets {
        messages: &messages.names,
        checked: &messages.checked,
        files: &bodies.names(),
        webhooks: &webhook_names,
        attributes: &ends,
        carriers: &messages.carriers,
    };
    let rules: Vec<Option<_>> =
        rule_items.iter().map(|item| rule::check(item, &names, &targets, options.today, report)).collect();

    let (segments, audiences) = groups?;
    let rules: Vec<crate::ruleset::Rule> = rules.into_iter().collect::<Option<_>>()?;
    let world = set::World { schema: &names.schema, segments: &segments, audiences: &audiences };
    set::cycles(&rules, &rule_items, &world, report);
    loops::check(&rules, &messages.checked, &rule_items, report);
    let checked = RuleSet {
        hash: files.hash(),
        commit: options.commit.to_owned(),
        workspace: found.workspace,
        schema: Arc::new(names.schema),
        segments,
        audiences,
        messages: messages.checked.into_iter().collect::<Option<_>>()?,
        webhooks,
        policies,
        rules,
        first_names,
        sources: report.sources.iter().map(|(_, path, text)| (path.to_string(), text.to_string())).collect(),
    };
    let written = advice::Written { attributes: &attributes, events: &event_items };
    advice::advise(&checked, &written, report);
    if let Some(memory) = memory {
        rename::lost(&checked, &rule_items, memory, report);
    }
    Some(checked)
}

/// Segmentations and audiences; `None` after a diagnostic.
fn groups(
    declared: &[group::Declared<'_, '_>],
    audience_items: &[Of<'_, Option<&tree::Expr>>],
    names: &Names,
    report: &mut Report<'_>,
) -> Option<(Vec<Segments>, Vec<Audience>)> {
    let segments: Vec<Segments> = declared
        .iter()
        .map(|(_, choices, item)| match item {
            Some(item) => group::segments(item, *choices, names, report),
            None => group::default_segments(*choices),
        })
        .collect();
    let audiences: Vec<Option<Audience>> =
        audience_items.iter().map(|item| group::audience(item, names, report)).collect();
    let audiences: Vec<Audience> = audiences.into_iter().collect::<Option<_>>()?;
    let spans: Vec<Option<Span>> = declared
        .iter()
        .map(|(_, _, item)| item.map(|item| item.name.span))
        .chain(audience_items.iter().map(|item| Some(item.name.span)))
        .collect();
    group::cycles(&segments, &audiences, &spans, report);
    Some((segments, audiences))
}

/// All messages, and what others need to know of them.
struct Messages {
    /// In the order of their names; `None` for one that has an error.
    checked: Vec<Option<crate::ruleset::Message>>,
    names: Vec<String>,
    channels: Vec<String>,
    carriers: Vec<(String, String)>,
}

/// The declared messages, and those that rules send and that are found as files.
fn messages(
    items: &[Of<'_, &[tree::MessageClause]>],
    rules: &[Of<'_, item::Rule<'_>>],
    around: &Surroundings<'_>,
    report: &mut Report<'_>,
) -> Messages {
    let mut all: Vec<(String, Option<crate::ruleset::Message>)> = Vec::new();
    let mut channels = vec!["email".to_owned()];
    let mut carriers = Vec::new();
    for item in items {
        for clause in item.parts {
            if let tree::MessageClause::Purpose { channel, webhook, .. } = clause {
                channels.push(channel.text.clone());
                carriers.extend(webhook.iter().map(|webhook| (webhook.text.clone(), item.name.text.clone())));
            }
        }
        all.push((item.name.text.clone(), message::declared(item, around, report)));
    }
    let mut known: BTreeSet<&str> = items.iter().map(|item| item.name.text.as_str()).collect();
    for name in sent(rules) {
        if known.insert(&name.text) && !around.bodies.found(&name.text).is_empty() {
            all.push((name.text.clone(), message::found(name, around, report)));
        }
    }
    layout::check_all(around, report);
    all.sort_by(|a, b| a.0.cmp(&b.0));
    channels.sort_unstable();
    channels.dedup();
    let names = all.iter().map(|(name, _)| name.clone()).collect();
    let checked = all.into_iter().map(|(_, message)| message).collect();
    Messages { checked, names, channels, carriers }
}

/// The messages that rules send, as they are written.
fn sent<'t>(rules: &[Of<'t, item::Rule<'t>>]) -> impl Iterator<Item = &'t tree::Name> {
    rules.iter().flat_map(|rule| rule.parts.clauses).flat_map(|clause| {
        let actions = match clause {
            RuleClause::Then(actions) => actions.as_slice(),
            RuleClause::Owner(_)
            | RuleClause::Every(..)
            | RuleClause::Season { .. }
            | RuleClause::IfMissed(..)
            | RuleClause::On(..)
            | RuleClause::After(_)
            | RuleClause::When(_)
            | RuleClause::AtMost { .. }
            | RuleClause::GiveUpAfter(..)
            | RuleClause::Priority(..)
            | RuleClause::Draft(_)
            | RuleClause::InAll(..)
            | RuleClause::NewMatchesOnly(_) => &[],
        };
        actions.iter().filter_map(|action| match action {
            Action::Send(name) => Some(name),
            Action::Call { .. } | Action::Set { .. } => None,
        })
    })
}
