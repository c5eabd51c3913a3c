//! The server under torture, the same source on Minato, tokio and smol: `rt` is the runtime.
//!
//! The first byte of a connection says what is wanted; see [`converse`].

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{Either, select};

use super::rt;
use super::rt::io::{AsyncReadExt, AsyncWriteExt};
use super::rt::net::{TcpListener, TcpStream};
use crate::cases::{BLOCK, GAP, SOURCE};

/// Something that one task waits for and another one, or a thread, makes happen.
#[derive(Clone, Default)]
struct Signal(Arc<(AtomicBool, Mutex<Option<Waker>>)>);

impl Signal {
    fn set(&self) {
        self.0.0.store(true, Ordering::SeqCst);
        let waker = self.0.1.lock().unwrap_or_else(PoisonError::into_inner).take();
        waker.into_iter().for_each(Waker::wake);
    }

    /// Waits until it was set, and takes that back.
    async fn wait(&self) {
        poll_fn(|cx| {
            *self.0.1.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
            if self.0.0.swap(false, Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// What connections can ask of the whole server.
#[derive(Clone, Default)]
struct Control {
    close: Signal,
    quit: Signal,
}

/// Serves until a connection asks it to quit. Tells its address first.
pub(super) async fn serve() -> io::Result<()> {
    let control = Control::default();
    let quit = control.quit.clone();
    let mut listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    println!("{address}");
    let accepting = async {
        loop {
            accept_until_closed(listener, &control).await;
            rt::time::sleep(GAP).await;
            listener = listen_again(address).await;
        }
    };
    select(pin!(accepting), pin!(quit.wait())).await;
    Ok(())
}

async fn listen_again(address: SocketAddr) -> TcpListener {
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(_) => rt::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

/// Accepts as many programs do: what goes wrong with one connection is no reason to end.
async fn accept_until_closed(listener: TcpListener, control: &Control) {
    let accepting = async {
        let mut incoming = pin!(super::incoming(listener));
        while let Some(accepted) = incoming.next().await {
            if let Ok(stream) = accepted {
                let control = control.clone();
                rt::spawn(async move { _ = converse(stream, control).await });
            }
        }
    };
    select(pin!(accepting), pin!(control.close.wait())).await;
}

async fn converse(mut stream: TcpStream, control: Control) -> io::Result<()> {
    let mut wish = [0];
    stream.read_exact(&mut wish).await?;
    match wish[0] {
        b'e' => echo(&mut stream).await?,
        b's' => return source(&mut stream).await,
        b't' => count_with_timeouts(&mut stream).await?,
        b'w' => foreign_wakes(&mut stream).await?,
        b'b' => {
            thread::sleep(BLOCK);
            stream.write_all(b"b").await?;
        }
        b'p' => panic!("as it was asked to"),
        b'c' => control.close.set(),
        b'q' => control.quit.set(),
        _ => {}
    }
    super::finish(&mut stream).await
}

async fn echo(stream: &mut TcpStream) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            length => stream.write_all(&buffer[..length]).await?,
        }
    }
}

/// Sends more than any buffer holds.
async fn source(stream: &mut TcpStream) -> io::Result<()> {
    let zeros = vec![0; 65536];
    for _ in 0..SOURCE / zeros.len() {
        stream.write_all(&zeros).await?;
    }
    Ok(())
}

/// Counts what it reads, where each read is given up after a moment.
async fn count_with_timeouts(stream: &mut TcpStream) -> io::Result<()> {
    let mut count = 0_u64;
    let mut buffer = [0; 64];
    loop {
        let pause = rt::time::sleep(Duration::from_millis(1));
        let length = match select(pin!(stream.read(&mut buffer)), pin!(pause)).await {
            Either::Left((length, _)) => length?,
            Either::Right(_) => continue,
        };
        if length == 0 {
            return stream.write_all(&count.to_le_bytes()).await;
        }
        count += length as u64;
    }
}

/// Is woken as often as the next four bytes say, by a thread that is none of the runtime's.
async fn foreign_wakes(stream: &mut TcpStream) -> io::Result<()> {
    let mut times = [0; 4];
    stream.read_exact(&mut times).await?;
    let times = u32::from_le_bytes(times);
    let (asked, answered) = (Arc::new(AtomicBool::new(false)), Signal::default());
    let (asks, answers) = (Arc::clone(&asked), answered.clone());
    let waking = thread::spawn(move || {
        for _ in 0..times {
            while !asks.swap(false, Ordering::SeqCst) {
                thread::yield_now();
            }
            answers.set();
        }
    });
    for _ in 0..times {
        asked.store(true, Ordering::SeqCst);
        answered.wait().await;
    }
    _ = waking.join();
    stream.write_all(&times.to_le_bytes()).await
}
