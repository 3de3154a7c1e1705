//! `cvmd demo`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ask::{ask, block_on};
use super::common::Common;
use super::exit::{Exit, Failure};
use super::init;
use super::output::Output;
use super::table::thousands;
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Config, Environment};
use crate::daemon::{self, Local, ServiceManager, Signals};
use crate::demo::{self, Made, Receiver, TourLine, Verified};
use crate::model::{Duration, Instant};
use crate::serve::{Import, ImportFile, ImportKind, Request, Response};

const EXAMPLES: &str = "\
A shop with generated customers and orders, the rules of `cvmd init`, mail into .eml files, and a
webhook receiver that shows what it verified. Nothing else is needed and nobody is reached. It begins with
a tour of ten minutes: a rule to edit, a mistake to make, a kill -9 to try, and what to see each time.

Examples:
  cvmd demo                        in ./cvmd-demo, until Ctrl-C
  cvmd demo /tmp/shop --for 20s";

/// Between two looks at what came out.
const LOOK_EVERY: Duration = Duration::seconds(1);

/// Verified calls that are shown one by one.
const CALLS_SHOWN: u64 = 3;

/// A self-contained shop to look at
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Where to make it; it must not exist yet or be a demo's
    #[arg(value_name = "DIR", default_value = "cvmd-demo")]
    pub(super) folder: PathBuf,
    /// End by itself after so long, such as `20s`
    #[arg(long = "for", value_name = "TIME", value_parser = config::parse_duration)]
    pub(super) run_for: Option<Duration>,
    /// How many customers
    #[arg(long, value_name = "COUNT", default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) customers: u32,
    /// Another seed is another shop
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(super) seed: u64,
}

pub(super) fn run(arguments: &Arguments, _: &Common, output: &mut Output) -> Result<Exit, Failure> {
    block_on(show(arguments, output))?;
    Ok(Exit::Fine)
}

async fn show(arguments: &Arguments, output: &mut Output) -> Result<(), Failure> {
    let clock = SystemClock::shared();
    let folder = &arguments.folder;
    if !folder.join("import").is_dir() {
        init::make(folder)?;
    }
    let secret = std::fs::read_to_string(folder.join("secrets/crm_key"))
        .map_err(|error| Failure::trouble(format!("`{}` is no demo: {error}", folder.display())))?;
    let receiver = Receiver::start(&secret).await.map_err(Failure::trouble)?;
    let made = demo::make(folder, (arguments.seed, arguments.customers), receiver.address, clock.now())
        .map_err(Failure::trouble)?;
    let config = Config::load(&folder.join("cvmd.toml"), &Environment::of_process())
        .map_err(|error| Failure::trouble(error.to_string()))?;
    match &made {
        Some(made) => {
            import(&config, made).await?;
            output.line(format!(
                "made `{}`: {} customers, {} orders of two years, {} baskets and reviews",
                folder.display(),
                thousands(made.customer_count),
                thousands(made.order_count),
                thousands(made.event_count)
            ))?;
        }
        None => output.line(format!("`{}` is there already: going on with it", folder.display()))?,
    }
    tour(folder, output)?;
    serve(arguments, config, receiver, &clock, output).await
}

async fn import(config: &Config, made: &Made) -> Result<(), Failure> {
    let (config, clock) = (config.clone(), SystemClock::shared());
    let opened = tokio::task::spawn_blocking(move || Local::open(&config, None, clock)).await;
    let opened = opened.map_err(|_| Failure::trouble("an internal error, a bug of cvmd"))?;
    let local = opened.map_err(super::ask::refused)?;
    let file =
        |kind, path: &Path| ImportFile { kind, name: path.display().to_string(), path: path.to_owned() };
    let files = vec![
        file(ImportKind::Customers, &made.customers),
        file(ImportKind::Orders, &made.orders),
        file(ImportKind::Events, &made.events),
    ];
    let request = Request::Import(Import { files, map: Vec::new(), event: None, total: None, rejects: None });
    match ask(&local, request).await? {
        Response::Imported(_) => Ok(()),
        other => Err(super::ask::unexpected(&other)),
    }
}

/// What to type in another terminal, and what there is to see.
fn tour(folder: &Path, output: &mut Output) -> Result<(), Failure> {
    output.line("")?;
    output.line(output.bold("look, in another terminal: a tour of ten minutes"))?;
    for line in demo::tour(&folder.display().to_string()) {
        match line {
            TourLine::Heading(heading) => output.line(output.bold(&heading))?,
            TourLine::Text(text) => output.line(text)?,
            TourLine::Command(command) => output.line(format!("  $ {}", output.bold(&command)))?,
        }
    }
    output.line("")?;
    output.flush()
}

/// Runs the daemon and shows what comes out of it, until Ctrl-C or the time is over.
async fn serve(
    arguments: &Arguments,
    config: Config,
    mut receiver: Receiver,
    clock: &Arc<dyn Clock>,
    output: &mut Output,
) -> Result<(), Failure> {
    let signals = Signals::of_process().map_err(Failure::trouble)?;
    let stop = Arc::clone(&signals.stop);
    let ends = arguments.run_for.map(|length| clock.now().plus(length));
    let mut daemon = tokio::spawn(daemon::run(config, Arc::clone(clock), signals, ServiceManager::none()));
    let mut seen = Seen::default();
    loop {
        tokio::select! {
            ended = &mut daemon => {
                seen.look(&arguments.folder, clock.now(), output)?;
                seen.summary(output)?;
                let ended = ended.map_err(|_| Failure::trouble("an internal error, a bug of cvmd"))?;
                return ended.map_err(Failure::trouble);
            }
            Some(call) = receiver.calls.recv() => seen.call(&call, output)?,
            () = clock.sleep(LOOK_EVERY) => {
                seen.look(&arguments.folder, clock.now(), output)?;
                if ends.is_some_and(|end| clock.now() >= end) {
                    stop.notify_one();
                }
            }
        }
    }
}

/// What came out so far.
#[derive(Default)]
struct Seen {
    mails: u64,
    calls: u64,
}

impl Seen {
    fn call(&mut self, call: &Verified, output: &mut Output) -> Result<(), Failure> {
        self.calls += 1;
        if self.calls <= CALLS_SHOWN {
            output.line(format!(
                "webhook verified: {} rule {} customer {} {}",
                call.id, call.rule, call.customer, call.fields
            ))?;
            output.flush()?;
        }
        Ok(())
    }

    fn look(&mut self, folder: &Path, now: Instant, output: &mut Output) -> Result<(), Failure> {
        let mails = demo::count_mails(folder);
        if mails != self.mails {
            self.mails = mails;
            let time: String = now.to_string().chars().skip(11).take(8).collect();
            output.line(format!(
                "{time}Z  {} e-mails in outbox/, {} webhook calls verified",
                thousands(mails),
                thousands(self.calls)
            ))?;
            output.flush()?;
        }
        Ok(())
    }

    fn summary(&self, output: &mut Output) -> Result<(), Failure> {
        output.line(format!(
            "ended: {} e-mails in outbox/, {} webhook calls verified; start it again and it goes on",
            thousands(self.mails),
            thousands(self.calls)
        ))?;
        output.flush()
    }
}
