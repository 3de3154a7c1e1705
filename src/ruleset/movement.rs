//! Movement: what moves between places, and which moves are meant.

use super::FieldId;

/// What a customer has a place in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Track {
    /// A segmentation, by its position in [`super::RuleSet::segments`].
    Segments(usize),
    /// A choice or a yes/no among the customer's fields.
    Field(FieldId),
    /// An audience, by its position in [`super::RuleSet::audiences`]: one is out (0) or in (1).
    Audience(usize),
}

/// Which moves of a track are meant. Places are codes of its choice; of yes/no 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// `becomes PLACE`: from anywhere, or as the first place of a new customer.
    Becomes(u32),
    /// `changes [from PLACE] [to PLACE]`: a first place is no change.
    Changes {
        /// The place left; any where none is written.
        from: Option<u32>,
        /// The place reached.
        to: Option<u32>,
    },
    /// `rises`: to a place later in the order.
    Rises,
    /// `falls`: to an earlier one.
    Falls,
}

/// A movement as a rule asks for it. `enters audience` is to become in, `leaves` to change to out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Movement {
    /// Of what.
    pub track: Track,
    /// Which moves.
    pub change: Change,
}

impl Change {
    /// Whether a move between two places is meant; `from` is none for a first place.
    #[must_use]
    pub fn means(self, from: Option<u32>, to: u32) -> bool {
        match self {
            Self::Becomes(place) => to == place && from != Some(place),
            Self::Changes { from: left, to: reached } => {
                from.is_some_and(|from| from != to && left.is_none_or(|left| left == from))
                    && reached.is_none_or(|reached| reached == to)
            }
            Self::Rises => from.is_some_and(|from| from < to),
            Self::Falls => from.is_some_and(|from| from > to),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_means_its_moves() {
        let anything = Change::Changes { from: None, to: None };
        let to_two = Change::Changes { from: None, to: Some(2) };
        let from_one = Change::Changes { from: Some(1), to: None };
        for (change, from, to, means) in [
            (Change::Becomes(2), Some(1), 2, true),
            (Change::Becomes(2), None, 2, true),
            (Change::Becomes(2), Some(2), 2, false),
            (Change::Becomes(2), Some(2), 1, false),
            (anything, Some(1), 2, true),
            (anything, None, 2, false),
            (to_two, Some(0), 2, true),
            (to_two, None, 2, false),
            (to_two, Some(2), 0, false),
            (from_one, Some(1), 0, true),
            (from_one, Some(0), 1, false),
            (Change::Rises, Some(0), 2, true),
            (Change::Rises, Some(2), 0, false),
            (Change::Rises, None, 2, false),
            (Change::Falls, Some(2), 0, true),
            (Change::Falls, Some(0), 2, false),
        ] {
            assert_eq!(change.means(from, to), means, "{change:?} {from:?} {to}");
        }
    }
}
