//! What all sockets have, written once: macros that give a type its methods and traits.

/// Gives `$socket`, which has a field `socket: Socket`, what every socket has. Its addresses are
/// `$address`, which `$family` takes out of what a verb returns; one with a peer names `$peer`.
macro_rules! socket_api {
    ($socket:ident, $address:ty, $family:ident $(, $peer:ident)?) => {
        impl $socket {
            /// The address that the socket is bound to.
            ///
            /// # Errors
            ///
            /// The system's.
            pub fn local_addr(&self) -> std::io::Result<$address> {
                self.socket.local_address()?.$family()
            }

            $(
                /// The address of the peer.
                ///
                /// # Errors
                ///
                /// `NotConnected` if there is none, or none any more; else the system's.
                pub fn $peer(&self) -> std::io::Result<$address> {
                    self.socket.peer_address()?.$family()
                }
            )?

            /// The error that waits on the socket, which is taken by asking.
            ///
            /// # Errors
            ///
            /// The system's.
            pub fn take_error(&self) -> std::io::Result<Option<std::io::Error>> {
                self.socket.take_error()
            }
        }

        impl std::fmt::Debug for $socket {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($socket))
                    .field("local", &self.local_addr().ok())
                    $(.field("peer", &self.$peer().ok()))?
                    .finish()
            }
        }

        impl std::os::fd::AsFd for $socket {
            fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                self.socket.descriptor()
            }
        }

        impl std::os::fd::AsRawFd for $socket {
            fn as_raw_fd(&self) -> std::os::fd::RawFd {
                std::os::fd::AsRawFd::as_raw_fd(&self.socket.descriptor())
            }
        }
    };
}

/// Gives `$socket`, which `from_socket` makes of a socket, the ways from std's `$std` and back.
macro_rules! std_api {
    ($socket:ident, $std:ty, $transport:ident $(, $doc:literal)*) => {
        impl $socket {
            /// Takes over a socket of std's and makes it non-blocking.
            ///
            /// On a simulated host a socket of the system's becomes a simulated one, with its
            /// options and its address; and one that came from there by
            /// [`into_std`](Self::into_std) is itself again.
            ///
            /// # Errors
            ///
            /// `InvalidInput` when the descriptor is of another kind or another host's;
            /// `Unsupported` on a simulated host if it is connected already, or a Unix socket; else
            /// the system's.
            #[track_caller]
            pub fn from_std(std: $std) -> std::io::Result<Self> {
                let transport = $crate::os::Transport::$transport;
                Socket::from_descriptor(std.into(), transport, None).map(Self::from_socket)
            }

            /// Like [`from_std`](Self::from_std), bound to the reactor of `handle`.
            ///
            /// # Errors
            ///
            /// As [`from_std`](Self::from_std).
            #[track_caller]
            pub fn from_std_on(
                handle: impl Into<$crate::reactor::Handle>,
                std: $std,
            ) -> std::io::Result<Self> {
                let (transport, handle) = ($crate::os::Transport::$transport, handle.into());
                Socket::from_descriptor(std.into(), transport, Some(&handle)).map(Self::from_socket)
            }

            /// Gives the socket to std, non-blocking as it is. For a simulated one std gets a
            /// deputy, on which options can be set, and which goes to no network.
            $(#[doc = $doc])*
            ///
            /// # Errors
            ///
            /// That of bytes that were sent earlier; on a simulated host also the system's.
            pub fn into_std(self) -> std::io::Result<$std> {
                self.socket.into_descriptor().map(<$std>::from)
            }
        }

        impl TryFrom<$std> for $socket {
            type Error = std::io::Error;

            #[track_caller]
            fn try_from(std: $std) -> std::io::Result<Self> {
                Self::from_std(std)
            }
        }

        impl TryFrom<std::os::fd::OwnedFd> for $socket {
            type Error = std::io::Error;

            #[track_caller]
            fn try_from(descriptor: std::os::fd::OwnedFd) -> std::io::Result<Self> {
                Self::from_std(descriptor.into())
            }
        }
    };
}

/// Gives `$end`, a socket, a half or the end of a pipe, the wait for any readiness. It has a
/// `socket()`, as all that follow.
macro_rules! ready_api {
    ([$($generics:tt)*] $end:ty) => {
        impl<$($generics)*> $end {
            /// Waits until one of the directions of `interest` is ready.
            ///
            /// Readiness is a hint: the next `try_*` may still return `WouldBlock`, and then this
            /// waits for a fresh event.
            ///
            /// # Errors
            ///
            /// When there is no reactor to wait on, or it was shut down.
            ///
            /// # Cancel safety
            ///
            /// Nothing is lost by dropping it.
            pub async fn ready(&self, interest: Interest) -> std::io::Result<Readiness> {
                self.socket().ready(interest).await
            }
        }
    };
}

/// Gives `$reader` the wait for something to read, and, if it is named, its poll form.
macro_rules! readable_api {
    ([$($generics:tt)*] $reader:ty $(, $poll:ident)?) => {
        impl<$($generics)*> $reader {
            /// Waits until there is something to read or receive, the end of a stream, or an error.
            ///
            /// # Errors
            ///
            /// As [`ready`](Self::ready).
            ///
            /// # Cancel safety
            ///
            /// Nothing is lost by dropping it.
            pub async fn readable(&self) -> std::io::Result<()> {
                self.ready(Interest::READABLE).await.map(drop)
            }

            $(
                /// The poll form of [`readable`](Self::readable). Any number of tasks may wait
                /// in each direction at a time; as they become more than 8, some are woken early.
                ///
                /// # Errors
                ///
                /// As [`ready`](Self::ready).
                pub fn $poll(&self, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
                    self.socket().poll_ready(cx, Direction::Read).map_ok(drop)
                }
            )?
        }
    };
}

/// Gives `$writer` the wait for room to write, and, if it is named, its poll form.
macro_rules! writable_api {
    ([$($generics:tt)*] $writer:ty $(, $poll:ident)?) => {
        impl<$($generics)*> $writer {
            /// Waits until there is room to write or send, nobody left to read, or an error.
            ///
            /// # Errors
            ///
            /// As [`ready`](Self::ready).
            ///
            /// # Cancel safety
            ///
            /// Nothing is lost by dropping it.
            pub async fn writable(&self) -> std::io::Result<()> {
                self.ready(Interest::WRITABLE).await.map(drop)
            }

            $(
                /// The poll form of [`writable`](Self::writable).
                ///
                /// # Errors
                ///
                /// As [`ready`](Self::ready).
                pub fn $poll(&self, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
                    self.socket().poll_ready(cx, Direction::Write).map_ok(drop)
                }
            )?
        }
    };
}

/// Gives `$socket`, a stream or datagram socket, its waits and the operations of users.
macro_rules! readiness_api {
    ($socket:ident, $poll_readable:ident, $poll_writable:ident) => {
        $crate::net::api::ready_api!([] $socket);
        $crate::net::api::readable_api!([] $socket, $poll_readable);
        $crate::net::api::writable_api!([] $socket, $poll_writable);

        impl $socket {
            #[inline(always)]
            fn socket(&self) -> &Socket {
                &self.socket
            }

            pub(in crate::net) fn from_socket(socket: Socket) -> Self {
                Self { socket }
            }

            /// Calls `operation`, which does I/O on the descriptor, if the socket may be ready for
            /// it. When it returns `WouldBlock`, the readiness is cleared, so it must return that
            /// only if the socket did.
            ///
            /// # Errors
            ///
            /// `WouldBlock` if the socket is known not to be ready; else those of `operation`.
            pub fn try_io<T>(
                &self,
                interest: Interest,
                operation: impl FnOnce() -> std::io::Result<T>,
            ) -> std::io::Result<T> {
                self.socket.try_user_io(interest, || {
                    self.socket.flush_outbox()?;
                    operation()
                })
            }

            /// Calls `operation`, which does I/O on the descriptor, as often as it takes until it
            /// does not return `WouldBlock`, waiting for readiness in between.
            ///
            /// # Errors
            ///
            /// Those of `operation`, and of [`ready`](Self::ready).
            ///
            /// # Cancel safety
            ///
            /// Dropping it between two calls of `operation` loses nothing.
            pub async fn async_io<T>(
                &self,
                interest: Interest,
                mut operation: impl FnMut() -> std::io::Result<T>,
            ) -> std::io::Result<T> {
                self.socket
                    .io(interest, || {
                        self.socket.flush_outbox()?;
                        operation()
                    })
                    .await
            }
        }
    };
}

pub(super) use {readable_api, readiness_api, ready_api, socket_api, std_api, writable_api};
