#[minato::main]
struct Main {}

fn main() {}
