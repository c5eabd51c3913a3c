#[minato::main(start_paused = "no")]
fn main() {}
