//! The Pest grammar, a file per concern in `grammar/`, and its rules in people's words.

use std::num::NonZeroUsize;
use std::sync::Once;

use pest::Parser as _;
use pest::iterators::Pair;

use super::limit::MAX_STEPS;

/// The generated parser: its rules are documented in the grammar.
#[allow(missing_docs, unreachable_pub, clippy::pedantic)]
mod generated {
    #[derive(pest_derive::Parser)]
    #[grammar = "grammar/lexical.pest"]
    #[grammar = "grammar/values.pest"]
    #[grammar = "grammar/compat.pest"]
    #[grammar = "grammar/expressions.pest"]
    #[grammar = "grammar/rules.pest"]
    #[grammar = "grammar/declarations.pest"]
    pub struct Grammar;
}

pub(super) use generated::Rule;

/// A piece of a parsed clause.
pub(super) type Node<'a> = Pair<'a, Rule>;

/// Reads one clause by its entry rule.
pub(super) fn read(rule: Rule, text: &str) -> Result<Node<'_>, Box<pest::error::Error<Rule>>> {
    static LIMIT: Once = Once::new();
    LIMIT.call_once(|| pest::set_call_limit(NonZeroUsize::new(MAX_STEPS)));
    let mut pairs = generated::Grammar::parse(rule, text).map_err(Box::new)?;
    pairs.next().ok_or_else(|| {
        let message = "nothing was read".into();
        let variant = pest::error::ErrorVariant::CustomError { message };
        Box::new(pest::error::Error::new_from_pos(variant, pest::Position::from_start(text)))
    })
}
