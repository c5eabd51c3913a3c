//! Conversations by TCP, with the echo or through the proxy before it.

use std::io;
use std::time::Duration;

use fastrand::Rng;
use futures_util::future::{self, Either};
use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::TcpStream;
use minato::net::tcp::TcpKeepalive;
use minato::time;

use super::{Driver, up_to};
use crate::pattern::Pattern;
use crate::serve::{self, ECHO, PROXY};

const LONGEST_CANCEL: Duration = Duration::from_secs(4);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);
/// How often it asks whether the server has restarted: longer than it may be gone.
const ATTEMPTS: usize = 60;

/// One conversation: what is sent, and how it ends.
#[derive(Clone, Copy, Debug)]
struct Conversation {
    port: u16,
    pattern: Pattern,
    length: u64,
    /// How much is written and read at once.
    piece: usize,
    /// How much is read, if that is not all; then the connection is dropped, or reset.
    stop_at: Option<(u64, bool)>,
    /// How long the reader pauses now and then.
    pause: Option<Duration>,
}

impl Conversation {
    fn draw(numbers: &mut Rng) -> Conversation {
        // As likely to be short as long, up to a MiB.
        let length = (numbers.f64() * 20.0).exp2() as u64;
        let stops = numbers.usize(..5) == 0;
        Conversation {
            port: if numbers.bool() { ECHO } else { PROXY },
            pattern: Pattern(numbers.u64(..)),
            length,
            piece: 1 << numbers.u32(4..16),
            stop_at: stops.then(|| (numbers.u64(..=length), numbers.bool())),
            pause: (numbers.usize(..4) == 0).then(|| up_to(LONGEST_PAUSE, numbers)),
        }
    }
}

/// How a conversation ended that nobody cut off.
enum End {
    /// All that was wanted came back.
    Complete,
    /// The connection ended before that.
    Broken { received: u64, error: Option<io::Error> },
}

/// Converses until the driver's runtime is to end.
pub(super) async fn converse_again_and_again(driver: Driver, mut numbers: Rng) {
    while !driver.is_over() {
        let conversation = Conversation::draw(&mut numbers);
        let before = driver.generation();
        let conversing = converse(conversation, &driver);
        let end = if numbers.usize(..3) == 0 {
            time::timeout(up_to(LONGEST_CANCEL, &mut numbers), conversing).await
        } else {
            Ok(conversing.await)
        };
        match end {
            Err(_) => driver.tally.add("conversations cut off", 1),
            Ok(End::Complete) => driver.tally.add("conversations complete", 1),
            Ok(End::Broken { received, error }) => {
                driver.tally.add("conversations broken by a restart", 1);
                let error = error.map_or("end of stream".to_string(), |error| error.to_string());
                let what = format!("{conversation:?} ended after {received} bytes: {error}");
                excuse(&driver, before, what).await;
            }
        }
    }
}

/// Only a restart of the server may break a conversation. `before` is a server that was there
/// before it began; if that is still there, something else has broken it.
async fn excuse(driver: &Driver, before: u64, what: String) {
    for _ in 0..ATTEMPTS {
        if driver.generation() > before {
            return;
        }
        let asked = time::timeout(Duration::from_secs(5), ask()).await;
        if let Ok(Ok(generation)) = asked {
            driver.hear_of(generation);
            if generation == before {
                driver.tally.wrong(format!("{what}, and the server had not restarted"));
                return;
            }
        }
        time::sleep(Duration::from_millis(100)).await;
    }
    driver.tally.wrong(format!("{what}, and the server cannot be reached"));
}

/// A reset that tells of a restart may be lost, and who only reads would then wait for ever.
fn keepalive() -> TcpKeepalive {
    let second = Duration::from_secs(1);
    TcpKeepalive::new().with_time(second * 3).with_interval(second).with_retries(20)
}

/// Which server is there.
async fn ask() -> io::Result<u64> {
    TcpStream::connect(serve::at(ECHO)).await?.read_u64_le().await
}

async fn converse(conversation: Conversation, driver: &Driver) -> End {
    let mut stream = match TcpStream::connect(serve::at(conversation.port)).await {
        Ok(stream) => stream,
        Err(error) => return End::Broken { received: 0, error: Some(error) },
    };
    driver.tally.add("connections", 1);
    if let Err(error) = stream.set_keepalive(Some(&keepalive())) {
        return End::Broken { received: 0, error: Some(error) };
    }
    match stream.read_u64_le().await {
        Ok(generation) => driver.hear_of(generation),
        Err(error) => return End::Broken { received: 0, error: Some(error) },
    }
    let (mut reader, mut writer) = stream.split();
    let sending = async {
        let mut sent = 0;
        let mut piece = vec![0; conversation.piece];
        while sent < conversation.length {
            let size = (conversation.length - sent).min(piece.len() as u64);
            let bytes = &mut piece[..size as usize];
            conversation.pattern.fill(sent, bytes);
            writer.write_all(bytes).await?;
            sent += size;
        }
        writer.shutdown().await
    };
    let mut received = 0;
    let receiving = async {
        let mut piece = vec![0; conversation.piece];
        let stop_at = conversation.stop_at.map(|(at, _)| at);
        while stop_at.is_none_or(|at| received < at) {
            let length = reader.read(&mut piece).await?;
            if length == 0 {
                break;
            }
            check(&conversation, received, &piece[..length], driver);
            received += length as u64;
            if let Some(pause) = conversation.pause.filter(|_| fastrand::usize(..64) == 0) {
                time::sleep(pause).await;
            }
        }
        io::Result::Ok(())
    };
    let error = both(sending, receiving, conversation.stop_at.is_some()).await.err();
    let wanted = conversation.stop_at.map_or(conversation.length, |(at, _)| at);
    match conversation.stop_at {
        _ if error.is_some() || received < wanted => return End::Broken { received, error },
        Some((_, true)) => _ = stream.set_zero_linger(),
        _ => {}
    }
    End::Complete
}

/// Sends and receives at the same time. When enough was received, what is not sent yet may be left,
/// if `may_leave` says so.
async fn both(
    sending: impl Future<Output = io::Result<()>>,
    receiving: impl Future<Output = io::Result<()>>,
    may_leave: bool,
) -> io::Result<()> {
    if !may_leave {
        return future::try_join(sending, receiving).await.map(drop);
    }
    let sending = std::pin::pin!(sending);
    let receiving = std::pin::pin!(receiving);
    match future::select(sending, receiving).await {
        Either::Left((sent, receiving)) => sent.and(receiving.await),
        Either::Right((received, _)) => received,
    }
}

fn check(conversation: &Conversation, position: u64, bytes: &[u8], driver: &Driver) {
    driver.tally.add("bytes checked", bytes.len() as u64);
    if let Some(at) = conversation.pattern.first_wrong(position, bytes) {
        driver.tally.wrong(format!("{conversation:?}: byte {at} is wrong"));
    }
    if position + bytes.len() as u64 > conversation.length {
        driver.tally.wrong(format!("{conversation:?}: more came back than was sent"));
    }
}
