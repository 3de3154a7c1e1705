//! A store of two maps, and an import into it as the daemon does one.

use std::collections::BTreeMap;

use cvmd::ingest::{
    ImportError, Kind, Options, Origin, RejectWriter, Report, Rows, Summary, Totals, merge_customer,
    merge_events, merge_orders, open, open_list, read_customers, read_events, read_orders, read_suppressions,
    unknown_customer,
};
use cvmd::model::{CustomerId, Instant};
use cvmd::record::{Event, Order, Profile};
use cvmd::ruleset::{Attribute, ChoiceId, Choices, EventKind, Field, FieldId, Schema, Type};
use jiff::tz::TimeZone;

/// What an import is told besides the file.
#[derive(Clone)]
pub(crate) struct Told {
    pub(crate) zone: TimeZone,
    pub(crate) now: Instant,
    pub(crate) map: Vec<(String, String)>,
    pub(crate) event: Option<String>,
    pub(crate) totals: Option<Totals>,
    pub(crate) schema: Schema,
}

impl Default for Told {
    fn default() -> Self {
        Self {
            zone: TimeZone::UTC,
            now: instant("2026-12-01T09:00:00Z"),
            map: vec![],
            event: None,
            totals: None,
            schema: schema(),
        }
    }
}

impl Told {
    pub(crate) fn options(&self) -> Options<'_> {
        Options {
            schema: &self.schema,
            zone: &self.zone,
            now: self.now,
            map: &self.map,
            event: self.event.as_deref(),
            totals: self.totals,
            origin: Origin::File,
        }
    }

    /// Reads `--map A=B --total per-line --zone Z`.
    pub(crate) fn from_args(args: &str) -> Self {
        let mut told = Self::default();
        let mut words = args.split_whitespace();
        while let Some(word) = words.next() {
            let value = words.next().unwrap_or_else(|| panic!("{word} needs a value"));
            match word {
                "--map" => {
                    let (column, field) = value.split_once('=').expect("COLUMN=FIELD");
                    told.map.push((column.replace('+', " "), field.into()));
                }
                "--total" => told.totals = Some(Totals::parse(value).expect("per-line or per-order")),
                "--event" => told.event = Some(value.into()),
                "--zone" => told.zone = TimeZone::get(value).expect("a zone"),
                "--now" => told.now = instant(value),
                other => panic!("unknown argument {other}"),
            }
        }
        told
    }
}

pub(crate) fn instant(text: &str) -> Instant {
    Instant(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

/// The built-in fields, an attribute of most types, and an event.
pub(crate) fn schema() -> Schema {
    let mut schema = Schema::built_in();
    schema.choices.push(Choices { names: ["free", "basic", "pro"].map(Into::into).to_vec(), ordered: true });
    for (name, ty, set_by_rules) in [
        ("age", Type::Number, false),
        ("birthday", Type::Date, false),
        ("newsletter", Type::YesNo, false),
        ("plan", Type::Choice(ChoiceId(0)), false),
        ("renewal_date", Type::Date, false),
        ("tags", Type::ListOfText, false),
        ("vip", Type::YesNo, false),
        ("won_back", Type::YesNo, true),
    ] {
        let field = FieldId(u16::try_from(schema.fields.len()).unwrap());
        schema.fields.push(Field { name: name.into(), ty });
        schema.attributes.push(Attribute { field, set_by_rules, first_name: name.into() });
    }
    let fields = [
        ("value", Type::Money),
        ("items", Type::Number),
        ("page", Type::Text),
        ("seen", Type::ListOfText),
        ("until", Type::Date),
    ];
    let fields = fields.map(|(name, ty)| Field { name: name.into(), ty }).to_vec();
    schema.events.push(EventKind {
        name: "cart_abandoned".into(),
        names: vec!["cart_abandoned".into()],
        fields,
    });
    schema
}

/// What is stored.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct World {
    pub(crate) profiles: BTreeMap<CustomerId, Profile>,
    pub(crate) orders: BTreeMap<CustomerId, Vec<Order>>,
    pub(crate) events: BTreeMap<CustomerId, Vec<Event>>,
}

/// What an import left behind besides the stored.
pub(crate) struct Done {
    pub(crate) summary: Summary,
    pub(crate) rejects: String,
}

impl World {
    pub(crate) fn import(
        &mut self,
        kind: Kind,
        file: &str,
        bytes: &[u8],
        told: &Told,
    ) -> Result<Done, ImportError> {
        let mut writer = RejectWriter::new(Vec::new())?;
        let mut rejects = |reject: &cvmd::ingest::Reject| writer.write(reject).unwrap();
        let mut report = Report::new(kind, file, &mut rejects);
        let mut ignore = |_| ();
        let open = if kind == Kind::Suppressions { open_list } else { open };
        self.take(kind, &mut *open(bytes, &mut ignore)?, told, &mut report)?;
        let summary = report.summary;
        let mut ignore = |_| ();
        let mut again = open(bytes, &mut ignore)?;
        writer.finish(Some(&mut *again))?;
        let rejects = String::from_utf8(writer.into_inner()?).unwrap();
        Ok(Done { summary, rejects })
    }

    fn take(
        &mut self,
        kind: Kind,
        rows: &mut dyn Rows,
        told: &Told,
        report: &mut Report,
    ) -> Result<(), ImportError> {
        match kind {
            Kind::Customers => {
                for update in read_customers(rows, &told.options(), report)? {
                    let merged =
                        merge_customer(self.profiles.get(&update.id), &update, told.now, Origin::File);
                    report.customer(&merged, update.lines.len() as u64);
                    self.profiles.insert(update.id, merged.profile);
                }
            }
            Kind::Orders => {
                for (customer, orders) in read_orders(rows, &told.options(), report)? {
                    let stored = self.orders.entry(customer.clone()).or_default();
                    let merged = merge_orders(stored, orders);
                    let new = !self.profiles.contains_key(&customer) && !merged.added.is_empty();
                    report.orders(&merged, new);
                    if new {
                        self.profiles
                            .insert(customer.clone(), unknown_customer(customer, told.now, Origin::File));
                    }
                    stored.extend(merged.added);
                    stored.sort_by(|one, other| (one.time, &one.id).cmp(&(other.time, &other.id)));
                }
                self.orders.retain(|_, orders| !orders.is_empty());
            }
            Kind::Events => {
                for (customer, events) in read_events(rows, &told.options(), report)? {
                    let stored = self.events.entry(customer.clone()).or_default();
                    let merged = merge_events(stored, events, &told.schema);
                    let new = !self.profiles.contains_key(&customer) && !merged.added.is_empty();
                    report.events(&merged, new);
                    if new {
                        self.profiles
                            .insert(customer.clone(), unknown_customer(customer, told.now, Origin::File));
                    }
                    stored.extend(merged.added);
                    stored.sort_by(|one, other| (one.time, &one.id).cmp(&(other.time, &other.id)));
                }
                self.events.retain(|_, events| !events.is_empty());
            }
            Kind::Suppressions => drop(read_suppressions(rows, &told.options(), report)?.count()),
        }
        Ok(())
    }
}
