//! An echo service, run from a plain `main`.

use minato::{io, net::TcpListener};

pub(crate) async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (mut socket, _) = listener.accept().await?;
        minato::spawn(async move {
            let (mut reader, mut writer) = socket.split();
            io::copy(&mut reader, &mut writer).await
        });
    }
}

pub(crate) fn main() -> io::Result<()> {
    pollster::block_on(async { serve(TcpListener::bind("127.0.0.1:7000").await?).await })
}
