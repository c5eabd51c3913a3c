//! Sending files: the same bytes on every engine and every kind of stream, by the kernel or through
//! a buffer; what was sent is always known.

use std::fs::File;
use std::io::{ErrorKind, Seek, SeekFrom, Write};
use std::pin::pin;

use minato::io::AsyncReadExt;
use minato::net::UnixStream;

use super::wire::{check, content};
use crate::kit::{At, cases, net, outcome_text};

cases! {
    a_whole_file [];
    parts_of_a_file [];
    from_halves [];
    given_up_and_gone_on_with [];
    what_cannot_be_sent [];
    to_a_peer_that_is_gone [Descriptors];
    over_a_unix_stream [Descriptors];
}

/// A file that holds the content.
fn file(len: usize) -> File {
    let mut file = tempfile::tempfile().unwrap();
    for at in (0..len).step_by(100_000) {
        file.write_all(content(at as u64, (len - at).min(100_000))).unwrap();
    }
    file
}

async fn read_to_end(mut stream: impl minato::io::AsyncRead + Unpin) -> Vec<u8> {
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.unwrap();
    all
}

#[track_caller]
fn is_content(bytes: &[u8], at: u64, len: usize) {
    assert_eq!(bytes.len(), len);
    for (piece, at) in bytes.chunks(100_000).zip((at..).step_by(100_000)) {
        check(piece, at);
    }
}

async fn a_whole_file(_: At) {
    for len in [0, 1, 70_000, 1_000_000] {
        let mut file = file(len);
        file.seek(SeekFrom::Start(3)).unwrap();
        let (sender, receiver) = net::pair().await;
        let sending = async {
            let sent = sender.send_file(&file, 0, None).await.unwrap();
            drop(sender);
            sent
        };
        let (sent, received) = futures::join!(sending, read_to_end(receiver));
        assert_eq!(sent, len as u64);
        is_content(&received, 0, len);
        assert_eq!((&file).stream_position().unwrap(), 3, "the file's own position stays");
    }
}

async fn parts_of_a_file(_: At) {
    const LEN: u64 = 500_000;
    let file = file(LEN as usize);
    let parts = [
        (0, Some(0), 0),
        (7, Some(1), 1),
        (100_000, Some(300_000), 300_000),
        (LEN - 10, Some(10), 10),
        (LEN - 10, Some(11), 10),
        (LEN - 10, None, 10),
        (LEN, None, 0),
        (LEN + 1_000, Some(5), 0),
        (0, Some(u64::MAX), LEN),
    ];
    for (offset, len, expected) in parts {
        let (sender, receiver) = net::pair().await;
        let sending = async {
            let sent = sender.send_file(&file, offset, len).await;
            drop(sender);
            sent.unwrap()
        };
        let (sent, received) = futures::join!(sending, read_to_end(receiver));
        assert_eq!(sent, expected);
        is_content(&received, offset, expected as usize);
    }
}

async fn from_halves(_: At) {
    let file = file(300_000);
    let (mut sender, mut receiver) = net::pair().await;
    let (_, borrowed) = sender.split();
    let mut first = vec![0; 300_000];
    let (sent, _) =
        futures::join!(borrowed.send_file(&file, 0, None), receiver.read_exact(&mut first));
    assert_eq!(sent.unwrap(), 300_000);
    is_content(&first, 0, 300_000);
    let (_reader, owned) = sender.into_split();
    let sending = async {
        // By value: the future may own the file.
        let sent = owned.send_file(file.try_clone().unwrap(), 100, Some(200_000)).await;
        drop(owned);
        sent.unwrap()
    };
    let (sent, received) = futures::join!(sending, read_to_end(receiver));
    assert_eq!(sent, 200_000);
    is_content(&received, 100, 200_000);
}

async fn given_up_and_gone_on_with(at: At) {
    let len = if at.place.is_simulated() { 1_000_000 } else { 30_000_000 };
    let file = file(len);
    let (sender, receiver) = net::pair().await;
    let mut sent = 0;
    // Nobody receives, so it gets stuck sooner or later.
    let mut stuck = 0;
    while stuck < 10 {
        let mut sending = pin!(sender.send_file(&file, sent, None));
        assert!(futures::poll!(sending.as_mut()).is_pending());
        stuck = if sending.sent() == 0 { stuck + 1 } else { 0 };
        sent += sending.sent();
        at.deliver().await;
    }
    assert!((1..len as u64).contains(&sent));
    let sending = async {
        let rest = sender.send_file(&file, sent, None).await.unwrap();
        drop(sender);
        rest
    };
    let (rest, received) = futures::join!(sending, read_to_end(receiver));
    assert_eq!(sent + rest, len as u64);
    is_content(&received, 0, len);
}

/// What is no file that can be read at a position, and a position that no file has.
async fn what_cannot_be_sent(at: At) {
    let (sender, _receiver) = net::pair().await;
    let directory = File::open(".").unwrap();
    at.note_result("a directory", &sender.send_file(&directory, 0, None).await);
    let (pipe, mut into_pipe) = std::io::pipe().unwrap();
    into_pipe.write_all(b"there is something in it").unwrap();
    at.note_result("a pipe", &sender.send_file(&pipe, 0, None).await);
    let unreadable = File::options().append(true).open("/dev/null").unwrap();
    at.note_result("not open for reading", &sender.send_file(&unreadable, 0, None).await);
    let file = file(10);
    at.note_result("an offset", &sender.send_file(&file, u64::MAX, None).await);
    at.note_result("nothing of it", &sender.send_file(&file, u64::MAX, Some(0)).await);
}

async fn to_a_peer_that_is_gone(_: At) {
    let file = file(100_000);
    let (sender, receiver) = net::pair().await;
    drop(receiver);
    let mut sending = pin!(sender.send_file(&file, 0, None));
    let error = loop {
        match sending.as_mut().await {
            // The first bytes go out, and make the peer say that it is gone.
            Ok(_) => sending.set(sender.send_file(&file, 0, None)),
            Err(error) => break error,
        }
    };
    assert!(
        matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset),
        "{}",
        outcome_text::<()>(&Err(error))
    );
}

async fn over_a_unix_stream(_: At) {
    let file = file(2_000_000);
    let (sender, receiver) = UnixStream::pair().unwrap();
    let sending = async {
        let sent = sender.send_file(&file, 5, Some(1_900_000)).await.unwrap();
        drop(sender);
        sent
    };
    let (sent, received) = futures::join!(sending, read_to_end(receiver));
    assert_eq!(sent, 1_900_000);
    is_content(&received, 5, 1_900_000);
}
