//! The prelude, and the methods that it brings.

use futures::sync::mpsc;
use tokio::util::StreamExt as _;

use crate::support::watchdog;

/// Everything that the prelude had is there, by use.
#[test]
fn the_prelude_has_what_programs_take_from_it() {
    use tokio::prelude::*;

    let _watchdog = watchdog();
    fn is_async<T: AsyncRead + AsyncWrite + Read + Write>() {}
    is_async::<tokio::net::TcpStream>();
    let polled: Poll<u8, ()> = future::ok(5).into_future().poll();
    assert_eq!(polled, Ok(Async::Ready(5)));
    assert!(!task::is_in_task());
    let (sender, receiver) = futures::sync::mpsc::channel(1);
    _ = stream::once::<_, ()>(Ok(1)).forward(sender.sink_map_err(drop)).wait().unwrap();
    assert_eq!(receiver.wait().collect::<Vec<_>>(), [Ok(1)]);
    assert!(AsyncSink::<()>::Ready.is_ready());
    assert_eq!(future::ok::<_, ()>(1).timeout(std::time::Duration::MAX).wait().unwrap(), 1);
}

#[test]
fn items_are_numbered_as_they_come() {
    use futures::{Future, Sink, Stream};

    let _watchdog = watchdog();
    let (send, receive) = mpsc::channel(1);
    let sending = std::thread::spawn(move || {
        ["a", "b", "c"].into_iter().fold(send, |send, item| send.send(item).wait().unwrap());
    });
    let numbered = receive.enumerate().collect().wait();
    assert_eq!(numbered, Ok(vec![(0, "a"), (1, "b"), (2, "c")]));
    sending.join().unwrap();
}
