//! Giving up at every point at which a future can wait: what it gives back, together with what is
//! still in the reader, is what there was at first.

use std::task::Poll;

use minato::io::owned;

use super::drive::poll_once;
use super::mock::{Script, Sink, Take, bytes};

const PIECES: &[&str] = &["ha", "rb", "our", "; min", "ato"];
const WHOLE: &[u8] = b"harbour; minato";

/// More polls than any of the futures here needs.
const ENOUGH: usize = 50;

fn slow_sink() -> Sink {
    let takes = [1, 3, 2, 1].into_iter().flat_map(|count| [Take::Pending, Take::UpTo(count)]);
    Sink::new(takes)
}

#[test]
fn read() {
    let mut reading = owned::read(Script::texts(PIECES), [0; 64]);
    assert!(poll_once(&mut reading).is_pending());
    let (script, _) = reading.into_parts().unwrap();
    assert_eq!(script.remaining(), WHOLE);
}

#[test]
fn read_exact() {
    for polls in 0..ENOUGH {
        let mut reading = owned::read_exact(Script::texts(PIECES), [0; 9]);
        if (0..polls).any(|_| poll_once(&mut reading).is_ready()) {
            assert!(polls > 3 && reading.into_parts().is_none());
            return;
        }
        let (script, buf, filled) = reading.into_parts().unwrap();
        assert_eq!([&buf[..filled], &script.remaining()].concat(), WHOLE);
    }
    panic!("never done");
}

#[test]
fn read_to_end() {
    for polls in 0..ENOUGH {
        let mut reading = owned::read_to_end(Script::texts(PIECES), b">".to_vec());
        if (0..polls).any(|_| poll_once(&mut reading).is_ready()) {
            assert!(polls > 4 && reading.into_parts().is_none());
            return;
        }
        let (script, buf, appended) = reading.into_parts().unwrap();
        assert_eq!(buf.len(), 1 + appended);
        assert_eq!([&buf[1..], &script.remaining()].concat(), WHOLE);
    }
    panic!("never done");
}

#[test]
fn read_until() {
    for polls in 0..ENOUGH {
        let mut reading = owned::read_until(Script::texts(PIECES), b';', b">".to_vec());
        if (0..polls).any(|_| poll_once(&mut reading).is_ready()) {
            assert!(polls > 3 && reading.into_parts().is_none());
            return;
        }
        let (script, buf, appended) = reading.into_parts().unwrap();
        assert_eq!(buf.len(), 1 + appended);
        assert_eq!([&buf[1..], &script.remaining()].concat(), WHOLE);
    }
    panic!("never done");
}

#[test]
fn lines() {
    use futures::StreamExt;

    let pieces = ["a", "b\nc", "d\r", "\ne"];
    for polls in 0..ENOUGH {
        let mut lines = owned::lines(Script::texts(&pieces));
        let mut read = Vec::new();
        let mut ended = false;
        for _ in 0..polls {
            match poll_once(&mut lines.next()) {
                Poll::Ready(Some(line)) => read.push(line.unwrap()),
                Poll::Ready(None) => ended = true,
                Poll::Pending => {}
            }
        }
        let (script, partial) = lines.into_parts();
        let rest = String::from_utf8([partial, script.remaining()].concat()).unwrap();
        let expected = ["ab", "cd", "e"];
        assert_eq!(read, expected[..read.len()]);
        if ended {
            assert_eq!((read.len(), rest.as_str()), (3, ""));
            return;
        }
        assert_eq!(rest.lines().collect::<Vec<_>>(), expected[read.len()..]);
    }
    panic!("never done");
}

#[test]
fn write_all() {
    for polls in 0..ENOUGH {
        let mut writing = owned::write_all(slow_sink(), WHOLE);
        if (0..polls).any(|_| poll_once(&mut writing).is_ready()) {
            assert!(polls > 4 && writing.into_parts().is_none());
            return;
        }
        let (sink, buf, written) = writing.into_parts().unwrap();
        assert_eq!(sink.seen().taken, buf[..written]);
    }
    panic!("never done");
}

#[test]
fn copy() {
    let mut with_unwritten = 0;
    for polls in 0..ENOUGH {
        let mut copying = owned::copy(Script::texts(PIECES), slow_sink());
        if (0..polls).any(|_| poll_once(&mut copying).is_ready()) {
            assert!(polls > 4 && copying.into_parts().is_none());
            assert!(with_unwritten > 0, "no point with bytes on their way was seen");
            return;
        }
        let (script, sink, copied, unwritten) = copying.into_parts().unwrap();
        assert_eq!(sink.seen().taken.len() as u64, copied);
        let taken = sink.seen().taken.clone();
        assert_eq!([&taken[..], &unwritten, &script.remaining()].concat(), WHOLE);
        with_unwritten += usize::from(!unwritten.is_empty());
    }
    panic!("never done");
}

#[test]
fn copy_buf_leaves_unwritten_bytes_in_the_reader() {
    for polls in 0..ENOUGH {
        let (mut script, mut sink) = (Script::texts(PIECES), slow_sink());
        let done = {
            let mut copying = Box::pin(minato::io::copy_buf(&mut script, &mut sink));
            (0..polls).any(|_| poll_once(&mut copying).is_ready())
        };
        assert_eq!([sink.seen().taken.as_slice(), &script.remaining()].concat(), WHOLE);
        if done {
            return;
        }
    }
    panic!("never done");
}

#[test]
fn before_the_first_poll() {
    let (script, _) = owned::read(Script::new([bytes("ab")]), [0; 2]).into_parts().unwrap();
    assert_eq!(script.reads(), 0);
    assert!(owned::flush(Sink::default()).into_parts().is_some());
    assert!(owned::shutdown(Sink::default()).into_parts().is_some());
}
