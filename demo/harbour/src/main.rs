//! The program `harbour`: what the environment says, a runtime, and an orderly end.

use std::process::ExitCode;
use std::time::Duration;

use harbour::config::Config;
use harbour::server::Server;
use harbour::{Result, signals};
use tokio::runtime::Builder;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("harbour: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    harbour::log();
    let config = Config::from_env()?;
    let mut builder = Builder::new_multi_thread();
    if let Some(workers) = config.workers {
        builder.worker_threads(workers);
    }
    let runtime = builder.enable_all().build()?;
    let result = runtime.block_on(async {
        // Before anybody can know that the service is there.
        let terminated = signals::terminated()?;
        let server = Server::start(config).await?;
        println!("harbour: http {} grpc {}", server.http, server.grpc);
        terminated.await;
        server.close().await;
        Ok(())
    });
    // A connection that the deadline cut off may still hold a task.
    runtime.shutdown_timeout(Duration::from_secs(1));
    result
}
