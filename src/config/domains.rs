//! How much goes out to the people of one domain: `domain_workers`, `domain_rate` and `domains`.

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::read::{Parsed, Section};
use super::value;
use crate::model::{Duration, MINUTE_MS};

/// The highest count of a rate.
const MAX_COUNT: u32 = 1_000_000;
/// The most domains with limits of their own.
const MAX_DOMAINS: usize = 1_000;

/// So many within so long, evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many; at least 1.
    pub count: u32,
    /// Within this.
    pub per: Duration,
}

/// How much goes out to the people of one domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DomainLimit {
    /// No more workers than this are busy with it at once.
    pub workers: usize,
    /// No faster than this; none: as fast as it goes.
    pub rate: Option<Rate>,
}

impl DomainLimit {
    /// No limit.
    pub const NONE: Self = Self { workers: usize::MAX, rate: None };
}

/// The limits of all domains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainLimits {
    /// Of a domain that is not named.
    pub usual: DomainLimit,
    /// By name, in lower case.
    pub named: BTreeMap<String, DomainLimit>,
}

impl DomainLimits {
    /// No limit for anybody.
    #[must_use]
    pub fn none() -> Self {
        Self { usual: DomainLimit::NONE, named: BTreeMap::new() }
    }

    /// What holds for a domain in lower case.
    #[must_use]
    pub fn of(&self, domain: &str) -> DomainLimit {
        self.named.get(domain).copied().unwrap_or(self.usual)
    }
}

pub(super) fn limits(section: &mut Section<'_>, workers: usize) -> DomainLimits {
    let count = || value::number(1..=256);
    let usual = DomainLimit {
        // Half of them: a domain that answers slowly leaves the others to everybody else.
        workers: section.parse("domain_workers", count()).unwrap_or((workers / 2).max(1)),
        rate: section.parse("domain_rate", rate),
    };
    let advice = "write `{ \"gmail.com\" = { workers = 4, rate = \"600/m\" } }`";
    let mut parts = section.named_parts("domains", &["workers", "rate"], advice);
    if parts.len() > MAX_DOMAINS {
        section.error("domains", &format!("`domains` names more than {MAX_DOMAINS}: write fewer"));
    }
    let mut named = BTreeMap::new();
    for (name, part) in &mut parts {
        let is_domain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
        if name.is_empty() || !name.chars().all(is_domain) {
            part.error("", &format!("`{name}` is no domain: write what stands behind the `@`, `gmail.com`"));
        }
        let limit = DomainLimit {
            workers: part.parse("workers", count()).unwrap_or(usual.workers),
            rate: part.parse("rate", rate).or(usual.rate),
        };
        named.insert(name.trim_end_matches('.').to_lowercase(), limit);
    }
    DomainLimits { usual, named }
}

/// `600/m`: so many a second (`s`), minute (`m`), hour (`h`) or day (`d`).
fn rate(found: &DeValue<'_>) -> Parsed<Rate> {
    let text = value::text(found)?;
    let wrong = || format!("is `{text}`: write how many in what time, `\"10/s\"`, `\"600/m\"`, `\"5000/h\"`");
    let (count, unit) = text.split_once('/').ok_or_else(wrong)?;
    let per = match unit {
        "s" => 1_000,
        "m" => MINUTE_MS,
        "h" => 60 * MINUTE_MS,
        "d" => 24 * 60 * MINUTE_MS,
        _ => return Err(wrong()),
    };
    let is_whole = count.bytes().all(|byte| byte.is_ascii_digit());
    match count.parse() {
        Ok(count) if is_whole && (1..=MAX_COUNT).contains(&count) => Ok(Rate { count, per: Duration(per) }),
        Ok(_) | Err(_) => Err(wrong()),
    }
}
