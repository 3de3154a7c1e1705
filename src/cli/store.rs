//! `cvmd store stats`, `export`, `import`, `compact`.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::ask::{ask, block_on, unexpected, vault, whole_store};
use super::common::Common;
use super::exit::{Exit, Failure};
use super::output::{Format, FormatArgument, Output};
use super::table::{self, Column, counted, thousands, time};
use crate::serve::{Request, Response, Transferred};

const EXAMPLES: &str = "\
All records by their kind, counted while the daemon goes on. The files take more than the records:
what was removed stands in them until its place is used again, or `cvmd store compact`.

Examples:
  cvmd store stats
  cvmd store stats --format json | jq .disk_bytes";

const EXPORT_EXAMPLES: &str = "\
Everything at one moment, while the daemon goes on: customers, orders, decisions, contacts, messages.
The file holds personal data and the store's secret: only this user may read it; keep it so.

Examples:
  cvmd store export backup.zst
  cvmd store export \"/backup/cvmd-$(date +%F).zst\"     nightly";

const IMPORT_EXAMPLES: &str = "\
The store must be empty and no daemon may run. The daemon starts on hold then, for what was sent
after the export was taken is not known: `cvmd status` shows what it would do at once.

Examples:
  cvmd store import backup.zst && cvmd run
  cvmd status
  cvmd resume all";

const COMPACT_EXAMPLES: &str = "\
What was removed or erased stands in the store's files until they are written anew: this does it.
No daemon may run. It needs as much room again as the store takes; the old one is removed in the
end.

Examples:
  systemctl stop cvmd && cvmd store compact && systemctl start cvmd";

/// The store
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Stats(Stats),
    Export(Export),
    Import(Import),
    Compact(Compact),
}

/// How large it is
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
struct Stats {
    #[command(flatten)]
    format: FormatArgument,
}

/// Write everything to a file
#[derive(Debug, clap::Args)]
#[command(after_help = EXPORT_EXAMPLES)]
struct Export {
    /// Lines of JSON, packed by zstd; one of that name is replaced once the new one is whole
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    format: FormatArgument,
}

/// Fill an empty store from such a file
#[derive(Debug, clap::Args)]
#[command(after_help = IMPORT_EXAMPLES)]
struct Import {
    /// What `cvmd store export` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    format: FormatArgument,
}

/// Write its files anew, without what was removed
#[derive(Debug, clap::Args)]
#[command(after_help = COMPACT_EXAMPLES)]
struct Compact {
    #[command(flatten)]
    format: FormatArgument,
}

pub(super) fn run(arguments: &Arguments, common: &Common, output: &mut Output) -> Result<Exit, Failure> {
    match &arguments.command {
        Command::Stats(command) => stats(command, common, output),
        Command::Export(command) => export(command, common, output),
        Command::Import(command) => import(command, common, output),
        Command::Compact(command) => compact(command, common, output),
    }
}

fn stats(stats: &Stats, common: &Common, output: &mut Output) -> Result<Exit, Failure> {
    let config = common.configuration()?;
    let none = || Failure::trouble(format!("there is no store in `{}`", config.data.display()));
    let response = block_on(async {
        let store = whole_store(&config).await?.ok_or_else(none)?;
        ask(&*store, Request::StoreStats {}).await
    })?;
    let Response::StoreStats(figures) = response else { return Err(unexpected(&response)) };
    if stats.format.format == Format::Json {
        output.json(&figures)?;
        return Ok(Exit::Fine);
    }
    let row = |kind: &str, records, bytes| vec![kind.to_owned(), thousands(records), thousands(bytes)];
    let there = figures.kinds.iter().filter(|kind| kind.records > 0);
    let mut rows: Vec<_> = there.map(|kind| row(&kind.kind, kind.records, kind.bytes)).collect();
    rows.push(row("all", figures.records, figures.bytes));
    table::write(output, &[Column::Text("kind"), Column::Number("records"), Column::Number("bytes")], rows)?;
    let free = figures.free_bytes.map_or_else(String::new, |free| format!(", {} are free", thousands(free)));
    output.line("")?;
    output.line(format!("its files take {} bytes on the disk{free}", thousands(figures.disk_bytes)))?;
    Ok(Exit::Fine)
}

fn export(export: &Export, common: &Common, output: &mut Output) -> Result<Exit, Failure> {
    let refuse = |error| Failure::trouble(format!("`{}` cannot be written: {error}", export.file.display()));
    // Beside it, so that a name never stands for half an export.
    let mut part = export.file.clone().into_os_string();
    part.push(".part");
    let part = PathBuf::from(part);
    // Made here: whoever writes into it leaves it to this user alone.
    let made = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part);
    made.map_err(refuse)?;
    let asked = transferred(common, Request::StoreExport { file: absolute(&part)? });
    let whole = asked.and_then(|done| {
        File::open(&part).and_then(|file| file.sync_all()).map_err(refuse)?;
        std::fs::rename(&part, &export.file).map_err(refuse)?;
        Ok(done)
    });
    if whole.is_err() {
        // It may be gone already; what matters was said.
        let _ = std::fs::remove_file(&part);
    }
    let done = whole?;
    if export.format.format == Format::Json {
        output.json(&done)?;
        return Ok(Exit::Fine);
    }
    let (records, customers) = figures(&done);
    output.line(format!("{records} of {customers} written to `{}`", export.file.display()))?;
    Ok(Exit::Fine)
}

fn import(import: &Import, common: &Common, output: &mut Output) -> Result<Exit, Failure> {
    let done = transferred(common, Request::StoreImport { file: absolute(&import.file)? })?;
    if import.format.format == Format::Json {
        output.json(&done)?;
        return Ok(Exit::Fine);
    }
    let (records, customers) = figures(&done);
    output.line(format!("{records} of {customers} restored, as of {}", time(Some(done.taken))))?;
    output.line(
        "the daemon starts on hold: `cvmd status` shows what it would do at once, `cvmd resume all` lets it",
    )?;
    Ok(Exit::Fine)
}

fn compact(compact: &Compact, common: &Common, output: &mut Output) -> Result<Exit, Failure> {
    let store = common.configuration()?.data.join("store");
    if !store.exists() && !store.with_extension("before").exists() {
        return Err(Failure::trouble(format!("there is no store in `{}`", store.display())));
    }
    let done = crate::store::compact(&store);
    let (before, after) = done.map_err(|error| Failure::trouble(error.to_string()))?;
    match compact.format.format {
        Format::Human => {
            let (before, after) = (thousands(before), thousands(after));
            output.line(format!("the store is written anew: {before} bytes before, {after} after"))?;
        }
        Format::Json => {
            output.json(&serde_json::json!({"bytes_before": before, "bytes_after": after}))?;
        }
    }
    Ok(Exit::Fine)
}

fn transferred(common: &Common, request: Request) -> Result<Transferred, Failure> {
    match block_on(async { ask(&*vault(common).await?, request).await })? {
        Response::Transferred(done) => Ok(done),
        other => Err(unexpected(&other)),
    }
}

fn figures(done: &Transferred) -> (String, String) {
    (counted(done.records, "record"), counted(done.customers, "customer"))
}

/// The daemon stands in another folder.
fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    let refuse = |error| Failure::trouble(format!("`{}`: {error}", path.display()));
    std::path::absolute(path).map_err(refuse)
}
