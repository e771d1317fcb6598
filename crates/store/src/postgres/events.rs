//! Events that come in at once go into the inbox together: in one statement, which waits for the disk
//! once.

use std::sync::Arc;

use app::ports::{InboxItem, Received, StoreError};
use tokio::sync::{Mutex, mpsc, oneshot};

use super::pool::{Access, Worker, stopped};
use crate::database::Database;
use crate::job::{Written, job};
use crate::sql::inbox;

/// So many events share a transaction at most.
const TOGETHER_MAX: usize = 64;
/// So many connections put events in: while one waits for the disk, another one goes on.
pub(super) const EVENT_THREADS: usize = 2;

/// An event that is to be in the inbox, and where it is told that it is.
pub(super) struct Event {
    pub item: InboxItem,
    pub reply: Reply,
}

pub(super) type Reply = oneshot::Sender<Result<Received, StoreError>>;

impl Worker {
    /// Takes events until nobody can bring any more.
    pub(super) fn take_events(&mut self, queue: &Mutex<mpsc::Receiver<Event>>) {
        let mut events = Vec::new();
        loop {
            let taken = match &self.session {
                Some(session) => session.wait_for(async {
                    queue.lock().await.recv_many(&mut events, TOGETHER_MAX).await
                }),
                None => queue.blocking_lock().blocking_recv_many(&mut events, TOGETHER_MAX),
            };
            if taken == 0 {
                return;
            }
            let (items, replies): (Vec<_>, _) =
                events.drain(..).map(|event| (event.item, event.reply)).unzip();
            self.receive(items.into(), replies);
        }
    }

    /// Puts events into the inbox in one transaction. Where the database does not take one of them,
    /// each is tried by itself.
    fn receive(&mut self, items: Arc<[InboxItem]>, replies: Vec<Reply>) {
        let events = Arc::clone(&items);
        let (mut job, mut answer) =
            job(move |db: &Database| inbox::receive_events(db, &events).map(Written::Keep));
        self.counters.asked(items.len());
        self.counters.began();
        let lost = self.carry_out(Access::OneStatement, job.as_mut()).err();
        let is_lost = lost.is_some();
        job.answer(lost);
        let received = answer.try_recv().unwrap_or_else(|_| Err(stopped()));
        // Nobody may wait for a reply any more; the event stays.
        match received {
            Ok(received) => {
                for (reply, received) in replies.into_iter().zip(received) {
                    let _ = reply.send(Ok(received));
                }
            }
            Err(_) if !is_lost && items.len() > 1 => {
                for (item, reply) in items.iter().zip(replies) {
                    self.receive([item.clone()].into(), vec![reply]);
                }
            }
            Err(error) => {
                for reply in replies {
                    let _ = reply.send(Err(error.clone()));
                }
            }
        }
    }
}
