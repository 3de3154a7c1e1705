//! How each life ends. Seeded: the same number plans the same deaths.

/// The places at which the process is killed, and how often each is passed in a life, roughly.
pub const POINTS: [(&str, u64); 29] = [
    ("commit_before_sync", 60),
    ("commit_before_reply", 60),
    ("after_claim", 6),
    ("before_first_byte", 80),
    ("before_dot", 60),
    ("after_250", 80),
    ("before_result_commit", 6),
    ("after_result_commit", 6),
    ("run_recorded", 3),
    ("slice_before_commit", 5),
    ("slice_after_commit", 5),
    ("import_before_commit", 3),
    ("import_before_end", 1),
    ("open_before_sled", 1),
    ("open_before_identity", 1),
    ("recovery_settled", 1),
    ("reload_before_commit", 2),
    ("reload_before_text", 2),
    ("reload_before_swap", 2),
    ("events_before_rules", 1),
    ("events_after_rules", 1),
    ("event_before_commit", 4),
    ("event_after_commit", 4),
    ("moves_before_commit", 1),
    ("moves_after_commit", 1),
    ("set_before_commit", 1),
    ("set_after_commit", 1),
    ("guard_before_pause", 1),
    ("guard_after_pause", 1),
];

/// Numbers from a seed (`SplitMix64`, Steele et al. 2014).
pub struct Dice(pub u64);

impl Dice {
    /// From 0, below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

/// How a life ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Death {
    /// By its own hand, at the pass of that number.
    At(&'static str, u64),
    /// By SIGKILL, so many milliseconds after the import began.
    After(i64),
    /// By SIGKILL, as soon as the import is acknowledged.
    Acknowledged,
    /// By SIGTERM, in order.
    Terminated,
}

/// Whether the power fails with each end of a process: all that was not synced is lost then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    Holds,
    FailsInEveryThirdStory,
    FailsAtEachEnd,
}

impl Power {
    /// In the story of that number.
    pub fn fails(self, story: usize) -> bool {
        match self {
            Self::Holds => false,
            Self::FailsInEveryThirdStory => story.is_multiple_of(3),
            Self::FailsAtEachEnd => true,
        }
    }
}

/// The death of a round: its number over all stories, and within its own. With a mistake turned on,
/// a story begins with the deaths that show it best, in their order; later half of all are of those.
/// Without, four in five go through [`POINTS`] in their order.
pub fn death(dice: &mut Dice, (round, within): (usize, usize), focus: &[Death]) -> Death {
    if !focus.is_empty() && (within < focus.len() || dice.below(2) == 0) {
        let any = usize::try_from(dice.below(focus.len() as u64)).unwrap();
        return match focus.get(within).unwrap_or(&focus[any]).clone() {
            Death::At(name, most) => Death::At(name, 1 + dice.below(most)),
            other => other,
        };
    }
    if round % 5 == 4 {
        return match dice.below(8) {
            0 => Death::Terminated,
            1 | 2 => Death::Acknowledged,
            _ => Death::After(i64::try_from(dice.below(900)).unwrap()),
        };
    }
    let (name, passes) = POINTS[(round - round / 5) % POINTS.len()];
    Death::At(name, 1 + dice.below(passes))
}
