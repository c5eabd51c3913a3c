//! Clients of reqwest's and tonic's while the network between them is cut.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use minato::sim::Simulation;
use reqwest::Client;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};
use tonic::transport::{Endpoint, Server};

use crate::grpc::{self, Watch};
use crate::{Result, play};

const SERVERS: [&str; 2] = ["web", "grpc"];

/// How many rounds there are, and which are the first of the cut and the first after it.
const ROUNDS: (u32, u32, u32) = (14, 3, 8);

pub(crate) fn and_healed(simulation: &mut Simulation) -> Result<String> {
    drop(simulation.spawn("web", async {
        let routes = Router::new().route("/", get(|| async { "hello" }));
        axum::serve(TcpListener::bind("0.0.0.0:80").await?, routes).await
    })?);
    drop(simulation.spawn("grpc", async {
        let server = Server::builder()
            .http2_keepalive_interval(Some(Duration::from_secs(5)))
            .http2_keepalive_timeout(Some(Duration::from_secs(5)));
        Result::Ok(server.clone().add_service(Watch).serve("0.0.0.0:50051".parse()?).await?)
    })?);
    let world = simulation.world().clone();
    play(simulation, async move {
        let client = world.host("client");
        let begin = Instant::now();
        let web = Client::builder().timeout(Duration::from_secs(4)).build()?;
        let channel = Endpoint::from_static("http://grpc:50051")
            .connect_timeout(Duration::from_secs(3))
            .timeout(Duration::from_secs(4))
            .http2_keep_alive_interval(Duration::from_secs(2))
            .keep_alive_timeout(Duration::from_secs(3))
            .keep_alive_while_idle(true)
            .connect_lazy();
        let (rounds, cut, healed) = ROUNDS;
        let mut log = String::new();
        for round in 0..rounds {
            for server in SERVERS.map(|name| world.host(name)) {
                if round == cut {
                    world.partition(&client, &server);
                } else if round == healed {
                    world.heal(&client, &server);
                }
            }
            let page = match web.get("http://web/").send().await {
                Ok(response) => response.text().await?,
                Err(error) if error.is_timeout() => "timeout".to_owned(),
                Err(error) => format!("{error:?}"),
            };
            let call = match grpc::hail(channel.clone(), "Minato").await {
                Ok(answer) => answer,
                Err(status) => format!("{:?}", status.code()),
            };
            let is_cut = (cut..healed).contains(&round);
            if is_cut == (page == "hello") || (!is_cut && !call.starts_with("ahoy")) {
                return Err(format!("round {round}: {page}, {call}\n{log}").into());
            }
            log += &format!("\n  {:.3} s: {page}, {call}", begin.elapsed().as_secs_f64());
            sleep(Duration::from_secs(2)).await;
        }
        Ok(log)
    })
}
