//! Reads that many ask for at once: one of them carries it out for all.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use app::ports::StoreError;

/// Reads of one kind, by what they ask about.
///
/// Who asks while a read is under way waits for the next one, and shares it with all who asked
/// before it began: nobody is told anything older than the question. What was answered is forgotten
/// as soon as nobody asks.
pub(crate) struct SharedReads<K: Clone + Eq + Hash, T>(Mutex<Askers<K, T>>);

/// How many ask about something, and what they share.
type Askers<K, T> = HashMap<K, (usize, Arc<Asked<T>>)>;

struct Asked<T> {
    /// How many reads have begun.
    begun: AtomicU64,
    /// The last one that has ended, with its number.
    last: tokio::sync::Mutex<Option<(u64, Result<T, StoreError>)>>,
}

impl<K: Clone + Eq + Hash, T: Clone> SharedReads<K, T> {
    /// Answers with `read`, or with the same one of somebody else.
    pub async fn read(
        &self,
        key: K,
        read: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let asking = Asking::new(self, key);
        let before = asking.asked.begun.load(Ordering::SeqCst);
        let mut last = asking.asked.last.lock().await;
        if let Some((number, answer)) = last.as_ref()
            && *number > before
        {
            return answer.clone();
        }
        let number = asking.asked.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let answer = read.await;
        *last = Some((number, answer.clone()));
        answer
    }
}

impl<K: Clone + Eq + Hash, T> SharedReads<K, T> {
    fn askers(&self) -> MutexGuard<'_, Askers<K, T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone + Eq + Hash, T> Default for SharedReads<K, T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// Somebody who asks. They may give up at any time.
struct Asking<'r, K: Clone + Eq + Hash, T> {
    reads: &'r SharedReads<K, T>,
    key: K,
    asked: Arc<Asked<T>>,
}

impl<'r, K: Clone + Eq + Hash, T> Asking<'r, K, T> {
    fn new(reads: &'r SharedReads<K, T>, key: K) -> Self {
        let fresh =
            || (0, Arc::new(Asked { begun: AtomicU64::default(), last: Default::default() }));
        let mut askers = reads.askers();
        let (count, asked) = askers.entry(key.clone()).or_insert_with(fresh);
        *count += 1;
        let asked = Arc::clone(asked);
        drop(askers);
        Self { reads, key, asked }
    }
}

impl<K: Clone + Eq + Hash, T> Drop for Asking<'_, K, T> {
    fn drop(&mut self) {
        let mut askers = self.reads.askers();
        if let Some((count, _)) = askers.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                askers.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use tokio::sync::Notify;

    use super::*;

    /// Reads that count, each ending when it is let.
    #[derive(Default)]
    struct World {
        reads: SharedReads<&'static str, u32>,
        carried_out: AtomicU32,
        go: Notify,
    }

    impl World {
        async fn ask(self: Arc<Self>, key: &'static str) -> Result<u32, StoreError> {
            let read = async {
                let number = self.carried_out.fetch_add(1, Ordering::SeqCst);
                self.go.notified().await;
                Ok(number)
            };
            self.reads.read(key, read).await
        }
    }

    async fn soon() {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn who_asks_while_a_read_is_under_way_shares_the_next_one() {
        let world = Arc::new(World::default());
        let first = tokio::spawn(world.clone().ask("a"));
        soon().await;
        let later: Vec<_> = (0..5).map(|_| tokio::spawn(world.clone().ask("a"))).collect();
        soon().await;
        assert_eq!(world.carried_out.load(Ordering::SeqCst), 1);
        world.go.notify_one();
        assert_eq!(first.await.unwrap().unwrap(), 0);
        soon().await;
        world.go.notify_one();
        for asked in later {
            assert_eq!(asked.await.unwrap().unwrap(), 1, "nothing that was read before it asked");
        }
        assert_eq!(world.carried_out.load(Ordering::SeqCst), 2);
        assert!(world.reads.askers().is_empty(), "and nothing is kept");
    }

    #[tokio::test]
    async fn different_questions_do_not_wait_for_each_other() {
        let world = Arc::new(World::default());
        let asked = [tokio::spawn(world.clone().ask("a")), tokio::spawn(world.clone().ask("b"))];
        soon().await;
        assert_eq!(world.carried_out.load(Ordering::SeqCst), 2);
        world.go.notify_waiters();
        for asked in asked {
            asked.await.unwrap().unwrap();
        }
    }

    #[tokio::test]
    async fn who_gives_up_holds_up_nobody() {
        let world = Arc::new(World::default());
        let first = tokio::spawn(world.clone().ask("a"));
        soon().await;
        let second = tokio::spawn(world.clone().ask("a"));
        soon().await;
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        soon().await;
        world.go.notify_one();
        assert_eq!(second.await.unwrap().unwrap(), 1);
        assert!(world.reads.askers().is_empty());
    }

    #[tokio::test]
    async fn those_who_wait_share_an_error_too() {
        let reads = Arc::new(SharedReads::<&str, u32>::default());
        let go = Arc::new(Notify::new());
        let ask = |reads: Arc<SharedReads<_, _>>, go: Arc<Notify>| async move {
            let read = async {
                go.notified().await;
                Err(StoreError::Unavailable("no".to_owned()))
            };
            reads.read("a", read).await
        };
        let asked: Vec<_> = (0..9).map(|_| tokio::spawn(ask(reads.clone(), go.clone()))).collect();
        for _ in 0..2 {
            soon().await;
            go.notify_one();
        }
        for asked in asked {
            assert!(asked.await.unwrap().is_err());
        }
    }
}
