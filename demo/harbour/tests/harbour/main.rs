//! The service as its clients see it, on a real PostgreSQL and a real Redis.
//!
//! `DATABASE_URL` and `REDIS_URL` say where they are. Each test has a database of its own there.

mod bookings;
mod browser;
mod ending;
mod feed;
mod grpc;
mod kit;
mod many;
mod redis_away;
mod tides;
mod unreadable;
