//! A server of axum's and a client of reqwest's.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use minato::sim::Simulation;
use reqwest::{Certificate, Client};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::{Result, play, tls};

/// How many wait at the same time for what takes a minute.
const PATIENT: usize = 30;

fn routes() -> Router {
    let slow = || async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        "slow"
    };
    Router::new().route("/", get(|| async { "hello" })).route("/slow", get(slow))
}

/// The client finds the server by its address.
pub(crate) fn by_address(simulation: &mut Simulation) -> Result<String> {
    let address = simulation.world().host("server").ip();
    plain(simulation, format!("http://{address}"))
}

/// The client asks for the server's name, by the C library's function.
pub(crate) fn by_name(simulation: &mut Simulation) -> Result<String> {
    plain(simulation, "http://server".to_owned())
}

fn plain(simulation: &mut Simulation, server: String) -> Result<String> {
    drop(simulation.spawn("server", async {
        let listener = TcpListener::bind("0.0.0.0:80").await?;
        axum::serve(listener, routes()).await
    })?);
    play(simulation, async move {
        let client = Client::builder().timeout(Duration::from_secs(100)).build()?;
        let first = client.get(&server).send().await?;
        let date = first.headers().get("date").cloned();
        let mut lengths = first.text().await?.len();
        let mut waiting = JoinSet::new();
        for _ in 0..PATIENT {
            let request = client.get(format!("{server}/slow"));
            waiting.spawn(async move { request.send().await?.text().await });
        }
        while let Some(answer) = waiting.join_next().await {
            lengths += answer??.len();
        }
        // The clock of the world is in the bytes.
        Ok(format!("{lengths} bytes, {date:?}"))
    })
}

/// Server and client on one host, with HTTP/2 over TLS: random numbers are in nearly every byte.
pub(crate) fn encrypted(simulation: &mut Simulation) -> Result<String> {
    play(simulation, async {
        let (address, certificate) = tls::serve(routes()).await?;
        let client = Client::builder()
            .add_root_certificate(Certificate::from_der(&certificate)?)
            .timeout(Duration::from_secs(100))
            .build()?;
        let answer = client.get(format!("https://localhost:{}/", address.port())).send().await?;
        Ok(format!("{:?} {}", answer.version(), answer.text().await?))
    })
}
