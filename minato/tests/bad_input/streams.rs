//! Streams that break or end too early.

use std::io::ErrorKind;
use std::time::Duration;

use minato::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, owned};
use minato::net::TcpSocket;

use crate::kit::{At, Need, cases, in_worlds, net, outcome_text};

cases! {
    a_reset_in_mid_read [];
    an_early_end [];
    an_early_end_of_an_owned_read [];
    an_early_end_of_a_number [];
    a_line_that_does_not_end [];
    text_that_is_none [];
    buffers_of_no_length [];
    a_reset_gives_the_parts_back [];
}

async fn a_reset_in_mid_read(at: At) {
    let (client, mut server) = net::pair().await;
    let reading = at.beside(async move {
        let mut buf = [0; 8];
        let read = server.read_exact(&mut buf).await;
        (read.map(drop), buf)
    });
    assert_eq!(client.try_write(b"half").unwrap(), 4);
    at.deliver().await;
    client.set_linger(Some(Duration::ZERO)).unwrap();
    drop(client);
    let (read, buf) = reading.await;
    at.note_result("the read", &read);
    assert_eq!(read.unwrap_err().raw_os_error(), Some(libc::ECONNRESET));
    assert_eq!(&buf, b"half\0\0\0\0", "what had come is lost");
}

async fn an_early_end(at: At) {
    let (mut client, mut server) = net::pair().await;
    client.write_all(b"seven b").await.unwrap();
    drop(client);
    let mut buf = [0; 12];
    let error = server.read_exact(&mut buf).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    let text = error.to_string();
    assert!(text.contains('7') && text.contains("12"), "{text}");
    assert_eq!(&buf[..7], b"seven b");
    at.note(text);
}

async fn an_early_end_of_an_owned_read(_: At) {
    let (mut client, server) = net::pair().await;
    client.write_all(b"seven b").await.unwrap();
    drop(client);
    let mut reading = owned::read_exact(server, [0; 12]);
    let error = (&mut reading).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    let (_server, buf, filled) = reading.into_parts().expect("an error keeps the parts");
    assert_eq!(&buf[..filled], b"seven b");
}

async fn an_early_end_of_a_number(_: At) {
    let (mut client, mut server) = net::pair().await;
    client.write_all(&[1, 2, 3]).await.unwrap();
    drop(client);
    let error = server.read_u64().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{error}");
}

async fn a_line_that_does_not_end(_: At) {
    let (mut client, server) = net::pair().await;
    client.write_all(b"whole\nhalf").await.unwrap();
    drop(client);
    let mut lines = BufReader::new(server).lines();
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("whole"));
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("half"));
    assert_eq!(lines.next_line().await.unwrap(), None);
}

async fn text_that_is_none(at: At) {
    let (mut client, server) = net::pair().await;
    client.write_all(b"good\n\xff\xfe\ngood\n").await.unwrap();
    drop(client);
    let mut server = BufReader::new(server);
    let mut line = String::new();
    server.read_line(&mut line).await.unwrap();
    assert_eq!(line, "good\n");
    let error = server.read_line(&mut line).await;
    assert_eq!(error.as_ref().unwrap_err().kind(), ErrorKind::InvalidData);
    assert_eq!(line, "good\n", "a refused line leaves its mark");
    at.note_result("not text", &error);
}

async fn buffers_of_no_length(at: At) {
    let (mut client, mut server) = net::pair().await;
    client.write_all(b"data").await.unwrap();
    at.deliver().await;
    let (stream, buf, read) = owned::read(server, Vec::new()).await.unwrap();
    server = stream;
    assert_eq!((buf.len(), read), (0, 0));
    let (stream, _) = owned::read_exact(server, []).await.unwrap();
    server = stream;
    (client, _) = owned::write_all(client, []).await.unwrap();
    assert_eq!(client.write_vectored(&[]).await.unwrap(), 0);
    assert_eq!(net::read_all(&mut server, 4).await, b"data");
}

async fn a_reset_gives_the_parts_back(at: At) {
    let (client, server) = net::pair().await;
    client.set_linger(Some(Duration::ZERO)).unwrap();
    drop(client);
    at.deliver().await;
    let mut reading = owned::read_exact(server, [0; 4]);
    let error = (&mut reading).await.map(drop);
    assert_eq!(error.as_ref().unwrap_err().raw_os_error(), Some(libc::ECONNRESET));
    assert!(reading.into_parts().is_some(), "{}", outcome_text(&error));
}

/// A simulated host without descriptors: opening and connecting say so, and go on afterwards.
#[test]
fn no_descriptor_is_left() {
    async fn case(_: At) {
        let listener = net::listener().await;
        let address = listener.local_addr().unwrap();
        let mut spare = Vec::new();
        while let Ok(socket) = TcpSocket::new_v4() {
            spare.push(socket);
        }
        let opened = TcpSocket::new_v4().map(drop);
        assert_eq!(opened.unwrap_err().raw_os_error(), Some(libc::EMFILE));
        let connected = minato::net::TcpStream::connect(address).await.map(drop);
        assert_eq!(connected.unwrap_err().raw_os_error(), Some(libc::EMFILE));
        let bound = minato::net::TcpListener::bind("127.0.0.1:0").await.map(drop);
        assert_eq!(bound.unwrap_err().raw_os_error(), Some(libc::EMFILE));
        spare.clear();
        drop(net::pair_with(&listener).await);
    }
    in_worlds("no_descriptor_is_left", &[Need::World], &|world| world.descriptor_limit(9), case);
}
