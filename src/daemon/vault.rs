//! The store as a whole: out into a file, and back into an empty one. Needs no rules: a backup is
//! wanted most when something is wrong.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::clock::Clock;
use crate::config::Config;
use crate::model::Instant;
use crate::ruleset::Remembered;
use crate::serve::{
    Control, Names, Refusal, RefusalKind, Reply, Request, Response, StoreKind, StoreStats, Transferred,
};
use crate::store::transfer::{self, Summary, TransferError};
use crate::store::{self, Kind, Store, StoreError};

use super::remembered;

/// A store in this process, open for a transfer.
pub struct Vault {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl Vault {
    /// Opens the store of the configuration, making it where there is none.
    ///
    /// # Errors
    /// With a refusal for the user: the store is held by another process, or does not open.
    pub fn open(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, Refusal> {
        let store = store::open(&config.data.join("store")).map_err(|error| {
            let message = error.to_string();
            Refusal { kind: RefusalKind::Failed, message, details: Vec::new() }
        })?;
        Ok(Self { store: Arc::new(store), clock })
    }
}

impl Control for Vault {
    fn call(&self, request: Request) -> Reply<'_> {
        Box::pin(transfer(Arc::clone(&self.store), request, self.clock.now()))
    }
}

/// Answers what is asked of the store as a whole, on a thread where it may wait for the disk.
pub(super) async fn transfer(store: Arc<dyn Store>, request: Request, now: Instant) -> Response {
    let transferred = tokio::task::spawn_blocking(move || answer(&*store, &request, now)).await;
    let failed = |_| Response::refused(RefusalKind::Failed, "an internal error, a bug of cvmd");
    transferred.unwrap_or_else(failed)
}

/// As [`transfer`], on this thread.
pub(super) fn answer(store: &dyn Store, request: &Request, now: Instant) -> Response {
    let (done, file) = match request {
        Request::StoreExport { file } => (export(store, file, now), file),
        Request::StoreImport { file } => (import(store, file, now), file),
        Request::StoreStats {} => {
            return match stats(store) {
                Ok(stats) => Response::StoreStats(stats),
                Err(error) => Response::refused(RefusalKind::Failed, error.to_string()),
            };
        }
        Request::Names {} => {
            return match remembered::of(store) {
                Ok(remembered) => names(&remembered),
                Err(error) => Response::refused(RefusalKind::Failed, error.to_string()),
            };
        }
        Request::Status {}
        | Request::Reload {}
        | Request::Pause { .. }
        | Request::Resume { .. }
        | Request::Evaluate { .. }
        | Request::Explain { .. }
        | Request::Render { .. }
        | Request::SendTest { .. }
        | Request::Customer { .. }
        | Request::Person { .. }
        | Request::Suppressions { .. }
        | Request::OutboxList(_)
        | Request::OutboxChange { .. }
        | Request::Import(_)
        | Request::Progress {}
        | Request::Stop {} => {
            return Response::refused(
                RefusalKind::Usage,
                "the store is open as a whole only: for an export, an import, its size, its names",
            );
        }
    };
    match done {
        Ok(Summary { taken, records, customers }) => {
            Response::Transferred(Transferred { taken, records, customers })
        }
        Err(TransferError::File(error)) => {
            let text = format!("`{}`: {error}", file.display());
            Response::refused(RefusalKind::Failed, text)
        }
        Err(error) => Response::refused(RefusalKind::Failed, error.to_string()),
    }
}

fn stats(store: &dyn Store) -> Result<StoreStats, StoreError> {
    let kinds = store::survey(store)?;
    let shown =
        |kind: &Kind| StoreKind { kind: kind.table.label().into(), records: kind.records, bytes: kind.bytes };
    let measured = store.stats()?;
    Ok(StoreStats {
        disk_bytes: measured.bytes,
        free_bytes: measured.free,
        records: kinds.iter().map(|kind| kind.records).sum(),
        bytes: kinds.iter().map(|kind| kind.bytes).sum(),
        kinds: kinds.iter().map(shown).collect(),
    })
}

/// What is remembered of names, for another process.
pub(super) fn names(remembered: &Remembered) -> Response {
    match serde_json::to_value(remembered) {
        Ok(remembered) => Response::Names(Names { remembered }),
        Err(error) => Response::refused(RefusalKind::Failed, error.to_string()),
    }
}

/// What a running daemon says to an import.
pub(super) fn refuse_import() -> Response {
    let text = "a daemon runs on this store, and an export is restored into an empty one: stop the daemon, move \
                its store away or name another `data` directory in cvmd.toml, then import";
    Response::refused(RefusalKind::Usage, text)
}

fn export(store: &dyn Store, file: &Path, now: Instant) -> Result<Summary, TransferError> {
    let folder = file.parent().unwrap_or(Path::new("")).to_owned();
    let careful = Careful { file: File::create(file)?, folder, unseen: 0 };
    let mut out = BufWriter::new(careful);
    let summary = transfer::export(store, &mut out, now)?;
    let careful = out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    careful.file.sync_all()?;
    Ok(summary)
}

/// Bytes that are written between two looks at the disk.
const UNSEEN: usize = 4 * 1_024 * 1_024;

/// What an export leaves free on the disk that it goes to: that may be the store's.
const LEFT_FREE: u64 = 64 * 1_024 * 1_024;

/// A file that does not take the last of its disk.
struct Careful {
    file: File,
    folder: PathBuf,
    unseen: usize,
}

impl Write for Careful {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.unseen >= UNSEEN {
            self.unseen = 0;
            if store::free_bytes(&self.folder).is_ok_and(|free| free < LEFT_FREE) {
                let text =
                    "its disk is nearly full, and the store may stand on it, too: write to another disk";
                return Err(io::Error::new(io::ErrorKind::StorageFull, text));
            }
        }
        let written = self.file.write(bytes)?;
        self.unseen += written;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Reads the file twice: one that is damaged leaves the store as it was.
fn import(store: &dyn Store, file: &Path, now: Instant) -> Result<Summary, TransferError> {
    transfer::verify(BufReader::new(File::open(file)?))?;
    transfer::import(store, BufReader::new(File::open(file)?), now)
}
