//! gRPC by tonic: one answer, many answers, an error, a server that ends.

use std::time::Duration;

use services::Result;
use services::grpc::{self, Watch};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::Code;
use tonic::transport::{Endpoint, Server};

#[tokio::test]
async fn calls_and_streams_are_answered() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(
        Server::builder()
            .add_service(Watch)
            .serve_with_incoming_shutdown(TcpListenerStream::new(listener), async {
                _ = stopped.await
            }),
    );
    let channel = Endpoint::from_shared(format!("http://{address}"))?
        .connect_timeout(Duration::from_secs(20))
        .connect()
        .await?;
    assert_eq!(grpc::hail(channel.clone(), "Minato").await?, "ahoy, Minato");
    let error = grpc::hail(channel.clone(), "").await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::InvalidArgument, "who hails?"));
    let tides = grpc::tides(channel.clone(), "tide").await?;
    assert_eq!(tides, ["tide 0", "tide 1", "tide 2", "tide 3", "tide 4"]);
    drop((channel, stop));
    server.await??;
    Ok(())
}

#[tokio::test]
async fn a_server_binds_its_own_address() -> Result<()> {
    // A port that was free a moment ago: `serve` takes an address and tells no other.
    let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let server = tokio::spawn(Server::builder().add_service(Watch).serve(address));
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
    let channel = loop {
        match endpoint.connect().await {
            Ok(channel) => break channel,
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    };
    assert_eq!(grpc::hail(channel, "Minato").await?, "ahoy, Minato");
    server.abort();
    Ok(())
}
