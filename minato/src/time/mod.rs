//! Time: clock, timer wheel, and the futures over them.

mod wheel;
