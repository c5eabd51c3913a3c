//! What is shown and written of the results.

pub mod json;
pub mod table;
