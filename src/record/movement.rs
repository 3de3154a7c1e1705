//! Where customers were last seen in segmentations, choices and audiences, and how they moved.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{CustomerNumber, Instant, RuleNumber};

/// A segmentation, choice or audience in which some rule follows movement. Who was last seen where
/// stands beside it as bitmaps by place, its moves as packs by the tick that learnt them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TrackRecord {
    /// What it is, kind and name: `segments segment`, `attribute plan`, `audience vip`.
    pub name: String,
    /// SHA-256 of all that it is defined by: an edit places everybody anew, in silence.
    pub definition: [u8; 32],
    /// The names of the places, by their code. Append only: moves keep their meaning over edits.
    pub places: Vec<String>,
    /// The rules that follow it, and since when moves concern each.
    pub followers: BTreeMap<RuleNumber, Instant>,
}

/// A move of one customer; the tick that learnt it is in the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// Who.
    pub customer: CustomerNumber,
    /// The code of the place left; none for a new customer's first place.
    pub from: Option<u16>,
    /// The code of the place reached.
    pub to: u16,
    /// When it happened by the data.
    pub happened: Instant,
}
