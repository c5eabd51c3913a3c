//! What is shown and written of the results.

pub mod chart;
pub mod compare;
pub mod folder;
pub mod json;
pub mod summary;
pub mod table;
