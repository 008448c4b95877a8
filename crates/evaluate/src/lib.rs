//! Who is in, as of a moment: pure, synchronous, deterministic.
