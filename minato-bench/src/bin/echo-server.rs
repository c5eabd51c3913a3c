//! The echo servers of all peers behind one command line.

use std::future::Future;
use std::io;

use minato_bench::BUFFER;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let peer = arguments.next().unwrap_or_default();
    let connections = arguments.next().and_then(|count| count.parse().ok()).unwrap_or(1);
    match peer.as_str() {
        "minato-current" => {
            let runtime = minato::runtime::Builder::new_current_thread().build()?;
            runtime.block_on(minato_server(connections))
        }
        "minato-multi" => {
            let builder = minato::runtime::Builder::new_multi_thread().worker_threads(1);
            in_task(builder.build()?, connections)
        }
        "tokio-current" => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(tokio_server(connections))
        }
        "tokio-multi" => {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            let runtime = builder.worker_threads(1).enable_all().build()?;
            runtime.block_on(async { tokio::spawn(tokio_server(connections)).await? })
        }
        "smol" => smol::block_on(smol_server(connections)),
        _ => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "usage: echo-server minato-current|minato-multi|tokio-current|tokio-multi|smol COUNT",
        )),
    }
}

fn in_task(runtime: minato::runtime::Runtime, connections: usize) -> io::Result<()> {
    runtime.block_on(async move { minato::spawn(minato_server(connections)).await? })
}

/// Tells the address, and has `serve` do the rest.
async fn announced<F: Future<Output = io::Result<()>>>(
    address: std::net::SocketAddr,
    serve: F,
) -> io::Result<()> {
    println!("{address}");
    serve.await
}

async fn minato_server(connections: usize) -> io::Result<()> {
    use minato::io::{AsyncReadExt, AsyncWriteExt};
    let listener = minato::net::TcpListener::bind("127.0.0.1:0").await?;
    announced(listener.local_addr()?, async {
        let mut tasks = Vec::new();
        for _ in 0..connections {
            let (mut stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tasks.push(minato::spawn(async move {
                let mut buf = [0; BUFFER];
                loop {
                    match stream.read(&mut buf).await? {
                        0 => return io::Result::Ok(()),
                        len => stream.write_all(&buf[..len]).await?,
                    }
                }
            }));
        }
        for task in tasks {
            task.await??;
        }
        Ok(())
    })
    .await
}

async fn tokio_server(connections: usize) -> io::Result<()> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    announced(listener.local_addr()?, async {
        let mut tasks = Vec::new();
        for _ in 0..connections {
            let (mut stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tasks.push(tokio::spawn(async move {
                let mut buf = [0; BUFFER];
                loop {
                    match stream.read(&mut buf).await? {
                        0 => return io::Result::Ok(()),
                        len => stream.write_all(&buf[..len]).await?,
                    }
                }
            }));
        }
        for task in tasks {
            task.await??;
        }
        Ok(())
    })
    .await
}

async fn smol_server(connections: usize) -> io::Result<()> {
    use smol::io::{AsyncReadExt, AsyncWriteExt};
    let executor = smol::LocalExecutor::new();
    let listener = smol::net::TcpListener::bind("127.0.0.1:0").await?;
    executor
        .run(announced(listener.local_addr()?, async {
            let mut tasks = Vec::new();
            for _ in 0..connections {
                let (mut stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                tasks.push(executor.spawn(async move {
                    let mut buf = [0; BUFFER];
                    loop {
                        match stream.read(&mut buf).await? {
                            0 => return io::Result::Ok(()),
                            len => stream.write_all(&buf[..len]).await?,
                        }
                    }
                }));
            }
            for task in tasks {
                task.await?;
            }
            Ok(())
        }))
        .await
}
