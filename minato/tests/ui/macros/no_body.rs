trait Run {
    #[minato::main]
    async fn run();
}

fn main() {}
