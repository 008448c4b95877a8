//! One run, the schedule, the backfill; owns the clock and the door to the CPU.
