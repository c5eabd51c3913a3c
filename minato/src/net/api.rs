//! What all sockets have, written once: macros that give a type its methods and traits.

/// Gives `$socket`, which has a field `socket: Socket`, what every socket has. `Debug` shows the
/// listed addresses.
macro_rules! socket_api {
    ($socket:ident { $($field:ident: $address:ident),+ }) => {
        impl $socket {
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
                    $(.field(stringify!($field), &self.$address().ok()))+
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
            /// # Errors
            ///
            /// `InvalidInput` when the descriptor is of another kind, `Unsupported` on a simulated
            /// runtime; else the system's.
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

            /// Gives the socket to std, non-blocking as it is.
            $(#[doc = $doc])*
            ///
            /// # Errors
            ///
            /// `Unsupported` on a simulated runtime; and an error of bytes that were sent earlier.
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

/// Gives `$socket`, a stream or datagram socket, its waits and the operations of users.
macro_rules! readiness_api {
    ($socket:ident, $readable:literal, $writable:literal) => {
        impl $socket {
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
                self.socket.ready(interest).await
            }

            #[doc = $readable]
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

            #[doc = $writable]
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

pub(super) use {readiness_api, socket_api, std_api};
