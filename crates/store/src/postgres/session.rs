//! One connection. What is sent without asking for its outcome waits here and travels with the next
//! statement that is asked: beginning a transaction, and most of what it writes, cost no round trip.

use std::cell::{Cell as Slot, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use futures_util::future::{join, join_all};
use thiserror::Error;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, Statement};

use super::server::{Clock, PostgresServer};
use crate::OpenError;
use crate::database::{Cell, Failure, Params, for_postgres};

/// At most so many statements wait. They are sent in the order in which they are polled first, which
/// `join_all` promises for up to 30.
const WAITING_MAX: usize = 24;
/// So much longer than the server's own limit is waited for an answer.
const ANSWER_MARGIN: Duration = Duration::from_secs(2);

/// The connection is gone, or no answer came over it in time.
#[derive(Clone, Copy, Debug, Error)]
#[error("the connection to the database was lost")]
pub(crate) struct Lost;

/// Why a transaction cannot go on, where it may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It got in the way of another one, and the server has undone it.
    InTheWay,
    /// The connection is gone.
    Lost,
}

/// A connection with the runtime that waits for its answers.
pub(crate) struct Session {
    runtime: Runtime,
    client: Client,
    answer_within: Duration,
    clock: Clock,
    statements: RefCell<HashMap<&'static str, Statement>>,
    waiting: RefCell<Vec<Waiting>>,
    answered: RefCell<Vec<Answered>>,
    trouble: Slot<Option<Trouble>>,
}

/// What was asked before anybody reads it.
struct Answered {
    sql: &'static str,
    values: Vec<Cell<'static>>,
    rows: Vec<Row>,
}

enum Waiting {
    /// The beginning of a transaction.
    Begin(&'static str),
    /// The end of one of which nothing stays.
    Rollback,
    /// A statement with its parameters.
    Bound(Statement, Vec<Cell<'static>>),
}

impl Waiting {
    async fn run(&self, client: &Client) -> Result<(), tokio_postgres::Error> {
        match self {
            Self::Begin(text) => client.batch_execute(text).await,
            Self::Rollback => client.batch_execute("ROLLBACK").await,
            Self::Bound(statement, values) => {
                client.execute_raw(statement, values).await.map(|_| ())
            }
        }
    }
}

impl Session {
    /// Connects.
    pub fn open(server: &PostgresServer) -> Result<Self, OpenError> {
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(OpenError::Thread)?;
        let client = runtime.block_on(server.connect())?;
        Ok(Self {
            runtime,
            client,
            answer_within: server.statement_timeout().saturating_add(ANSWER_MARGIN),
            clock: server.clock(),
            statements: RefCell::default(),
            waiting: RefCell::default(),
            answered: RefCell::default(),
            trouble: Slot::new(None),
        })
    }

    /// Waits for something else while the connection is kept alive. What still waits is sent before.
    pub fn wait_for<T>(&self, other: impl Future<Output = T>) -> T {
        let waiting = self.waiting.take();
        let before = join_all(waiting.iter().map(|waiting| waiting.run(&self.client)));
        // Where it failed the connection is gone, and the transaction with it.
        self.runtime.block_on(join(before, other)).1
    }

    /// Whether the connection is known to be gone: while a session waits it sees its server hang up.
    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// What went wrong since the last transaction began.
    pub fn trouble(&self) -> Option<Trouble> {
        self.trouble.get()
    }

    /// Whose clock says when a lease ends.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Begins anew: a transaction with this statement, which travels with the next one, if any.
    pub fn begin(&self, how: Option<&'static str>) {
        self.trouble.set(None);
        self.answered.take();
        self.waiting.borrow_mut().extend(how.map(Waiting::Begin));
    }

    /// Commits, and waits for it.
    pub fn commit(&self) -> Result<(), Failure> {
        self.exchange(self.client.batch_execute("COMMIT"))
    }

    /// Ends a transaction of which nothing stays. Nobody waits for that: it travels before whatever
    /// comes next.
    pub fn undo(&self) {
        let mut waiting = self.waiting.borrow_mut();
        match waiting.iter().position(|waiting| matches!(waiting, Waiting::Begin(_))) {
            Some(not_begun) => waiting.truncate(not_begun),
            None => *waiting = vec![Waiting::Rollback],
        }
    }

    /// Carries out several statements that have no parameters.
    pub fn batch(&self, text: &str) -> Result<(), Failure> {
        self.exchange(self.client.batch_execute(text))
    }

    /// Does something over the connection as it is.
    pub fn run<T>(&self, work: impl AsyncFnOnce(&Client) -> T) -> T {
        self.runtime.block_on(work(&self.client))
    }

    pub fn execute(&self, sql: &'static str, params: Params) -> Result<u64, Failure> {
        let statement = self.prepared(sql)?;
        let values = cells(params);
        self.exchange(self.client.execute_raw(&statement, &values))
    }

    /// Carries out a statement whose parameters are arrays.
    pub fn query_with_arrays(
        &self,
        sql: &'static str,
        arrays: &[Vec<Cell<'_>>],
    ) -> Result<Vec<Row>, Failure> {
        let statement = self.prepared(sql)?;
        let arrays: Vec<&(dyn ToSql + Sync)> = arrays.iter().map(|array| array as _).collect();
        self.exchange(self.client.query(&statement, &arrays))
    }

    /// Asks several statements with the same parameters at once. Whoever asks one of them in this
    /// transaction finds its answer, once.
    pub fn ask_ahead(&self, statements: &[&'static str], params: Params) -> Result<(), Failure> {
        let prepared: Result<Vec<_>, _> = statements.iter().map(|sql| self.prepared(sql)).collect();
        let prepared = prepared?;
        let values = cells(params);
        let bound: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        let all = join_all(prepared.iter().map(|statement| self.client.query(statement, &bound)));
        let answers: Vec<Vec<Row>> =
            self.exchange(async { all.await.into_iter().collect::<Result<_, _>>() })?;
        let values: Vec<_> = values.into_iter().map(Cell::owned).collect();
        let answered = statements.iter().zip(answers);
        let answered = answered.map(|(sql, rows)| Answered { sql, values: values.clone(), rows });
        *self.answered.borrow_mut() = answered.collect();
        Ok(())
    }

    fn answered(&self, sql: &str, values: &[Cell]) -> Option<Vec<Row>> {
        let mut answered = self.answered.borrow_mut();
        let place = answered.iter().position(|one| one.sql == sql && one.values == values)?;
        Some(answered.swap_remove(place).rows)
    }

    pub fn query(&self, sql: &'static str, params: Params) -> Result<Vec<Row>, Failure> {
        let values = cells(params);
        if let Some(rows) = self.answered(sql, &values) {
            return Ok(rows);
        }
        let statement = self.prepared(sql)?;
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        self.exchange(self.client.query(&statement, &values))
    }

    pub fn send(&self, sql: &'static str, params: Params) -> Result<(), Failure> {
        let statement = self.prepared(sql)?;
        let values = params.iter().map(|value| value.cell().owned()).collect();
        self.waiting.borrow_mut().push(Waiting::Bound(statement, values));
        if self.waiting.borrow().len() < WAITING_MAX {
            return Ok(());
        }
        self.send_waiting()
    }

    /// Sends what waits, and waits for its outcome.
    pub fn send_waiting(&self) -> Result<(), Failure> {
        self.exchange(std::future::ready(Ok(())))
    }

    /// A statement is prepared once for each connection.
    fn prepared(&self, sql: &'static str) -> Result<Statement, Failure> {
        if let Some(statement) = self.statements.borrow().get(sql) {
            return Ok(statement.clone());
        }
        let text = for_postgres(sql);
        let statement = self.exchange(self.client.prepare(&text))?;
        self.statements.borrow_mut().insert(sql, statement.clone());
        Ok(statement)
    }

    /// Sends what waits and `last`, and waits for all answers.
    fn exchange<T>(
        &self,
        last: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Failure> {
        let waiting = self.waiting.take();
        let before = join_all(waiting.iter().map(|waiting| waiting.run(&self.client)));
        let answers = self
            .runtime
            .block_on(async { tokio::time::timeout(self.answer_within, join(before, last)).await });
        let Ok((before, last)) = answers else {
            self.trouble.set(Some(Trouble::Lost));
            return Err(Failure::Lost(Lost));
        };
        // After the first failure the server refuses the rest: the first one says why.
        let all = before.into_iter().collect::<Result<(), _>>().and(last);
        all.map_err(|error| {
            if let Some(trouble) = trouble(&error) {
                self.trouble.set(Some(trouble));
            }
            Failure::Postgres(error)
        })
    }
}

fn cells<'p>(params: Params<'p>) -> Vec<Cell<'p>> {
    params.iter().map(|value| value.cell()).collect()
}

fn trouble(error: &tokio_postgres::Error) -> Option<Trouble> {
    let Some(code) = error.code() else { return error.is_closed().then_some(Trouble::Lost) };
    let in_the_way = [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED];
    // The server goes down, or has become one that only reads: another connection may find a better one.
    let gone = [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        SqlState::READ_ONLY_SQL_TRANSACTION,
    ];
    if in_the_way.contains(code) {
        Some(Trouble::InTheWay)
    } else if gone.contains(code) || error.is_closed() {
        Some(Trouble::Lost)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::params;
    use crate::postgres::beside;

    const SAME: &str = "SELECT CAST(?1 AS BIGINT)";
    const NEXT: &str = "SELECT CAST(?1 AS BIGINT) + 1";
    const SERVER: &str = "SELECT CAST(pg_backend_pid() AS BIGINT)";
    const END: &str =
        "SELECT CAST(pg_terminate_backend(CAST(CAST(?1 AS BIGINT) AS INTEGER)) AS TEXT)";

    fn number(session: &Session, sql: &'static str, params: Params) -> Option<i64> {
        session.query(sql, params).ok().map(|rows| rows[0].get(0))
    }

    #[tokio::test]
    async fn what_was_asked_ahead_is_read_without_the_server_once_and_in_its_transaction() {
        let server = PostgresServer::parse(&testkit::postgres::database().await).unwrap();
        beside(|| -> Result<(), OpenError> {
            let session = Session::open(&server)?;
            session.begin(None);
            session.ask_ahead(&[SAME, NEXT], params![7_i64]).unwrap();
            assert_eq!(number(&session, SAME, params![8_i64]), Some(8), "not what 7 came to");
            session.begin(None);
            session.ask_ahead(&[SAME, NEXT], params![7_i64]).unwrap();
            let this = number(&session, SERVER, params![]).unwrap();
            Session::open(&server)?.query(END, params![this]).unwrap();
            assert_eq!(number(&session, NEXT, params![7_i64]), Some(8));
            assert_eq!(number(&session, NEXT, params![7_i64]), None, "it is asked again");
            session.begin(None);
            assert_eq!(number(&session, SAME, params![7_i64]), None, "another transaction");
            Ok(())
        })
        .unwrap();
    }
}
