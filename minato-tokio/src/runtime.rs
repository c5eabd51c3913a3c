//! Where the attributes of Minato look for a runtime, if they are told `crate = "minato_tokio"`.

use std::io;

use minato::engine::Engine;
use minato::runtime::Enter;

use crate::Guest;
use crate::guest::refuse_simulation;

/// Makes builders of Minato's runtimes which have the [shared](Guest::shared) guest.
///
/// ```
/// use minato_tokio::runtime::Builder;
///
/// # fn main() -> std::io::Result<()> {
/// let runtime = Builder::new_multi_thread().worker_threads(1).build()?;
/// assert_eq!(runtime.block_on(async { tokio::spawn(async { 5 }).await })?, 5);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub enum Builder {}

impl Builder {
    /// As [`minato::runtime::Builder::new_current_thread`].
    pub fn new_current_thread() -> minato::runtime::Builder {
        with_shared(minato::runtime::Builder::new_current_thread())
    }

    /// As [`minato::runtime::Builder::new_multi_thread`].
    pub fn new_multi_thread() -> minato::runtime::Builder {
        with_shared(minato::runtime::Builder::new_multi_thread())
    }
}

fn with_shared(mut builder: minato::runtime::Builder) -> minato::runtime::Builder {
    builder.on_enter(Shared);
    builder
}

/// The shared guest, which starts when a runtime is built that has it.
struct Shared;

impl Enter for Shared {
    fn enter(&self) -> impl Sized + '_ {
        // It is there, since `check` has started it.
        Guest::shared().map(Guest::enter)
    }

    fn check(&self, engine: &Engine) -> io::Result<()> {
        refuse_simulation(engine)?;
        Guest::shared().map(drop)
    }
}
