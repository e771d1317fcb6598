//! A piece of work for the database, with the place its answer goes to.

use app::ports::StoreError;
use tokio::sync::oneshot;

use crate::database::Database;

/// What a write came to, and whether what it wrote stays.
#[derive(Debug)]
pub(crate) enum Written<T> {
    /// It stays.
    Keep(T),
    /// It is undone: a conflict was found on the way.
    Undo(T),
}

/// Work for one transaction.
pub(crate) trait Job: Send {
    /// Carries it out; whether what it wrote stays. May be asked again after what it did was undone.
    fn run(&mut self, db: &Database) -> bool;
    /// Why it could not be carried out, if so.
    fn failure(&self) -> Option<&StoreError>;
    /// Answers the caller: its own result, or why the transaction was lost.
    fn answer(self: Box<Self>, lost: Option<StoreError>);
}

struct Work<T, F> {
    operation: F,
    result: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

/// Work, and where its answer will be.
pub(crate) fn job<T, F>(operation: F) -> (Box<dyn Job>, oneshot::Receiver<Result<T, StoreError>>)
where
    T: Send + 'static,
    F: Fn(&Database) -> Result<Written<T>, StoreError> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    (Box::new(Work { operation, result: None, reply }), answer)
}

impl<T, F> Job for Work<T, F>
where
    T: Send,
    F: Fn(&Database) -> Result<Written<T>, StoreError> + Send,
{
    fn run(&mut self, db: &Database) -> bool {
        let (result, keep) = match (self.operation)(db) {
            Ok(Written::Keep(value)) => (Ok(value), true),
            Ok(Written::Undo(value)) => (Ok(value), false),
            Err(error) => (Err(error), false),
        };
        self.result = Some(result);
        keep
    }

    fn failure(&self) -> Option<&StoreError> {
        self.result.as_ref()?.as_ref().err()
    }

    fn answer(self: Box<Self>, lost: Option<StoreError>) {
        let result = match (lost, self.result) {
            (None, Some(result)) => result,
            (Some(lost), _) => Err(lost),
            (None, None) => Err(StoreError::Unavailable("the write was not carried out".into())),
        };
        // Nobody may wait any more: the caller gave up, and the write stays.
        let _ = self.reply.send(result);
    }
}
