//! Unix sockets: streams, listeners, datagrams, and what passes through them besides bytes.

#[allow(dead_code, reason = "each test binary uses a part of it")]
mod everywhere;
#[allow(dead_code, unused_imports, unused_macros, reason = "each test binary uses a part of it")]
mod kit;

mod unix {
    mod ancillary;
    mod datagrams;
    mod standard;
    mod streams;
}

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}
