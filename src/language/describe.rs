//! The grammar's rules in people's words, for "expected …".

use super::grammar::Rule;

/// What a marketer would call a rule of the grammar. Empty for foreign spellings and for what this
/// version does not run: nobody is told to write them. The match has no `_`, so that a new rule
/// without words does not compile.
#[rustfmt::skip]
// A table, however long.
#[allow(clippy::too_many_lines)]
pub(super) const fn describe(rule: Rule) -> &'static str {
    match rule {
        Rule::EOI => "the end of the clause",
        Rule::name | Rule::word => "a name",
        Rule::choice_value
        | Rule::value_word
        | Rule::right
        | Rule::element
        | Rule::list_word
        | Rule::operand
        | Rule::shared
        | Rule::share_of => "a value",
        Rule::string
        | Rule::text_inner
        | Rule::single_inner
        | Rule::curly_inner
        | Rule::single_curly_inner
        | Rule::angle_inner => "a text in quotes",
        Rule::path => "a file name",
        Rule::zone_name => "a time zone such as `Europe/Madrid`",
        Rule::number | Rule::list_number => "a number",
        Rule::whole => "a whole number",
        Rule::currency_code => "a currency such as `EUR`",
        Rule::money | Rule::list_money => "an amount of money such as `500 EUR`",
        Rule::percent => "a share such as `10%`",
        Rule::unit => "a unit of time such as `days`",
        Rule::duration | Rule::list_duration => "a duration such as `90 days`",
        Rule::date => "a date such as `2026-11-26`",
        Rule::time_of_day => "a time of day such as `09:00`",
        Rule::yes => "`yes`",
        Rule::no => "`no`",
        Rule::expression | Rule::operation | Rule::group | Rule::negation => "a condition",
                Rule::paren => "a condition or value in parentheses",
        Rule::or_else => "`or else`",
        Rule::member => "a field of an event such as `order.total`",
        Rule::term => "a computed word such as `revenue`",
        Rule::aggregate | Rule::function => "`count`, `sum`, `average`, `min`, `max`, `first` or `last`",
        Rule::event => "an event such as `order`",
        Rule::time_since => "`time since last order`",
        Rule::movement | Rule::crossing => "a movement such as `becomes lapsing` or `enters audience vip`",
        Rule::day_span => "a span of days such as `next 30 days` or `this month`",
        Rule::window | Rule::window_last | Rule::window_between | Rule::since => "a window such as `in last 90 days`",
        Rule::tail
        | Rule::comparison
        | Rule::one_of
        | Rule::between
        | Rule::contains
        | Rule::starts_with
        | Rule::in_days
        | Rule::falls
        | Rule::is_known => "a comparison such as `= 500`, `in (a, b)` or `is known`",
        Rule::operator
        | Rule::equal
        | Rule::not_equal
        | Rule::less
        | Rule::less_or_equal
        | Rule::greater
        | Rule::greater_or_equal => "a sign such as `=` or `>`",
        Rule::period => "a period such as `per 30 days`, or `ever`",
        Rule::every => "a time such as `day at 09:00` or `15 minutes`",
        Rule::days | Rule::kw_day_name => "days such as `day`, `weekday` or `monday`",
        Rule::zone => "`customer time`, or a zone such as `in Europe/Madrid`",
        Rule::season_from | Rule::season_until => "a day such as `2026-11-26`",
        Rule::in_total => "`in total`",
        Rule::deferral => "`or wait up to …`",
        Rule::in_all => "a number of customers such as `2000`",
        Rule::guard => "a sign such as `bounces > 5%`",
        Rule::threshold => "a share such as `5%`",
        Rule::quiet_span => "a span such as `21:00 to 08:30`, or `all of sunday`",
        Rule::quiet_clock => "`customer time` or a zone",
        Rule::or_skip => "`or skip`",
        Rule::action_chunk | Rule::action | Rule::send | Rule::call | Rule::set => "an action such as `send offer`",
        Rule::field => "a field",
        Rule::clv_horizon => "a horizon such as `in 12 months`",
        Rule::clv_unit => "`months`",
        Rule::attribute_type | Rule::type_word | Rule::choice => "a type such as `money` or `yes/no`",
        Rule::ordered_rest | Rule::other_rest => "further values after `<` or `|`",
        Rule::channel => "a channel such as `email`",
        Rule::purpose => "`marketing` or `transactional`",
        Rule::signed => "`signed with secret …`",
        Rule::rule_head
        | Rule::policy_head
        | Rule::workspace_head
        | Rule::attribute_item
        | Rule::event_head
        | Rule::segments_head
        | Rule::audience_head
        | Rule::message_head
        | Rule::webhook_head => "the beginning of an item",
        Rule::owner_clause
        | Rule::when_clause
        | Rule::priority_clause
        | Rule::at_most_clause
        | Rule::every_clause
        | Rule::cron_clause
        | Rule::season_clause
        | Rule::if_missed_clause
        | Rule::draft_clause
        | Rule::new_matches_clause
        | Rule::formerly_clause
        | Rule::cap_clause
        | Rule::quiet_clause
        | Rule::arbitration_clause
        | Rule::guard_clause
        | Rule::growth_clause
        | Rule::give_up_clause
        | Rule::on_clause
        | Rule::after_clause
        | Rule::currency_clause
        | Rule::time_zone_clause
        | Rule::first_run_clause
        | Rule::clv_clause
        | Rule::event_field
        | Rule::place_clause
        | Rule::purpose_clause
        | Rule::subject_clause
        | Rule::body_clause
        | Rule::layout_clause
        | Rule::text_clause
        | Rule::from_clause
        | Rule::reply_to_clause
        | Rule::preview_clause
        | Rule::cost_clause
        | Rule::expires_clause
        | Rule::post_clause
        | Rule::signed_clause
        | Rule::header_clause
        | Rule::call_limit_clause
        | Rule::answer_clause => "a clause",
        Rule::kw_ago => "`ago`",
        Rule::kw_all_of => "`all of`",
        Rule::kw_and | Rule::connective => "`and`",
        Rule::kw_answer_within => "`answer within`",
        Rule::kw_as => "`as`",
        Rule::kw_at => "`at`",
        Rule::kw_at_most => "`at most`",
        Rule::kw_at_once => "`at once`",
        Rule::kw_calls => "`calls`",
        Rule::kw_header => "`header`",
        Rule::kw_second => "`second`",
        Rule::call_span => "`second` or `minute`",
        Rule::kw_attribute => "`attribute`",
        Rule::kw_audience => "`audience`",
        Rule::kw_between => "`between`",
        Rule::kw_body => "`body`",
        Rule::kw_by => "`by`",
        Rule::kw_by_more_than => "`by more than`",
        Rule::kw_call => "`call`",
        Rule::kw_choice => "`choice`",
        Rule::kw_clv => "`clv`",
        Rule::kw_contains => "`contains`",
        Rule::kw_cost => "`cost`",
        Rule::kw_cron => "`cron`",
        Rule::kw_currency => "`currency`",
        Rule::kw_customer => "`customer`",
        Rule::kw_after => "`after`",
        Rule::kw_each => "`each`",
        Rule::on_after => "`after` and a length of time",
        Rule::on_each => "`for each event`",
        Rule::kw_day => "`day`",
        Rule::kw_discount => "`discount`",
        Rule::kw_draft => "`draft`",
        Rule::kw_else => "`else`",
        Rule::kw_ever => "`ever`",
        Rule::kw_event => "`event`",
        Rule::kw_every => "`every`",
        Rule::kw_expires_after => "`expires after`",
        Rule::kw_first => "`first`",
        Rule::kw_first_run => "`first run`",
        Rule::kw_formerly => "`formerly`",
        Rule::kw_from => "`from`",
        Rule::kw_give_up_after => "`give up after`",
        Rule::kw_hold_a_run => "`hold a run`",
        Rule::kw_its_audience_grew => "`its audience grew`",
        Rule::kw_pause_a_rule => "`pause a rule`",
        Rule::kw_if_several => "`if several rules want one customer`",
        Rule::kw_in => "`in`",
        Rule::kw_is => "`is`",
        Rule::kw_keep_highest => "`keep highest priority`",
        Rule::kw_known => "`known`",
        Rule::kw_last => "`last`",
        Rule::kw_layout => "`layout`",
        Rule::kw_margin => "`margin`",
        Rule::kw_marketing => "`marketing`",
        Rule::kw_message => "`message`",
        Rule::kw_month => "`month`",
        Rule::kw_most => "`most`",
        Rule::kw_not => "`not`",
        Rule::kw_of => "`of`",
        Rule::kw_on => "`on`",
        Rule::kw_once => "`once`",
        Rule::kw_or => "`or`",
        Rule::kw_otherwise => "`otherwise`",
        Rule::kw_owner => "`owner`",
        Rule::kw_per => "`per`",
        Rule::kw_policy => "`policy`",
        Rule::kw_post => "`post`",
        Rule::kw_preview => "`preview`",
        Rule::kw_priority => "`priority`",
        Rule::kw_quiet_hours => "`quiet hours`",
        Rule::kw_reply_to => "`reply to`",
        Rule::kw_rule => "`rule`",
        Rule::kw_run => "`run`",
        Rule::kw_secret => "`secret`",
        Rule::kw_segments => "`segments`",
        Rule::kw_send => "`send`",
        Rule::kw_set => "`set`",
        Rule::kw_set_by_rules => "`set by rules`",
        Rule::kw_signed_with => "`signed with`",
        Rule::kw_since => "`since`",
        Rule::kw_starts_with => "`starts with`",
        Rule::kw_subject => "`subject`",
        Rule::kw_text => "`text`",
        Rule::kw_then => "`then`",
        Rule::kw_this => "`this`",
        Rule::kw_time => "`time`",
        Rule::kw_time_zone => "`time zone`",
        Rule::kw_times => "`times`",
        Rule::kw_today => "`today`",
        Rule::kw_transactional => "`transactional`",
        Rule::kw_unknown => "`unknown`",
        Rule::kw_until => "`until`",
        Rule::kw_webhook => "`webhook`",
        Rule::kw_week => "`week`",
        Rule::kw_weekday => "`weekday`",
        Rule::kw_when => "`when`",
        Rule::kw_where => "`where`",
        Rule::kw_with => "`with`",
        Rule::kw_within => "`within`",
        Rule::kw_workspace => "`workspace`",
        Rule::kw_year => "`year`",
        Rule::close => "`)`",
        Rule::kw_becomes => "`becomes`",
        Rule::kw_been => "`been`",
        Rule::kw_chance => "`chance`",
        Rule::kw_changes => "`changes`",
        Rule::kw_decile => "`decile`",
        Rule::kw_enters => "`enters`",
        Rule::kw_falls => "`falls`",
        Rule::kw_for => "`for`",
        Rule::kw_has => "`has`",
        Rule::kw_hour => "`hour`",
        Rule::kw_if_missed => "`if missed`",
        Rule::kw_leaves => "`leaves`",
        Rule::kw_minute => "`minute`",
        Rule::kw_new_matches_only => "`new matches only`",
        Rule::kw_next => "`next`",
        Rule::kw_rises => "`rises`",
        Rule::kw_skip => "`skip`",
        Rule::kw_to => "`to`",
        Rule::kw_top => "`top`",
        Rule::kw_total => "`total`",
        Rule::kw_up_to => "`up to`",
        Rule::kw_wait => "`wait`",
        Rule::kw_was => "`was`",
        Rule::kw_expected_orders | Rule::kw_expected_order_value | Rule::kw_churn_risk | Rule::kw_score | Rule::model_word
        | Rule::horizon | Rule::horizon_length | Rule::absent
        // Silent rules report what they are made of instead.
        | Rule::WHITESPACE
        | Rule::ic
        | Rule::ident
        | Rule::reserved
        | Rule::any_name
        | Rule::any_value
        | Rule::text
        | Rule::digits
        | Rule::decimal
        | Rule::no_more
        | Rule::list_literal
        | Rule::literal
        | Rule::any_duration
        | Rule::any_time
        | Rule::any_date
        | Rule::any_percent
        | Rule::symbol
        | Rule::foreign_digits
        | Rule::spoken_currency
        | Rule::compat_quantity
        | Rule::compat_list_quantity
        | Rule::grouped
        | Rule::reserved_word
        | Rule::compat_name
        | Rule::compat_value
        | Rule::compat_string
        | Rule::compat_bare_value
        | Rule::compat_money
        | Rule::compat_list_money
        | Rule::compat_number
        | Rule::compat_percent
        | Rule::compat_duration
        | Rule::compat_months
        | Rule::compat_unit
        | Rule::compat_date
        | Rule::compat_time
        | Rule::compat_hour
        | Rule::compat_contains
        | Rule::compat_starts_with
        | Rule::compat_last_period
        | Rule::compat_and
        | Rule::compat_or
        | Rule::compat_bang
        | Rule::compat_equal
        | Rule::compat_not_equal
        | Rule::compat_less_or_equal
        | Rule::compat_greater_or_equal
        | Rule::compat_is_words
        | Rule::compat_is
        | Rule::compat_is_not_known
        | Rule::compat_the
        | Rule::compat_since_last
        | Rule::compat_type
        | Rule::compat_currency
        | Rule::compat_joint
        | Rule::compat_day_joint
        | Rule::compat_on_joint
        | Rule::compat_list_joint
        | Rule::compat_twice
        | Rule::compat_to
        | Rule::compat_then_draft
        | Rule::unavailable_in_top
        | Rule::compat_becomes
        | Rule::compat_equal_sign
        | Rule::compat_changes
        | Rule::compat_enters
        | Rule::compat_leaves
        | Rule::compat_bare_audience
        | Rule::place
        | Rule::unavailable_term
        | Rule::unavailable_clv
        | Rule::unavailable_decile
        | Rule::unavailable_chance
        | Rule::compat_is_tail
        | Rule::compat_within
        | Rule::compat_this
        | Rule::compat_ahead
        | Rule::unavailable_movement
        | Rule::compat_guard_joint
        | Rule::compat_audience_grew
        | Rule::compat_by_more_than
        | Rule::compat_in_customer_time
        | Rule::compat_if_missed
        | Rule::compat_cap_period
        | Rule::compat_choice_joint => "",
    }
}
