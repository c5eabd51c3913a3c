//! Naming a reactor.

use std::fmt;
use std::sync::Arc;

use super::events::Nest;

/// Names a reactor: what sockets that belong to one are given. Cheap to clone.
///
/// The default handle names none in particular. A socket with it finds its reactor when it first
/// has to wait; see the [module](super).
///
/// ```
/// use tokio::net::UdpSocket;
/// use tokio::reactor::{Handle, Reactor};
///
/// let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
/// let anywhere = UdpSocket::from_std(socket, &Handle::default())?;
///
/// let reactor = Reactor::new()?;
/// let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
/// let on_that_reactor = UdpSocket::from_std(socket, &reactor.handle())?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Default)]
pub struct Handle {
    named: Option<Arc<Named>>,
}

struct Named {
    handle: minato::reactor::Handle,
    nest: Nest,
}

impl Handle {
    /// The default handle.
    ///
    /// In tokio 0.1 this started the background thread at once. Here, as everywhere, that waits
    /// until somebody needs it.
    #[deprecated(note = "semantics were sometimes surprising, use Handle::default()")]
    pub fn current() -> Self {
        Self::default()
    }

    /// The reactor that is named, unless it is to be found.
    pub(crate) fn named(&self) -> Option<&minato::reactor::Handle> {
        self.named.as_ref().map(|named| &named.handle)
    }

    /// Where the reactor's event sources of mio 0.6 are.
    #[allow(dead_code, reason = "only the feature mio-06 has any")]
    pub(super) fn nest(&self) -> &Nest {
        match &self.named {
            Some(named) => &named.nest,
            None => Nest::of_default(),
        }
    }
}

impl From<minato::reactor::Handle> for Handle {
    fn from(handle: minato::reactor::Handle) -> Self {
        let nest = Nest::new(Some(handle.clone()));
        Self { named: Some(Arc::new(Named { handle, nest })) }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("reactor", &self.named()).finish()
    }
}
