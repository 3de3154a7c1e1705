//! The items of all files, by kind.

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Span};
use crate::language::tree::{
    AttributeType, Expr, File, Item, ItemKind, MessageClause, Name, PolicyClause, RuleClause, WebhookClause,
    WorkspaceClause,
};

use super::body::Bodies;
use super::event::FieldLine;
use super::names::{check_name, shorten, to_plain};
use super::report::{Report, problem};

/// An item with its parts.
pub(super) struct Of<'t, T> {
    pub(super) name: Name,
    pub(super) item: &'t Item,
    pub(super) parts: T,
}

pub(super) struct Webhook<'t> {
    pub(super) url: Option<&'t Name>,
    pub(super) secrets: &'t [Name],
    pub(super) terms: &'t [(WebhookClause, Span)],
}

pub(super) struct Rule<'t> {
    pub(super) title: Option<&'t Name>,
    pub(super) clauses: &'t [RuleClause],
}

/// A place of a segmentation and its condition; none for `otherwise`.
pub(super) type PlaceLine = (Name, Option<Expr>);

/// All items, each kind in the order of files and lines.
#[derive(Default)]
pub(super) struct Items<'t> {
    pub(super) workspaces: Vec<(Option<&'t Name>, &'t Item, &'t [WorkspaceClause])>,
    pub(super) attributes: Vec<Of<'t, &'t AttributeType>>,
    pub(super) set_by_rules: Vec<String>,
    pub(super) events: Vec<Of<'t, &'t [FieldLine]>>,
    pub(super) segments: Vec<Of<'t, &'t [PlaceLine]>>,
    pub(super) audiences: Vec<Of<'t, Option<&'t Expr>>>,
    pub(super) messages: Vec<Of<'t, &'t [MessageClause]>>,
    pub(super) webhooks: Vec<Of<'t, Webhook<'t>>>,
    pub(super) policies: Vec<Of<'t, &'t [(PolicyClause, Span)]>>,
    pub(super) rules: Vec<Of<'t, Rule<'t>>>,
}

impl<'t> Items<'t> {
    /// Sorts the items of all files into their kinds.
    pub(super) fn collect(files: &'t [File], report: &mut Report<'_>) -> Self {
        let mut items = Self::default();
        for file in files {
            let mut bare = false;
            for item in &file.items {
                items.add(item, report, &mut bare);
            }
        }
        items
    }

    /// The names of what can be sent: declared, or found as files.
    pub(super) fn message_names(&self, bodies: &Bodies<'_>) -> Vec<String> {
        let declared = self.messages.iter().map(|item| item.name.text.clone());
        declared.chain(bodies.names()).collect()
    }

    /// The channels that declared messages go by, e-mail first.
    pub(super) fn channels(&self) -> Vec<String> {
        let clauses = self.messages.iter().flat_map(|item| item.parts);
        let declared = clauses.filter_map(|clause| {
            if let MessageClause::Purpose { channel, .. } = clause {
                Some(channel.text.clone())
            } else {
                None
            }
        });
        std::iter::once("email".to_owned()).chain(declared).collect()
    }

    fn add(&mut self, item: &'t Item, report: &mut Report<'_>, bare: &mut bool) {
        match &item.kind {
            ItemKind::Workspace { name, clauses } => self.workspaces.push((name.as_ref(), item, clauses)),
            ItemKind::Attribute { name, ty, set_by_rules } => {
                if *set_by_rules {
                    self.set_by_rules.push(name.text.clone());
                }
                self.attributes.push(Of { name: name.clone(), item, parts: ty });
            }
            ItemKind::Event { name, fields } => {
                self.events.push(Of { name: name.clone(), item, parts: fields });
            }
            ItemKind::Segments { name, places } => {
                let default = || Name { text: "segment".into(), span: item.head, quoted: false };
                let name = name.clone().unwrap_or_else(default);
                self.segments.push(Of { name, item, parts: places });
            }
            ItemKind::Audience { name, when } => {
                self.audiences.push(Of { name: name.clone(), item, parts: when.as_ref() });
            }
            ItemKind::Message { name, clauses } => {
                self.messages.push(Of { name: name.clone(), item, parts: clauses });
            }
            ItemKind::Webhook { name, url, secrets, terms } => {
                let parts = Webhook { url: url.as_ref(), secrets, terms };
                self.webhooks.push(Of { name: name.clone(), item, parts });
            }
            ItemKind::Policy { name, clauses } => {
                self.policies.push(Of { name: name.clone(), item, parts: clauses });
            }
            ItemKind::Rule { name, title, clauses } => {
                let parts = Rule { title: title.as_ref(), clauses };
                if let Some(name) = name {
                    self.rules.push(Of { name: name.clone(), item, parts });
                } else if std::mem::replace(bare, true) {
                    report.add(second_bare_rule(item));
                } else {
                    let name = stem_name(report, item);
                    self.rules.push(Of { name, item, parts });
                }
            }
        }
    }
}

fn second_bare_rule(item: &Item) -> super::report::Problem {
    problem(Code::SecondBareRule, item.head, "a second rule without a name in one file")
        .label("name it: write `rule NAME` before it")
        .why("a rule without a name takes the file's, and two rules cannot share one: the name keys who was contacted")
}

/// A bare rule's name: its file's stem.
fn stem_name(report: &Report<'_>, item: &Item) -> Name {
    let path = report.sources.path(item.head.file);
    let file = path.rsplit('/').next().unwrap_or(path);
    let text = file.strip_suffix(".rules").unwrap_or(file).to_owned();
    Name { text, span: item.head, quoted: false }
}

/// Keeps the first item of each name, in the order of their names, and objects to the others and
/// to names that are none.
pub(super) fn unique<'t, T>(what: &str, items: Vec<Of<'t, T>>, report: &mut Report<'_>) -> Vec<Of<'t, T>> {
    let mut known: BTreeMap<String, Of<'t, T>> = BTreeMap::new();
    for item in items {
        if item.name.span == item.item.head {
            check_stem(&item.name, report);
        } else {
            check_name(report, &item.name);
        }
        if let Some(first) = known.get(&item.name.text) {
            let place = report.place(first.name.span);
            report.add(
                problem(
                    Code::DuplicateName,
                    item.name.span,
                    format!("there are two {what}s named `{}`", shorten(&item.name.text)),
                )
                .label(format!("the first is at {place}"))
                .why("a name keys history: who was contacted, who is held out; two of one name would count as one"),
            );
        } else {
            known.insert(item.name.text.clone(), item);
        }
    }
    known.into_values().collect()
}

/// A bare rule's name comes from its file, so it is the file that must be renamed. (The span of a
/// name that was not written is its item's head.)
fn check_stem(name: &Name, report: &mut Report<'_>) {
    if super::names::is_plain(&name.text) && !super::names::is_reserved(&name.text) {
        return;
    }
    report.add(
        problem(
            Code::BadName,
            name.span,
            format!("the file's name, `{}`, cannot name this rule", shorten(&name.text)),
        )
        .label(format!("rename the file to `{}.rules`, or write `rule NAME` here", to_plain(&name.text)))
        .why("a rule without a name takes its file's; a name has lower-case letters, digits and `_` only"),
    );
}
