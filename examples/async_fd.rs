//! A descriptor of your own: a pipe, awaited through `AsyncFd`.
//!
//! `AsyncFd` makes anything that the system can poll awaitable: pipes, terminals, timers, sockets
//! of other libraries. It only waits; reading and writing stay yours.

use std::io::{self, PipeReader, Read, Write};
use std::thread;

use minato::net::AsyncFd;

/// Reads what is in the pipe, and waits if the pipe is empty.
async fn read(pipe: &AsyncFd<PipeReader>, buf: &mut [u8]) -> io::Result<usize> {
    loop {
        let mut guard = pipe.readable().await?;
        // Readiness is a hint that may be out of date. `try_io` forgets it if the read would block,
        // so that the next turn of the loop waits instead of spinning.
        let result = guard.try_io(|pipe| {
            let mut reader: &PipeReader = pipe.get_ref();
            reader.read(buf)
        });
        if let Ok(read) = result {
            return read;
        }
    }
}

fn main() -> io::Result<()> {
    let (reader, mut writer) = io::pipe()?;
    // Without this a read of an empty pipe would block the thread, and with it every other task.
    rustix::io::ioctl_fionbio(&reader, true)?;

    // The other end needs no async code: it may be another thread, or another program.
    let other_end = thread::spawn(move || {
        ["one ", "two ", "three"].iter().try_for_each(|word| writer.write_all(word.as_bytes()))
    });

    let text = minato::run(async {
        let pipe = AsyncFd::from_owner(reader)?;
        let mut text = Vec::new();
        let mut buf = [0; 8];
        loop {
            match read(&pipe, &mut buf).await? {
                // The other end was closed.
                0 => return io::Result::Ok(String::from_utf8_lossy(&text).into_owned()),
                len => text.extend_from_slice(&buf[..len]),
            }
        }
    })?;
    println!("the pipe said: {text}");
    assert_eq!(text, "one two three");
    other_end.join().expect("the writer does not panic")
}
