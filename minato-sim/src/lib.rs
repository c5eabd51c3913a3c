//! A deterministic simulated network and clock.
