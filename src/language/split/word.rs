//! The words that begin items and clauses.

/// What an item is, by its first word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::language) enum ItemWord {
    /// `workspace`
    Workspace,
    /// `attribute`
    Attribute,
    /// `event`
    Event,
    /// `segments`
    Segments,
    /// `audience`
    Audience,
    /// `message`
    Message,
    /// `webhook`
    Webhook,
    /// `policy`
    Policy,
    /// `rule`
    Rule,
    /// A bare `when … then …`.
    When,
    /// `tiers`: not available yet.
    Tiers,
    /// `offer`: not available yet.
    Offer,
    /// `budget`: not available yet.
    Budget,
    /// `journey`: not available yet.
    Journey,
    /// `test`: not available yet.
    Test,
}

impl ItemWord {
    /// All of them.
    pub(in crate::language) const ALL: [Self; 15] = [
        Self::Workspace,
        Self::Attribute,
        Self::Segments,
        Self::Audience,
        Self::Message,
        Self::Webhook,
        Self::Policy,
        Self::Rule,
        Self::When,
        Self::Event,
        Self::Tiers,
        Self::Offer,
        Self::Budget,
        Self::Journey,
        Self::Test,
    ];

    /// As it is written.
    pub(in crate::language) const fn word(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::Attribute => "attribute",
            Self::Segments => "segments",
            Self::Audience => "audience",
            Self::Message => "message",
            Self::Webhook => "webhook",
            Self::Policy => "policy",
            Self::Rule => "rule",
            Self::When => "when",
            Self::Event => "event",
            Self::Tiers => "tiers",
            Self::Offer => "offer",
            Self::Budget => "budget",
            Self::Journey => "journey",
            Self::Test => "test",
        }
    }

    /// For an item that this version does not run: what it is.
    pub(in crate::language) const fn unavailable(self) -> Option<&'static str> {
        match self {
            Self::Workspace
            | Self::Attribute
            | Self::Segments
            | Self::Audience
            | Self::Message
            | Self::Webhook
            | Self::Policy
            | Self::Rule
            | Self::Event
            | Self::When => None,
            Self::Tiers => Some("ranking customers in `tiers`"),
            Self::Offer => Some("an `offer`"),
            Self::Budget => Some("a `budget`"),
            Self::Journey => Some("a `journey`"),
            Self::Test => Some("a `test`"),
        }
    }
}

/// The words that begin the clauses of an item, for did-you-mean.
pub(in crate::language) const fn clause_words(item: ItemWord) -> &'static [&'static str] {
    match item {
        ItemWord::Workspace => &["currency", "time zone", "clv", "first run", "formerly"],
        ItemWord::Audience => &["when", "formerly"],
        ItemWord::Message => &[
            "email", "subject", "body", "layout", "text", "from", "reply to", "preview", "expires", "cost",
            "formerly",
        ],
        ItemWord::Webhook => &["post", "signed", "header", "at most", "answer within", "formerly"],
        ItemWord::Policy => &["at most", "quiet", "if", "hold", "pause", "formerly"],
        ItemWord::Rule | ItemWord::When => &[
            "owner", "every", "when", "then", "priority", "at most", "from", "until", "on", "hold", "goal",
            "reach", "draft", "new", "formerly", "give up", "send", "call", "give", "split", "start",
        ],
        ItemWord::Attribute | ItemWord::Segments => &["formerly"],
        ItemWord::Event
        | ItemWord::Tiers
        | ItemWord::Offer
        | ItemWord::Budget
        | ItemWord::Journey
        | ItemWord::Test => &[],
    }
}
