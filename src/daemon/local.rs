//! The engine of a command that no daemon answers: the same requests, the same answers.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::Clock;
use crate::config::Config;
use crate::model::{Duration, Instant};
use crate::observe::LeftOut;
use crate::reload;
use crate::serve::{
    Attention, AttentionKind, Control, Import, ImportFile, ImportKind, Progress, Refusal, RefusalKind, Reply,
    Request, Response,
};
use crate::store::{self, Memory, Store};

use super::checked::check_loaded;
use super::outgoing::LeftInStore;
use super::snapshot::Shared;
use super::status::details;
use super::{Engine, OnBytes, sent_test};

/// Names that files of a folder may end in.
const ENDS: [&str; 4] = [".csv", ".ndjson", ".csv.gz", ".ndjson.gz"];

/// A folder of files in place of the store: `customers`, `orders`, `events`, each `.csv` or `.ndjson`, also `.gz`.
#[derive(Debug, Clone)]
pub struct Folder {
    /// Where it is.
    pub path: PathBuf,
    /// `--map COLUMN=FIELD`, for all files.
    pub map: Vec<(String, String)>,
    /// `--total`: `per-line` or `per-order`.
    pub total: Option<String>,
}

/// An engine in this process.
pub struct Local {
    engine: Arc<Mutex<Engine>>,
    config: Config,
    shared: Arc<Shared>,
    clock: Arc<dyn Clock>,
    progress: Arc<Mutex<Progress>>,
}

impl Local {
    /// Opens the store of the configuration, or, with `from`, one in memory that is filled from a
    /// folder.
    ///
    /// The rules are those of the files as they are now; nothing of them is written to the store. An
    /// import into the store needs no rules: without good ones, built-in fields are read.
    ///
    /// # Errors
    /// With a refusal for the user: bad rules, a store that another process holds, unreadable files.
    pub fn open(config: &Config, from: Option<&Folder>, clock: Arc<dyn Clock>) -> Result<Self, Refusal> {
        let failed = |message: String| Refusal { kind: RefusalKind::Failed, message, details: Vec::new() };
        let store: Arc<dyn Store> = match from {
            Some(_) => Arc::new(Memory::new()),
            None => Arc::new(store::open(&config.data.join("store")).map_err(|e| failed(e.to_string()))?),
        };
        let mut engine = Engine::open(store, Arc::new(LeftInStore)).map_err(|e| failed(e.to_string()))?;
        if from.is_none() {
            engine.shared().room.watch(&config.data, config.daemon.min_free);
        }
        let loaded = reload::load(&config.rules).map_err(|error| failed(error.to_string()))?;
        let (rules, warnings) = check_loaded(&loaded, clock.now(), engine.remembered())
            .map_err(|refusal| Refusal { message: "the rules have errors".into(), ..refusal })?;
        for warning in warnings {
            tracing::debug!(warning, "the rules have a warning");
        }
        let damages = engine.preview(rules).map_err(|error| failed(error.to_string()))?;
        for damage in damages {
            LeftOut { damage: &damage.0 }.happened(&engine.shared().metrics);
        }
        if let Some(folder) = from {
            fill(&mut engine, folder, &*clock)?;
        }
        let (config, shared) = (config.clone(), Arc::clone(engine.shared()));
        Ok(Self { engine: Arc::new(Mutex::new(engine)), config, shared, clock, progress: Arc::default() })
    }
}

/// Imports the files of a folder; how many rows were rejected.
pub(super) fn fill(engine: &mut Engine, from: &Folder, clock: &dyn Clock) -> Result<u64, Refusal> {
    let folder = &from.path;
    let refuse = |message: String| Refusal { kind: RefusalKind::Usage, message, details: Vec::new() };
    let find =
        |stem: &str| ENDS.iter().map(|end| folder.join(format!("{stem}{end}"))).find(|path| path.is_file());
    let file = |kind, path: PathBuf| ImportFile { kind, name: path.display().to_string(), path };
    let customers = find("customers").map(|path| file(ImportKind::Customers, path));
    let orders = find("orders").map(|path| file(ImportKind::Orders, path));
    let events = find("events").map(|path| file(ImportKind::Events, path));
    let files: Vec<ImportFile> = customers.into_iter().chain(orders).chain(events).collect();
    if files.is_empty() {
        return Err(refuse(format!(
            "`{}` has neither customers nor orders nor events: name the files `customers.csv`, `orders.csv` and `events.csv` (or .ndjson, also .gz)",
            folder.display()
        )));
    }
    let import =
        Import { files, map: from.map.clone(), event: None, total: from.total.clone(), rejects: None };
    match engine.handle(Request::Import(import), clock.now(), &mut |_| {}) {
        Response::Imported(imported) => {
            if imported.rejected > 0 {
                tracing::warn!(
                    rejected = imported.rejected,
                    "rows were rejected: `cvmd import` with --rejects shows them"
                );
            }
            Ok(imported.rejected)
        }
        Response::Refused(refusal) => Err(refusal),
        _ => Err(refuse("the files could not be imported".into())),
    }
}

impl Control for Local {
    fn call(&self, request: Request) -> Reply<'_> {
        if let Request::Progress {} = request {
            let progress = *self.progress.lock().unwrap_or_else(PoisonError::into_inner);
            return Box::pin(std::future::ready(Response::Progress(progress)));
        }
        let shared = Arc::clone(&self.shared);
        let (engine, progress) = (Arc::clone(&self.engine), Arc::clone(&self.progress));
        let now = self.clock.now();
        let test = if let Request::SendTest { to, .. } = &request { Some(to.clone()) } else { None };
        let hold_after = self.config.daemon.hold_after;
        let answered =
            tokio::task::spawn_blocking(move || answer(&engine, request, (now, hold_after), &progress));
        Box::pin(async move {
            let failed = |_| Response::refused(RefusalKind::Failed, "an internal error, a bug of cvmd");
            let answer = answered.await.unwrap_or_else(failed);
            match test {
                Some(to) => sent_test::send((&self.config, &shared), answer, &to, now).await,
                None => answer,
            }
        })
    }
}

fn answer(
    engine: &Mutex<Engine>,
    request: Request,
    (now, hold_after): (Instant, Duration),
    progress: &Mutex<Progress>,
) -> Response {
    let total = match &request {
        Request::Import(import) => {
            let sizes = import.files.iter().filter_map(|file| std::fs::metadata(&file.path).ok());
            sizes.map(|size| size.len()).sum()
        }
        _ => 0,
    };
    let mut on_bytes = |done| {
        *progress.lock().unwrap_or_else(PoisonError::into_inner) = Progress { done, total };
    };
    let on_bytes: OnBytes<'_> = &mut on_bytes;
    let mut engine = engine.lock().unwrap_or_else(PoisonError::into_inner);
    let mut response = engine.handle(request, now, on_bytes);
    if let Response::Status(status) = &mut response
        && let Some(would) = engine.would_hold(hold_after, now)
    {
        let last = would.last_tick.map_or_else(String::new, |last| format!(": the last tick was {last}"));
        let what = format!("a daemon that starts now waits for `cvmd resume all`{last}");
        let (kind, details) = (AttentionKind::Hold, details(&would));
        status.attention.push(Attention { kind, what, command: Some("cvmd run".into()), details });
        status.attention.sort_by_key(|attention| attention.kind);
        status.catch_up = Some(would);
    }
    response
}
