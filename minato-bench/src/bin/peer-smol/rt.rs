//! smol under the names that the shared sources use.

pub(crate) mod io {
    pub(crate) use smol::io::{AsyncReadExt, AsyncWriteExt};
}

pub(crate) mod net {
    use smol::Async;

    pub(crate) type TcpStream = Async<std::net::TcpStream>;
    pub(crate) type TcpListener = Async<std::net::TcpListener>;
    pub(crate) type UdpSocket = Async<std::net::UdpSocket>;
}

pub(crate) mod task {
    pub(crate) use smol::future::yield_now;
}

pub(crate) mod time {
    use std::future::Pending;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use std::time::{self, Duration};

    use smol::Timer;

    pub(crate) struct Instant(time::Instant);

    impl Instant {
        pub(crate) fn from_std(instant: time::Instant) -> Instant {
            Instant(instant)
        }
    }

    /// A timer; without the time at which it ended.
    pub(crate) struct Sleep(Timer);

    pub(crate) fn sleep(duration: Duration) -> Sleep {
        Sleep(Timer::after(duration))
    }

    pub(crate) fn sleep_until(deadline: Instant) -> Sleep {
        Sleep(Timer::at(deadline.0))
    }

    /// smol has none; its users put a timer beside the future.
    pub(crate) fn timeout(duration: Duration, _: Pending<()>) -> Sleep {
        sleep(duration)
    }

    impl Sleep {
        pub(crate) fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
            self.0.set_at(deadline.0);
        }
    }

    impl Future for Sleep {
        type Output = ();

        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
            Pin::new(&mut self.0).poll(cx).map(drop)
        }
    }
}

/// As `smol::spawn`, which would use an executor of its own.
pub(crate) fn spawn<T: Send + 'static>(
    body: impl Future<Output = T> + Send + 'static,
) -> smol::Task<T> {
    crate::host::EXECUTOR.spawn(body)
}
