//! Timers on every thread and executor, and the clocks they go by.

mod kit;

mod timers;
