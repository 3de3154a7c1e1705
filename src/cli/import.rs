//! `cvmd import`.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::ask::{ask, block_on, desk, unexpected};
use super::common::Common;
use super::exit::{Exit, Failure};
use super::output::{Format, FormatArgument, Output};
use super::progress::Bar;
use super::table::counted;
use crate::clock::SystemClock;
use crate::model::Duration;
use crate::serve::{Control, Import, ImportFile, ImportKind, Request, Response};

const EXAMPLES: &str = "\
CSV and NDJSON, also gzipped. Bad rows never stop good ones; the same file again changes nothing.
All files of one command are one load: no rule looks at a customer before the last row is stored.

Examples:
  cvmd import customers customers.csv
  cvmd import orders 2024.csv.gz 2025.csv.gz --total per-line
  cvmd import orders tx.csv --map cust=customer_id --map day=time --rejects rejects.csv
  cvmd import events carts.ndjson --event cart_abandoned
  cvmd import suppressions list.csv    nothing goes to these any more
  cvmd import folder data          its customers.*, orders.* and events.*, as `evaluate --from data`

What is an hour old or older, by its own time, is history: it fires no rule `on` an event.";

/// Between two looks at how far it is.
const LOOK: Duration = Duration(200);
/// How a data file's name may end.
const ENDS: [&str; 4] = [".csv", ".ndjson", ".csv.gz", ".ndjson.gz"];

/// Take customers, orders, events and suppression lists in
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// What the files hold
    #[arg(value_enum, value_name = "WHAT")]
    what: What,
    /// The files; a folder stands for all data files in it
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A column that stands for a field; may be given several times
    #[arg(long, value_name = "COLUMN=FIELD", value_parser = mapping)]
    map: Vec<(String, String)>,
    /// What events are where no column `event` says it
    #[arg(long, value_name = "NAME")]
    event: Option<String>,
    /// What `total` says on each line of an order: the line's own amount, or the order's
    #[arg(long, value_enum, value_name = "HOW")]
    total: Option<Total>,
    /// Write what was rejected to this file: file,line,code,reason,raw
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    #[command(flatten)]
    format: FormatArgument,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    #[value(help = "A row a customer: id,email,…attributes")]
    Customers,
    #[value(help = "A row a line of an order: order_id,customer_id,time,total,…")]
    Orders,
    #[value(help = "A row an event: id,customer_id,time,event,…fields")]
    Events,
    #[value(help = "To whom nothing goes: address|domain|customer,reason,time, or an address a line")]
    Suppressions,
    /// A folder with customers.*, orders.* and events.*
    Folder,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Total {
    /// Lines are added up
    PerLine,
    /// Every line repeats the order's amount
    PerOrder,
}

impl Total {
    /// As it is written.
    pub(super) fn word(self) -> String {
        match self {
            Self::PerLine => "per-line".into(),
            Self::PerOrder => "per-order".into(),
        }
    }
}

pub(super) fn run(arguments: &Arguments, common: &Common, output: &mut Output) -> Result<Exit, Failure> {
    let mut files = Vec::new();
    for path in &arguments.files {
        collect(arguments.what, path, &mut files)?;
    }
    let total = arguments.total.map(Total::word);
    if arguments.event.is_some() && !matches!(arguments.what, What::Events | What::Folder) {
        return Err(Failure::trouble("`--event` names what events are: write `cvmd import events …`"));
    }
    let import = Import {
        files,
        map: arguments.map.clone(),
        event: arguments.event.clone(),
        total,
        rejects: arguments.rejects.clone(),
    };
    let response = block_on(async {
        let desk = desk(common, None).await?;
        watched(&*desk, Request::Import(import)).await
    })?;
    let Response::Imported(imported) = response else { return Err(unexpected(&response)) };
    if arguments.format.format == Format::Json {
        output.json(&imported)?;
        return Ok(Exit::Fine);
    }
    for file in &imported.files {
        // Its first line is the file's name.
        output.line(file.summary_text.trim_end())?;
    }
    if imported.rejected > 0 {
        let rows = counted(imported.rejected, "row");
        match &arguments.rejects {
            Some(path) => output.line(format!("{rows} rejected, see `{}`", path.display()))?,
            None => output.line(format!("{rows} rejected: `--rejects FILE` writes them down"))?,
        }
    }
    Ok(Exit::Fine)
}

/// Asks, and shows how far it is meanwhile.
async fn watched(desk: &dyn Control, request: Request) -> Result<Response, Failure> {
    let bar = Bar::start("importing");
    let clock = SystemClock::shared();
    let mut work = std::pin::pin!(ask(desk, request));
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = clock.sleep(LOOK) => {
                if let Response::Progress(progress) = desk.call(Request::Progress {}).await {
                    bar.show(progress);
                }
            }
        }
    }
}

/// The files that a path stands for.
fn collect(what: What, path: &Path, files: &mut Vec<ImportFile>) -> Result<(), Failure> {
    let shown = path.display();
    let refuse = |error| Failure::trouble(format!("`{shown}` cannot be read: {error}"));
    let found = std::fs::metadata(path).map_err(refuse)?;
    let kind = match what {
        What::Customers => Some(ImportKind::Customers),
        What::Orders => Some(ImportKind::Orders),
        What::Events => Some(ImportKind::Events),
        What::Suppressions => Some(ImportKind::Suppressions),
        What::Folder if !found.is_dir() => {
            return Err(Failure::trouble(format!(
                "`{shown}` is no folder: write `cvmd import customers {shown}`"
            )));
        }
        What::Folder => None,
    };
    if let Some(kind) = kind.filter(|_| !found.is_dir()) {
        files.push(ImportFile { kind, name: path.display().to_string(), path: path.to_owned() });
        return Ok(());
    }
    let mut inside: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(path).map_err(refuse)? {
        inside.push(entry.map_err(refuse)?.path());
    }
    inside.sort();
    let before = files.len();
    // Customers before orders and events, which find them then; before all whom nothing goes to.
    for wanted in [ImportKind::Suppressions, ImportKind::Customers, ImportKind::Orders, ImportKind::Events] {
        for path in inside.iter().filter(|path| path.is_file()) {
            let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
            let Some(stem) = ENDS.iter().find_map(|end| name.strip_suffix(end)) else { continue };
            let is = match kind {
                Some(kind) => Some(kind),
                None if stem.starts_with("customers") => Some(ImportKind::Customers),
                None if stem.starts_with("orders") => Some(ImportKind::Orders),
                None if stem.starts_with("events") => Some(ImportKind::Events),
                None if stem.starts_with("suppressions") => Some(ImportKind::Suppressions),
                None => None,
            };
            if is == Some(wanted) {
                files.push(ImportFile { kind: wanted, name: path.display().to_string(), path: path.clone() });
            }
        }
    }
    if files.len() > before {
        return Ok(());
    }
    let wanted = if kind.is_some() {
        "file that ends in"
    } else {
        "`customers`, `orders` or `events` file that ends in"
    };
    Err(Failure::trouble(format!("`{shown}` has no {wanted} {}", ENDS.join(", "))))
}

pub(super) fn mapping(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((column, field)) if !column.is_empty() && !field.is_empty() => Ok((column.into(), field.into())),
        Some(_) | None => {
            Err(format!("`{text}` maps nothing: write COLUMN=FIELD, such as `cust=customer_id`"))
        }
    }
}
