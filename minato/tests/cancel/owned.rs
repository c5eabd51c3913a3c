//! The futures that own their stream: given up half-way, they give everything back.

use std::rc::Rc;
use std::sync::LazyLock;

use minato::io::{AsyncReadExt, AsyncWriteExt, BufReader, owned};
use minato::net::TcpStream;

use super::knife::{Knife, Late, dribble, pair, scenarios};

scenarios! {
    read;
    read_exact;
    read_to_end;
    read_until;
    write_all;
    copy;
}

const PIECES: &[&str] = &["a piece", " and ano", "ther;", " the re", "st"];

async fn read(knife: Rc<Knife>) {
    let (client, mut server) = pair().await;
    let sending = dribble(client, PIECES, true);
    let mut received = Vec::new();
    loop {
        match knife.cut_keeping(Late::Once, owned::read(server, [0; 6])).await {
            Ok(done) => {
                let (stream, buf, read) = done.unwrap();
                server = stream;
                received.extend_from_slice(&buf[..read]);
                if read == 0 {
                    break;
                }
            }
            Err(future) => server = future.into_parts().unwrap().0,
        }
    }
    assert_eq!(received, PIECES.concat().as_bytes());
    sending.await.unwrap();
}

async fn read_exact(knife: Rc<Knife>) {
    let (client, server) = pair().await;
    let sending = dribble(client, PIECES, true);
    let (mut server, front) =
        match knife.cut_keeping(Late::Once, owned::read_exact(server, [0; 20])).await {
            Ok(done) => {
                let (server, buf) = done.unwrap();
                (server, buf.to_vec())
            }
            Err(future) => {
                let (server, buf, filled) = future.into_parts().unwrap();
                (server, buf[..filled].to_vec())
            }
        };
    let mut all = front;
    server.read_to_end(&mut all).await.unwrap();
    assert_eq!(all, PIECES.concat().as_bytes());
    sending.await.unwrap();
}

async fn read_to_end(knife: Rc<Knife>) {
    let (client, server) = pair().await;
    let sending = dribble(client, PIECES, true);
    let (mut server, mut all) =
        match knife.cut_keeping(Late::Once, owned::read_to_end(server, vec![])).await {
            Ok(done) => done.unwrap(),
            Err(future) => {
                let (server, buf, appended) = future.into_parts().unwrap();
                assert_eq!(buf.len(), appended);
                (server, buf)
            }
        };
    server.read_to_end(&mut all).await.unwrap();
    assert_eq!(all, PIECES.concat().as_bytes());
    sending.await.unwrap();
}

async fn read_until(knife: Rc<Knife>) {
    let (client, server) = pair().await;
    let sending = dribble(client, PIECES, true);
    let reading = owned::read_until(BufReader::new(server), b';', vec![]);
    let (mut server, mut all) = match knife.cut_keeping(Late::Once, reading).await {
        Ok(done) => {
            let (server, buf) = done.unwrap();
            assert_eq!(buf, b"a piece and another;");
            (server, buf)
        }
        Err(future) => {
            let (server, buf, appended) = future.into_parts().unwrap();
            assert_eq!(buf.len(), appended);
            (server, buf)
        }
    };
    server.read_to_end(&mut all).await.unwrap();
    assert_eq!(all, PIECES.concat().as_bytes());
    sending.await.unwrap();
}

const LEN: usize = 200_000;

fn pattern() -> &'static [u8] {
    static PATTERN: LazyLock<Vec<u8>> =
        LazyLock::new(|| (0..LEN).map(|at| (at * 13 + at / 253) as u8).collect());
    &PATTERN
}

fn collect(mut stream: TcpStream) -> minato::task::JoinHandle<Vec<u8>> {
    minato::spawn(async move {
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        all
    })
}

async fn write_all(knife: Rc<Knife>) {
    let (client, server) = pair().await;
    let collecting = collect(server);
    match knife.cut_keeping(Late::Once, owned::write_all(client, pattern())).await {
        Ok(done) => drop(done.unwrap()),
        Err(future) => {
            let (mut client, buf, written) = future.into_parts().unwrap();
            client.write_all(&buf[written..]).await.unwrap();
        }
    }
    assert!(collecting.await.unwrap() == pattern());
}

async fn copy(knife: Rc<Knife>) {
    let (mut source_end, source) = pair().await;
    let (sink, sink_end) = pair().await;
    let collecting = collect(sink_end);
    let sending = minato::spawn(async move {
        source_end.write_all(pattern()).await.unwrap();
    });
    match knife.cut_keeping(Late::OnceInEach(2), owned::copy(source, sink)).await {
        Ok(done) => assert_eq!(done.unwrap().0, LEN as u64),
        Err(future) => {
            let (mut source, mut sink, written, left) = future.into_parts().unwrap();
            sink.write_all(&left).await.unwrap();
            let rest = minato::io::copy(&mut source, &mut sink).await.unwrap();
            assert_eq!(written + left.len() as u64 + rest, LEN as u64);
        }
    }
    sending.await.unwrap();
    assert!(collecting.await.unwrap() == pattern());
}
