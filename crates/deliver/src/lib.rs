//! Keeps a destination's copy of an audience in step.
