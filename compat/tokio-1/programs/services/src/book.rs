//! The berths and who has booked them, in SQLite.

use serde::{Deserialize, Serialize};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{FromRow, SqlitePool};

/// One booking.
#[derive(Clone, Debug, Deserialize, Eq, FromRow, PartialEq, Serialize)]
pub struct Booking {
    pub berth: i64,
    pub ship: String,
}

/// The bookings, behind a pool of connections.
#[derive(Clone)]
pub struct Book {
    pool: SqlitePool,
}

impl Book {
    /// Opens the book in a file, which is made when it is not there.
    pub async fn open(file: &std::path::Path) -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
        let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
        sqlx::query(
            "create table if not exists bookings (berth integer primary key, ship text not null)",
        )
        .execute(&pool)
        .await?;
        Ok(Self { pool })
    }

    /// Books a berth. False when it is taken.
    pub async fn add(&self, booking: &Booking) -> Result<bool, sqlx::Error> {
        // Immediate, since two that have read before they write would exclude each other.
        let mut transaction = self.pool.begin_with("begin immediate").await?;
        let taken: Option<Booking> =
            sqlx::query_as("select berth, ship from bookings where berth = ?")
                .bind(booking.berth)
                .fetch_optional(&mut *transaction)
                .await?;
        if taken.is_some() {
            return Ok(false);
        }
        sqlx::query("insert into bookings (berth, ship) values (?, ?)")
            .bind(booking.berth)
            .bind(&booking.ship)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// All bookings, by berth.
    pub async fn all(&self) -> Result<Vec<Booking>, sqlx::Error> {
        sqlx::query_as("select berth, ship from bookings order by berth")
            .fetch_all(&self.pool)
            .await
    }

    /// Closes the connections.
    pub async fn close(self) {
        self.pool.close().await;
    }
}
