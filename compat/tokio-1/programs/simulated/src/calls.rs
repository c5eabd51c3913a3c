//! gRPC by tonic.

use std::time::Duration;

use minato::sim::Simulation;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Endpoint, Server};

use crate::grpc::{self, Watch};
use crate::{Result, play};

/// The server takes connections of a listener that tokio has made.
pub(crate) fn over_a_listener(simulation: &mut Simulation) -> Result<String> {
    drop(simulation.spawn("server", async {
        let listener = TcpListenerStream::new(TcpListener::bind("0.0.0.0:50051").await?);
        Result::Ok(Server::builder().add_service(Watch).serve_with_incoming(listener).await?)
    })?);
    let address = simulation.world().host("server").ip();
    ask(simulation, format!("http://{address}:50051"))
}

/// The server binds by std, and the client asks for a name.
pub(crate) fn by_name(simulation: &mut Simulation) -> Result<String> {
    drop(simulation.spawn("server", async {
        let any = "0.0.0.0:80".parse()?;
        Result::Ok(Server::builder().add_service(Watch).serve(any).await?)
    })?);
    ask(simulation, "http://server:80".to_owned())
}

fn ask(simulation: &mut Simulation, server: String) -> Result<String> {
    play(simulation, async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let endpoint = Endpoint::from_shared(server)?.connect_timeout(Duration::from_secs(5));
        let channel = endpoint.connect().await?;
        let answer = grpc::hail(channel.clone(), "Minato").await?;
        Ok(format!("{answer}, {:?}", grpc::tides(channel, "tide").await?))
    })
}
