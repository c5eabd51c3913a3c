//! The writing helpers and the copies, cut off.

use std::io::IoSlice;
use std::rc::Rc;
use std::sync::LazyLock;

use minato::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use minato::net::TcpStream;

use super::knife::{Knife, Late, dribble, pair, scenarios};

scenarios! {
    write;
    write_vectored;
    write_all_buf;
    write_all_goes_on;
    shutdown;
    copy_goes_on;
    copy_buf;
    copy_bidirectional;
}

/// Far more than the buffers of both ends take, an outbox included.
const LEN: usize = 200_000;

fn pattern() -> &'static [u8] {
    static PATTERN: LazyLock<Vec<u8>> =
        LazyLock::new(|| (0..LEN).map(|at| (at * 31 + at / 251) as u8).collect());
    &PATTERN
}

/// Reads slowly until the end.
fn collect(mut stream: TcpStream) -> minato::task::JoinHandle<Vec<u8>> {
    minato::spawn(async move {
        let mut all = Vec::new();
        let mut buf = vec![0; 20_000];
        loop {
            match stream.read(&mut buf).await.unwrap() {
                0 => return all,
                read => all.extend_from_slice(&buf[..read]),
            }
        }
    })
}

async fn write(knife: Rc<Knife>) {
    let (mut client, server) = pair().await;
    let collecting = collect(server);
    let pattern = pattern();
    let mut sent = 0;
    while sent < LEN {
        if let Some(written) = knife.cut(Late::Once, client.write(&pattern[sent..])).await {
            sent += written.unwrap();
        }
    }
    drop(client);
    assert!(collecting.await.unwrap() == pattern);
}

async fn write_vectored(knife: Rc<Knife>) {
    let (mut client, server) = pair().await;
    let collecting = collect(server);
    let pattern = pattern();
    let mut sent = 0;
    while sent < LEN {
        let pieces: Vec<_> = pattern[sent..].chunks(30_000).map(IoSlice::new).collect();
        if let Some(written) = knife.cut(Late::Once, client.write_vectored(&pieces)).await {
            sent += written.unwrap();
        }
    }
    drop(client);
    assert!(collecting.await.unwrap() == pattern);
}

async fn write_all_buf(knife: Rc<Knife>) {
    let (mut client, server) = pair().await;
    let collecting = collect(server);
    let pattern = pattern();
    let mut left = pattern;
    while knife.cut(Late::Once, client.write_all_buf(&mut left)).await.is_none() {}
    drop(client);
    assert!(collecting.await.unwrap() == pattern);
}

/// How much a `write_all` has written is lost with it, but never anything from the middle.
async fn write_all_goes_on(knife: Rc<Knife>) {
    let (mut client, server) = pair().await;
    let collecting = collect(server);
    let pattern = pattern();
    let cut = knife.cut(Late::Once, client.write_all(pattern)).await.is_none();
    client.write_all(b"and on").await.unwrap();
    client.shutdown().await.unwrap();
    let all = collecting.await.unwrap();
    let front = all.strip_suffix(b"and on").expect("the rest is missing");
    assert!(pattern.starts_with(front));
    assert!(cut || front.len() == LEN);
}

async fn shutdown(knife: Rc<Knife>) {
    let (mut client, server) = pair().await;
    let collecting = collect(server);
    client.write_all(b"all of it").await.unwrap();
    while knife.cut(Late::Once, client.shutdown()).await.is_none() {}
    assert_eq!(collecting.await.unwrap(), b"all of it");
}

/// `copy` loses what it had read and not written, as its docs say, and nothing else.
async fn copy_goes_on(knife: Rc<Knife>) {
    let (mut source_end, mut source) = pair().await;
    let (mut sink, sink_end) = pair().await;
    let collecting = collect(sink_end);
    let sending = minato::spawn(async move {
        source_end.write_all(pattern()).await.unwrap();
    });
    let copied = knife.cut(Late::OnceInEach(2), minato::io::copy(&mut source, &mut sink)).await;
    let was_cut = copied.is_none();
    minato::io::copy(&mut source, &mut sink).await.unwrap();
    drop(sink);
    sending.await.unwrap();
    let (all, pattern) = (collecting.await.unwrap(), pattern());
    let front = pattern.iter().zip(&all).take_while(|(one, other)| one == other).count();
    assert!(pattern.ends_with(&all[front..]), "more than one gap, or none at the cut");
    assert!(was_cut || all.len() == LEN);
}

async fn copy_buf(knife: Rc<Knife>) {
    let (mut source_end, source) = pair().await;
    let (mut sink, sink_end) = pair().await;
    let collecting = collect(sink_end);
    let sending = minato::spawn(async move {
        source_end.write_all(pattern()).await.unwrap();
    });
    let mut source = BufReader::new(source);
    while knife
        .cut(Late::OnceInEach(2), minato::io::copy_buf(&mut source, &mut sink))
        .await
        .is_none()
    {}
    drop(sink);
    sending.await.unwrap();
    assert!(collecting.await.unwrap() == pattern());
}

async fn copy_bidirectional(knife: Rc<Knife>) {
    let (client, mut near) = pair().await;
    let (mut far, server) = pair().await;
    let talking = dribble(client, &["to ", "the ", "server"], true);
    let answering = dribble(server, &["to the ", "client"], true);
    let copied =
        knife.cut(Late::OnceInEach(4), minato::io::copy_bidirectional(&mut near, &mut far)).await;
    match copied {
        Some(copied) => assert_eq!(copied.unwrap(), (13, 13)),
        None => drop(minato::io::copy_bidirectional(&mut near, &mut far).await.unwrap()),
    }
    let (mut client, mut server) = (talking.await.unwrap(), answering.await.unwrap());
    let (mut at_client, mut at_server) = (String::new(), String::new());
    client.read_to_string(&mut at_client).await.unwrap();
    server.read_to_string(&mut at_server).await.unwrap();
    // These pieces are written the moment they are read, so nothing is ever in between.
    assert_eq!((&*at_client, &*at_server), ("to the client", "to the server"));
}
