//! The codes: stable for ever, one page of explanation each.
//!
//! `E0xx` files, language and splitting, `E1xx` names, `E2xx` types, `E3xx` units, money and time,
//! `E4xx` what rules and other items need, `E5xx` message texts, `W1xx` lints, `W2xx` advice on
//! request. A number is never reused.

use super::Severity;

/// One line a code: its meaning as a doc comment, then variant, number, severity and, for those
/// that can be allowed on a line, the lint's name.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident $number:literal $severity:ident $($lint:literal)?;)+) => {
        /// A stable code of a diagnostic.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $variant,)+
        }

        impl Code {
            /// All codes, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// `E001`, `W101`.
            #[must_use]
            pub const fn number(self) -> &'static str {
                match self {
                    $(Self::$variant => $number,)+
                }
            }

            /// Error, warning or advice.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self {
                    $(Self::$variant => Severity::$severity,)+
                }
            }

            /// The lint's name, for those that can be allowed.
            #[must_use]
            pub const fn lint(self) -> Option<&'static str> {
                match self {
                    $(Self::$variant => first_or_none!($($lint)?),)+
                }
            }

            /// The page that `cvmd explain CODE` prints, Markdown: headline, why, a wrong and a
            /// right example.
            #[must_use]
            pub const fn page(self) -> &'static str {
                match self {
                    $(Self::$variant => {
                        include_str!(concat!("../../docs/diagnostics/", $number, ".md"))
                    })+
                }
            }
        }
    };
}

macro_rules! first_or_none {
    () => {
        None
    };
    ($lint:literal) => {
        Some($lint)
    };
}

codes! {
    /// A construct of the language that this version does not run yet.
    NotAvailableYet "E001" Error;
    /// A clause that the grammar does not read.
    NotUnderstood "E002" Error;
    /// A line in column 1 that begins with no item word.
    UnknownItem "E003" Error;
    /// A file that begins with indented text.
    IndentedStart "E004" Error;
    /// A marker that an unfinished merge left behind.
    MergeMarker "E005" Error;
    /// A character that cannot be seen, or that makes text look other than it is.
    HiddenCharacter "E006" Error;
    /// A text in quotes that does not end on its line.
    UnfinishedText "E007" Error;
    /// Parentheses nested deeper than the limit.
    NestedTooDeep "E008" Error;
    /// A file, clause or list of mistakes beyond its limit.
    TooLarge "E009" Error;
    /// A spelling from another language: `==`, `&&`, `is` for `=`.
    ForeignSpelling "E010" Error;
    /// A word of the language in capital letters.
    CapitalLetters "E011" Error;
    /// An amount, number or share in a foreign spelling: `$500`, `1,000`, `99,95`.
    ForeignAmount "E012" Error;
    /// A duration, date or time of day in a foreign spelling: `90d`, `9am`, `26/11/2026`.
    ForeignTime "E013" Error;
    /// `and` beside `or` without parentheses.
    MixedAndOr "E014" Error;
    /// `a < b < c`.
    ChainedComparison "E015" Error;
    /// `not` before something that is neither a parenthesis nor an `in`.
    MisplacedNot "E016" Error;
    /// Months or years where a duration of fixed length is needed.
    MonthAsDuration "E017" Error;
    /// A date, time or number that does not exist or does not fit.
    ImpossibleValue "E018" Error;
    /// A name or value that is no plain word.
    NotAPlainWord "E019" Error;
    /// Actions joined by something else than `, then`.
    JoinedActions "E020" Error;
    /// A line that begins with a misspelt clause word.
    UnknownClause "E021" Error;
    /// A cap that says neither `per customer` nor `in total`.
    CapForWhom "E022" Error;
    /// A rule file that is no UTF-8 text.
    NotText "E090" Error;
    /// Two items of one kind share a name.
    DuplicateName "E101" Error;
    /// A name that the language cannot read.
    BadName "E102" Error;
    /// A name that belongs to a word of the engine.
    TakenName "E103" Error;
    /// A word that is no field, attribute or computed value.
    UnknownField "E104" Error;
    /// A message that does not exist.
    UnknownMessage "E105" Error;
    /// A webhook that does not exist.
    UnknownWebhook "E106" Error;
    /// An audience that does not exist.
    UnknownAudience "E107" Error;
    /// A value that its choice does not have.
    UnknownValue "E108" Error;
    /// An event that does not exist.
    UnknownEvent "E109" Error;
    /// A field that the event does not have.
    UnknownEventField "E110" Error;
    /// Definitions that need each other.
    Cycle "E111" Error;
    /// A second `workspace`.
    SecondWorkspace "E112" Error;
    /// Two bare rules in one file.
    SecondBareRule "E113" Error;
    /// A time zone that does not exist.
    UnknownZone "E114" Error;
    /// A channel that no message uses.
    UnknownChannel "E115" Error;
    /// A guard on something that is not counted.
    UnknownSign "E116" Error;
    /// A former name that another item has, had or claims too.
    FormerlyClash "E121" Error;
    /// A new item under a name that this store remembers as another's.
    RememberedName "E122" Error;
    /// A rule that runs under a new name and would lose its history.
    LostHistory "E123" Error;
    /// A value where a condition is needed.
    NotACondition "E201" Error;
    /// A condition where a value is needed.
    NotAValue "E202" Error;
    /// Two values of different kinds compared.
    DifferentKinds "E203" Error;
    /// A text without quotes.
    NeedsQuotes "E204" Error;
    /// `<` or `between` over values that have no order.
    NoOrder "E207" Error;
    /// An aggregate over a field that does not fit, or without one.
    AggregateField "E208" Error;
    /// A text comparison over something that is no text.
    NotAText "E209" Error;
    /// Something other than a plain value in a list.
    NotAConstant "E216" Error;
    /// The calendar asked of something that is no day.
    NotADay "E217" Error;
    /// `becomes`, `enters`, `rises` under a `not`.
    MovementUnderNot "E218" Error;
    /// Movement of something that has no places.
    NoPlaces "E219" Error;
    /// A length of time without its unit.
    NeedsUnit "E305" Error;
    /// A share without `%`.
    NeedsPercent "E306" Error;
    /// An amount with more decimals or digits than money keeps.
    BadNumber "E310" Error;
    /// A currency named where the workspace declares none.
    NoCurrency "E311" Error;
    /// Two currencies compared.
    TwoCurrencies "E312" Error;
    /// A field used where it has no meaning.
    WrongPlace "E313" Error;
    /// A day, an instant and a time of day mixed up.
    DayOrInstant "E314" Error;
    /// A window that holds nothing.
    EmptyWindow "E315" Error;
    /// A rule without `when`.
    NoWhen "E401" Error;
    /// A rule without `then`.
    NoThen "E402" Error;
    /// A clause written twice.
    DuplicateClause "E403" Error;
    /// A schedule without its time of day.
    NoTimeOfDay "E404" Error;
    /// An interval that does not divide the day.
    BadInterval "E405" Error;
    /// A call of a webhook that carries messages.
    WebhookCarriesChannel "E406" Error;
    /// A message that does not say why it is sent.
    NoPurpose "E407" Error;
    /// A message with nothing in it.
    NoBody "E408" Error;
    /// `otherwise` missing, or not last.
    Otherwise "E409" Error;
    /// A period that cannot be counted over.
    BadPeriod "E410" Error;
    /// Two values of a call under one name.
    DuplicateCallField "E412" Error;
    /// A value of a call that needs a name.
    CallFieldName "E413" Error;
    /// A webhook without a usable address.
    BadAddress "E414" Error;
    /// A channel and the way it is carried do not fit.
    ChannelCarrier "E415" Error;
    /// Beyond a limit.
    TooMany "E416" Error;
    /// A choice without two different values.
    BadChoice "E417" Error;
    /// An action written twice.
    DuplicateAction "E418" Error;
    /// A cron expression that is none, or could be read in two ways.
    BadCron "E420" Error;
    /// A rule that ends before it begins.
    EndsBeforeItBegins "E421" Error;
    /// What becomes of missed occurrences, of a rule that has none.
    NothingToMiss "E422" Error;
    /// Quiet hours without length.
    EmptyQuietHours "E430" Error;
    /// Two lines that say which of several rules wins.
    SecondArbitration "E431" Error;
    /// `give up after` on a rule that never tries again.
    GiveUpNeedsContinuous "E432" Error;
    /// A share that is never exceeded, or always.
    BadThreshold "E433" Error;
    /// A guard that does not ask for more than a share.
    GuardComparison "E434" Error;
    /// A rule that fires both on an event and by a schedule.
    TwoTriggers "E440" Error;
    /// `after` that does not belong to `on`.
    AfterWithoutOn "E441" Error;
    /// A wait after an event that is nothing, or too long.
    BadWait "E442" Error;
    /// A rule on what is sent that brings itself on.
    SendsOnSent "E443" Error;
    /// A header of a webhook that cannot be sent along.
    BadHeader "E444" Error;
    /// A rule that sets what imports write or the engine computes.
    SetsImported "E450" Error;
    /// An attribute whose value depends on itself.
    SetCycle "E451" Error;
    /// `new matches only` in a rule with a schedule.
    NewMatchesScheduled "E452" Error;
    /// A template that cannot be read.
    BadTemplate "E501" Error;
    /// A placeholder that names nothing.
    UnknownPlaceholder "E502" Error;
    /// A body's file that does not exist.
    NoBodyFile "E503" Error;
    /// A message text that cannot be sent as it stands.
    BadText "E504" Error;
    /// A sender's or reply address that is none.
    BadSender "E505" Error;
    /// A message that shows an event, of a rule that is not on it.
    SentWithoutEvent "E506" Error;
    /// A filter that does not exist, or does not fit its value.
    BadFilter "E507" Error;
    /// A layout that does not exist, or that cannot hold its message.
    BadLayout "E508" Error;
    /// A body for readers of what is no language, or a second one for the same readers.
    NoLanguage "E510" Error;
    /// A rule that runs daily and limits nothing.
    RepeatsDaily "W101" Warning "repeats_daily";
    /// A condition that nobody meets.
    NeverMatches "W102" Warning "never_matches";
    /// A condition that everybody meets.
    AlwaysMatches "W103" Warning "always_matches";
    /// A placeholder that can be unknown and has no default.
    OptionalWithoutDefault "W104" Warning "optional_without_default";
    /// A message whose subject was made from its name.
    NoSubject "W105" Warning "no_subject";
    /// An `allow` whose date has passed.
    ExpiredAllow "W106" Warning;
    /// An `allow` that cannot be read.
    BadAllow "W107" Warning;
    /// A place that an earlier line of its segmentation leaves nobody for.
    ShadowedBy "W108" Warning "shadowed_by";
    /// A placeholder as another tool writes it.
    ForeignPlaceholder "W109" Warning "foreign_placeholder";
    /// More warnings than are shown.
    TooManyWarnings "W119" Warning;
    /// A time of day that the clocks leave out on some day.
    CronInDstGap "W120" Warning "cron_in_dst_gap";
    /// A rule whose last day has passed.
    HasEnded "W121" Warning "has_ended";
    /// Quiet hours that cover the whole week.
    QuietHoursNeverOpen "W130" Warning "quiet_hours_never_open";
    /// A rule that begins on a day and ends on none.
    NoEndDate "W201" Advice "no_end_date";
    /// A declaration that nothing names.
    NeverUsed "W202" Advice "never_used";
    /// A limit that a stricter one makes idle.
    NeverBinds "W203" Advice "never_binds";
    /// A rule that does what another does.
    DoesTheSame "W204" Advice "does_the_same";
}

impl Code {
    /// The code of that number, in capitals or not: what `explain` looks up.
    #[must_use]
    pub fn find(number: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.number().eq_ignore_ascii_case(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique_sorted_and_say_the_severity() {
        for pair in Code::ALL.windows(2) {
            assert!(pair[0].number() < pair[1].number(), "{} is out of order", pair[1].number());
        }
        for code in Code::ALL {
            let letter = if code.severity() == Severity::Error { 'E' } else { 'W' };
            assert!(code.number().starts_with(letter), "{}", code.number());
            assert_eq!(Code::find(&code.number().to_lowercase()), Some(*code));
        }
        assert_eq!(Code::find("E000"), None);
    }

    #[test]
    fn every_page_has_its_headline_why_and_both_examples() {
        for code in Code::ALL {
            let page = code.page();
            assert!(page.starts_with(&format!("# {}: ", code.number())), "{} has no headline", code.number());
            for part in ["## Why", "## Wrong", "## Right"] {
                assert!(page.contains(part), "{} has no `{part}`", code.number());
            }
        }
    }
}
