//! Spawns tasks and joins them, one after the other: what a task costs. Run under callgrind.

use std::io;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let peer = arguments.next().unwrap_or_default();
    let count = arguments.next().and_then(|count| count.parse().ok()).unwrap_or(1_u64);
    let sum = match peer.as_str() {
        "minato" => {
            let runtime = minato::runtime::Builder::new_current_thread().build()?;
            runtime.block_on(async {
                let mut sum = 0;
                for number in 0..count {
                    sum += minato::spawn(async move { number }).await?;
                }
                io::Result::Ok(sum)
            })?
        }
        "tokio" => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut sum = 0;
                for number in 0..count {
                    sum += tokio::spawn(async move { number }).await?;
                }
                io::Result::Ok(sum)
            })?
        }
        "smol" => {
            let executor = smol::LocalExecutor::new();
            smol::block_on(executor.run(async {
                let mut sum = 0;
                for number in 0..count {
                    sum += executor.spawn(async move { number }).await;
                }
                sum
            }))
        }
        _ => {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "usage: spawn-join minato|tokio|smol COUNT",
            ));
        }
    };
    println!("{sum}");
    Ok(())
}
