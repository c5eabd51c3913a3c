//! What libFuzzer calls.

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static RUN: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    // libFuzzer's own hook ends the process at every panic, also at those that a target expects.
    minato_fuzz::hide_expected();
    minato_fuzz::target(&std::env::var("MINATO_FUZZ_TARGET").unwrap_or_default())
});

fuzz_target!(|bytes: &[u8]| RUN(bytes));
