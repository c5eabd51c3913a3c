#[minato::main(flavor = "current_thread", worker_threads = 4)]
async fn main() {}

#[minato::test(worker_threads = 4)]
async fn the_default_of_tests() {}

#[minato::main(start_paused = true)]
async fn the_default_of_others() {}
