//! The targets on inputs that are kept, and on some that nobody chose.
//!
//! They are one test, since one of the targets counts the descriptors of the process.

use std::path::Path;

use minato_fuzz::TARGETS;

/// Inputs of random bytes for each target.
const RANDOM: u64 = 100;

#[test]
fn nothing_is_wrong_with_inputs_that_are_kept_and_random_ones() {
    minato_fuzz::hide_expected();
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, run) in TARGETS {
        let kept = std::fs::read_dir(corpus.join(name)).unwrap();
        let kept: Vec<_> = kept.map(|entry| entry.unwrap().path()).collect();
        assert!(!kept.is_empty(), "there is no input for {name}");
        for path in kept {
            println!("{}", path.display());
            run(&std::fs::read(path).unwrap());
        }
        for seed in 0..RANDOM {
            println!("{name}: random input {seed}");
            run(&random(seed));
        }
    }
}

/// Up to 256 bytes that follow from a seed.
fn random(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut byte = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    let length = byte();
    (0..length).map(|_| byte()).collect()
}
