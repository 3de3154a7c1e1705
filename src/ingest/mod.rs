//! Customers and orders from CSV and NDJSON, with data quality and rejects.
