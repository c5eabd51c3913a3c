#[minato::main(flavor = "single_thread")]
async fn flavor() {}

#[minato::main(flavor = multi_thread)]
async fn flavor_without_quotes() {}

#[minato::main(worker_threads = 0)]
async fn no_threads() {}

#[minato::main(worker_threads = "4")]
async fn threads_in_quotes() {}

#[minato::main(start_paused = 1)]
async fn paused() {}

#[minato::main(crate = minato)]
async fn path_without_quotes() {}

#[minato::main(crate = "not a path")]
async fn path() {}

fn main() {}
