//! `cvmd evaluate`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::ask::{ask, block_on, desk, instant, unexpected};
use super::at::At;
use super::common::Common;
use super::exit::{Exit, Failure};
use super::import::{Total, mapping};
use super::output::Output;
use super::table::{self, Column, counted, thousands, time};
use crate::daemon::Folder;
use crate::serve::{Matches, Needs, Request, Response};

const EXAMPLES: &str = "\
Who matches a rule's `when` now. What consent, caps and pauses say of them, `cvmd explain` tells.

Examples:
  cvmd evaluate                                    how many match each rule, and some of them
  cvmd evaluate --rule winback --format csv        rule,customer_id, sorted
  cvmd evaluate --at 2026-12-01                    as of a date, in the workspace's zone
  cvmd evaluate --rules rules --from data          a folder's customers.csv and orders.csv";

/// So many customers a rule are shown to a person.
const SHOWN: u64 = 5;

/// Show who matches; sends nothing
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// As of when: a date, a local time, or RFC 3339; else now
    #[arg(long, value_name = "TIME")]
    at: Option<At>,
    /// This rule only; may be given several times
    #[arg(long = "rule", value_name = "NAME")]
    only: Vec<String>,
    /// Read customers and orders from the files of a folder instead of the store
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// A column of these files has another name than the field it is; may be given several times
    #[arg(long, value_name = "COLUMN=FIELD", value_parser = mapping, requires = "from")]
    map: Vec<(String, String)>,
    /// What `total` says on each line of an order: the line's own amount, or the order's
    #[arg(long, value_enum, value_name = "HOW", requires = "from")]
    total: Option<Total>,
    /// How to write the result
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: EvaluateFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum EvaluateFormat {
    /// A line a rule.
    #[default]
    Human,
    /// `rule,customer_id`, sorted.
    Csv,
    /// One JSON document with `schema_version`.
    Json,
}

pub(super) fn run(arguments: &Arguments, common: &Common, output: &mut Output) -> Result<Exit, Failure> {
    let limit = (arguments.format == EvaluateFormat::Human).then_some(SHOWN);
    let response = block_on(async {
        let folder = arguments.from.as_ref().map(|path| Folder {
            path: path.clone(),
            map: arguments.map.clone(),
            total: arguments.total.map(Total::word),
        });
        let desk = desk(common, folder.as_ref()).await?;
        let at = instant(&*desk, arguments.at).await?;
        ask(&*desk, Request::Evaluate { at, rules: arguments.only.clone(), limit }).await
    })?;
    let Response::Matches(matches) = response else { return Err(unexpected(&response)) };
    match arguments.format {
        EvaluateFormat::Human => show(&matches, output)?,
        EvaluateFormat::Csv => csv(&matches, output)?,
        EvaluateFormat::Json => output.json(&matches)?,
    }
    Ok(Exit::Fine)
}

fn show(matches: &Matches, output: &mut Output) -> Result<(), Failure> {
    let columns = [
        Column::Text("rule"),
        Column::Number("match"),
        Column::Number("unknown"),
        Column::Text("among them"),
    ];
    let rows = matches.rules.iter().map(|rule| {
        let mut some = rule.customer_ids.join(", ");
        if rule.count > rule.customer_ids.len() as u64 {
            some.push_str(", …");
        }
        if rule.count == 0 {
            some = rule.needs.as_ref().map_or_else(String::new, |needs| match needs {
                Needs::Event(event) => format!("(fires when `{event}` happens)"),
                Needs::Movement => "(fires when somebody moves)".into(),
            });
        }
        vec![rule.rule.clone(), thousands(rule.count), thousands(rule.unknown), some]
    });
    table::write(output, &columns, rows.collect())?;
    output.line("")?;
    output.line(format!("of {}, as of {}", counted(matches.customers, "customer"), time(Some(matches.at))))
}

fn csv(matches: &Matches, output: &mut Output) -> Result<(), Failure> {
    let mut writer = csv::Writer::from_writer(output.writer());
    let broken = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(error) => Failure::from(error),
        _ => Failure::trouble("the result cannot be written as CSV"),
    };
    writer.write_record(["rule", "customer_id"]).map_err(broken)?;
    for rule in &matches.rules {
        for customer in &rule.customer_ids {
            writer.write_record([&rule.rule, customer]).map_err(broken)?;
        }
    }
    Ok(writer.flush()?)
}
