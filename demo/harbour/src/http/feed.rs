//! The feed by WebSocket: the board, and then every change.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, interval, timeout};

use super::problem::{Problem, unreadable};
use crate::service::Service;

/// How often a silent reader is asked whether it is there, and how long it may be silent.
const PING: Duration = Duration::from_secs(20);
const MAX_SILENCE: Duration = Duration::from_secs(60);

/// A reader has nothing to say.
const MAX_MESSAGE: usize = 4 * 1024;

/// Why a reader leaves, and what it is told.
struct Leave {
    reason: &'static str,
    close: Option<(u16, String)>,
}

impl Leave {
    fn silently(reason: &'static str) -> Self {
        Self { reason, close: None }
    }

    fn telling(reason: &'static str, code: u16, text: impl Into<String>) -> Self {
        Self { reason, close: Some((code, text.into())) }
    }
}

pub(super) async fn feed(
    service: State<Arc<Service>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let upgrade = upgrade
        .map_err(|rejection| unreadable(rejection.status(), rejection.body_text()))?
        .max_message_size(MAX_MESSAGE);
    // From here on, so that the service does not end between the answer and the first message.
    let token = service.tasks.token();
    Ok(upgrade.on_upgrade(async move |mut socket| {
        let _token = token;
        service.metrics.readers.inc();
        let leave = read(&service, &mut socket).await;
        tracing::debug!(leave.reason, "a reader of the feed leaves");
        if let Some((code, reason)) = leave.close {
            let end = close(&mut socket, CloseFrame { code, reason: reason.into() });
            if !matches!(timeout(service.patience.reader, end).await, Ok(Ok(()))) {
                tracing::debug!("a reader of the feed did not take its end");
            }
        }
        service.metrics.readers.dec();
        service.metrics.left(leave.reason);
    }))
}

/// Sends the feed until there is a reason to end.
async fn read(service: &Service, socket: &mut WebSocket) -> Leave {
    // Before the board is read: what comes in between is in both, and left out here.
    let mut entries = service.feed.subscribe();
    let board = match service.board().await {
        Ok(board) => board,
        Err(refusal) => return Leave::telling("no-board", close_code::AGAIN, refusal.detail()),
    };
    if let Err(leave) = send(service, socket, Message::text(board.snapshot())).await {
        return leave;
    }
    let mut pings = interval(PING);
    let mut heard = Instant::now();
    loop {
        let message = tokio::select! {
            _ = service.closing.cancelled() => return goodbye(),
            entry = entries.recv() => match entry {
                Ok(entry) if entry.change.revision <= board.revision => continue,
                Ok(entry) => Message::Text(entry.message.clone()),
                Err(RecvError::Lagged(missed)) => {
                    let text = format!("too slow: {missed} changes are lost; connect again");
                    return Leave::telling("slow", close_code::POLICY, text);
                }
                Err(RecvError::Closed) => return goodbye(),
            },
            message = socket.recv() => match message {
                // The answer to a ping or to a close is made by the library.
                Some(Ok(Message::Close(_))) | None => return Leave::silently("gone"),
                Some(Ok(_)) => {
                    heard = Instant::now();
                    continue;
                }
                Some(Err(error)) => {
                    tracing::debug!(%error, "a reader of the feed is cut off");
                    return Leave::silently("broken");
                }
            },
            _ = pings.tick() => match heard.elapsed() < MAX_SILENCE {
                true => Message::Ping(Default::default()),
                false => return Leave::silently("silent"),
            },
        };
        if let Err(leave) = send(service, socket, message).await {
            return leave;
        }
    }
}

fn goodbye() -> Leave {
    Leave::telling("closing", close_code::AWAY, "the service ends")
}

/// Sends one message, unless the reader does not take it or the service ends.
async fn send(service: &Service, socket: &mut WebSocket, message: Message) -> Result<(), Leave> {
    tokio::select! {
        sent = timeout(service.patience.reader, socket.send(message)) => match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Leave::silently("broken")),
            // Nothing can be told through a connection that is full.
            Err(_) => Err(Leave::silently("stuck")),
        },
        _ = service.closing.cancelled() => Err(goodbye()),
    }
}

/// Says why, and waits until the reader has read it.
async fn close(socket: &mut WebSocket, frame: CloseFrame) -> Result<(), axum::Error> {
    socket.send(Message::Close(Some(frame))).await?;
    while let Some(Ok(_)) = socket.recv().await {}
    Ok(())
}
