//! What is shown and written of the results.

pub mod chart;
pub mod folder;
pub mod json;
pub mod table;
pub mod target;
