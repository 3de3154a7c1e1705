//! Durable state. The only module that names sled.
