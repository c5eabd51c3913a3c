//! A replica as a client sees it: a task that keeps a connection to it, and asks one question at a
//! time.

use std::io;
use std::time::Duration;

use futures_channel::{mpsc, oneshot};
use futures_util::StreamExt;
use minato::net::TcpStream;
use minato::time::{sleep, timeout};

use crate::Bugs;
use crate::connection::Connection;
use crate::message::{self, Entry, Request};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_millis(500);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_millis(100);
/// After so many answers in a row that did not come, another connection is tried.
const PATIENCE: u32 = 5;
/// How long to wait before another connection is tried.
const RECONNECT: Duration = Duration::from_millis(20);

/// Asks one replica.
pub(crate) struct Peer {
    questions: mpsc::UnboundedSender<Question>,
}

struct Question {
    request: Request,
    answer: oneshot::Sender<Entry>,
}

impl Peer {
    /// The peer's task ends with the peer.
    pub(crate) fn new(address: String, bugs: Bugs) -> Peer {
        let (questions, receiver) = mpsc::unbounded();
        let replica = Replica { address, bugs, connection: None, number: 0, unanswered: 0 };
        minato::spawn(replica.ask_all(receiver));
        Peer { questions }
    }

    /// What the replica has after this request, or `None` if it has not answered in time.
    pub(crate) async fn ask(&self, request: Request) -> Option<Entry> {
        let (answer, receiver) = oneshot::channel();
        self.questions.unbounded_send(Question { request, answer }).ok()?;
        receiver.await.ok()
    }
}

/// The state of the task.
struct Replica {
    address: String,
    bugs: Bugs,
    connection: Option<Connection>,
    /// The number of the last request.
    number: u64,
    /// How many requests in a row were not answered in time.
    unanswered: u32,
}

impl Replica {
    async fn ask_all(mut self, mut questions: mpsc::UnboundedReceiver<Question>) {
        while let Some(question) = questions.next().await {
            if question.answer.is_canceled() {
                continue; // The other replicas were faster: nobody wants to know any more.
            }
            match self.ask(question.request).await {
                Ok(Some(entry)) => _ = question.answer.send(entry),
                Ok(None) => {}
                Err(_) => {
                    self.connection = None;
                    sleep(RECONNECT).await;
                }
            }
        }
    }

    /// Asks one question, and returns `None` if the answer takes too long.
    async fn ask(&mut self, request: Request) -> io::Result<Option<Entry>> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                self.unanswered = 0;
                let stream = timeout(CONNECT, TcpStream::connect(&*self.address)).await??;
                Connection::new(stream)?
            }
        };
        self.number += 1;
        timeout(ANSWER, connection.send(&message::request(self.number, request))).await??;
        let answer = timeout(ANSWER, self.answer(&mut connection)).await;
        let Ok(answer) = answer else {
            self.unanswered += 1;
            if self.unanswered < PATIENCE {
                self.connection = Some(connection);
            }
            return Ok(None);
        };
        self.unanswered = 0;
        self.connection = Some(connection);
        answer.map(Some)
    }

    /// The answer to the last request. Answers to earlier ones may come first.
    async fn answer(&self, connection: &mut Connection) -> io::Result<Entry> {
        loop {
            let (number, entry) = message::parse_answer(&connection.receive().await?)?;
            if number == self.number || self.bugs.stale_answers {
                return Ok(entry);
            }
        }
    }
}
