//! `#[minato::test(engine = ...)]`, with the sweeps that it makes.

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream};
use minato::sim::{self, Scenario};

/// Echoes over the loopback, on either engine.
#[minato::test(engine = "all", seeds = 20)]
async fn an_echo_on_both_engines() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = minato::spawn(ask(listener.local_addr()?.to_string()));
    answer(&listener).await?;
    assert_eq!(client.await??, *b"ahoy");
    Ok(())
}

async fn ask(address: String) -> std::io::Result<[u8; 4]> {
    let mut stream = TcpStream::connect(&*address).await?;
    stream.write_all(b"ahoy").await?;
    let mut buf = [0; 4];
    stream.read_exact(&mut buf).await?;
    Ok(buf)
}

async fn answer(listener: &TcpListener) -> std::io::Result<()> {
    let (mut stream, _) = listener.accept().await?;
    let mut buf = [0; 4];
    stream.read_exact(&mut buf).await?;
    stream.write_all(&buf).await
}

#[minato::test(engine = "sim", seeds = 3..5)]
async fn a_body_is_the_program_of_a_host() {
    assert_eq!(sim::host().map(|host| host.name()).as_deref(), Some("client"));
    assert!((3..5).contains(&sim::world().map_or(0, |world| world.seed())));
}

#[minato::test(engine = "sim", seeds = 20)]
fn a_function_of_a_scenario_describes_all_hosts(sim: &mut Scenario) {
    sim.host("harbour", |_| async {
        let listener = TcpListener::bind("0.0.0.0:7000").await?;
        loop {
            answer(&listener).await?;
        }
        #[allow(unreachable_code, reason = "it says what the type is")]
        std::io::Result::Ok(())
    });
    sim.client("ship", |_| async {
        assert_eq!(ask("harbour:7000".to_owned()).await?, *b"ahoy");
        std::io::Result::Ok(())
    });
}

#[minato::test(engine = "sim", seeds = 20, must_reach = ["a sixth seed"])]
async fn a_mark_of_one_seed_is_enough() {
    if sim::world().is_some_and(|world| world.seed() == 6) {
        sim::mark("a sixth seed");
    }
}

#[minato::test(engine = "sim", seeds = 20, must_reach = ["never"])]
#[should_panic(expected = "never")]
async fn a_mark_that_no_seed_reaches_fails_the_sweep() {}

#[minato::test(engine = "sim", seeds = 20)]
#[should_panic(expected = "an_error_fails_the_sweep failed with 20 of 20 seeds: client client: no")]
async fn an_error_fails_the_sweep() -> Result<(), &'static str> {
    Err("no")
}
