//! Which words begin a clause of which item, and how the clause is read.

use super::super::grammar::Rule;
use super::clause::{At, ChunkKind, Cutter, Look};
use super::word::ItemWord;

impl Cutter<'_> {
    pub(super) fn rule_clause(&self, at: &At, word: &Look) -> Option<ChunkKind> {
        // `when` and `then` name nothing, so they begin their clauses on any line.
        // Inside a `then` clause a further one on the same line only joins, wrongly, its actions.
        let joins = !at.first && self.in_then();
        if word.is("then") && !joins && !self.is_value(at.index) {
            return Some(self.action_kind(at.index + 1, true));
        }
        if word.is("draft") && !joins && self.look(at.index + 1).is("then") && !self.goes_on(at.index) {
            return Some(ChunkKind::Read(Rule::draft_clause));
        }
        let bare = self.item == ItemWord::When && at.index == self.range.start;
        if word.is("when")
            && (at.first || bare || (at.head_line && at.index > self.range.start && !self.is_value(at.index)))
        {
            return Some(ChunkKind::Read(Rule::when_clause));
        }
        if at.first {
            return self.rule_line(at.index, word);
        }
        let named = self.item == ItemWord::When || at.index >= self.range.start + 2;
        (at.head_line && named).then(|| self.rule_inline(at.index, word)).flatten()
    }

    /// A rule's clause at a line's start.
    fn rule_line(&self, index: usize, word: &Look) -> Option<ChunkKind> {
        let next = self.look(index + 1);
        Some(match word.text.as_str() {
            "owner" => ChunkKind::Read(Rule::owner_clause),
            "priority" => ChunkKind::Read(Rule::priority_clause),
            "at" if next.is("most") => ChunkKind::Read(Rule::at_most_clause),
            // `at 09:00` says a time without its days.
            "every" | "at" => ChunkKind::Read(Rule::every_clause),
            // `from 90 days to 30 days ago` goes on with a window.
            "from" if next.is_number() && self.look(index + 2).is_word() => return None,
            "from" | "until" => ChunkKind::Read(Rule::season_clause),
            // `every month` goes on with `on day 1`.
            "on" if next.any(&["day", "last"]) => return None,
            "on" if next.is("cron") && !self.look(index + 2).any(&[","]) => {
                ChunkKind::Read(Rule::cron_clause)
            }
            "on" => ChunkKind::Read(Rule::on_clause),
            "after" if self.in_on() || self.is_value(index) => return None,
            "after" => ChunkKind::Read(Rule::after_clause),
            "hold" => ChunkKind::Unavailable("`hold out`"),
            "goal" => ChunkKind::Unavailable("a rule's `goal`"),
            "reach" => ChunkKind::Unavailable("a rule's `reach`"),
            "draft" => ChunkKind::Read(Rule::draft_clause),
            "new" if next.is("matches") => ChunkKind::Read(Rule::new_matches_clause),
            "if" if next.is("missed") => ChunkKind::Read(Rule::if_missed_clause),
            "give" if next.is("up") => ChunkKind::Read(Rule::give_up_clause),
            _ => return None,
        })
    }

    /// A rule's clause on the rule's own line: only where the word can be nothing else there.
    fn rule_inline(&self, index: usize, word: &Look) -> Option<ChunkKind> {
        let (before, next) = (self.before(index), self.look(index + 1));
        let in_head = self.chunks.len() <= 1;
        let certain = match word.text.as_str() {
            "owner" => next.is_text(),
            "every" => next.is_word() || next.is_number(),
            "priority" => next.is_number(),
            "at" => next.is("most"),
            "hold" => next.is("out"),
            "new" => next.is("matches"),
            "if" => next.is("missed"),
            "from" | "until" => next.is_number() && !self.look(index + 2).is_word(),
            "on" => in_head && next.is_word() && !next.any(&["day", "last"]),
            "goal" => in_head,
            _ => false,
        };
        (certain && !before.any(&["=", "<", ">", "and", "or", "(", ","]))
            .then(|| self.rule_line(index, word))
            .flatten()
    }

    pub(super) fn workspace_clause(&self, at: &At, word: &Look) -> Option<ChunkKind> {
        let next = self.look(at.index + 1);
        Some(ChunkKind::Read(match word.text.as_str() {
            "currency" if at.first || next.kind.is_some() => Rule::currency_clause,
            "time" if next.is("zone") => Rule::time_zone_clause,
            "first" if next.is("run") => Rule::first_run_clause,
            "clv" if at.first || next.is("in") => Rule::clv_clause,
            _ => return None,
        }))
    }

    pub(super) fn message_clause(&self, at: &At, word: &Look) -> Option<ChunkKind> {
        let next = self.look(at.index + 1);
        // On the message's own line a clause word is one only with what must follow it.
        let text_follows = at.first || next.is_text();
        Some(match word.text.as_str() {
            "subject" if text_follows => ChunkKind::Read(Rule::subject_clause),
            "text" if text_follows => ChunkKind::Read(Rule::text_clause),
            "from" if text_follows => ChunkKind::Read(Rule::from_clause),
            "preview" if text_follows => ChunkKind::Read(Rule::preview_clause),
            "body" => ChunkKind::Read(Rule::body_clause),
            "layout" => ChunkKind::Read(Rule::layout_clause),
            "reply" if next.is("to") => ChunkKind::Read(Rule::reply_to_clause),
            "expires" => ChunkKind::Read(Rule::expires_clause),
            "cost" if at.first || next.is_number() => ChunkKind::Read(Rule::cost_clause),
            "email" => ChunkKind::Read(Rule::purpose_clause),
            _ if next.any(&["marketing", "transactional"]) && word.is_word() => {
                ChunkKind::Read(Rule::purpose_clause)
            }
            _ => return None,
        })
    }

    pub(super) fn policy_clause(&self, at: &At, word: &Look) -> Option<ChunkKind> {
        let next = self.look(at.index + 1);
        Some(match word.text.as_str() {
            "at" if next.is("most") => ChunkKind::Read(Rule::cap_clause),
            "quiet" if next.is("hours") => ChunkKind::Read(Rule::quiet_clause),
            "hold" if next.is("out") => ChunkKind::Unavailable("`hold out`"),
            "hold" => ChunkKind::Read(Rule::growth_clause),
            "if" if next.is("several") => ChunkKind::Read(Rule::arbitration_clause),
            "pause" => ChunkKind::Read(Rule::guard_clause),
            _ => return None,
        })
    }
}

pub(super) fn webhook_clause(at: &At, word: &Look) -> Option<ChunkKind> {
    Some(ChunkKind::Read(match word.text.as_str() {
        "post" => Rule::post_clause,
        "signed" if at.first => Rule::signed_clause,
        "header" if at.first => Rule::header_clause,
        "at" if at.first => Rule::call_limit_clause,
        "answer" if at.first => Rule::answer_clause,
        _ => return None,
    }))
}
