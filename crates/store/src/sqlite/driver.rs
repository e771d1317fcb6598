//! Who runs the statements: a writer thread, readers beside it, or the caller itself.
//!
//! All run the same synchronous functions over a connection. A few rows that are found by their keys
//! are read by the caller: waking a thread for them, and being woken by it, costs more than the read.
//! Inline is for simulations: nothing runs on threads of its own, so that a run repeats exactly and
//! paused time stands still.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use app::ports::StoreError;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::batch::{answer_all, run_batch};
use super::checkpoint::{Checkpoints, LogSizes};
use super::connection;
use super::place::Place;
use crate::OpenError;
use crate::condition::{Condition, Done};
use crate::database::Database;
use crate::driver::{Counters, Extent, WriteCounts};
use crate::error::not_available;
use crate::job::{Job, Written, job};

/// At most so many writes share one transaction and its fsync.
const BATCH_MAX: usize = 128;
/// So many writes wait for the writer before callers wait to be let in.
const WRITES_WAITING_MAX: usize = 1024;
/// So many reads wait for a reader before callers wait to be let in.
const READS_WAITING_MAX: usize = 1024;
/// So many reads of many rows run beside each other.
const READERS: usize = 2;
/// So many reads of a few rows do, each by its caller; more than that go to the readers' threads.
const AT_HAND: usize = 4;

/// The connection that writes.
struct Writer {
    connection: Connection,
    /// Where its file was when it was opened; nowhere if it is in memory.
    place: Option<Place>,
    /// Without them SQLite takes its log over itself.
    checkpoints: Option<Checkpoints>,
    counters: Arc<Counters>,
    condition: Arc<Condition>,
}

impl Writer {
    fn new(connection: Connection) -> Self {
        let (counters, condition) = (Arc::default(), Arc::default());
        Self { connection, place: None, checkpoints: None, counters, condition }
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
        if let Some(checkpoints) = &self.checkpoints {
            checkpoints.after_transaction(&self.connection);
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
    /// Those that no caller reads with at the moment.
    at_hand: Mutex<Vec<Connection>>,
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
    extent: Extent,
    operation: F,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Read for ReadJob<T, F>
where
    T: Send,
    F: Fn(&Database) -> Result<T, StoreError> + Send,
{
    fn run(self: Box<Self>, connection: &Connection) {
        let result = read(connection, self.extent, self.operation);
        // Nobody may wait any more: the caller gave up.
        let _ = self.reply.send(result);
    }
}

impl Driver {
    /// One thread that writes to `writer`, and some that read from the file beside it.
    pub fn threads(mut writer: Connection, path: &Path) -> Result<Self, OpenError> {
        let place =
            Place::of(path).map_err(|source| OpenError::File { path: path.to_owned(), source })?;
        let checkpoints = Checkpoints::of(&mut writer, path, LogSizes::USUAL)?;
        let (place, checkpoints) = (Some(place), Some(checkpoints));
        let writer = Writer { place, checkpoints, ..Writer::new(writer) };
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
        let at_hand: Result<_, _> = (0..AT_HAND).map(|_| connection::open_reader(path)).collect();
        let threads = Threads {
            senders: Some(Senders { writer: write, readers: read }),
            handles,
            at_hand: Mutex::new(at_hand?),
        };
        Ok(Self { counters, condition, mode: Mode::Threads(threads) })
    }

    /// No threads: whoever calls runs the statements.
    pub fn inline(connection: Connection) -> Self {
        let writer = Writer::new(connection);
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
    pub async fn read<T, F>(&self, extent: Extent, operation: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Database) -> Result<T, StoreError> + Send + 'static,
    {
        let threads = match &self.mode {
            Mode::Inline(writer) => {
                let writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
                return read(&writer.connection, extent, operation);
            }
            Mode::Threads(threads) => threads,
        };
        if extent.is_short()
            && let Some(connection) = threads.take()
        {
            let result = read(&connection, extent, operation);
            threads.at_hand().push(connection);
            return result;
        }
        let (reply, answer) = oneshot::channel();
        let job = Box::new(ReadJob { extent, operation, reply });
        threads.senders()?.readers.send(job).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

impl Threads {
    fn senders(&self) -> Result<&Senders, StoreError> {
        self.senders.as_ref().ok_or_else(stopped)
    }

    fn take(&self) -> Option<Connection> {
        self.at_hand().pop()
    }

    fn at_hand(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.at_hand.lock().unwrap_or_else(PoisonError::into_inner)
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

pub(super) fn spawn(
    name: &str,
    work: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, OpenError> {
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

/// Several statements have to see one state; one does by itself.
fn read<T>(
    connection: &Connection,
    extent: Extent,
    operation: impl Fn(&Database) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    if extent == Extent::Statement {
        return operation(&Database::Sqlite(connection));
    }
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
        driver.read(Extent::Statement, move |db| count(db).at("line")).await.unwrap()
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
        for extent in [Extent::Statement, Extent::FewRows, Extent::ManyRows] {
            let refused = driver
                .read(extent, |db| {
                    Ok(db.execute("INSERT INTO line VALUES (1)", params![]).is_err())
                })
                .await;
            assert!(refused.unwrap(), "{extent:?}");
        }
        assert_eq!(lines(&driver).await, 0);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn several_statements_see_one_state_of_the_database() {
        let folder = tempfile::tempdir().unwrap();
        let driver = Arc::new(threads(folder.path()));
        for extent in [Extent::FewRows, Extent::ManyRows] {
            let before = lines(&driver).await;
            let (entered, is_inside) = std_mpsc::channel();
            let (let_go, go) = std_mpsc::channel::<()>();
            let (reader, go) = (Arc::clone(&driver), Mutex::new(go));
            let reading = tokio::spawn(async move {
                let count = |db: &Database| -> i64 {
                    db.one("SELECT count(*) FROM line", params![], |row| row.get(0)).unwrap()
                };
                let twice = reader.read(extent, move |db| {
                    let first = count(db);
                    entered.send(()).unwrap();
                    go.lock().unwrap().recv().unwrap();
                    Ok((first, count(db)))
                });
                twice.await.unwrap()
            });
            is_inside.recv().unwrap();
            driver.write(insert(before)).await.unwrap();
            assert_eq!(lines(&driver).await, before + 1, "others see what was committed");
            let_go.send(()).unwrap();
            assert_eq!(reading.await.unwrap(), (before, before), "{extent:?}");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn more_short_reads_at_once_than_connections_at_hand_are_answered_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let driver = Arc::new(threads(folder.path()));
        let Mode::Threads(threads) = &driver.mode else { panic!("it has threads") };
        let taken: Vec<_> = std::iter::from_fn(|| threads.take()).collect();
        assert_eq!(taken.len(), AT_HAND);
        assert_eq!(lines(&driver).await, 0);
        threads.at_hand().extend(taken);
        assert_eq!(lines(&driver).await, 0);
        assert_eq!(threads.at_hand().len(), AT_HAND, "and each comes back");
    }
}
