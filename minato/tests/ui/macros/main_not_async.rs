#[minato::main]
fn main() {}
