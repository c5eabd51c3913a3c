//! A deadline around a loop over helpers that are always ready: each of them must give its thread
//! back now and then, or nobody could look at the clock.

use std::io;
use std::time::Duration;

use minato::io::{
    AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, BufStream, BufWriter, SimplexStream,
    copy, copy_bidirectional, copy_buf, duplex, empty, join, owned, repeat, sink, split,
};
use minato::runtime::Builder;
use minato::time::timeout;

use crate::kit::limited;

const SHORT: Duration = Duration::from_millis(5);

/// Makes a test of each body: as the root and as a task of both kinds of runtime, it is to be given
/// up at its deadline.
macro_rules! is_given_up {
    ($($name:ident: $body:block)*) => {$(
        #[test]
        fn $name() {
            async fn run() -> io::Result<()> {
                $body
            }
            check(run);
        }
    )*};
}

fn check<F>(run: fn() -> F)
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    limited(move || {
        for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
            let runtime = builder.worker_threads(1).build().unwrap();
            runtime.block_on(timeout(SHORT, run())).expect_err("it ended as the root");
            let task = runtime.spawn(timeout(SHORT, run()));
            runtime.block_on(task).unwrap().expect_err("it ended as a task");
        }
    });
}

/// A loop that only an error ends.
macro_rules! for_ever {
    ($($step:tt)*) => { loop { $($step)* } };
}

is_given_up! {
    empty_reads: {
        for_ever! { empty().read(&mut [0; 8]).await?; }
    }

    empty_buffered_reads: {
        for_ever! { empty().fill_buf().await?; }
    }

    empty_lines: {
        for_ever! { empty().read_line(&mut String::new()).await?; }
    }

    empty_writes: {
        for_ever! { empty().write_all(b"x").await?; }
    }

    empty_vectored_writes: {
        for_ever! { empty().write_vectored(&[io::IoSlice::new(b"x")]).await?; }
    }

    empty_flushes: {
        for_ever! { empty().flush().await?; }
    }

    empty_shutdowns: {
        for_ever! { empty().shutdown().await?; }
    }

    repeated_reads: {
        for_ever! { repeat(7).read_exact(&mut [0; 8]).await?; }
    }

    a_read_to_the_end_of_what_has_none: {
        for_ever! { repeat(7).take(64).read_to_end(&mut Vec::new()).await?; }
    }

    sunk_writes: {
        for_ever! { sink().write_all(b"x").await?; }
    }

    sunk_vectored_writes: {
        for_ever! { sink().write_vectored(&[io::IoSlice::new(b"x")]).await?; }
    }

    sunk_flushes: {
        for_ever! { sink().flush().await?; }
    }

    sunk_shutdowns: {
        for_ever! { sink().shutdown().await?; }
    }

    a_duplex_that_one_task_writes_and_reads: {
        let (mut here, mut there) = duplex(64);
        for_ever! {
            here.write_all(b"ping").await?;
            there.read_exact(&mut [0; 4]).await?;
        }
    }

    a_duplex_whose_peer_is_gone: {
        let (mut here, _) = duplex(64);
        for_ever! { here.read(&mut [0; 8]).await?; }
    }

    a_duplex_that_refuses_writes: {
        let (mut here, _) = duplex(64);
        for_ever! { here.write(b"x").await.expect_err("the peer is gone"); }
    }

    a_simplex_that_one_task_writes_and_reads: {
        let mut pipe = SimplexStream::new_unsplit(64);
        for_ever! {
            pipe.write_all(b"line\n").await?;
            pipe.read_line(&mut String::new()).await?;
        }
    }

    a_simplex_that_was_shut_down: {
        let mut pipe = SimplexStream::new_unsplit(64);
        pipe.shutdown().await?;
        for_ever! {
            pipe.fill_buf().await?;
        }
    }

    halves_of_what_is_always_ready: {
        let (mut reader, mut writer) = split(join(repeat(7), sink()));
        for_ever! {
            let byte = reader.read_u8().await?;
            writer.write_u8(byte).await?;
        }
    }

    what_was_read_ahead: {
        let mut reader = BufReader::with_capacity(16, repeat(7));
        for_ever! { reader.read_u8().await?; }
    }

    a_buffer_that_is_written_behind: {
        let mut stream = BufStream::new(join(empty(), sink()));
        for_ever! { stream.write_all(&[0; 1024]).await?; }
    }

    a_buffer_that_is_flushed: {
        let mut writer = BufWriter::new(sink());
        for_ever! { writer.flush().await?; }
    }

    a_line_without_an_end: {
        let mut line = Vec::new();
        for_ever! {
            line.clear();
            BufReader::new(repeat(7)).take(1 << 16).read_until(b'\n', &mut line).await?;
        }
    }

    short_copies: {
        for_ever! { copy(&mut &b"cargo"[..], &mut Vec::new()).await?; }
    }

    short_buffered_copies: {
        for_ever! { copy_buf(&mut &b"cargo"[..], &mut Vec::new()).await?; }
    }

    copies_of_nothing: {
        for_ever! {
            copy(&mut &b""[..], &mut Vec::new()).await?;
            copy_buf(&mut &b""[..], &mut Vec::new()).await?;
        }
    }

    short_copies_both_ways: {
        for_ever! {
            let (mut here, mut there) = (join(&b"a"[..], Vec::new()), join(&b"b"[..], Vec::new()));
            copy_bidirectional(&mut here, &mut there).await?;
        }
    }

    short_copies_by_value: {
        for_ever! { owned::copy(&b"cargo"[..], Vec::new()).await?; }
    }

    an_endless_copy: {
        copy(&mut repeat(7), &mut sink()).await.map(drop)
    }
}
