//! Which threads the process has when all of it has run: those of one runtime, and of nothing else.
//!
//! This is one test in a program of its own, since it looks at the whole process.

use std::collections::BTreeSet;
use std::time::Duration;

use services::book::{Book, Booking};
use services::grpc::{self, Watch};
use services::{Result, tls, web};
use tokio::net::TcpListener;
use tonic::transport::{Endpoint, Server};

/// The names of the threads of this process, each once.
fn threads() -> BTreeSet<String> {
    let tasks = std::fs::read_dir("/proc/self/task").expect("a list of threads");
    // A thread may end while the list is read.
    let name = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm")).ok();
    tasks.flatten().filter_map(name).map(|name| name.trim_end().to_owned()).collect()
}

/// Whether a name is one of the runtime's that plays tokio here, of the test harness, or of sqlx.
fn expected(name: &str) -> bool {
    let played = std::any::type_name::<tokio::net::TcpStream>().starts_with("minato");
    let runtime = if played { "minato" } else { "tokio" };
    let test = "the_threads_are_those_of_one_runtime";
    name.starts_with(runtime)
        || name.starts_with("sqlx-sqlite")
        // The harness: its first thread has the program's name, and the test's thread the test's.
        // The system keeps 15 bytes of a name.
        || name.starts_with("threads-")
        || test.starts_with(name)
}

#[test]
fn the_threads_are_those_of_one_runtime() -> Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let file =
            std::env::temp_dir().join(format!("berths-{}-threads.sqlite", std::process::id()));
        let book = Book::open(&file).await?;
        assert!(book.add(&Booking { berth: 1, ship: "Argo".into() }).await?);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let plain = listener.local_addr()?;
        let routes = web::routes_with(book.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let (secure, certificate) = tls::serve(web::routes()).await?;
        let client = reqwest::Client::builder()
            .add_root_certificate(reqwest::Certificate::from_der(&certificate)?)
            .build()?;
        // By a name, so that it is looked up.
        let version = format!("https://localhost:{}/version", secure.port());
        assert_eq!(client.get(version).send().await?.text().await?, "HTTP/2.0");
        let bookings: Vec<Booking> = client
            .get(format!("http://localhost:{}/bookings", plain.port()))
            .send()
            .await?
            .json()
            .await?;
        assert_eq!(bookings.len(), 1);
        tokio_tungstenite::connect_async(format!("ws://{plain}/echo")).await?;
        let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        tokio::spawn(Server::builder().add_service(Watch).serve(address));
        let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
        let channel = loop {
            match endpoint.connect().await {
                Ok(channel) => break channel,
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        };
        assert_eq!(grpc::tides(channel, "tide").await?.len(), 5);
        tokio::fs::metadata(&file).await?;
        let threads = threads();
        println!("{threads:?}");
        assert!(threads.iter().all(|name| expected(name)), "{threads:?}");
        book.close().await;
        tokio::fs::remove_file(file).await?;
        Ok(())
    })
}
