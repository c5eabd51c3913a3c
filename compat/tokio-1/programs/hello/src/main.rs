//! `hello current|multi`: serves `hello` on one thread, or by one worker, until its input ends.

use axum::Router;
use axum::routing::get;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::runtime::Builder;

fn main() -> std::io::Result<()> {
    let flavour = std::env::args().nth(1);
    let runtime = match flavour.as_deref() {
        Some("current") => Builder::new_current_thread().enable_all().build()?,
        Some("multi") => Builder::new_multi_thread().worker_threads(1).enable_all().build()?,
        _ => {
            eprintln!("usage: hello current|multi");
            std::process::exit(2);
        }
    };
    runtime.block_on(async {
        let routes = Router::new().route("/", get(|| async { "hello" }));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("listening on {}", listener.local_addr()?);
        let end = async {
            _ = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
        };
        tokio::select! {
            result = async { axum::serve(listener, routes).await } => result,
            () = end => Ok(()),
        }
    })
}
