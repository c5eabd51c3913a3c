//! What a tide station knows, asked over HTTPS.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::{Certificate, Client, StatusCode};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tokio::time::sleep;

use crate::domain::BookingRequest;
use crate::metrics::Metrics;
use crate::refusal::Refusal;

/// How often the station is asked for one ship.
const ATTEMPTS: u32 = 3;

/// The pause before the second attempt. It doubles with each.
const PAUSE: Duration = Duration::from_millis(100);

/// What is asked: the tide at a time, and when it is so high.
#[derive(Debug, Deserialize, Serialize)]
pub struct Question {
    pub at: DateTime<Utc>,
    pub needed: f64,
}

/// The answer, in metres above the lowest tide.
#[derive(Debug, Deserialize, Serialize)]
pub struct Tide {
    pub height: f64,
    /// The first time from `at` on when the tide is as high as needed, within two days.
    pub next: Option<DateTime<Utc>>,
}

/// Where the station is, and the certificate of who vouches for it.
#[derive(Clone, Debug)]
pub struct Station {
    pub url: String,
    pub ca: PathBuf,
}

/// Asks the station.
pub struct Tides {
    station: Option<Station>,
    /// With the certificate that it trusts.
    client: Mutex<Option<(Vec<u8>, Client)>>,
    /// How long one answer may take.
    patience: Duration,
    metrics: Arc<Metrics>,
}

/// Why there is no answer, and whether to ask again.
struct Failure {
    why: String,
    passing: bool,
}

impl Tides {
    pub fn new(station: Option<Station>, patience: Duration, metrics: Arc<Metrics>) -> Self {
        // The cryptography of the process. A second call finds that the choice was made.
        _ = rustls::crypto::ring::default_provider().install_default();
        Self { station, client: Mutex::default(), patience, metrics }
    }

    /// Holds a request against the tide at its arrival, if the ship is so deep that it matters.
    ///
    /// # Errors
    ///
    /// [`Refusal::TooShallow`], and [`Refusal::TidesUnknown`] when the station does not answer:
    /// without it no deep ship is let in, and all others are.
    pub async fn admit(&self, request: &BookingRequest) -> Result<(), Refusal> {
        let Some(needed) = request.tide_needed() else { return Ok(()) };
        let Some(station) = &self.station else {
            return Err(Refusal::TidesUnknown("no tide station is configured".into()));
        };
        let question = Question { at: request.arrives, needed };
        let tide = self.ask(station, &question).await.map_err(|why| {
            tracing::warn!(why, "the tide station does not answer");
            self.metrics.tide("unknown");
            Refusal::TidesUnknown(why)
        })?;
        self.metrics.tide("known");
        let Tide { height, next } = tide;
        if height >= needed { Ok(()) } else { Err(Refusal::TooShallow { needed, height, next }) }
    }

    async fn ask(&self, station: &Station, question: &Question) -> Result<Tide, String> {
        let mut attempt = 1;
        loop {
            let failure = match self.ask_once(station, question, attempt > 1).await {
                Ok(tide) => return Ok(tide),
                Err(failure) => failure,
            };
            if !failure.passing || attempt == ATTEMPTS {
                return Err(format!("{} (asked {attempt} times)", failure.why));
            }
            tracing::debug!(why = failure.why, attempt, "the tide station is asked again");
            self.metrics.tide("retried");
            sleep(PAUSE * 2_u32.pow(attempt - 1)).await;
            attempt += 1;
        }
    }

    async fn ask_once(
        &self,
        station: &Station,
        question: &Question,
        failed_before: bool,
    ) -> Result<Tide, Failure> {
        let client = self.client(station, failed_before).await?;
        let request = client.get(format!("{}/tides", station.url)).query(question);
        let response = request.send().await.map_err(Failure::from)?;
        match response.status() {
            StatusCode::OK => response.json().await.map_err(Failure::from),
            status => {
                let why = format!("the station answered {status}");
                Err(Failure { why, passing: status.is_server_error() })
            }
        }
    }

    /// The client. After a failure the certificate is read again: a station that began anew has a
    /// new one.
    async fn client(&self, station: &Station, read_again: bool) -> Result<Client, Failure> {
        let mut slot = self.client.lock().await;
        if let (Some((_, client)), false) = (&*slot, read_again) {
            return Ok(client.clone());
        }
        let ca = station.ca.display();
        let failure = |why: String| Failure { why: format!("{ca}: {why}"), passing: true };
        let pem = tokio::fs::read(&station.ca).await.map_err(|error| failure(error.to_string()))?;
        if let Some((known, client)) = &*slot
            && *known == pem
        {
            return Ok(client.clone());
        }
        let roots = Certificate::from_pem_bundle(&pem).map_err(|error| failure(cause(&error)))?;
        if roots.is_empty() {
            return Err(failure("holds no certificate".into()));
        }
        let client = Client::builder().tls_certs_only(roots).no_proxy().timeout(self.patience);
        let client = client.build().map_err(|error| failure(cause(&error)))?;
        *slot = Some((pem, client.clone()));
        Ok(client)
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Failure { why: cause(&error.without_url()), passing: true }
    }
}

/// The last cause of an error, which is the one that says something.
fn cause(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}
