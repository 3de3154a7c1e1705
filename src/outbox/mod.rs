//! Messages on their way: claims, retries, dead letters, doubt.
