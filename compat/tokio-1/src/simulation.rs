//! Runtimes as hosts of a simulated world, by the environment: so that no line of the program
//! changes.
//!
//! With `MINATO_ENGINE=sim` each thread that builds a runtime has a world of its own, as each test
//! has a thread of its own. The world has one machine, which is the runtime's. `MINATO_SEED` is the
//! seed of the world.

use std::cell::RefCell;
use std::env::{self, VarError};
use std::io;

use minato::engine::Engine;
use minato::runtime::{Builder, Handle};
use minato::sim::World;

/// The variable that names the engine.
const ENGINE: &str = "MINATO_ENGINE";

/// The variable with the seed, a number; without it the seed is 0.
const SEED: &str = "MINATO_SEED";

thread_local! {
    /// The simulated runtime that was built here last.
    static LAST: RefCell<Option<Handle>> = const { RefCell::new(None) };
}

/// Has `builder` build a host of a new world, if the environment says so.
pub(crate) fn set_up(builder: &mut Builder) -> io::Result<()> {
    // A program that was not built for it takes nothing from the environment.
    let seed = if cfg!(feature = "simulation") { seed()? } else { None };
    let Some(seed) = seed else { return Ok(()) };
    if LAST.with(|last| last.borrow().as_ref().is_some_and(|last| !last.has_ended())) {
        return Err(io::Error::new(
            io::ErrorKind::Unsupported,
            format!(
                "this thread has a simulated runtime already, and the tasks of two would not run \
                 at the same time; one runtime after the other works, or unset {ENGINE}"
            ),
        ));
    }
    // Seen where a test has failed.
    eprintln!("minato: a simulated world with the seed {seed} ({SEED}={seed} repeats it)");
    builder.engine(Engine::closed_sim(World::new(seed).host("machine")));
    Ok(())
}

/// Notes what the builder has built.
pub(crate) fn note(runtime: &Handle) {
    if runtime.world().is_some() {
        LAST.with(|last| last.replace(Some(runtime.clone())));
    }
}

/// The seed, if runtimes are to be simulated.
fn seed() -> io::Result<Option<u64>> {
    let invalid = |text| Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    match env::var(ENGINE).as_deref() {
        Err(VarError::NotPresent) | Ok("" | "os") => Ok(None),
        Ok("sim") => match env::var(SEED) {
            Err(VarError::NotPresent) => Ok(Some(0)),
            seed => match seed.ok().and_then(|seed| seed.parse().ok()) {
                Some(seed) => Ok(Some(seed)),
                None => invalid(format!("{SEED} wants a number")),
            },
        },
        _ => invalid(format!("{ENGINE} is neither `os` nor `sim`")),
    }
}

/// The functions of `time` that stop the clock. A world's clock stands still while anything can
/// run, and needs no stopping.
pub mod clock {
    use std::time::Duration;

    use minato::{sim, time};

    #[track_caller]
    pub fn pause() {
        if sim::world().is_none() {
            time::pause();
        }
    }

    #[track_caller]
    pub fn resume() {
        if sim::world().is_none() {
            time::resume();
        }
    }

    pub async fn advance(duration: Duration) {
        match sim::world() {
            None => time::advance(duration).await,
            Some(_) => time::sleep(duration).await,
        }
    }
}
