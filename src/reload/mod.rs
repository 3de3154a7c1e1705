//! Watch the rule files, load a whole set, swap it in.
