//! `minato echo`: sends back what it receives.

use std::io;

use minato::io::AsyncWriteExt;
use minato::net::TcpStream;
use minato::runtime::Runtime;

use crate::arguments::EchoOptions;
use crate::say;
use crate::serve::{self, Connections};
use crate::shutdown::Shutdown;

pub(crate) fn run(runtime: Runtime, options: &EchoOptions) -> io::Result<()> {
    serve::snapshots(&runtime, options.inspect.as_deref())?;
    let ended = runtime.block_on(async {
        let (listener, socket) = serve::listen(&options.address).await?;
        let shutdown = Shutdown::on_ctrl_c()?;
        say(format_args!("echo on {}, TCP and UDP; Ctrl-C ends it", listener.local_addr()?))?;
        let connections = Connections::new();
        let accepting = connections.accept(listener, |stream| async {
            // A client may reset its connection.
            _ = echo_stream(stream).await;
        });
        let socket = &socket;
        let datagrams = |stop| {
            serve::each_datagram(socket, stop, async |datagram, sender| {
                // A client that cannot be answered (a closed port, a forged address) does not end
                // the loop.
                _ = socket.send_to(datagram, sender).await;
            })
        };
        serve::until_ctrl_c(shutdown, accepting, datagrams, connections, options.ending.grace).await
    });
    runtime.shutdown_background();
    ended
}

async fn echo_stream(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut reader, mut writer) = stream.split();
    minato::io::copy(&mut reader, &mut writer).await?;
    writer.shutdown().await
}
