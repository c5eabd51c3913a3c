//! Under somebody else's executor: Minato's sockets in smol's tasks.
//!
//! A socket needs nothing from the executor but the standard waker. So you choose sockets and an
//! executor independently, and a library may use Minato without its users knowing.

use std::io;

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream};

async fn serve(listener: TcpListener, executor: &smol::Executor<'static>) -> io::Result<()> {
    loop {
        let (mut socket, _) = listener.accept().await?;
        // Not ours: `minato::spawn` would work as well, and start the default runtime.
        let echo = executor.spawn(async move {
            let (mut reader, mut writer) = socket.split();
            minato::io::copy(&mut reader, &mut writer).await?;
            writer.shutdown().await
        });
        echo.detach();
    }
}

fn main() -> io::Result<()> {
    let executor = smol::Executor::new();
    smol::block_on(executor.run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;

        let clients: Vec<_> = (0..4)
            .map(|number| {
                executor.spawn(async move {
                    let mut client = TcpStream::connect(address).await?;
                    let question = format!("client {number} was here");
                    client.write_all(question.as_bytes()).await?;
                    client.shutdown().await?;
                    let mut answer = String::new();
                    client.read_to_string(&mut answer).await?;
                    assert_eq!(answer, question);
                    io::Result::Ok(answer)
                })
            })
            .collect();
        let all = async {
            for client in clients {
                println!("{}", client.await?);
            }
            Ok(())
        };
        // The program ends with the clients; the server never ends.
        smol::future::or(all, serve(listener, &executor)).await
    }))
}
