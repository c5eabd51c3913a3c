//! Event sources of mio 0.6.
//!
//! Each reactor that has any gets one `Poll` of mio 0.6, a *nest*, with its sources in it. The
//! nest's own descriptor is registered with the reactor: when it becomes readable, the nest is
//! turned, and the tasks that wait for its sources are notified. It is there only for as long as it
//! has sources.
//!
//! A source must have a descriptor, as sockets have. One that is set ready by the program itself
//! (`mio::Registration`) reaches a `Poll` that sleeps, and a nest never does.

mod known;
mod nest;
mod old;
mod poll_evented;
mod registration;
mod socket;

pub(crate) use self::nest::Nest;
pub(crate) use self::socket::SocketEvents;

/// What the module `reactor` has of mio 0.6.
pub(crate) mod public {
    #[allow(deprecated, reason = "it is public, and deprecated itself")]
    pub use super::old::PollEvented;
    pub use super::poll_evented::PollEvented2;
    pub use super::registration::Registration;
}
