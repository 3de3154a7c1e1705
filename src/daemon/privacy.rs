//! What a person at the keyboard wants of a customer or of the suppression list.

use std::collections::BTreeSet;

use crate::model::{Channel, Instant};
use crate::record::{KeyedHash, ListedKind, SuppressionReason};
use crate::serve::{
    ListWish, PersonWish, RefusalKind, Response, SuppressedDomain, SuppressionCount, SuppressionsView,
};
use crate::store::{Batch, StoreError, tables};

use super::Engine;
use super::lists::Whom;
use super::person::{self, suppressed::Held};
use super::suppression::{Entry, Whose};

impl Engine {
    /// Does what is wanted of a customer, or shows them.
    pub(super) fn person(&mut self, customer: &str, wish: PersonWish, now: Instant) -> Response {
        let done = match wish {
            PersonWish::Show | PersonWish::Export => {
                return person::answer(&*self.store, &self.shared, customer, wish);
            }
            PersonWish::Erase => self.erase_named(customer, now),
            PersonWish::Suppress => self.suppress_named(customer, now),
            PersonWish::Resume => self.resume_customer(customer),
        };
        done.unwrap_or_else(|error| Response::refused(RefusalKind::Failed, error.to_string()))
    }

    fn erase_named(&mut self, customer: &str, now: Instant) -> Result<Response, StoreError> {
        // What a crash or a worker left of others is gone on with by whoever comes here.
        self.go_on_erasing(now)?;
        match person::find(&self.population, customer) {
            Ok(number) => Ok(Response::Erased(self.erase(number, now)?)),
            Err(_) if self.was_erased(customer) => {
                Ok(Response::Done { message: format!("`{customer}` was erased before") })
            }
            Err(text) => Ok(Response::refused(RefusalKind::NotFound, text)),
        }
    }

    /// Closes a customer's id and addresses.
    fn suppress_named(&mut self, customer: &str, now: Instant) -> Result<Response, StoreError> {
        let number = match person::find(&self.population, customer) {
            Ok(number) => number,
            Err(text) => return Ok(Response::refused(RefusalKind::NotFound, text)),
        };
        let Some(profile) = tables::customers::profile(&*self.store, number)? else {
            return Ok(Response::refused(RefusalKind::NotFound, super::explain::no_customer(customer)));
        };
        let own = (ListedKind::Customer, self.shared.keyed.customer(&profile.id.0));
        let entries = self.addresses_of(Whom::of(number, &profile)).into_iter().chain([own]);
        let entry = |(kind, hash)| (Entry::Hashed(kind, hash), SuppressionReason::Asked, now);
        let others = [Channel::email(), Channel("phone".into())];
        let others = others.iter().flat_map(|channel| self.addresses.others(number, channel));
        let whom = Whose::These(others.chain([number]).collect());
        let changed = self.list(entries.map(entry).collect(), &whom)?;
        let id = &profile.id.0;
        let message = if changed.changed == 0 {
            format!("`{id}` was suppressed before")
        } else {
            format!(
                "nothing goes to `{id}` any more, receipts included; `cvmd customer resume {id}` lifts it"
            )
        };
        Ok(Response::Done { message })
    }

    /// Opens a customer's id and addresses, whatever closed them; lets an erased id be taken again.
    fn resume_customer(&mut self, customer: &str) -> Result<Response, StoreError> {
        let mut parts = Vec::new();
        if self.take_again(customer)? {
            parts.push(format!("`{customer}` may come again: what was erased does not come back"));
        }
        let keyed = &self.shared.keyed;
        let mut hashes: Vec<KeyedHash> = vec![keyed.customer(customer)];
        let mut rest = Vec::new();
        if let Ok(number) = person::find(&self.population, customer)
            && let Some(profile) = tables::customers::profile(&*self.store, number)?
        {
            hashes.push(keyed.customer(&profile.id.0));
            hashes.extend(self.addresses_of(Whom::of(number, &profile)).into_iter().map(|(_, hash)| hash));
            let met = self.unlist_number(number)?;
            let others = [Channel::email(), Channel("phone".into())];
            let others = others.iter().flat_map(|channel| self.addresses.others(number, channel));
            let whom = Whose::These(others.chain([number]).collect());
            let gone = self.unlist(&hashes, &whom)?;
            if met || gone > 0 {
                parts.push(format!("messages go to `{customer}` again"));
            }
            let why = self.shared.lists.why(&self.shared.keyed, Whom::of(number, &profile));
            rest = Held::all(&*self.store, why)?.sentences;
        // Only whoever has the id is concerned by its own entry, and nobody has.
        } else if self.unlist(&hashes, &Whose::These(BTreeSet::new()))? > 0 {
            parts.push(format!("messages go to `{customer}` again"));
        } else if parts.is_empty() {
            return Ok(Response::refused(RefusalKind::NotFound, super::explain::no_customer(customer)));
        }
        if parts.is_empty() {
            parts.push(format!("`{customer}` was not suppressed"));
        }
        parts.extend(rest.into_iter().map(|why| format!("but {why}")));
        Ok(Response::Done { message: parts.join("; ") })
    }

    /// Takes off what the outbox met of a customer without saying by which address. Whether there was
    /// something. An address that it named goes with the list's: an older one of theirs stays closed.
    fn unlist_number(&mut self, number: crate::model::CustomerNumber) -> Result<bool, StoreError> {
        let mut batch = Batch::default();
        for (channel, met) in tables::customers::suppressions_of(&*self.store, number)? {
            if met.address.is_none() {
                tables::customers::remove_suppression(&mut batch, number, channel, None);
            }
        }
        let any = !batch.is_empty();
        self.commit_parts(batch)?;
        self.shared.lists.remove_customer(number);
        Ok(any)
    }

    /// Does what is wanted of the suppression list.
    pub(super) fn suppressions(&mut self, wish: &ListWish, now: Instant) -> Response {
        let done = match wish {
            ListWish::Count {} => Ok(Response::Suppressions(self.counted())),
            ListWish::Find { what } => self.find_listed(what),
            ListWish::Add { what } => self.add_listed(what, now),
            ListWish::Remove { what } => self.remove_listed(what),
        };
        done.unwrap_or_else(|error| Response::refused(RefusalKind::Failed, error.to_string()))
    }

    fn counted(&self) -> SuppressionsView {
        let count = |((kind, reason), count): ((ListedKind, SuppressionReason), u64)| SuppressionCount {
            kind: kind.label().into(),
            reason: reason.label().into(),
            count,
        };
        let domains = self.shared.lists.domains().into_iter().map(|(domain, listed)| SuppressedDomain {
            domain,
            reason: listed.reason.label().into(),
            since: listed.at,
        });
        SuppressionsView {
            counts: self.shared.lists.counts().into_iter().map(count).collect(),
            domains: domains.collect(),
            found: Vec::new(),
        }
    }

    fn find_listed(&self, what: &str) -> Result<Response, StoreError> {
        let lists = &self.shared.lists;
        let channel = Channel(if what.contains('@') { "email".into() } else { "phone".into() });
        let why = match self.entry_of(what) {
            Err(text) => return Ok(Response::refused(RefusalKind::Usage, text)),
            Ok(Entry::Hashed(..)) => lists.of_address(&self.shared.keyed, &channel, what),
            // As an address in it would be met.
            Ok(Entry::Domain(domain)) => {
                lists.of_address(&self.shared.keyed, &Channel::email(), &format!("@{domain}"))
            }
        };
        let found = Held::all(&*self.store, why.into_iter().collect())?.sentences;
        Ok(Response::Suppressions(SuppressionsView { found, ..self.counted() }))
    }

    fn add_listed(&mut self, what: &str, now: Instant) -> Result<Response, StoreError> {
        let entry = match self.entry_of(what) {
            Ok(entry) => entry,
            Err(text) => return Ok(Response::refused(RefusalKind::Usage, text)),
        };
        let whom = if matches!(entry, Entry::Domain(_)) { Whose::Anybody } else { self.whose(what) };
        let changed = self.list(vec![(entry, SuppressionReason::Asked, now)], &whom)?;
        let message = if changed.changed == 0 {
            format!("`{what}` was suppressed before")
        } else {
            format!("nothing goes to `{what}` any more, receipts included")
        };
        Ok(Response::Done { message })
    }

    fn remove_listed(&mut self, what: &str) -> Result<Response, StoreError> {
        let gone = match self.entry_of(what) {
            Err(text) => return Ok(Response::refused(RefusalKind::Usage, text)),
            Ok(Entry::Hashed(_, hash)) => {
                let whom = self.whose(what);
                self.unlist(&[hash], &whom)? > 0
            }
            Ok(Entry::Domain(domain)) => self.unlist_domain(&domain)?,
        };
        let message = if gone {
            format!("`{what}` is suppressed no more")
        } else {
            format!("`{what}` was not suppressed itself: a domain above it, or its customer, may be")
        };
        Ok(Response::Done { message })
    }
}
