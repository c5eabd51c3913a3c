#[minato::test]
fn not_async() {}

#[minato::test]
async fn with_arguments(number: u8) {}

#[minato::test]
async fn with_generics<T>() {}

#[minato::test]
#[test]
async fn twice() {}

fn main() {}
