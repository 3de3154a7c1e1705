//! Tests of `ingest`.
