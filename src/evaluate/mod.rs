//! Which customers match, in columns and bitmaps on all cores; and the trace of why one does or does not.
