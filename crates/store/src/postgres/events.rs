//! Events that come in at once go into the inbox together: in one statement, which waits for the disk
//! once.

use std::sync::Arc;

use app::ports::StoreError;
use async_channel::Receiver;
use tokio::sync::oneshot;

use super::pool::{Access, Worker, stopped};
use crate::database::Database;
use crate::job::{Written, job};
use crate::sql::inbox::{self, NewEvent};

/// So many events share a transaction at most.
const TOGETHER_MAX: usize = 64;

/// An event that is to be in the inbox, and where it is told whether it is new.
pub(super) struct Event {
    pub event: NewEvent,
    pub reply: Reply,
}

pub(super) type Reply = oneshot::Sender<Result<bool, StoreError>>;

impl Worker {
    /// Takes events until nobody can bring any more.
    pub(super) fn take_events(&mut self, queue: &Receiver<Event>) {
        while let Some(first) = self.next(queue) {
            let others = std::iter::from_fn(|| queue.try_recv().ok());
            let taken = std::iter::once(first).chain(others).take(TOGETHER_MAX);
            let (events, replies): (Vec<_>, _) =
                taken.map(|Event { event, reply }| (event, reply)).unzip();
            self.receive(events.into(), replies);
        }
    }

    /// Puts events into the inbox in one transaction. Where the database does not take one of them,
    /// each is tried by itself.
    fn receive(&mut self, events: Arc<[NewEvent]>, replies: Vec<Reply>) {
        let together = Arc::clone(&events);
        let (mut job, mut answer) =
            job(move |db: &Database| inbox::receive_events(db, &together).map(Written::Keep));
        self.counters.asked(events.len());
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
            Err(_) if !is_lost && events.len() > 1 => {
                for (event, reply) in events.iter().zip(replies) {
                    self.receive([event.clone()].into(), vec![reply]);
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
