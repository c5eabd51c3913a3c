//! The book of the harbour in PostgreSQL: the truth about every booking.

use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{FromRow, PgConnection, PgPool, Row};

use crate::domain::{Berth, Booking, BookingRequest, Change, State};
use crate::refusal::Refusal;

/// How often a booking is tried that another transaction made fail.
const ATTEMPTS: usize = 3;

/// The board shows what has left in these days, too.
const BOARD_DAYS: i32 = 30;

/// A pool of connections to the database of one harbour.
#[derive(Clone)]
pub struct Store {
    pool: PgPool,
}

/// What there is to see: the state of the harbour after its first `revision` changes.
pub struct Contents {
    pub revision: i64,
    pub berths: Vec<Berth>,
    pub bookings: Vec<Booking>,
}

/// How an attempt to book ended without a refusal.
enum Attempt {
    Booked(Change),
    /// The key is used already.
    KeyUsed,
    /// The berth was taken when the booking was written.
    Overlap,
    /// Another transaction stood in the way, and is gone.
    Again(sqlx::Error),
}

impl Store {
    /// Connects, and brings the tables up to date. Several instances may do so at once.
    ///
    /// `patience` is for a connection, and for a lock.
    pub async fn open(
        url: &str,
        connections: u32,
        patience: Duration,
    ) -> Result<Self, sqlx::Error> {
        let milliseconds = |time: Duration| time.as_millis().to_string();
        let options = PgConnectOptions::from_str(url)?.application_name("harbour").options([
            ("lock_timeout", milliseconds(patience)),
            ("statement_timeout", milliseconds(patience * 2)),
            ("idle_in_transaction_session_timeout", milliseconds(patience * 4)),
        ]);
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(patience)
            .connect_with(options)
            .await?;
        sqlx::migrate!().run(&pool).await?;
        Ok(Self { pool })
    }

    /// What tells this harbour apart from others, and the number of its last change.
    pub async fn identity(&self) -> Result<(String, i64), sqlx::Error> {
        let row = sqlx::query("select id::text, revision from harbour").fetch_one(&self.pool);
        let row = row.await?;
        Ok((row.try_get(0)?, row.try_get(1)?))
    }

    /// The berths, by number.
    pub async fn berths(&self) -> Result<Vec<Berth>, sqlx::Error> {
        berths(&mut *self.pool.acquire().await?).await
    }

    pub async fn berth(&self, id: i32) -> Result<Berth, Refusal> {
        let berth = sqlx::query_as("select * from berths where id = $1").bind(id);
        berth.fetch_optional(&self.pool).await?.ok_or(Refusal::NoSuchBerth(id))
    }

    pub async fn booking(&self, id: i64) -> Result<Booking, Refusal> {
        let booking = sqlx::query_as("select * from entries where id = $1").bind(id);
        booking.fetch_optional(&self.pool).await?.ok_or(Refusal::NoSuchBooking(id))
    }

    /// The booking that was made with this key.
    pub async fn booking_by_key(&self, key: &str) -> Result<Option<Booking>, sqlx::Error> {
        sqlx::query_as("select * from entries where key = $1")
            .bind(key)
            .fetch_optional(&self.pool)
            .await
    }

    /// The bookings that stand and touch a time, by arrival.
    pub async fn bookings(
        &self,
        from: Option<DateTime<Utc>>,
        to: Option<DateTime<Utc>>,
    ) -> Result<Vec<Booking>, sqlx::Error> {
        sqlx::query_as(
            "select * from entries
             where state = 'booked' and departs > coalesce($1, '-infinity')
             and arrives < coalesce($2, 'infinity') order by arrives, id",
        )
        .bind(from)
        .bind(to)
        .fetch_all(&self.pool)
        .await
    }

    /// The board: all berths, and the bookings that stand and are not long over. The three parts
    /// are of one moment.
    pub async fn contents(&self) -> Result<Contents, sqlx::Error> {
        let begin = "begin isolation level repeatable read read only";
        let mut transaction = self.pool.begin_with(begin).await?;
        let revision = sqlx::query_scalar("select revision from harbour");
        let revision = revision.fetch_one(&mut *transaction).await?;
        let berths = berths(&mut transaction).await?;
        let bookings = sqlx::query_as(
            "select * from entries
             where state = 'booked' and departs > now() - make_interval(days => $1)
             order by arrives, id",
        );
        let bookings = bookings.bind(BOARD_DAYS).fetch_all(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(Contents { revision, berths, bookings })
    }

    /// The changes after one, in order, at most `limit`.
    pub async fn changes(&self, after: i64, limit: i64) -> Result<Vec<Change>, sqlx::Error> {
        let rows = sqlx::query(
            "select c.revision, c.kind as state, e.id, e.berth, e.ship, e.length, e.draught,
                    e.arrives, e.departs
             from changes c join entries e on e.id = c.booking
             where c.revision > $1 order by c.revision limit $2",
        );
        let rows = rows.bind(after).bind(limit).fetch_all(&self.pool).await?;
        let change = |row: PgRow| {
            // The booking as the change left it, whatever came later.
            let booking = Booking::from_row(&row)?;
            Ok(Change { revision: row.try_get("revision")?, kind: booking.state, booking })
        };
        rows.into_iter().map(change).collect()
    }

    /// Books, or finds that the key has booked the same before. The change is `None` then.
    pub async fn book(
        &self,
        request: &BookingRequest,
        key: &str,
    ) -> Result<(Booking, Option<Change>), Refusal> {
        for _ in 1..ATTEMPTS {
            match self.attempt(request, key).await? {
                Attempt::Booked(change) => return Ok((change.booking.clone(), Some(change))),
                Attempt::KeyUsed => {
                    let known = self.booking_by_key(key).await?.ok_or(Refusal::KeyReused)?;
                    let same = request.asks_for(&known);
                    return if same { Ok((known, None)) } else { Err(Refusal::KeyReused) };
                }
                Attempt::Overlap => {
                    // It may have been cancelled in the meantime.
                    if let Some(booking) = self.overlapping(request).await? {
                        return Err(Refusal::Taken(Box::new(booking)));
                    }
                }
                Attempt::Again(error) => tracing::debug!(%error, "a booking is tried again"),
            }
        }
        Err(Refusal::Busy("too many want this berth at once"))
    }

    /// One transaction: the berth is locked, so that those who want it wait for each other and not
    /// in a circle.
    async fn attempt(&self, request: &BookingRequest, key: &str) -> Result<Attempt, Refusal> {
        let mut transaction = self.pool.begin().await?;
        let berth = sqlx::query_as("select * from berths where id = $1 for no key update");
        let berth: Option<Berth> =
            berth.bind(request.berth).fetch_optional(&mut *transaction).await?;
        berth.ok_or(Refusal::NoSuchBerth(request.berth))?.fits(request)?;
        let ship = register(&mut transaction, request).await?;
        let inserted = sqlx::query_scalar(
            "insert into bookings (key, berth, ship, draught, arrives, departs)
             values ($1, $2, $3, $4, $5, $6) on conflict (key) do nothing returning id",
        );
        let inserted = inserted.bind(key).bind(request.berth).bind(ship).bind(request.draught);
        let inserted = inserted.bind(request.arrives).bind(request.departs);
        let id = match inserted.fetch_optional(&mut *transaction).await {
            Ok(Some(id)) => id,
            Ok(None) => return Ok(Attempt::KeyUsed),
            Err(error) => {
                let code = error.as_database_error().and_then(|error| error.code());
                return match code.as_deref() {
                    // exclusion_violation, and then serialization_failure and deadlock_detected
                    Some("23P01") => Ok(Attempt::Overlap),
                    Some("40001" | "40P01") => Ok(Attempt::Again(error)),
                    _ => Err(error.into()),
                };
            }
        };
        let revision = count_up(&mut transaction, State::Booked, id).await?;
        transaction.commit().await?;
        let BookingRequest { berth, ship, length, draught, arrives, departs } = request.clone();
        let state = State::Booked;
        let booking = Booking { id, berth, ship, length, draught, arrives, departs, state };
        Ok(Attempt::Booked(Change { revision, kind: State::Booked, booking }))
    }

    async fn overlapping(&self, request: &BookingRequest) -> Result<Option<Booking>, sqlx::Error> {
        let booking = sqlx::query_as(
            "select * from entries
             where state = 'booked' and int4range(berth, berth, '[]') && int4range($1, $1, '[]')
             and stay && tstzrange($2, $3, '[)') order by arrives limit 1",
        );
        let booking = booking.bind(request.berth).bind(request.arrives).bind(request.departs);
        booking.fetch_optional(&self.pool).await
    }

    /// Cancels. `None` when it was cancelled before.
    pub async fn cancel(&self, id: i64) -> Result<Option<Change>, Refusal> {
        let mut transaction = self.pool.begin().await?;
        let updated = sqlx::query(
            "update bookings set state = 'cancelled' where id = $1 and state = 'booked'",
        );
        if updated.bind(id).execute(&mut *transaction).await?.rows_affected() == 0 {
            drop(transaction);
            return self.booking(id).await.map(|_| None);
        }
        let booking = sqlx::query_as("select * from entries where id = $1").bind(id);
        let booking = booking.fetch_one(&mut *transaction).await?;
        let revision = count_up(&mut transaction, State::Cancelled, id).await?;
        transaction.commit().await?;
        Ok(Some(Change { revision, kind: State::Cancelled, booking }))
    }

    /// Asks for nothing, and so tells whether the database answers.
    pub async fn ping(&self) -> Result<(), sqlx::Error> {
        sqlx::query("select 1").execute(&self.pool).await.map(drop)
    }

    /// Connections that are open, and those of them that nobody uses.
    pub fn connections(&self) -> (u32, usize) {
        (self.pool.size(), self.pool.num_idle())
    }

    /// Waits for the connections in use, and closes all.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

async fn berths(connection: &mut PgConnection) -> Result<Vec<Berth>, sqlx::Error> {
    sqlx::query_as("select * from berths order by number").fetch_all(connection).await
}

/// The ship's id in the register, where she comes with her first booking.
async fn register(connection: &mut PgConnection, request: &BookingRequest) -> Result<i64, Refusal> {
    let BookingRequest { ship, length, .. } = request;
    sqlx::query("insert into ships (name, length) values ($1, $2) on conflict (name) do nothing")
        .bind(ship)
        .bind(length)
        .execute(&mut *connection)
        .await?;
    let known = sqlx::query("select id, length from ships where name = $1").bind(ship);
    let known = known.fetch_one(connection).await?;
    let known_length: f64 = known.try_get(1)?;
    if known_length == *length {
        return Ok(known.try_get(0)?);
    }
    Err(Refusal::ShipDiffers { ship: ship.clone(), length: known_length })
}

/// Numbers the change of this transaction. From here to its commit no other change is numbered, so
/// this is the last statement.
async fn count_up(
    connection: &mut PgConnection,
    kind: State,
    booking: i64,
) -> Result<i64, sqlx::Error> {
    let revision = sqlx::query_scalar(
        "with next as (update harbour set revision = revision + 1 returning revision)
         insert into changes (revision, kind, booking) select revision, $1, $2 from next
         returning revision",
    );
    revision.bind(kind).bind(booking).fetch_one(connection).await
}
