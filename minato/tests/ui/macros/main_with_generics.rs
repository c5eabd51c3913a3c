#[minato::main]
async fn main<T>() {}
