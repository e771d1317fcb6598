//! Who carries out what waits for PostgreSQL: some threads, each with a connection of its own. The
//! server writes what several of them commit at once in one go.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use app::ports::StoreError;
use async_channel::{Receiver, Sender};
use tokio::sync::oneshot;

use super::events::Event;
use super::server::PostgresServer;
use super::session::{Session, Trouble};
use crate::OpenError;
use crate::condition::{Condition, Done};
use crate::database::{Database, Failure};
use crate::driver::{Counters, WriteCounts};
use crate::error::store_error;
use crate::job::{Job, Written, job};
use crate::sql::inbox::NewEvent;

/// So many tasks wait for a connection before callers wait to be let in.
const WAITING_MAX: usize = 1024;
/// So often a transaction that got in the way of others is tried.
const TRIES_MAX: u32 = 8;
/// So long is waited before the second try, and twice as long before each further one.
const FIRST_DELAY: Duration = Duration::from_millis(2);

/// Whether a transaction writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// It sees one state of the database, and changes nothing.
    Read,
    /// It changes rows; each statement sees what was committed before it.
    Write,
    /// It is one statement that may be carried out again, and a transaction by itself.
    OneStatement,
}

impl Access {
    pub fn begin(self) -> Option<&'static str> {
        match self {
            Self::Read => Some("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
            Self::Write => Some("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"),
            Self::OneStatement => None,
        }
    }
}

struct Task {
    access: Access,
    job: Box<dyn Job>,
}

/// The threads, and the queue before them.
pub(crate) struct Pool {
    tasks: Sender<Task>,
    events: Sender<Event>,
    handles: Vec<JoinHandle<()>>,
    counters: Arc<Counters>,
    condition: Condition,
}

impl Pool {
    /// Starts the threads. Each connects when it is needed first.
    pub fn new(server: &PostgresServer) -> Result<Self, OpenError> {
        let (tasks, queue) = async_channel::bounded(WAITING_MAX);
        let (events, waiting) = async_channel::bounded(WAITING_MAX);
        let counters = Arc::<Counters>::default();
        let worker =
            || Worker { server: server.clone(), session: None, counters: Arc::clone(&counters) };
        let thread = || thread::Builder::new().name("store-postgres".into());
        let mut handles = Vec::new();
        // One takes all events: while it waits for the disk those gather that it takes next. It connects
        // when the first one comes in: an operator's commands, which have one connection alone, take none.
        let mut events_worker = worker();
        let take = move || events_worker.take_events(&waiting);
        handles.push(thread().spawn(take).map_err(OpenError::Thread)?);
        for _ in 1..server.connections().max(2) {
            let (queue, mut worker) = (queue.clone(), worker());
            let serve = move || worker.serve(&queue);
            handles.push(thread().spawn(serve).map_err(OpenError::Thread)?);
        }
        Ok(Self { tasks, events, handles, counters, condition: Condition::default() })
    }

    pub fn counts(&self) -> WriteCounts {
        self.counters.so_far()
    }

    /// How it stands with the database.
    pub fn condition(&self) -> &Condition {
        &self.condition
    }

    /// Carries out an operation in a transaction of its own, and answers once that has ended.
    pub async fn carry_out<T, F>(&self, access: Access, operation: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Database) -> Result<Written<T>, StoreError> + Send + 'static,
    {
        let (job, answer) = job(operation);
        self.tasks.send(Task { access, job }).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// Puts an event into the inbox, in one transaction with those that come in meanwhile; whether
    /// it is new.
    pub async fn receive_event(&self, event: NewEvent) -> Result<bool, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.events.send(Event { event, reply }).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// A write has come to this: what it says of the database is noted.
    pub fn written<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        self.condition.saw(Done::Written, result.as_ref().map(|_| ()));
        result
    }
}

/// Waits for what is under way: it is answered.
impl Drop for Pool {
    fn drop(&mut self) {
        self.tasks.close();
        self.events.close();
        for handle in self.handles.drain(..) {
            if handle.join().is_err() {
                tracing::error!("a thread of the store has panicked; please report this");
            }
        }
    }
}

pub(super) fn stopped() -> StoreError {
    StoreError::Unavailable("the store's threads have stopped; restart paybridge".into())
}

/// A thread with its connection.
pub(super) struct Worker {
    server: PostgresServer,
    pub(super) session: Option<Session>,
    pub(super) counters: Arc<Counters>,
}

impl Worker {
    fn serve(&mut self, queue: &Receiver<Task>) {
        while let Some(Task { access, mut job }) = self.next(queue) {
            let lost = self.carry_out(access, job.as_mut()).err();
            job.answer(lost);
        }
    }

    /// What is to be done next; none where nothing can come any more.
    pub(super) fn next<T>(&self, queue: &Receiver<T>) -> Option<T> {
        let next = match &self.session {
            Some(session) => session.wait_for(queue.recv()),
            None => queue.recv_blocking(),
        };
        next.ok()
    }

    /// Carries out a job until it is committed or undone for good.
    ///
    /// It is done again where it certainly left nothing: the server has undone it, or the connection
    /// was gone before it was told to commit. Otherwise nobody knows whether it was committed, and
    /// the caller is told that the database is not available (rule R24).
    pub(super) fn carry_out(
        &mut self,
        access: Access,
        job: &mut dyn Job,
    ) -> Result<(), StoreError> {
        if access == Access::Write {
            self.counters.asked(1);
        }
        // What is sent with its commit alone would be lost with a connection that was closed long ago.
        self.session.take_if(|session| session.is_closed());
        let mut delay = FIRST_DELAY;
        for again in (0..TRIES_MAX).rev() {
            let fresh = self.session.is_none();
            let session = match self.session.take() {
                Some(session) => session,
                None => Session::open(&self.server).map_err(not_connected)?,
            };
            if access == Access::Write {
                self.counters.began();
            }
            let trouble = match once(&session, access, job) {
                Ok(()) => {
                    self.session = Some(session);
                    return Ok(());
                }
                Err(Ended::Unsure(failure)) => return Err(unsure(&failure)),
                Err(Ended::Refused(failure)) => {
                    self.session = Some(session);
                    return Err(failure);
                }
                Err(Ended::Trouble(trouble)) => trouble,
            };
            match trouble {
                Trouble::InTheWay if again > 0 => {
                    self.session = Some(session);
                    thread::sleep(delay);
                    delay = delay.saturating_mul(2);
                }
                // A connection that was idle may have been closed long ago; a new one was not.
                Trouble::Lost if !fresh => {}
                Trouble::InTheWay => self.session = Some(session),
                Trouble::Lost => break,
            }
        }
        let why = "the database undid the transaction again and again, or closed its connection";
        Err(StoreError::Unavailable(why.into()))
    }
}

/// How a transaction ended that is not committed for sure.
enum Ended {
    /// Nothing of it is there; it may be tried again.
    Trouble(Trouble),
    /// Nothing of it is there, and it would come to the same again.
    Refused(StoreError),
    /// The connection was lost while it was being committed.
    Unsure(Failure),
}

fn once(session: &Session, access: Access, job: &mut dyn Job) -> Result<(), Ended> {
    session.begin(access.begin());
    let keep = job.run(&Database::Postgres(session));
    if access == Access::OneStatement {
        return session.trouble().map_or(Ok(()), |trouble| Err(Ended::Trouble(trouble)));
    }
    if let Some(trouble) = session.trouble() {
        session.undo();
        return Err(Ended::Trouble(trouble));
    }
    if !keep {
        session.undo();
        if access == Access::Write {
            // Before the caller is answered: claims pass by what this one has still locked. Where
            // it fails the connection is gone, and nothing stays all the same.
            let _ = session.send_waiting();
        }
        return Ok(());
    }
    let Err(failure) = session.commit() else { return Ok(()) };
    match session.trouble() {
        Some(Trouble::Lost) => Err(Ended::Unsure(failure)),
        Some(Trouble::InTheWay) => Err(Ended::Trouble(Trouble::InTheWay)),
        None => Err(Ended::Refused(store_error(&failure, "transaction"))),
    }
}

fn not_connected(error: OpenError) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

fn unsure(failure: &Failure) -> StoreError {
    StoreError::Unavailable(format!(
        "whether a transaction was committed is not known, as its connection was lost: {failure}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::params;
    use crate::driver::ANY_WRITE;
    use crate::error::At;
    use crate::postgres::migrations;

    const SERVER: &str = "SELECT CAST(pg_backend_pid() AS BIGINT)";
    const CUT: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'paybridge' AND datname = current_database()";
    /// However long a loaded machine takes to notice.
    const NOTICED: Duration = Duration::from_millis(300);

    #[tokio::test]
    async fn a_connection_that_was_closed_while_nobody_used_it_loses_nothing() {
        let address = testkit::postgres::database().await;
        migrations::apply_all(&address).await;
        let server = PostgresServer::parse(&address).unwrap().with_limits(2, NOTICED * 10);
        let pool = Pool::new(&server).unwrap();
        let which = async || {
            let ask = |db: &Database| db.one(SERVER, params![], |row| row.get::<i64>(0));
            let ask = move |db: &Database| ask(db).at("installation").map(Written::Undo);
            pool.carry_out(Access::OneStatement, ask).await.unwrap()
        };
        // Once it is prepared, the one exchange with the server is the commit.
        let write = async || {
            let write = |db: &Database| db.send(ANY_WRITE, params![]).at("installation");
            pool.carry_out(Access::Write, move |db| write(db).map(Written::Keep)).await.unwrap();
        };
        write().await;
        let before = which().await;
        testkit::postgres::statement(&address, CUT).await;
        tokio::time::sleep(NOTICED).await;
        write().await;
        assert_ne!(which().await, before, "it was another connection");
    }
}
