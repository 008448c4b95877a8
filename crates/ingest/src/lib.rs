//! From messages to identified, deduplicated, durable facts.
