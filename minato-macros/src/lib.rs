//! The attribute macros of minato.
