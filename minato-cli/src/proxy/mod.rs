//! `minato proxy`: relays connections and datagrams to another server.

mod datagrams;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use minato::net::TcpStream;
use minato::runtime::Runtime;
use minato::time::timeout;

use self::datagrams::DatagramRelay;
use crate::arguments::ProxyOptions;
use crate::serve::{self, Connections};
use crate::shutdown::Shutdown;
use crate::{in_context, say};

/// How long the target may take to answer a connection; the system would wait for minutes.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

pub(crate) fn run(runtime: Runtime, options: &ProxyOptions) -> io::Result<()> {
    serve::snapshots(&runtime, options.inspect.as_deref())?;
    let ended = runtime.block_on(async {
        let targets: Arc<[SocketAddr]> = options.target.resolve().await?.into();
        let (listener, socket) = serve::listen(&options.listen).await?;
        let local = listener.local_addr()?;
        if targets.contains(&local) {
            let message = format!("the target {} is the proxy itself", options.target);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let shutdown = Shutdown::on_ctrl_c()?;
        let target = &options.target;
        say(format_args!("proxy on {local} to {target}, TCP and UDP; Ctrl-C ends it"))?;

        let relay = DatagramRelay::new(socket, targets[0], options.idle, options.udp_clients);
        let connections = Connections::new();
        let accepting = connections.accept(listener, move |client| {
            let targets = targets.clone();
            async move {
                if let Err(error) = relay_stream(client, &targets).await {
                    eprintln!("proxy: {error}");
                }
            }
        });
        let grace = options.ending.grace;
        let datagrams = |stop| relay.run(stop);
        serve::until_ctrl_c(shutdown, accepting, datagrams, connections, grace).await
    });
    runtime.shutdown_background();
    ended
}

/// Relays both directions until both have ended. Only a target that cannot be reached is an error;
/// either side may end its connection in any way.
async fn relay_stream(mut client: TcpStream, targets: &[SocketAddr]) -> io::Result<()> {
    let unreachable =
        |error: &io::Error| in_context(&format!("cannot reach {}", targets[0]), error);
    let mut server = match timeout(CONNECT_LIMIT, TcpStream::connect(targets)).await {
        Ok(connected) => connected.map_err(|error| unreachable(&error))?,
        Err(_) => return Err(unreachable(&io::ErrorKind::TimedOut.into())),
    };
    _ = client.set_nodelay(true);
    _ = server.set_nodelay(true);
    _ = minato::io::copy_bidirectional(&mut client, &mut server).await;
    Ok(())
}
