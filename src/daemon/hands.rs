//! Who has an engine to work on: its owner, or somebody beside the decider, a piece of work at a time.
//!
//! What takes long is cut into pieces, so that posts and clicks that come meanwhile are served between two
//! of them. Whatever is done this way must bear that others change the state between its pieces.

use std::cell::RefCell;

use crate::store::StoreError;

use super::Engine;
use super::decider::Decider;

/// Customers, or entries of a list, that a piece is about where others wait for the decider.
const PIECE: usize = 2_000;

/// The same where nobody waits: bounds the memory that rejects take.
const ALONE: usize = 50_000;

/// Does pieces of work on an engine, in their order.
pub(super) trait Hands {
    /// How many customers, or entries, a piece is about at most.
    fn piece(&self) -> usize;

    /// Whether nobody else waits for the engine.
    fn is_alone(&self) -> bool;

    /// Does a piece of work and waits for it.
    ///
    /// # Errors
    /// When the decider is gone, or the work ended with an internal error.
    fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Engine) -> T + Send + 'static,
    ) -> Result<T, StoreError>;
}

/// Whoever owns the engine.
pub(super) struct Owner<'a>(RefCell<&'a mut Engine>, usize);

impl<'a> Owner<'a> {
    pub(super) const fn of(engine: &'a mut Engine) -> Self {
        Self(RefCell::new(engine), ALONE)
    }
}

impl Hands for Owner<'_> {
    fn piece(&self) -> usize {
        self.1
    }

    fn is_alone(&self) -> bool {
        self.1 == ALONE
    }

    fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Engine) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        Ok(work(&mut self.0.borrow_mut()))
    }
}

impl Hands for Decider {
    fn piece(&self) -> usize {
        PIECE
    }

    fn is_alone(&self) -> bool {
        false
    }

    fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Engine) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        self.work(work)
    }
}

/// An engine whose owner takes it in hand for so few at a time as where others wait.
#[cfg(test)]
pub(super) const fn piecewise(engine: &mut Engine, piece: usize) -> Owner<'_> {
    Owner(RefCell::new(engine), piece)
}
