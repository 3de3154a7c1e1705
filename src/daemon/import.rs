//! The request to import: files as one load, a summary each, rejects into a file.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use crate::ingest::{
    self, ImportError, Kind, Options, Origin, Reject, RejectWriter, Report, Rows, Summary, Totals,
};
use crate::model::Instant;
use crate::observe::RowsImported;
use crate::serve::{Import, ImportFile, ImportKind, Imported, ImportedFile, RefusalKind, Response};

use crate::store::StoreError;

use super::handle::OnBytes;
use super::hands::{Hands, Owner};
use super::post::columns;
use super::{Engine, LoadError, pieces};

type Rejects = RejectWriter<BufWriter<File>>;

impl Engine {
    /// Imports files as one load.
    pub(super) fn import(&mut self, import: &Import, now: Instant, on_bytes: OnBytes<'_>) -> Response {
        answer(&Owner::of(self), import, now, on_bytes)
    }
}

/// Imports files as one load, by whoever has the engine.
pub(super) fn answer(hands: &impl Hands, import: &Import, now: Instant, on_bytes: OnBytes<'_>) -> Response {
    match import_files(hands, import, now, on_bytes) {
        Ok(imported) => Response::Imported(imported),
        Err(error @ (LoadError::File(_) | LoadError::Usage(_))) => {
            Response::refused(RefusalKind::Usage, error.to_string())
        }
        Err(LoadError::NoRoom(why)) => {
            let text = format!("{why}; what was taken in is whole: run the import again then");
            Response::refused(RefusalKind::Failed, text)
        }
        Err(LoadError::Store(StoreError::Closed)) => {
            Response::refused(RefusalKind::Failed, "the daemon ended before the import did: run it again")
        }
        Err(LoadError::Store(error)) => Response::refused(RefusalKind::Failed, error.to_string()),
    }
}

fn import_files(
    hands: &impl Hands,
    import: &Import,
    now: Instant,
    on_bytes: OnBytes<'_>,
) -> Result<Imported, LoadError> {
    let totals = import.total.as_deref().map(totals).transpose()?;
    let mut rejects = import.rejects.as_deref().map(open_rejects).transpose()?;
    // Whatever is wrong with a file's name is said before anything is begun.
    import.files.iter().try_for_each(|file| open(file).map(drop))?;
    hands.with(|engine| engine.has_room())?.map_err(LoadError::NoRoom)?;
    let names: Vec<&str> = import.files.iter().map(|file| file.name.as_str()).collect();
    let what = names.join(", ");
    let load = hands.with(move |engine| engine.begin_load(&what, now))??;
    let mut imported = Imported { files: Vec::new(), rejected: 0 };
    let mut before = 0;
    for file in &import.files {
        let mut latest = 0;
        let mut progress = |bytes: u64| {
            latest = bytes;
            on_bytes(before + bytes);
        };
        let loaded = import_file(hands, file, (import, totals, now), &mut rejects, &mut progress);
        let summary = match loaded {
            Ok(summary) => summary,
            Err(error) => {
                // What was taken of it is whole as far as it goes; only a crash leaves the mark.
                hands.with(move |engine| engine.end_load(load))??;
                return Err(error);
            }
        };
        before += latest;
        imported.rejected += summary.rejected_rows;
        imported.files.push(ImportedFile {
            name: file.name.clone(),
            summary_text: summary.text(),
            summary: serde_json::to_value(&summary).unwrap_or_default(),
        });
    }
    hands.with(move |engine| engine.end_load(load))??;
    Ok(imported)
}

fn import_file(
    hands: &impl Hands,
    file: &ImportFile,
    (import, totals, now): (&Import, Option<Totals>, Instant),
    rejects: &mut Option<Rejects>,
    progress: OnBytes<'_>,
) -> Result<Summary, LoadError> {
    let (schema, zone) = hands.with(|engine| columns(engine.active.as_ref()))?;
    let options = Options {
        schema: &schema,
        zone: &zone,
        now,
        map: &import.map,
        event: import.event.as_deref(),
        totals,
        origin: Origin::File,
    };
    let mut failed = None;
    let mut on_reject = |reject: &Reject| {
        if let (Some(writer), None) = (rejects.as_mut(), &failed) {
            failed = writer.write(reject).err();
        }
    };
    let mut report = Report::new(kind_of(file.kind), &file.name, &mut on_reject);
    let opened = open(file)?;
    let mut rows = rows_of(file, opened, progress)?;
    pieces::load(hands, kind_of(file.kind), &mut *rows, &options, &mut report)?;
    drop(rows);
    let summary = report.summary;
    let rows = RowsImported {
        accepted: summary.accepted_rows.saturating_sub(summary.unchanged_rows),
        unchanged: summary.unchanged_rows,
        rejected: summary.rejected_rows,
    };
    hands.with(move |engine| rows.happened(&engine.shared.metrics))?;
    if let Some(error) = failed {
        return Err(LoadError::Usage(format!("the rejects cannot be written: {error}")));
    }
    if let Some(writer) = rejects {
        let mut no_progress = |_| {};
        if writer.needs_rows() {
            let again = open(file)?;
            writer.finish(Some(&mut *rows_of(file, again, &mut no_progress)?))?;
        } else {
            writer.finish(None)?;
        }
    }
    Ok(summary)
}

pub(super) const fn kind_of(kind: ImportKind) -> Kind {
    match kind {
        ImportKind::Customers => Kind::Customers,
        ImportKind::Orders => Kind::Orders,
        ImportKind::Events => Kind::Events,
        ImportKind::Suppressions => Kind::Suppressions,
    }
}

fn totals(text: &str) -> Result<Totals, LoadError> {
    Totals::parse(text).ok_or_else(|| {
        LoadError::Usage(format!("`{text}` is no way to read totals: write `per-line` or `per-order`"))
    })
}

fn open(file: &ImportFile) -> Result<File, LoadError> {
    File::open(&file.path)
        .map_err(|error| LoadError::Usage(format!("`{}` cannot be read: {error}", file.name)))
}

/// A file as rows: a list of addresses may have no header.
fn rows_of<'a>(
    file: &ImportFile,
    opened: File,
    progress: OnBytes<'a>,
) -> Result<Box<dyn Rows + 'a>, ImportError> {
    match file.kind {
        ImportKind::Customers | ImportKind::Orders | ImportKind::Events => ingest::open(opened, progress),
        ImportKind::Suppressions => ingest::open_list(opened, progress),
    }
}

fn open_rejects(path: &Path) -> Result<Rejects, LoadError> {
    let refuse = |error: std::io::Error| {
        LoadError::Usage(format!("the rejects cannot be written to `{}`: {error}", path.display()))
    };
    RejectWriter::new(BufWriter::new(File::create(path).map_err(refuse)?)).map_err(refuse)
}
