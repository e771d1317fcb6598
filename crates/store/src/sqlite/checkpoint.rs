//! Taking the log over into the database.
//!
//! A commit is on disk with its pages in the log. That they come into the database itself is work for
//! later, with a wait for the disk of its own, and a thread does it while the writer goes on. What
//! was appended meanwhile is little: the writer takes it over itself, between two transactions, and
//! with its next one the log begins anew.

use std::ffi::c_int;
use std::path::Path;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use rusqlite::hooks::Wal;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, ErrorCode};

use super::connection;
use super::driver::spawn;
use crate::OpenError;

/// How long the log gets, in pages of 4 KiB.
#[derive(Clone, Copy)]
pub(super) struct LogSizes {
    /// Of so many that are new the thread takes over what is there.
    pub due: c_int,
    /// At so many the writer waits until it has.
    pub most: c_int,
}

impl LogSizes {
    /// 16 MiB and 64 MiB.
    pub const USUAL: Self = Self { due: 4096, most: 4 * 4096 };
}

/// The thread, and what the writer tells it.
pub(super) struct Checkpoints {
    sizes: LogSizes,
    /// How many pages the log had after the last commit.
    pages: Arc<AtomicI32>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    step: Step,
    ends: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The log was that long when it was taken over last.
    Rests { since: c_int },
    /// The thread takes it over.
    Works,
    /// The thread is through: the rest is the writer's.
    Through,
}

impl Default for Step {
    fn default() -> Self {
        Self::Rests { since: 0 }
    }
}

impl Checkpoints {
    /// From now on `writer` leaves the log of the database at `path` to the thread.
    pub fn of(writer: &mut Connection, path: &Path, sizes: LogSizes) -> Result<Self, OpenError> {
        let pages = Arc::<AtomicI32>::default();
        let seen = Arc::clone(&pages);
        // It takes the place of SQLite's own, which would make the writer wait at every thousandth page.
        writer.wal_hook(Some(move |_: &mut Wal, pages: c_int| {
            seen.store(pages, Ordering::Relaxed);
            Ok(())
        }))?;
        let shared = Arc::<Shared>::default();
        let beside = connection::open_beside(path)?;
        let serving = Arc::clone(&shared);
        let thread = spawn("store-checkpoint", move || serving.serve(&beside))?;
        Ok(Self { sizes, pages, shared, thread: Some(thread) })
    }

    /// The writer has ended a transaction and begun no other.
    pub fn after_transaction(&self, writer: &Connection) {
        let pages = self.pages.load(Ordering::Relaxed);
        let mut state = self.shared.lock();
        if pages >= self.sizes.most {
            state = self.shared.wait_while(state, |state| state.step == Step::Works);
        }
        match state.step {
            Step::Works => {}
            Step::Rests { since } => {
                let began_anew = pages < since;
                let since = if began_anew { 0 } else { since };
                if pages - since < self.sizes.due {
                    state.step = Step::Rests { since };
                    return;
                }
                state.step = Step::Works;
                self.shared.changed.notify_all();
            }
            Step::Through => {
                take_over(writer);
                state.step = Step::Rests { since: pages };
            }
        }
    }
}

/// What is under way is done first.
impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.shared.lock().ends = true;
        self.shared.changed.notify_all();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("a thread of the store has panicked; please report this");
        }
    }
}

impl Shared {
    fn serve(&self, connection: &Connection) {
        loop {
            let state = self.lock();
            let state = self.wait_while(state, |state| !state.ends && state.step != Step::Works);
            if state.ends {
                return;
            }
            drop(state);
            take_over(connection);
            self.lock().step = Step::Through;
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_while<'s>(
        &self,
        state: MutexGuard<'s, State>,
        until: impl FnMut(&mut State) -> bool,
    ) -> MutexGuard<'s, State> {
        self.changed.wait_while(state, until).unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes over what no reader of an older state is in the way of. Nothing is lost where it does not
/// work: it stays in the log until the next time.
fn take_over(connection: &Connection) {
    match connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE) {
        Ok(_) => {}
        // Another program does, for instance a command that was given beside the server.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {}
        Err(error) => tracing::warn!(
            %error,
            "the write-ahead log could not be taken over into the database: it gets longer until it \
             can be. Next: see whether the disk has room"
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const SIZES: LogSizes = LogSizes { due: 50, most: 200 };
    const PAGE: u64 = 4096;

    struct World {
        folder: tempfile::TempDir,
        writer: Connection,
        checkpoints: Checkpoints,
    }

    impl World {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("test.db");
            let mut writer = connection::open_writer(&path).unwrap();
            writer.execute_batch("CREATE TABLE line (text BLOB) STRICT").unwrap();
            let checkpoints = Checkpoints::of(&mut writer, &path, SIZES).unwrap();
            Self { folder, writer, checkpoints }
        }

        /// Transactions of a few pages each, one right after the other.
        fn write(&self, transactions: u32) {
            for _ in 0..transactions {
                self.writer.execute("INSERT INTO line VALUES (zeroblob(10000))", []).unwrap();
                self.checkpoints.after_transaction(&self.writer);
            }
        }

        fn pages_of(&self, name: &str) -> u64 {
            fs::metadata(self.folder.path().join(name)).unwrap().len() / PAGE
        }
    }

    #[test]
    fn the_log_stays_short_while_nothing_but_writing_goes_on() {
        let world = World::new();
        world.write(2000);
        assert!(world.pages_of("test.db") > 4000, "{}", world.pages_of("test.db"));
        // Each of its pages has a header.
        assert!(world.pages_of("test.db-wal") < 250, "{}", world.pages_of("test.db-wal"));
    }

    #[test]
    fn a_reader_of_an_older_state_keeps_it_and_is_not_waited_for() {
        let world = World::new();
        world.write(100);
        let reader = connection::open_reader(&world.folder.path().join("test.db")).unwrap();
        let lines = || -> u32 {
            reader.query_row("SELECT count(*) FROM line", [], |row| row.get(0)).unwrap()
        };
        reader.execute_batch("BEGIN").unwrap();
        assert_eq!(lines(), 100);
        world.write(400);
        assert_eq!(lines(), 100, "its own state");
        assert!(
            world.pages_of("test.db-wal") > 1000,
            "what it does not see has to stay in the log"
        );
        reader.execute_batch("ROLLBACK").unwrap();
        assert_eq!(lines(), 500);
        world.write(100);
        let before = world.pages_of("test.db-wal");
        world.write(400);
        assert_eq!(world.pages_of("test.db-wal"), before, "and then the log is used again");
    }

    #[test]
    fn the_database_is_whole_whenever_the_process_ends() {
        let World { folder, writer, checkpoints } = World::new();
        for lines in 1..300 {
            writer.execute("INSERT INTO line VALUES (zeroblob(10000))", []).unwrap();
            checkpoints.after_transaction(&writer);
            if lines % 29 != 0 {
                continue;
            }
            // What a process that is killed now leaves behind.
            let left = tempfile::tempdir().unwrap();
            let path = left.path().join("test.db");
            let state = checkpoints.shared.lock();
            let idle = checkpoints.shared.wait_while(state, |state| state.step == Step::Works);
            for name in ["test.db", "test.db-wal"] {
                fs::copy(folder.path().join(name), left.path().join(name)).unwrap();
            }
            drop(idle);
            let found = connection::open_writer(&path).unwrap();
            let count: u32 =
                found.query_row("SELECT count(*) FROM line", [], |row| row.get(0)).unwrap();
            assert_eq!(count, lines);
            let sound: String =
                found.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
            assert_eq!(sound, "ok");
        }
    }
}
