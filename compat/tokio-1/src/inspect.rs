//! Looks into the program from outside, if the environment asks for them: so that no line of the
//! program changes.
//!
//! With `MINATO_INSPECT=PATH` the first runtime that is built has a socket at that path, through
//! which `minato top PATH` looks. A thread of its own answers, also while all workers are stuck.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::sync::Once;
use std::thread;

use minato::runtime::Builder;

/// The variable with the path.
const VARIABLE: &str = "MINATO_INSPECT";

/// Serves looks from now on, if the environment says so. What is wrong is told once, and the
/// program goes on without them.
pub(crate) fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        let path = env::var_os(VARIABLE).filter(|path| !path.is_empty());
        if let Some(Err(error)) = path.map(|path| serve(&path)) {
            eprintln!("minato: {VARIABLE}: {error}");
        }
    });
}

fn serve(path: &OsStr) -> io::Result<()> {
    let server = minato::inspect::serve(path)?;
    let runtime = Builder::new_current_thread().name("minato-inspect").build()?;
    let thread = thread::Builder::new().name("minato-inspect".to_owned());
    thread.spawn(move || runtime.block_on(server.run())).map(drop)
}
