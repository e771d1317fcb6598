//! What an operator does with real processes, real sockets and a real database file.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod backup;
mod collector;
#[path = "../replicas/database.rs"]
mod database;
mod database_gone;
mod disk_full;
mod installation;
mod observed;
mod queues;
mod rabbitmq;
mod roles;
mod traces;
mod traffic;
