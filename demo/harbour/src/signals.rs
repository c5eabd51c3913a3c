//! What tells a program to end.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// Waits for SIGTERM or SIGINT. From this call on neither kills the program.
///
/// # Errors
///
/// The system refuses the handlers.
pub fn terminated() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => tracing::info!("SIGTERM: the service ends"),
            _ = interrupt.recv() => tracing::info!("SIGINT: the service ends"),
        }
    })
}
