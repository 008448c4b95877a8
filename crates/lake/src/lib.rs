//! The append-only log of events and traits, in Parquet, and fast columns over it.
