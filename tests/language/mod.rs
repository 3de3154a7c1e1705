//! Tests of `language` and of the renderers of its diagnostics.

mod dump;
mod fixes;
mod golden;
mod pages;
mod properties;
mod render;
