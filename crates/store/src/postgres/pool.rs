//! Who carries out what waits for PostgreSQL: some threads, each with a connection of its own. The
//! server writes what several of them commit at once in one go.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use app::ports::StoreError;
use tokio::sync::{Mutex, mpsc};

use super::server::PostgresServer;
use super::session::{Session, Trouble};
use crate::OpenError;
use crate::condition::Condition;
use crate::database::{Database, Failure};
use crate::driver::WriteCounts;
use crate::error::store_error;
use crate::job::{Job, Written, job};

/// So many tasks wait for a connection before callers wait to be let in.
const WAITING_MAX: usize = 1024;
/// So many writes share a transaction at most.
const TOGETHER_MAX: usize = 64;
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
}

impl Access {
    pub fn begin(self) -> &'static str {
        match self {
            Self::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Self::Write => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        }
    }
}

struct Task {
    access: Access,
    job: Box<dyn Job>,
}

/// Writes of which those that wait at once share a transaction.
type Together = mpsc::Sender<Box<dyn Job>>;

/// The threads, and the queue before them.
pub(crate) struct Pool {
    /// Taken when the store is dropped, so that the threads see the end.
    tasks: Option<mpsc::Sender<Task>>,
    together: Option<Together>,
    handles: Vec<JoinHandle<()>>,
    counters: Arc<Counters>,
    condition: Condition,
}

#[derive(Default)]
struct Counters {
    writes: AtomicU64,
    transactions: AtomicU64,
}

impl Pool {
    /// Starts the threads. Each connects when it is needed first.
    pub fn new(server: &PostgresServer) -> Result<Self, OpenError> {
        let (tasks, queue) = mpsc::channel(WAITING_MAX);
        let queue = Arc::new(Mutex::new(queue));
        let counters = Arc::<Counters>::default();
        let (together, mut writes) = mpsc::channel(WAITING_MAX);
        let worker =
            || Worker { server: server.clone(), session: None, counters: Arc::clone(&counters) };
        let thread = || thread::Builder::new().name("store-postgres".into());
        let mut sharing = worker();
        let serve = move || sharing.serve_together(&mut writes);
        let mut handles = vec![thread().spawn(serve).map_err(OpenError::Thread)?];
        // One connection is the first thread's. It connects when somebody writes there: an operator's
        // commands, which have one connection alone, never do.
        for _ in 1..server.connections().max(2) {
            let (queue, mut worker) = (Arc::clone(&queue), worker());
            let serve = move || worker.serve(&queue);
            handles.push(thread().spawn(serve).map_err(OpenError::Thread)?);
        }
        let (tasks, together) = (Some(tasks), Some(together));
        Ok(Self { tasks, together, handles, counters, condition: Condition::default() })
    }

    pub fn counts(&self) -> WriteCounts {
        WriteCounts {
            writes: self.counters.writes.load(Ordering::Relaxed),
            transactions: self.counters.transactions.load(Ordering::Relaxed),
        }
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
        let tasks = self.tasks.as_ref().ok_or_else(stopped)?;
        tasks.send(Task { access, job }).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

impl Pool {
    /// Carries out a write that waits for no rows of others, in one transaction with those that wait
    /// at the same time, and answers once that has ended.
    pub async fn carry_out_together<T, F>(&self, operation: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Database) -> Result<Written<T>, StoreError> + Send + 'static,
    {
        let (job, answer) = job(operation);
        let writes = self.together.as_ref().ok_or_else(stopped)?;
        writes.send(job).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

/// Waits for what is under way: it is answered.
impl Drop for Pool {
    fn drop(&mut self) {
        drop(self.tasks.take());
        drop(self.together.take());
        for handle in self.handles.drain(..) {
            if handle.join().is_err() {
                tracing::error!("a thread of the store has panicked; please report this");
            }
        }
    }
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the store's threads have stopped; restart paybridge".into())
}

struct Worker {
    server: PostgresServer,
    session: Option<Session>,
    counters: Arc<Counters>,
}

impl Worker {
    fn serve(&mut self, queue: &Mutex<mpsc::Receiver<Task>>) {
        while let Some(Task { access, mut job }) = self.next(queue) {
            let lost = self.carry_out(access, job.as_mut()).err();
            job.answer(lost);
        }
    }

    fn next(&self, queue: &Mutex<mpsc::Receiver<Task>>) -> Option<Task> {
        match &self.session {
            Some(session) => session.wait_for(async { queue.lock().await.recv().await }),
            None => queue.blocking_lock().blocking_recv(),
        }
    }

    fn serve_together(&mut self, writes: &mut mpsc::Receiver<Box<dyn Job>>) {
        let mut jobs = Vec::new();
        loop {
            let taken = match &self.session {
                Some(session) => session.wait_for(writes.recv_many(&mut jobs, TOGETHER_MAX)),
                None => writes.blocking_recv_many(&mut jobs, TOGETHER_MAX),
            };
            if taken == 0 {
                return;
            }
            self.carry_out_batch(std::mem::take(&mut jobs));
        }
    }

    /// Carries out jobs in one transaction. Where one of them does not come about, all are undone, and
    /// each is tried by itself.
    fn carry_out_batch(&mut self, jobs: Vec<Box<dyn Job>>) {
        let mut batch = Box::new(Batch { jobs, is_whole: false });
        let lost = self.carry_out(Access::Write, batch.as_mut()).err();
        if lost.is_some() || batch.is_whole {
            // One of them was counted as the batch.
            let others = u64::try_from(batch.jobs.len()).unwrap_or(u64::MAX).saturating_sub(1);
            self.counters.writes.fetch_add(others, Ordering::Relaxed);
            return batch.answer(lost);
        }
        for mut job in batch.jobs {
            let lost = self.carry_out(Access::Write, job.as_mut()).err();
            job.answer(lost);
        }
    }

    /// Carries out a job until it is committed or undone for good.
    ///
    /// It is done again where it certainly left nothing: the server has undone it, or the connection
    /// was gone before it was told to commit. Otherwise nobody knows whether it was committed, and
    /// the caller is told that the database is not available (rule R24).
    fn carry_out(&mut self, access: Access, job: &mut dyn Job) -> Result<(), StoreError> {
        if access == Access::Write {
            self.counters.writes.fetch_add(1, Ordering::Relaxed);
        }
        let mut delay = FIRST_DELAY;
        for again in (0..TRIES_MAX).rev() {
            let fresh = self.session.is_none();
            let session = match self.session.take() {
                Some(session) => session,
                None => Session::open(&self.server).map_err(not_connected)?,
            };
            if access == Access::Write {
                self.counters.transactions.fetch_add(1, Ordering::Relaxed);
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

/// Several jobs as one: it stays if every one of them does.
struct Batch {
    jobs: Vec<Box<dyn Job>>,
    is_whole: bool,
}

impl Job for Batch {
    fn run(&mut self, db: &Database) -> bool {
        self.is_whole = self.jobs.iter_mut().all(|job| job.run(db));
        self.is_whole
    }

    fn failure(&self) -> Option<&StoreError> {
        self.jobs.iter().find_map(|job| job.failure())
    }

    fn answer(self: Box<Self>, lost: Option<StoreError>) {
        for job in self.jobs {
            job.answer(lost.clone());
        }
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
