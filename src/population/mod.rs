//! Customers, their orders and events in columns, in memory, in chunks behind `Arc`.
