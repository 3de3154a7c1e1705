//! `--from DIR`: what the data have of what the rules need.

use std::path::PathBuf;

use serde_json::json;

use super::found::{Found, Tree};
use crate::cli::ask::refused;
use crate::cli::exit::Failure;
use crate::cli::import::{Total, mapping};
use crate::cli::output::{Output, SCHEMA_VERSION};
use crate::cli::table::{self, Column, counted, thousands};
use crate::cli::target::named;
use crate::clock::SystemClock;
use crate::daemon::{self, Folder, NeverFilled, Survey};
use crate::diagnostic::{Applicability, Code, Diagnostic, FileId, Fix, Sources, Span};
use crate::ruleset::{BUILT_IN, RuleSet, Use};

/// Places of one thing that are shown to a person.
const PLACES: usize = 3;

/// Which data.
#[derive(Debug, clap::Args)]
pub(super) struct Data {
    /// Look at the rules beside the customers, orders and events in the files of a folder
    #[arg(long, value_name = "DIR")]
    pub(super) from: Option<PathBuf>,
    /// A column of these files has another name than the field it is; may be given several times
    #[arg(long, value_name = "COLUMN=FIELD", value_parser = mapping, requires = "from")]
    map: Vec<(String, String)>,
    /// What `total` says on each line of an order: the line's own amount, or the order's
    #[arg(long, value_enum, value_name = "HOW", requires = "from")]
    total: Option<Total>,
}

impl Data {
    /// The folder, where one is named.
    pub(super) fn folder(&self) -> Option<Folder> {
        let path = self.from.clone()?;
        Some(Folder { path, map: self.map.clone(), total: self.total.map(Total::word) })
    }
}

/// Looks at the data with the eyes of rules.
pub(super) fn survey(rules: &RuleSet, folder: &Folder) -> Result<Survey, Failure> {
    daemon::survey(rules, folder, &*SystemClock::shared()).map_err(refused)
}

/// The error of data that name a currency where the workspace has none.
pub(super) fn without_currency(rules: &RuleSet, survey: &Survey, paths: &Sources) -> Option<Diagnostic> {
    let first = survey.foreign.iter().rev().max_by_key(|one| one.orders)?;
    if rules.workspace.currency.is_some() {
        return None;
    }
    let currency = first.currency;
    let (span, written) = workspace_line(paths);
    // After the line of a workspace, or as a new one before all else.
    let clause = if written { format!("\n  currency {currency}") } else { format!("currency {currency}") };
    let fix = written.then(|| Fix {
        span: Span { start: span.end, ..span },
        replacement: clause.clone(),
        applicability: Applicability::NeedsReview,
    });
    Some(Diagnostic {
        code: Code::NoCurrency,
        message: format!(
            "the orders of the data are in {currency}, and the workspace does not say that it counts in it"
        ),
        span,
        label: if written {
            format!("add `currency {currency}`")
        } else {
            format!("write `workspace NAME` in a line of its own, and `currency {currency}` in the next")
        },
        why: format!(
            "amounts without a currency are no amounts in {currency}: the money values of {} are unknown, and unknown never sends",
            counted(survey.money_unknown, "customer")
        ),
        fix,
    })
}

/// The line that declares the workspace, and whether there is one; else the beginning of the first file.
fn workspace_line(paths: &Sources) -> (Span, bool) {
    for (file, _, text) in paths.iter().filter(|(_, path, _)| path.ends_with(".rules")) {
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let bare = line.split('#').next().unwrap_or_default().trim_end();
            if bare.split_whitespace().next() == Some("workspace") && !line.starts_with([' ', '\t']) {
                let at = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
                return (Span { file, start: at(start), end: at(start + bare.len()) }, true);
            }
            start += line.len();
        }
    }
    let first = paths.iter().find(|(_, path, _)| path.ends_with(".rules")).map(|(file, ..)| file);
    (Span { file: first.unwrap_or(FileId(0)), start: 0, end: 0 }, false)
}

/// Shows it to people.
pub(super) fn human(found: &Found, folder: &Folder, output: &mut Output) -> Result<(), Failure> {
    let shown = folder.path.display();
    if found.trees.is_empty() {
        return output.line(format!("`{shown}` was not looked at: the rules have errors\n"));
    }
    for (tree, survey) in surveys(found) {
        let rejected = match survey.rejected {
            0 => String::new(),
            rows => format!("; {} could not be read", counted(rows, "row")),
        };
        let people = counted(survey.customers, "customer");
        let orders = counted(survey.orders, "order");
        output.line(output.bold(&format!("in {shown}: {people}, {orders}{rejected}")))?;
        let columns = [Column::Text("what is missing"), Column::Number("customers"), Column::Text("so")];
        table::write(output, &columns, missing(tree, survey))?;
        output.line("")?;
        let unfilled = asked_for(tree, survey);
        if unfilled.is_empty() {
            output.line("every field and event that the rules ask for is there")?;
        } else {
            let columns = [Column::Text("the rules ask for"), Column::Text("the data"), Column::Text("at")];
            table::write(output, &columns, unfilled)?;
        }
        output.line("")?;
    }
    Ok(())
}

/// Shows it to programs: an object a tree, told from the others by its `data`.
pub(super) fn json(found: &Found, folder: &Folder, output: &mut Output) -> Result<(), Failure> {
    for (tree, survey) in surveys(found) {
        let foreign = survey.foreign.iter().map(|one| {
            json!({"currency": one.currency.to_string(), "customers": one.customers, "orders": one.orders})
        });
        let channels = survey.channels.iter().map(|one| {
            json!({
                "channel": one.channel.0,
                "address": one.address,
                "no_address": one.no_address,
                "no_consent": one.no_consent,
            })
        });
        let unfilled = shown(tree, survey).map(|(one, uses)| {
            let uses = uses
                .iter()
                .map(|used| json!({"by": used.by, "file": file_of(tree, used), "line": used.place.line}));
            let kind = if one.is_event { "event" } else { "field" };
            json!({"name": one.name, "kind": kind, "uses": uses.collect::<Vec<_>>()})
        });
        let currency = tree.rules.workspace.currency.map(|currency| currency.to_string());
        let object = json!({
            "schema_version": SCHEMA_VERSION,
            "data": folder.path.display().to_string(),
            "rules": tree.target.root.display().to_string(),
            "customers": survey.customers,
            "orders": survey.orders,
            "rejected_rows": survey.rejected,
            "currency": currency,
            "money_unknown": survey.money_unknown,
            "foreign_currencies": foreign.collect::<Vec<_>>(),
            "time_zone": tree.rules.workspace.zone,
            "no_time_zone": survey.no_zone,
            "channels": channels.collect::<Vec<_>>(),
            "never_filled": unfilled.collect::<Vec<_>>(),
        });
        output.line(object)?;
    }
    Ok(())
}

fn surveys(found: &Found) -> impl Iterator<Item = (&Tree, &Survey)> {
    found.trees.iter().filter_map(|tree| Some((tree, tree.survey.as_ref()?)))
}

/// Whom the data do not tell enough of.
fn missing(tree: &Tree, survey: &Survey) -> Vec<Vec<String>> {
    let row = |what: String, count: u64, so: String| {
        vec![what, thousands(count), if count > 0 { so } else { String::new() }]
    };
    let mut rows = Vec::new();
    let orders: Vec<String> = survey
        .foreign
        .iter()
        .map(|one| format!("{} ({})", one.currency, counted(one.orders, "order")))
        .collect();
    let own = match tree.rules.workspace.currency {
        Some(currency) => format!("orders in {currency} only"),
        None => "orders without a named currency only".into(),
    };
    let foreign = if orders.is_empty() { own } else { format!("{own}: also {}", orders.join(", ")) };
    rows.push(row(foreign, survey.money_unknown, "their money values are unknown".into()));
    let zone = &tree.rules.workspace.zone;
    rows.push(row("a time zone".into(), survey.no_zone, format!("the workspace's is taken: {zone}")));
    for one in &survey.channels {
        let channel = &one.channel.0;
        let address = if one.address == "email" { "an e-mail address" } else { "a phone number" };
        rows.push(row(
            format!("{address} for {channel}"),
            one.no_address,
            "nothing reaches them there".into(),
        ));
        if let Some(count) = one.no_consent {
            let what = format!("consent to {channel}, though not the address");
            rows.push(row(what, count, "no marketing reaches them there".into()));
        }
    }
    rows
}

/// What the rules ask for and the data never say.
fn asked_for(tree: &Tree, survey: &Survey) -> Vec<Vec<String>> {
    let row = |(one, uses): (&NeverFilled, Vec<&Use>)| {
        let what = if one.is_event { "never have one" } else { "never fill it" };
        let mut places: Vec<String> = uses
            .iter()
            .take(PLACES)
            .map(|used| format!("{}:{} ({})", file_of(tree, used), used.place.line, used.by))
            .collect();
        if uses.len() > PLACES {
            places.push(format!("and {} more", uses.len() - PLACES));
        }
        vec![one.name.clone(), what.to_owned(), places.join("\n")]
    };
    shown(tree, survey).map(row).collect()
}

/// What is asked for in the files that are looked at.
fn shown<'a>(tree: &'a Tree, survey: &'a Survey) -> impl Iterator<Item = (&'a NeverFilled, Vec<&'a Use>)> {
    survey.never_filled.iter().filter_map(|one| {
        let uses: Vec<&Use> = one.uses.iter().filter(|used| tree.target.shows(&used.place.file)).collect();
        (!uses.is_empty()).then_some((one, uses))
    })
}

fn file_of(tree: &Tree, used: &Use) -> String {
    if &*used.place.file == BUILT_IN { BUILT_IN.into() } else { named(&tree.target.root, &used.place.file) }
}
