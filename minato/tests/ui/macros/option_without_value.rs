#[minato::main(flavor)]
async fn main() {}
