//! The append-only log of events and traits, in Parquet.
