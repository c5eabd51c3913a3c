//! The reading helpers, cut off.

use std::rc::Rc;

use minato::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

use super::knife::{Knife, Late, dribble, pair, scenarios};

scenarios! {
    read;
    read_buf;
    read_of_a_borrowed_half;
    read_of_an_owned_half;
    read_to_end;
    read_exact_goes_on;
    read_u8;
    read_until;
    next_line;
    take_and_chain;
}

const PIECES: &[&str] = &["first li", "ne\nsecond\nthi", "rd\r\n", "and ", "the rest"];

fn all() -> String {
    PIECES.concat()
}

async fn read(knife: Rc<Knife>) {
    let (client, mut server) = pair().await;
    let sending = dribble(client, PIECES, true);
    let mut received = Vec::new();
    loop {
        let mut buf = [0; 5];
        let Some(read) = knife.cut(Late::Once, server.read(&mut buf)).await else { continue };
        match read.unwrap() {
            0 => break,
            read => received.extend_from_slice(&buf[..read]),
        }
    }
    assert_eq!(received, all().as_bytes());
    sending.await.unwrap();
}

/// Reads by `read_buf` until the end, each read cut off.
async fn read_all(knife: &Knife, mut reader: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut received = Vec::new();
    loop {
        match knife.cut(Late::Once, reader.read_buf(&mut received)).await {
            Some(read) if read.as_ref().is_ok_and(|read| *read == 0) => return received,
            Some(read) => drop(read.unwrap()),
            None => {}
        }
    }
}

async fn read_buf(knife: Rc<Knife>) {
    let (client, server) = pair().await;
    let sending = dribble(client, PIECES, true);
    assert_eq!(read_all(&knife, server).await, all().as_bytes());
    sending.await.unwrap();
}

async fn read_of_a_borrowed_half(knife: Rc<Knife>) {
    let (client, mut server) = pair().await;
    let sending = dribble(client, PIECES, true);
    let (half, _) = server.split();
    assert_eq!(read_all(&knife, half).await, all().as_bytes());
    sending.await.unwrap();
}

async fn read_of_an_owned_half(knife: Rc<Knife>) {
    let (client, server) = pair().await;
    let sending = dribble(client, PIECES, true);
    let (half, _writing) = server.into_split();
    assert_eq!(read_all(&knife, half).await, all().as_bytes());
    sending.await.unwrap();
}

async fn read_to_end(knife: Rc<Knife>) {
    let (client, mut server) = pair().await;
    let sending = dribble(client, PIECES, true);
    let mut received = Vec::new();
    while knife.cut(Late::Once, server.read_to_end(&mut received)).await.is_none() {}
    assert_eq!(received, all().as_bytes());
    sending.await.unwrap();
}

/// What `read_exact` had read is lost with it, as its docs say; what it had not is not.
async fn read_exact_goes_on(knife: Rc<Knife>) {
    let (client, mut server) = pair().await;
    let sending = dribble(client, PIECES, true);
    let mut buf = [0; 20];
    let first = knife.cut(Late::Once, server.read_exact(&mut buf)).await;
    let was_cut = first.is_none();
    let mut rest = String::new();
    server.read_to_string(&mut rest).await.unwrap();
    assert!(all().ends_with(&rest), "{rest:?}");
    if !was_cut {
        assert_eq!(rest, all()[20..]);
        assert_eq!(buf, all().as_bytes()[..20]);
    }
    sending.await.unwrap();
}

async fn read_u8(knife: Rc<Knife>) {
    let (client, mut server) = pair().await;
    let sending = dribble(client, PIECES, true);
    let mut received = Vec::new();
    loop {
        match knife.cut(Late::Once, server.read_u8()).await {
            None => {}
            Some(Ok(byte)) => received.push(byte),
            Some(Err(error)) => break assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof),
        }
    }
    assert_eq!(received, all().as_bytes());
    sending.await.unwrap();
}

async fn read_until(knife: Rc<Knife>) {
    let (client, server) = pair().await;
    let sending = dribble(client, PIECES, true);
    let mut server = BufReader::new(server);
    let mut received = Vec::new();
    loop {
        match knife.cut(Late::Once, server.read_until(b'\n', &mut received)).await {
            Some(read) if read.as_ref().is_ok_and(|read| *read == 0) => break,
            Some(read) => drop(read.unwrap()),
            None => {}
        }
    }
    assert_eq!(received, all().as_bytes());
    sending.await.unwrap();
}

async fn next_line(knife: Rc<Knife>) {
    let (client, server) = pair().await;
    let sending = dribble(client, PIECES, true);
    let mut lines = BufReader::new(server).lines();
    let mut received = Vec::new();
    loop {
        match knife.cut(Late::Once, lines.next_line()).await {
            None => {}
            Some(line) => match line.unwrap() {
                Some(line) => received.push(line),
                None => break,
            },
        }
    }
    assert_eq!(received, ["first line", "second", "third", "and the rest"]);
    sending.await.unwrap();
}

async fn take_and_chain(knife: Rc<Knife>) {
    let (client, server) = pair().await;
    let sending = dribble(client, PIECES, true);
    let mut reader = AsyncReadExt::chain(&b"> "[..], server.take(12));
    let mut received = Vec::new();
    while knife.cut(Late::Once, reader.read_to_end(&mut received)).await.is_none() {}
    assert_eq!(received, [b"> ", &all().as_bytes()[..12]].concat());
    // What was not taken is still there, so closing now resets, and the sender may notice.
    drop(reader);
    _ = sending.await;
}
