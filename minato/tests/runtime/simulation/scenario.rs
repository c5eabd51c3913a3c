//! Scenarios: what fails a run, and what does not.

use std::io;
use std::time::Duration;

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream};
use minato::sim::{self, Failure, FaultKind, Scenario, Swarm};
use minato::time::sleep;

/// Answers each byte with the next one.
async fn successor() -> io::Result<()> {
    let listener = TcpListener::bind("0.0.0.0:7000").await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        minato::spawn(async move {
            let mut byte = [0];
            while stream.read(&mut byte).await? > 0 {
                stream.write_all(&[byte[0].wrapping_add(1)]).await?;
            }
            io::Result::Ok(())
        });
    }
}

/// Asks so often, with a pause after each answer.
async fn ask(times: u8, pause: Duration) -> io::Result<()> {
    let mut stream = TcpStream::connect("server:7000").await?;
    for sent in 0..times {
        stream.write_all(&[sent]).await?;
        let mut byte = [0];
        stream.read_exact(&mut byte).await?;
        assert_eq!(byte, [sent + 1]);
        sleep(pause).await;
    }
    Ok(())
}

fn echo(sim: &mut Scenario) {
    sim.host("server", |_| successor());
    sim.client("client", |_| ask(20, Duration::from_millis(50)));
    sim.faults(Swarm::only([FaultKind::Cut]));
    sim.must_finish_within(Duration::from_secs(60));
}

/// The failure of one seed of a scenario.
fn failure(scenario: impl Fn(&mut Scenario) + Send + Sync + 'static) -> Failure {
    sim::sweep(scenario).seeds(0..1).try_run().expect_err("the scenario is to fail")
}

#[test]
fn a_right_service_survives_all_seeds() {
    let report = sim::sweep(echo).seeds(0..200).try_run().unwrap();
    assert_eq!((report.seeds(), report.failed()), (200, 0));
    assert!(report.struck(FaultKind::Cut) > 50, "{report}");
    assert!(report.simulated() > Duration::from_secs(200), "{report}");
}

#[test]
fn a_client_that_returns_an_error_fails_the_run() {
    let failure = failure(|sim| {
        sim.client("client", |_| async { TcpStream::connect("client:1").await.map(drop) });
    });
    assert!(failure.reason().contains("client client: "), "{failure}");
    assert!(failure.reason().contains("refused"), "{failure}");
}
