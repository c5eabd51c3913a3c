#[minato::test(engine = "sim", seeds = 0)]
async fn no_seed() {}

#[minato::test(engine = "sim", seeds = 7..7)]
async fn no_seed_of_a_range() {}

#[minato::test(seeds = 100)]
async fn seeds_of_the_operating_system() {}

#[minato::test(engine = "sim", flavor = "multi_thread")]
async fn several_threads() {}

#[minato::test(engine = "real")]
async fn another_engine() {}

#[minato::test(engine = "sim")]
fn neither_a_future_nor_a_scenario() {}

#[minato::test(engine = "all")]
fn a_scenario_of_both(sim: &mut minato::sim::Simulation) {
    _ = sim;
}

#[minato::main(engine = "sim")]
async fn main() {}
