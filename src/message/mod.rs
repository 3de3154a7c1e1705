//! Find message files, check their placeholders, render them. Pure.
