//! Sockets by the number of their descriptor.

/// Gives `$socket`, which is set up before it is used, the ways from the number of a descriptor and
/// back.
macro_rules! raw_api {
    ($socket:ident) => {
        impl std::os::fd::FromRawFd for $socket {
            /// Takes over a socket of the operating system and makes it non-blocking. Nothing is
            /// checked: what is wrong with it shows when it is used.
            #[track_caller]
            unsafe fn from_raw_fd(descriptor: std::os::fd::RawFd) -> Self {
                // SAFETY: the caller gives an open descriptor away, as the trait asks.
                let descriptor = unsafe { std::os::fd::OwnedFd::from_raw_fd(descriptor) };
                Self { socket: Socket::take_over(descriptor) }
            }
        }

        impl std::os::fd::IntoRawFd for $socket {
            /// Gives the descriptor away. A simulated socket has none, and gives one on which every
            /// call fails.
            fn into_raw_fd(self) -> std::os::fd::RawFd {
                let placeholder = |_| $crate::os::placeholder().try_clone_to_owned();
                let descriptor = self.socket.into_descriptor().or_else(placeholder);
                descriptor.map_or(-1, std::os::fd::IntoRawFd::into_raw_fd)
            }
        }
    };
}

pub(super) use raw_api;
