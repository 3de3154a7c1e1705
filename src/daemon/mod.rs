//! Start, decider, tick, shutdown: a library over clock, store and channels.
