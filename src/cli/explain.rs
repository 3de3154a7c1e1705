//! `cvmd explain`: a diagnostic's page, or why a customer gets what.

use super::ask::{ask, block_on, desk, instant, unexpected};
use super::at::At;
use super::common::Common;
use super::exit::{Exit, Failure};
use super::output::{Format, FormatArgument, Output};
use super::table::time;
use crate::diagnostic::Code;
use crate::serve::{Explanation, PastDecision, Request, Response, RuleExplanation};

const EXAMPLES: &str = "\
Examples:
  cvmd explain E312                the page of a diagnostic
  cvmd explain ana-17              every rule for a customer: the condition with values, what stopped it
  cvmd explain ana-17 winback      one rule
  cvmd explain ana-17 winback --at '2026-12-01 09:00'";

/// Explain a diagnostic, or why a customer gets what
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// A diagnostic's code, or a customer's id
    #[arg(value_name = "CODE|CUSTOMER")]
    subject: String,
    /// This rule only
    #[arg(value_name = "RULE")]
    rule: Option<String>,
    /// As of when: a date, a local time, or RFC 3339; else now
    #[arg(long, value_name = "TIME")]
    at: Option<At>,
    /// The subject is a customer, even if it looks like a code
    #[arg(long)]
    customer: bool,
    #[command(flatten)]
    format: FormatArgument,
}

pub(super) fn run(arguments: &Arguments, common: &Common, output: &mut Output) -> Result<Exit, Failure> {
    let may_be_code = !arguments.customer && arguments.rule.is_none();
    if let Some(code) = Code::find(&arguments.subject).filter(|_| may_be_code) {
        match arguments.format.format {
            Format::Human => output.text(code.page())?,
            Format::Json => {
                output.json(&serde_json::json!({ "code": code.number(), "page": code.page() }))?;
            }
        }
        return Ok(Exit::Fine);
    }
    let response = block_on(async {
        let desk = desk(common, None).await?;
        let at = instant(&*desk, arguments.at).await?;
        let (customer, rule) = (arguments.subject.clone(), arguments.rule.clone());
        ask(&*desk, Request::Explain { customer, rule, at }).await
    })?;
    let Response::Explanation(explanation) = response else { return Err(unexpected(&response)) };
    match arguments.format.format {
        Format::Human => show(&explanation, output)?,
        Format::Json => output.json(&explanation)?,
    }
    Ok(Exit::Fine)
}

fn show(explanation: &Explanation, output: &mut Output) -> Result<(), Failure> {
    output.line(format!("customer {}, as of {}", explanation.customer, time(Some(explanation.at))))?;
    explanation.rules.iter().try_for_each(|rule| show_rule(rule, output))
}

fn show_rule(rule: &RuleExplanation, output: &mut Output) -> Result<(), Failure> {
    let title = rule.title.as_ref().map_or_else(String::new, |title| format!(" \"{title}\""));
    let name = output.bold(&rule.rule);
    output.line("")?;
    output.line(format!("{name}{title}  {}", rule.place))?;
    output.line(format!("  {}", rule.outcome))?;
    for line in rule.tree_text.lines() {
        output.line(format!("    {line}"))?;
    }
    rule.history.iter().try_for_each(|past| show_past(past, output))
}

fn show_past(past: &PastDecision, output: &mut Output) -> Result<(), Failure> {
    let id = past.decision.as_ref().map_or_else(String::new, |id| format!(", decision {id}"));
    let fate = if past.due > past.at {
        format!("decided, due at {}", time(Some(past.due)))
    } else {
        past.fate.clone()
    };
    let head = format!("{}  {fate}{id}", time(Some(past.at)));
    // That somebody was written to is known for ever, why for as long as `[keep]` says.
    let why = if past.place.is_empty() {
        "why is no longer kept".into()
    } else {
        format!("by {} of commit {}", past.place, past.commit)
    };
    output.line(format!("  {head}, {why}"))?;
    for (clause, value) in &past.values {
        output.line(format!("      {clause}: {value}"))?;
    }
    if let Some(cost) = &past.cost {
        output.line(format!("      cost: {cost}"))?;
    }
    for (message, state) in &past.messages {
        output.line(format!("      {message}: {state}"))?;
    }
    Ok(())
}
