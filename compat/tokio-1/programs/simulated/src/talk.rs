//! WebSockets by tungstenite, found by name. The client masks what it sends by random numbers.

use futures_util::{SinkExt, StreamExt};
use minato::sim::Simulation;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, accept_async, connect_async};

use crate::{Result, play};

pub(crate) async fn echo(stream: TcpStream) -> Result<()> {
    let mut socket = accept_async(stream).await?;
    while let Some(message) = socket.next().await {
        let message = message?;
        if message.is_close() {
            break;
        }
        socket.send(message).await?;
    }
    Ok(())
}

/// The client's end.
pub(crate) type Talking = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(crate) async fn connect(url: &str) -> Result<Talking> {
    Ok(connect_async(url).await?.0)
}

/// Says something, and returns what comes back.
pub(crate) async fn hear(socket: &mut Talking, said: &str) -> Result<String> {
    socket.send(said.into()).await?;
    let message = socket.next().await.ok_or("the server has closed")??;
    Ok(message.into_text()?.to_string())
}

pub(crate) fn over_a_websocket(simulation: &mut Simulation) -> Result<String> {
    drop(simulation.spawn("server", async {
        let listener = TcpListener::bind("0.0.0.0:8090").await?;
        loop {
            tokio::spawn(echo(listener.accept().await?.0));
        }
        #[expect(unreachable_code, reason = "it says what the loop may fail with")]
        Result::Ok(())
    })?);
    play(simulation, async {
        let mut socket = connect("ws://server:8090/").await?;
        let mut echoed = Vec::new();
        for number in 0..10 {
            echoed.push(hear(&mut socket, &format!("message {number}")).await?);
        }
        socket.close(None).await?;
        Ok(echoed.join(", "))
    })
}
