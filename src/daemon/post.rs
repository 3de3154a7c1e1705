//! What integrators post: read beside the decider, merged by it, many posts with one sync.
//!
//! The same rows, defects and merging as an import's. But a post is no load: rules look at a customer
//! as soon as what was posted of them is durable.

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::failpoint;
use crate::ingest::{
    self, ImportError, Kind, MAX_BODY_ROWS, Options, Origin, Parsed, Reject, Report, Summary,
};
use crate::model::Instant;
use crate::ruleset::Schema;
use crate::serve::{MAX_IGNORED, MAX_IGNORED_CHARS, MAX_LISTED, Posted, RejectedLine, Scope, Taken};
use crate::store::{StoreError, tables};

use super::Engine;
use super::active::Active;
use super::load::Loading;

/// A body that was read, not yet merged.
pub(super) struct Post {
    kind: Kind,
    body: Vec<u8>,
    /// The rules whose columns it was read by.
    by: Option<Arc<Active>>,
    parsed: Parsed,
    summary: Summary,
    rejects: Rejects,
}

/// What was not taken of a body, as far as it is listed.
#[derive(Default)]
struct Rejects {
    listed: Vec<RejectedLine>,
    more: u64,
}

impl Rejects {
    fn add(&mut self, reject: &Reject) {
        if self.listed.len() == MAX_LISTED {
            self.more += 1;
            return;
        }
        self.listed.push(RejectedLine {
            line: reject.line,
            id: reject.id.clone(),
            code: reject.code.as_str(),
            message: reject.reason.clone(),
            scope: if reject.cell { Scope::Field } else { Scope::Line },
        });
    }
}

impl Post {
    /// Reads a body by the columns of the rules that run.
    ///
    /// # Errors
    /// When nothing of it can be read.
    pub(super) fn read(
        kind: Kind,
        body: Vec<u8>,
        by: Option<Arc<Active>>,
        now: Instant,
    ) -> Result<Self, ImportError> {
        let (schema, zone) = columns(by.as_ref());
        let options = Options {
            schema: &schema,
            zone: &zone,
            now,
            map: &[],
            event: None,
            totals: None,
            origin: Origin::Http,
        };
        let mut rejects = Rejects::default();
        let mut on_reject = |reject: &Reject| rejects.add(reject);
        let mut report = Report::new(kind, "", &mut on_reject);
        let parsed = Parsed::read(kind, &mut *ingest::open_body(&body)?, &options, &mut report)?;
        let summary = report.summary;
        Ok(Self { kind, body, by, parsed, summary, rejects })
    }

    /// How many rows it has.
    pub(super) const fn rows(&self) -> u64 {
        self.summary.rows
    }

    /// The same, by the columns of the rules that run now.
    fn by(self, active: Option<&Arc<Active>>, now: Instant) -> Result<Self, ImportError> {
        let same = match (&self.by, active) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if same { Ok(self) } else { Self::read(self.kind, self.body, active.cloned(), now) }
    }
}

/// The fields and the zone that rules read by.
pub(super) fn columns(active: Option<&Arc<Active>>) -> (Arc<Schema>, TimeZone) {
    match active {
        Some(active) => (Arc::clone(&active.rules.schema), active.zone.clone()),
        None => (Arc::new(Schema::built_in()), TimeZone::UTC),
    }
}

/// What is answered where a body cannot be read at all.
pub(super) fn unreadable(error: &ImportError) -> Taken {
    match error {
        ImportError::TooManyRows(_) => Taken::TooMuch(error.to_string()),
        ImportError::TooMuch(_) => {
            Taken::TooMuch(format!("the body has too much in it: send fewer than {MAX_BODY_ROWS} lines"))
        }
        ImportError::Io(_)
        | ImportError::Empty
        | ImportError::Format(_)
        | ImportError::Header(_)
        | ImportError::MissingColumn(..)
        | ImportError::DuplicateColumn(_)
        | ImportError::Map(_)
        | ImportError::TotalNeeded { .. } => Taken::Unreadable(error.to_string()),
    }
}

impl Engine {
    /// Takes posts in, in their order. What was good of all of them is durable when this returns, and
    /// the population shows it.
    ///
    /// # Errors
    /// When the store fails; nothing is acknowledged then.
    pub(super) fn take_posts(&mut self, posts: Vec<Post>, now: Instant) -> Result<Vec<Taken>, StoreError> {
        let mut loading = Loading::of(Origin::Http);
        let mut taken = Vec::with_capacity(posts.len());
        for post in posts {
            match post.by(self.active.as_ref(), now) {
                Ok(post) => taken.push(Taken::Kept(self.take_post(post, now, &mut loading)?)),
                Err(error) => taken.push(unreadable(&error)),
            }
        }
        failpoint::hit("posts_before_durable");
        self.settle(loading)?;
        self.publish();
        failpoint::hit("posts_before_reply");
        self.look_at_guards_soon(now)?;
        Ok(taken)
    }

    /// After posts of which one ended with an error: what they left half done in memory is read anew, as a
    /// start does.
    ///
    /// # Errors
    /// When the store does not read.
    pub(super) fn recall_posts(&mut self) -> Result<(), StoreError> {
        self.read_customers(&mut Vec::new())?;
        for item in tables::events::arrivals(&*self.store) {
            let (sequence, arrival) = item?;
            self.arrivals.insert(arrival, sequence);
        }
        self.publish();
        Ok(())
    }

    fn take_post(&mut self, post: Post, now: Instant, loading: &mut Loading) -> Result<Posted, StoreError> {
        let Post { kind, by, parsed, summary, mut rejects, .. } = post;
        let (schema, _) = columns(by.as_ref());
        let mut on_reject = |reject: &Reject| rejects.add(reject);
        let mut report = Report::new(kind, "", &mut on_reject);
        report.summary = summary;
        self.merge(&mut parsed.taken_at(now), usize::MAX, (&schema, now), &mut report, loading)?;
        let Summary { accepted_rows, unchanged_rows, ignored_columns, set_by_rules, .. } = report.summary;
        let shown = |key: String| key.chars().take(MAX_IGNORED_CHARS).collect();
        let ignored = ignored_columns.into_iter().chain(set_by_rules).take(MAX_IGNORED).map(shown);
        rejects.listed.sort_by_key(|reject| reject.line);
        Ok(Posted {
            accepted: accepted_rows.saturating_sub(unchanged_rows),
            unchanged: unchanged_rows,
            rejected: rejects.listed,
            ignored: ignored.collect(),
            more_rejected: rejects.more,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::LeftInStore;
    use super::*;
    use crate::model::CustomerNumber;
    use crate::record::key;
    use crate::store::{Batch, Memory, Store};

    const NOW: Instant = Instant(1_790_000_000_000);

    fn post(kind: Kind, body: &str) -> Post {
        Post::read(kind, body.as_bytes().to_vec(), None, NOW).unwrap()
    }

    fn engine() -> (Arc<Memory>, Engine) {
        let store = Arc::new(Memory::new());
        let engine = Engine::open(Arc::clone(&store) as Arc<dyn Store>, Arc::new(LeftInStore)).unwrap();
        (store, engine)
    }

    fn order(id: u32, customer: &str) -> String {
        let time = NOW.minus(crate::model::Duration::seconds(1));
        format!("{{\"order_id\":{id},\"customer_id\":\"{customer}\",\"time\":\"{time}\",\"total\":1}}")
    }

    fn accepted(taken: &[Taken]) -> Vec<(u64, u64)> {
        let counts = |taken: &Taken| match taken {
            Taken::Kept(posted) => (posted.accepted, posted.unchanged),
            other => panic!("{other:?}"),
        };
        taken.iter().map(counts).collect()
    }

    /// The later posts of a group see what the earlier ones said.
    #[test]
    fn posts_of_a_group_are_taken_in_their_order() {
        let (_, mut engine) = engine();
        let posts = vec![
            post(Kind::Orders, &order(1, "ana")),
            post(Kind::Customers, r#"{"id":"ana","first_name":"Ana"}"#),
            post(Kind::Orders, &format!("[{},{}]", order(1, "ana"), order(2, "ana"))),
            post(Kind::Customers, r#"[{"id":"ana","first_name":"Ana"},{"id":"ben"}]"#),
        ];
        let taken = engine.take_posts(posts, NOW).unwrap();
        assert_eq!(accepted(&taken), [(1, 0), (1, 0), (1, 1), (1, 1)]);
        assert_eq!((engine.population().len(), engine.population().orders()), (2, 2));
        assert_eq!(engine.arrivals.len(), 2);
    }

    /// Who does not read back may be an old one who still has links in their mail.
    #[test]
    fn a_damaged_profile_keeps_its_number() {
        let (store, mut engine) = engine();
        engine.take_posts(vec![post(Kind::Customers, r#"[{"id":"ana"},{"id":"ben"}]"#)], NOW).unwrap();
        let mut damage = Batch::default();
        damage.put(key::profile(CustomerNumber(1)), vec![1, 2, 3]);
        store.commit(damage).wait().unwrap();
        let mut engine = Engine::open(Arc::clone(&store) as Arc<dyn Store>, Arc::new(LeftInStore)).unwrap();
        let mut damages = Vec::new();
        engine.read_customers(&mut damages).unwrap();
        assert_eq!(damages.len(), 1);
        engine.take_posts(vec![post(Kind::Customers, r#"[{"id":"cleo"},{"id":"ben"}]"#)], NOW).unwrap();
        assert_eq!(engine.find("cleo"), Some(CustomerNumber(2)));
        assert_eq!(
            engine.find("ben"),
            Some(CustomerNumber(3)),
            "what stood under the old number is not theirs"
        );
    }

    #[test]
    fn keys_that_are_no_field_are_named_once() {
        let (_, mut engine) = engine();
        let body = format!(
            "{{\"id\":\"ana\",\"emial\":\"x\",\"{}\":1}}\n{{\"id\":\"ben\",\"emial\":\"y\"}}",
            "k".repeat(500)
        );
        let taken = engine.take_posts(vec![post(Kind::Customers, &body)], NOW).unwrap();
        let Taken::Kept(posted) = &taken[0] else { panic!("{taken:?}") };
        assert_eq!(posted.ignored, ["emial".to_owned(), "k".repeat(64)]);
        let many: Vec<String> = (0..200).map(|n| format!("\"k{n}\":1")).collect();
        let body = format!("{{\"id\":\"cleo\",{}}}", many.join(","));
        let taken = engine.take_posts(vec![post(Kind::Customers, &body)], NOW).unwrap();
        let Taken::Kept(posted) = &taken[0] else { panic!("{taken:?}") };
        assert_eq!(posted.ignored.len(), MAX_IGNORED);
    }

    #[test]
    fn a_damaged_record_costs_its_own_post_only() {
        let (store, mut engine) = engine();
        engine.take_posts(vec![post(Kind::Orders, &order(1, "ana"))], NOW).unwrap();
        let mut damage = Batch::default();
        damage.put(key::orders(CustomerNumber(0), 0), vec![1, 2, 3]);
        store.commit(damage).wait().unwrap();
        let posts = || vec![post(Kind::Orders, &order(7, "ben")), post(Kind::Orders, &order(2, "ana"))];
        assert!(matches!(engine.take_posts(posts(), NOW), Err(StoreError::Corrupt(_))));
        engine.recall_posts().unwrap();
        // What was not acknowledged comes again.
        let again = engine.take_posts(vec![posts().remove(0)], NOW).unwrap();
        assert_eq!(accepted(&again), [(0, 1)]);
        assert_eq!(engine.population().orders(), 1);
        assert!(engine.arrivals.keys().any(|arrival| arrival.event.id == "7"), "rules are still to be asked");
    }
}
