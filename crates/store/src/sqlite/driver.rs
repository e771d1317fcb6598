//! Who runs the statements: a writer thread with readers beside it, or the caller itself.
//!
//! Both run the same synchronous functions over a connection. Inline is for simulations: nothing
//! runs on threads of its own, so that a run repeats exactly and paused time stands still.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use app::ports::StoreError;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::batch::{answer_all, run_batch};
use super::connection;
use super::place::Place;
use crate::OpenError;
use crate::condition::{Condition, Done};
use crate::database::Database;
use crate::driver::{Counters, WriteCounts};
use crate::error::not_available;
use crate::job::{Job, Written, job};

/// At most so many writes share one transaction and its fsync.
const BATCH_MAX: usize = 128;
/// So many writes wait for the writer before callers wait to be let in.
const WRITES_WAITING_MAX: usize = 1024;
/// So many reads wait for a reader before callers wait to be let in.
const READS_WAITING_MAX: usize = 1024;
/// So many reads run beside each other.
const READERS: usize = 4;

/// The connection that writes.
struct Writer {
    connection: Connection,
    /// Where its file was when it was opened; nowhere if it is in memory.
    place: Option<Place>,
    counters: Arc<Counters>,
    condition: Arc<Condition>,
}

impl Writer {
    fn new(connection: Connection, place: Option<Place>) -> Self {
        Self { connection, place, counters: Arc::default(), condition: Arc::default() }
    }

    /// Carries out all jobs in one transaction, and answers them.
    fn run(&self, jobs: Vec<Box<dyn Job>>) {
        if let Some(place) = &self.place
            && let Err(error) = place.check()
        {
            return answer_all(jobs, Some(&StoreError::Unavailable(error.to_string())));
        }
        self.counters.asked(jobs.len());
        self.counters.began();
        let wrote = run_batch(&self.connection, jobs);
        let has_room = || self.place.as_ref().is_none_or(Place::has_room);
        if wrote && (!self.condition.is_full() || has_room()) {
            self.condition.saw(Done::Written, Ok(()));
        }
    }
}

pub(crate) struct Driver {
    counters: Arc<Counters>,
    condition: Arc<Condition>,
    mode: Mode,
}

enum Mode {
    Threads(Threads),
    Inline(Mutex<Writer>),
}

struct Threads {
    /// Taken when the store is dropped, so that the threads see the end.
    senders: Option<Senders>,
    handles: Vec<JoinHandle<()>>,
}

struct Senders {
    writer: mpsc::Sender<Box<dyn Job>>,
    readers: mpsc::Sender<Box<dyn Read>>,
}

/// A read, with the place its answer goes to.
trait Read: Send {
    fn run(self: Box<Self>, connection: &Connection);
}

struct ReadJob<T, F> {
    operation: F,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Read for ReadJob<T, F>
where
    T: Send,
    F: Fn(&Database) -> Result<T, StoreError> + Send,
{
    fn run(self: Box<Self>, connection: &Connection) {
        let result = read_snapshot(connection, self.operation);
        // Nobody may wait any more: the caller gave up.
        let _ = self.reply.send(result);
    }
}

impl Driver {
    /// One thread that writes to `writer`, and some that read from the file beside it.
    pub fn threads(writer: Connection, path: &Path) -> Result<Self, OpenError> {
        let place =
            Place::of(path).map_err(|source| OpenError::File { path: path.to_owned(), source })?;
        let writer = Writer::new(writer, Some(place));
        let (counters, condition) = (writer.counters.clone(), writer.condition.clone());
        let (write, writes) = mpsc::channel(WRITES_WAITING_MAX);
        let (read, reads) = mpsc::channel(READS_WAITING_MAX);
        let mut handles = vec![spawn("store-writer", move || serve_writes(&writer, writes))?];
        let reads = Arc::new(Mutex::new(reads));
        for _ in 0..READERS {
            let connection = connection::open_reader(path)?;
            let reads = Arc::clone(&reads);
            handles.push(spawn("store-reader", move || serve_reads(&connection, &reads))?);
        }
        let senders = Some(Senders { writer: write, readers: read });
        Ok(Self { counters, condition, mode: Mode::Threads(Threads { senders, handles }) })
    }

    /// No threads: whoever calls runs the statements.
    pub fn inline(connection: Connection) -> Self {
        let writer = Writer::new(connection, None);
        let (counters, condition) = (writer.counters.clone(), writer.condition.clone());
        Self { counters, condition, mode: Mode::Inline(Mutex::new(writer)) }
    }

    /// How it stands with the database.
    pub fn condition(&self) -> &Condition {
        &self.condition
    }

    pub fn counts(&self) -> WriteCounts {
        self.counters.so_far()
    }

    /// Runs a write and answers once it is on disk.
    pub async fn write<T, F>(&self, operation: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Database) -> Result<Written<T>, StoreError> + Send + 'static,
    {
        let (job, answer) = job(operation);
        match &self.mode {
            Mode::Inline(writer) => {
                writer.lock().unwrap_or_else(PoisonError::into_inner).run(vec![job]);
            }
            Mode::Threads(threads) => {
                threads.senders()?.writer.send(job).await.map_err(|_| stopped())?;
            }
        }
        let result = answer.await.map_err(|_| stopped())?;
        if let Err(error) = &result {
            self.condition.saw(Done::Written, Err(error));
        }
        result
    }

    /// Runs what may not be part of a transaction, on the caller's thread.
    pub fn alone<T>(
        &self,
        operation: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match &self.mode {
            Mode::Inline(writer) => {
                operation(&writer.lock().unwrap_or_else(PoisonError::into_inner).connection)
            }
            Mode::Threads(_) => Err(StoreError::Unavailable("the store's threads use it".into())),
        }
    }

    /// Runs a read on one state of the database.
    pub async fn read<T, F>(&self, operation: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Database) -> Result<T, StoreError> + Send + 'static,
    {
        match &self.mode {
            Mode::Inline(writer) => {
                let writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
                read_snapshot(&writer.connection, operation)
            }
            Mode::Threads(threads) => {
                let (reply, answer) = oneshot::channel();
                let job = Box::new(ReadJob { operation, reply });
                threads.senders()?.readers.send(job).await.map_err(|_| stopped())?;
                answer.await.map_err(|_| stopped())?
            }
        }
    }
}

impl Threads {
    fn senders(&self) -> Result<&Senders, StoreError> {
        self.senders.as_ref().ok_or_else(stopped)
    }
}

/// Waits for what is under way: the lock on the database is given up only after the last write.
impl Drop for Threads {
    fn drop(&mut self) {
        drop(self.senders.take());
        for handle in self.handles.drain(..) {
            if handle.join().is_err() {
                tracing::error!("a thread of the store has panicked; please report this");
            }
        }
    }
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the store's thread has stopped; restart paybridge".into())
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, OpenError> {
    thread::Builder::new().name(name.into()).spawn(work).map_err(OpenError::Thread)
}

/// Takes all writes that wait and carries them out together.
fn serve_writes(writer: &Writer, mut writes: mpsc::Receiver<Box<dyn Job>>) {
    let mut jobs = Vec::new();
    while writes.blocking_recv_many(&mut jobs, BATCH_MAX) > 0 {
        writer.run(std::mem::take(&mut jobs));
    }
}

fn serve_reads(connection: &Connection, reads: &Mutex<mpsc::Receiver<Box<dyn Read>>>) {
    loop {
        // The lock is held while waiting: the next reader waits for the lock instead.
        let next = reads.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(read) = next else { return };
        read.run(connection);
    }
}

/// A read consists of several statements that have to see one state.
fn read_snapshot<T>(
    connection: &Connection,
    operation: impl Fn(&Database) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let unavailable = |error: rusqlite::Error| not_available(&error);
    let snapshot = connection.unchecked_transaction().map_err(unavailable)?;
    let result = operation(&Database::Sqlite(&snapshot));
    // Nothing was written; ending it lets the log be taken over into the database.
    snapshot.rollback().map_err(unavailable)?;
    result
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc as std_mpsc;

    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::database::params;
    use crate::error::At;

    fn threads(folder: &Path) -> Driver {
        let path = folder.join("test.db");
        let writer = connection::open_writer(&path).unwrap();
        writer.execute_batch("CREATE TABLE line (n INTEGER PRIMARY KEY) STRICT").unwrap();
        Driver::threads(writer, &path).unwrap()
    }

    fn insert(n: i64) -> impl Fn(&Database) -> Result<Written<()>, StoreError> {
        move |db| {
            db.execute("INSERT INTO line VALUES (?1)", params![n]).unwrap();
            Ok(Written::Keep(()))
        }
    }

    async fn lines(driver: &Driver) -> i64 {
        let count =
            |db: &Database| db.one("SELECT count(*) FROM line", params![], |row| row.get(0));
        driver.read(move |db| count(db).at("line")).await.unwrap()
    }

    #[tokio::test]
    async fn writes_that_wait_share_one_transaction() {
        let folder = tempfile::tempdir().unwrap();
        let driver = Arc::new(threads(folder.path()));
        // The writer is busy with a first write until it is let go.
        let (entered, is_inside) = std_mpsc::channel();
        let (let_go, go) = std_mpsc::channel::<()>();
        let first = tokio::spawn({
            let driver = Arc::clone(&driver);
            async move {
                driver
                    .write(move |_| {
                        entered.send(()).unwrap();
                        go.recv().unwrap();
                        Ok(Written::Keep(()))
                    })
                    .await
            }
        });
        tokio::task::yield_now().await;
        is_inside.recv().unwrap();
        let asked = Arc::new(AtomicU64::new(0));
        let rest: Vec<_> = (0..100)
            .map(|n| {
                let (driver, asked) = (Arc::clone(&driver), Arc::clone(&asked));
                tokio::spawn(async move {
                    asked.fetch_add(1, Ordering::Relaxed);
                    driver.write(insert(n)).await
                })
            })
            .collect();
        while asked.load(Ordering::Relaxed) < 100 {
            tokio::task::yield_now().await;
        }
        let_go.send(()).unwrap();
        first.await.unwrap().unwrap();
        for write in rest {
            write.await.unwrap().unwrap();
        }
        assert_eq!(driver.counts(), WriteCounts { writes: 101, transactions: 2 });
        assert_eq!(lines(&driver).await, 100);
    }

    #[tokio::test]
    async fn a_dropped_store_has_carried_out_what_it_took() {
        let folder = tempfile::tempdir().unwrap();
        let driver = threads(folder.path());
        driver.write(insert(1)).await.unwrap();
        drop(driver);
        let reader = connection::open_reader(&folder.path().join("test.db")).unwrap();
        let count: i64 =
            reader.query_row("SELECT count(*) FROM line", [], |row| row.get(0)).unwrap();
        assert_eq!(count, 1);
    }

    #[tokio::test]
    async fn a_reader_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let driver = threads(folder.path());
        let refused = driver
            .read(|db| Ok(db.execute("INSERT INTO line VALUES (1)", params![]).is_err()))
            .await;
        assert!(refused.unwrap());
        assert_eq!(lines(&driver).await, 0);
    }
}
