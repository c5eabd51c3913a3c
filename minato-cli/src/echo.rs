//! `minato echo`: sends back what it receives.

use std::convert::Infallible;
use std::io;

use minato::io::AsyncWriteExt;
use minato::net::{TcpStream, UdpSocket};
use minato::runtime::Runtime;

use crate::arguments::EchoOptions;
use crate::say;
use crate::serve::{self, Connections};
use crate::shutdown::Shutdown;

/// The longest datagram there can be.
pub(crate) const MAX_DATAGRAM: usize = 65_535;

pub(crate) fn run(runtime: Runtime, options: &EchoOptions) -> io::Result<()> {
    let ended = runtime.block_on(async {
        let (listener, socket) = serve::listen(&options.address).await?;
        let shutdown = Shutdown::on_ctrl_c()?;
        say(format_args!("echo on {}, TCP and UDP; Ctrl-C ends it", listener.local_addr()?))?;
        let connections = Connections::new();
        let accepting = connections.accept(listener, |stream| async {
            // A client that resets its connection is its own business.
            _ = echo_stream(stream).await;
        });
        let datagrams = echo_datagrams(socket);
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

async fn echo_datagrams(socket: UdpSocket) -> io::Result<Infallible> {
    let mut buffer = vec![0; MAX_DATAGRAM];
    loop {
        let (len, sender) = socket.recv_from(&mut buffer).await?;
        // Who cannot be answered (a closed port, a forged address) must not end the service.
        _ = socket.send_to(&buffer[..len], sender).await;
    }
}
