//! Compiles, and runs without output.

use minato as renamed;

#[minato::main(flavor = "multi_thread", worker_threads = 2, crate = "renamed")]
async fn helper(number: u8) -> Result<u8, std::num::ParseIntError> {
    let other: u8 = "4".parse()?;
    Ok(number + other)
}

#[minato::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    assert_eq!(std::thread::spawn(|| helper(3)).join().expect("no panic")?, 7);
    Ok(())
}
