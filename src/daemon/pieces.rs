//! A file of an import, read by whoever holds it and merged with what is stored a piece at a time.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::ingest::{Kind, Options, Origin, Parsed, Reject, Report, Rows, Summary};
use crate::model::{CustomerNumber, Instant};
use crate::ruleset::Schema;
use crate::store::StoreError;

use super::hands::Hands;
use super::load::Loading;
use super::suppression::{list_rows, meet_everybody};
use super::{Engine, LoadError};

/// What is left of a file, and what became of the rest.
struct Piece {
    parsed: Parsed,
    origin: Origin,
    summary: Summary,
    /// Since the piece before.
    rejects: Vec<Reject>,
    /// Whom all pieces so far were about.
    touched: BTreeSet<CustomerNumber>,
    /// Whether there may be more.
    more: bool,
}

/// Reads one file of a load and takes it in. What could be taken is durable, and shown, when this returns.
///
/// # Errors
/// When the file cannot be read at all, or the store fails.
pub(super) fn load(
    hands: &impl Hands,
    kind: Kind,
    rows: &mut dyn Rows,
    options: &Options<'_>,
    report: &mut Report<'_>,
) -> Result<(), LoadError> {
    let parsed = match Parsed::read(kind, rows, options, report)? {
        Parsed::Suppressions(list) => {
            list_rows(hands, list, report)?;
            return Ok(meet_everybody(hands)?);
        }
        parsed @ (Parsed::Customers(_) | Parsed::Orders(_) | Parsed::Events(_)) => parsed,
    };
    let (schema, now) = (Arc::new(options.schema.clone()), options.now);
    let limit = hands.piece();
    let mut piece = Piece {
        parsed,
        origin: options.origin,
        summary: report.summary.clone(),
        rejects: Vec::new(),
        touched: BTreeSet::new(),
        more: true,
    };
    while piece.more {
        let schema = Arc::clone(&schema);
        piece = hands.with(move |engine| {
            engine.has_room().map_err(LoadError::NoRoom)?;
            Ok::<_, LoadError>(engine.take_piece(piece, limit, (&schema, now))?)
        })??;
        piece.rejects.drain(..).for_each(|reject| report.pass_on(&reject));
    }
    report.summary = piece.summary;
    Ok(show(hands, piece.touched)?)
}

/// Shows the population what was stored of some; in the order of their numbers, so that few of its chunks
/// are made anew more than once.
fn show(hands: &impl Hands, touched: BTreeSet<CustomerNumber>) -> Result<(), StoreError> {
    if hands.is_alone() {
        return hands.with(move |engine| engine.take_up(&touched))?;
    }
    let touched: Vec<CustomerNumber> = touched.into_iter().collect();
    for some in touched.chunks(hands.piece()) {
        let some = some.iter().copied().collect();
        hands.with(move |engine| engine.take_up_some(&some))??;
    }
    Ok(())
}

impl Engine {
    /// Merges the next so many customers of a file with what is stored; durable when this returns.
    fn take_piece(
        &mut self,
        piece: Piece,
        limit: usize,
        by: (&Schema, Instant),
    ) -> Result<Piece, StoreError> {
        let Piece { mut parsed, origin, summary, mut rejects, mut touched, .. } = piece;
        let mut on_reject = |reject: &Reject| rejects.push(reject.clone());
        let mut report = Report::new(summary.kind, "", &mut on_reject);
        report.summary = summary;
        let mut loading = Loading::of(origin);
        let taken = self.merge(&mut parsed, limit, by, &mut report, &mut loading)?;
        let summary = report.summary;
        touched.append(&mut self.make_durable(loading)?);
        Ok(Piece { parsed, origin, summary, rejects, touched, more: taken == limit })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use jiff::tz::TimeZone;

    use super::super::LeftInStore;
    use super::super::hands::{Owner, piecewise};
    use super::super::post::Post;
    use super::*;
    use crate::ingest;
    use crate::serve::Taken;
    use crate::store::{Memory, Store};

    const NOW: Instant = Instant(1_790_000_000_000);
    const FILES: [(Kind, &str); 4] = [
        (Kind::Suppressions, "ben@x.example\nshop.example\nben@x.example\n+34600000001\n"),
        (
            Kind::Customers,
            "id,email\nana,ana@shop.example\nben,ben@x.example\ncleo,cleo@x.example\nana,ana@y.example\n\
             dee,no address\neve,eve@x.example\n",
        ),
        (
            Kind::Orders,
            "order_id,customer_id,time,total\n1,ana,2026-01-01,5\n2,fay,2026-01-02,6\n1,ana,2026-01-01,7\n\
             3,ben,2026-01-01,5\n4,cleo,2026-01-04,5\n5,ana,never,5\n",
        ),
        (
            Kind::Events,
            "id,customer_id,time,event\na,ana,2026-01-01,cart\nb,gus,2026-01-01,cart\nb,gus,2026-01-02,cart\n\
             c,ben,2026-01-01,cart\nd,hal,2026-01-01,cart\n",
        ),
    ];

    fn engine() -> (Arc<Memory>, Engine) {
        let store = Arc::new(Memory::new());
        let engine = Engine::open(Arc::clone(&store) as Arc<dyn Store>, Arc::new(LeftInStore)).unwrap();
        (store, engine)
    }

    /// Imports a file; the figures, and the rejects.
    fn import(hands: &impl Hands, (kind, text): (Kind, &str)) -> (Summary, Vec<Reject>) {
        let mut rejects = Vec::new();
        let mut note = |reject: &Reject| rejects.push(reject.clone());
        let mut report = Report::new(kind, "test.csv", &mut note);
        let schema = Schema::built_in();
        let options = Options {
            schema: &schema,
            zone: &TimeZone::UTC,
            now: NOW,
            map: &[],
            event: None,
            totals: Some(ingest::Totals::PerLine),
            origin: Origin::File,
        };
        let (mut progress, bytes) = (|_| {}, Cursor::new(text.to_owned()));
        let mut rows = match kind {
            Kind::Suppressions => ingest::open_list(bytes, &mut progress).unwrap(),
            Kind::Customers | Kind::Orders | Kind::Events => ingest::open(bytes, &mut progress).unwrap(),
        };
        load(hands, kind, &mut *rows, &options, &mut report).unwrap();
        let summary = report.summary;
        (summary, rejects)
    }

    /// All that is known of everybody.
    fn known(engine: &Engine) -> Vec<String> {
        let everybody = engine.population.everybody();
        let of = |number| {
            let number = CustomerNumber(number);
            let shown = (engine.population.id(number), engine.population.suppressed(number));
            format!("{shown:?} {:?}", engine.told(number).unwrap())
        };
        everybody.iter().map(of).collect()
    }

    #[test]
    fn a_file_in_pieces_is_the_file() {
        let ((_, mut whole), files) = (engine(), [FILES, FILES].concat());
        let told: Vec<_> = files.iter().map(|file| import(&Owner::of(&mut whole), *file)).collect();
        assert!(told.iter().map(|(_, rejects)| rejects.len()).sum::<usize>() > 4, "{told:?}");
        assert_eq!(whole.population.len(), 7);
        for piece in [1, 2, 3] {
            let (store, mut cut) = engine();
            for (file, told) in files.iter().zip(&told) {
                assert_eq!(import(&piecewise(&mut cut, piece), *file), *told, "{piece}: {file:?}");
            }
            assert_eq!(known(&cut), known(&whole), "{piece}");
            let mut again = Engine::open(Arc::new(store.crash()), Arc::new(LeftInStore)).unwrap();
            again.read_customers(&mut Vec::new()).unwrap();
            assert_eq!(known(&again), known(&whole), "{piece}: all of it was durable");
        }
    }

    /// Somebody who posts before each piece.
    struct Posting<'a>(Owner<'a>, std::cell::RefCell<Vec<Taken>>);

    impl Hands for Posting<'_> {
        fn piece(&self) -> usize {
            self.0.piece()
        }

        fn is_alone(&self) -> bool {
            false
        }

        fn with<T: Send + 'static>(
            &self,
            work: impl FnOnce(&mut Engine) -> T + Send + 'static,
        ) -> Result<T, StoreError> {
            let number = self.1.borrow().len();
            let body = format!("[{{\"id\":\"new{number}\"}},{{\"id\":\"eve\",\"email\":\"eve@x.example\"}}]");
            let taken = self.0.with(move |engine| {
                let post = Post::read(Kind::Customers, body.into_bytes(), None, NOW).unwrap();
                engine.take_posts(vec![post], NOW).unwrap()
            })?;
            self.1.borrow_mut().extend(taken);
            self.0.with(work)
        }
    }

    #[test]
    fn what_is_posted_between_two_pieces_is_taken_at_once_and_nothing_is_taken_twice() {
        let (_, mut engine) = engine();
        let posting = Posting(piecewise(&mut engine, 1), std::cell::RefCell::default());
        let told: Vec<Summary> = FILES.iter().map(|file| import(&posting, *file).0).collect();
        let taken = posting.1.into_inner();
        assert!(taken.len() > 20, "{}", taken.len());
        let accepted = |taken: &Taken| matches!(taken, Taken::Kept(kept) if kept.accepted >= 1);
        assert!(taken.iter().all(accepted), "{taken:?}");
        assert_eq!((told[1].new_customers, told[1].unchanged_customers), (4, 1), "eve was posted before");
        assert_eq!(engine.population.len(), 7 + taken.len() as u64);
        let ids: BTreeSet<String> = (0..engine.next_customer.0)
            .filter_map(|number| engine.population.id(CustomerNumber(number)).map(str::to_owned))
            .collect();
        assert_eq!(ids.len() as u64, engine.population.len(), "nobody is there twice");
        assert!(ids.iter().all(|id| engine.find(id).is_some()));
    }

    #[test]
    fn while_a_load_is_under_way_nobody_gives_it_up_and_a_crash_leaves_it_to_a_person() {
        let (store, mut engine) = engine();
        let load = engine.begin_load("many.csv", NOW).unwrap();
        assert!(engine.status(NOW).hold.unwrap().ends_with("is under way"));
        assert!(engine.shared().get().waits_for_load, "metrics and the service manager's line say so, too");
        assert_eq!(
            (engine.cut_off_loads().count(), engine.resume(&"all".parse().unwrap()).unwrap().loads),
            (0, vec![])
        );
        assert!(engine.tick(NOW).unwrap().waits_for_load);
        engine.end_load(load).unwrap();
        assert!(engine.status(NOW).hold.is_none() && !engine.tick(NOW).unwrap().waits_for_load);
        engine.begin_load("more.csv", NOW).unwrap();
        engine.cut_off_loads_under_way();
        assert!(engine.status(NOW).hold.unwrap().contains("run it again"));
        let mut again = Engine::open(Arc::new(store.crash()), Arc::new(LeftInStore)).unwrap();
        assert_eq!(again.resume(&"all".parse().unwrap()).unwrap().loads, ["more.csv"]);
    }
}
