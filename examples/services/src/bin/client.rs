//! hyper-util's pooled client over our sockets: fetches ADDRESS several times at once, then once
//! more over a connection that is kept, and prints what came.

use http_body_util::{BodyExt, Empty};
use hyper::Uri;
use hyper::body::Bytes;
use minato::task::JoinSet;
use minato_http::{BoxError, Client, client};

async fn fetch(client: Client<Empty<Bytes>>, uri: Uri) -> Result<(u16, usize), BoxError> {
    let answer = client.get(uri).await?;
    let status = answer.status().as_u16();
    Ok((status, answer.into_body().collect().await?.to_bytes().len()))
}

#[minato::main]
async fn main() -> Result<(), BoxError> {
    let uri = std::env::args().nth(1).ok_or("usage: client http://ADDRESS/PATH")?;
    let uri: Uri = uri.parse()?;
    let client = client();
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        tasks.spawn(fetch(client.clone(), uri.clone()));
    }
    for answer in tasks.join_all().await {
        let (status, length) = answer?;
        println!("{status}, {length} bytes");
    }
    // The pool has idle connections now.
    println!("{:?}", fetch(client, uri).await?);
    Ok(())
}
