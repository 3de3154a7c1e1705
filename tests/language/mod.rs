//! Tests of `language` and of the renderers of its diagnostics.

pub(crate) mod dump;
mod fixes;
mod format;
mod golden;
mod pages;
mod properties;
mod render;
