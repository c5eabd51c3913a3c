//! WebSockets by tungstenite, found by name. The client masks what it sends by random numbers.

use futures_util::{SinkExt, StreamExt};
use minato::sim::Simulation;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{accept_async, connect_async};

use crate::{Result, play};

async fn echo(stream: TcpStream) -> Result<()> {
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
        let (mut socket, _) = connect_async("ws://server:8090/").await?;
        let mut echoed = Vec::new();
        for number in 0..10 {
            socket.send(format!("message {number}").into()).await?;
            let message = socket.next().await.ok_or("the server has closed")??;
            echoed.push(message.into_text()?.to_string());
        }
        socket.close(None).await?;
        Ok(echoed.join(", "))
    })
}
