//! Customers and orders with a known truth.
