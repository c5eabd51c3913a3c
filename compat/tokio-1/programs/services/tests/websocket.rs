//! WebSockets: axum's upgrade and tokio-tungstenite's client.

use futures_util::{SinkExt, StreamExt};
use services::{Result, web};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn messages_of_all_sizes_come_back() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(async move { axum::serve(listener, web::routes()).await });
    let (mut socket, _) = tokio_tungstenite::connect_async(format!("ws://{address}/echo")).await?;
    for size in [0, 1, 125, 126, 65_535, 65_536, 1_000_000] {
        let message = Message::binary(vec![7_u8; size]);
        socket.send(message.clone()).await?;
        assert_eq!(socket.next().await.expect("the server is there")?, message);
    }
    socket.close(None).await?;
    while let Some(Ok(_)) = socket.next().await {}
    server.abort();
    assert!(server.await.unwrap_err().is_cancelled());
    Ok(())
}
