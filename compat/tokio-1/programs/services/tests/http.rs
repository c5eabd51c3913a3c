//! HTTP by axum and reqwest: plain, and HTTP/2 over TLS.

use services::{Result, tls, web};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

#[tokio::test]
async fn requests_over_tls_go_by_http_2() -> Result<()> {
    let (address, certificate) = tls::serve(web::routes()).await?;
    let client = reqwest::Client::builder()
        .add_root_certificate(reqwest::Certificate::from_der(&certificate)?)
        .build()?;
    let url = format!("https://localhost:{}/version", address.port());
    let mut requests = JoinSet::new();
    for _ in 0..20 {
        let (client, url) = (client.clone(), url.clone());
        requests.spawn(async move { client.get(url).send().await?.text().await });
    }
    let mut answers = 0;
    while let Some(answer) = requests.join_next().await {
        assert_eq!(answer??, "HTTP/2.0");
        answers += 1;
    }
    assert_eq!(answers, 20);
    Ok(())
}

#[tokio::test]
async fn a_client_that_does_not_know_the_certificate_is_refused() -> Result<()> {
    let (address, _) = tls::serve(web::routes()).await?;
    let client = reqwest::Client::new();
    let error = client.get(format!("https://localhost:{}/version", address.port())).send().await;
    assert!(error.unwrap_err().is_connect());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_answers_what_it_was_asked() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/slow", listener.local_addr()?);
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(async move {
        axum::serve(listener, web::routes())
            .with_graceful_shutdown(async { _ = stopped.await })
            .await
    });
    tls::choose_provider();
    let client = reqwest::Client::new();
    assert_eq!(client.get(&url).send().await?.text().await?, "slow");
    let mut requests = JoinSet::new();
    for _ in 0..50 {
        let (client, url) = (client.clone(), url.clone());
        requests.spawn(async move { client.get(url).send().await?.text().await });
    }
    let first = requests.join_next().await.expect("there are 50 requests");
    assert_eq!(first??, "slow");
    drop(stop);
    while let Some(answer) = requests.join_next().await {
        match answer? {
            Ok(text) => assert_eq!(text, "slow"),
            // A request that came after the end of the listener.
            Err(error) => assert!(error.is_connect() || error.is_request(), "{error:?}"),
        }
    }
    drop(client);
    server.await??;
    Ok(())
}
