//! One seed is one run: the same in two processes, and twice in one.

use std::collections::HashSet;
use std::process::Command;

use simulated::SCENARIOS;

const SEEDS: [u64; 3] = [1, 2, 3];

/// What the program prints for all scenarios and seeds, in a process of its own.
fn run() -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_simulated")).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_seed_has_one_hash_in_two_processes() {
    let (one, two) = (run(), run());
    print!("{one}");
    for (one, two) in one.lines().zip(two.lines()) {
        assert_eq!(one, two);
    }
    assert_eq!(one, two);
}

#[test]
fn seeds_differ_and_a_run_is_the_same_beside_others() {
    for scenario in &SCENARIOS {
        let hash = |seed: u64| scenario.run(seed).map(|report| report.hash);
        let hashes: Vec<u64> = std::thread::scope(|scope| {
            let runs = SEEDS.map(|seed| scope.spawn(move || hash(seed).unwrap()));
            runs.map(|run| run.join().unwrap()).to_vec()
        });
        let different: HashSet<_> = hashes.iter().collect();
        assert_eq!(different.len(), SEEDS.len(), "{}", scenario.name);
        for (seed, expected) in SEEDS.into_iter().zip(hashes) {
            assert_eq!(hash(seed).unwrap(), expected, "{}, seed {seed}", scenario.name);
        }
    }
}
