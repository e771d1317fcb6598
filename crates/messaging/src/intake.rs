//! Commands that a broker delivers: each is in the inbox before the broker may forget it.

use std::sync::Arc;

use app::Context;
use app::ports::{SignIn, SignInError};
use app::receive_command::CommandError;
use app::sign_in::{NotAllowed, authorize_command};
use async_trait::async_trait;
use protocol::Attributes;
use protocol::attributes::AUTHORIZATION;
use tokio::sync::{Notify, watch};

/// Where commands come from.
#[async_trait]
pub trait Source: Send + Sync {
    /// Takes what comes until `stop` is true, and finishes what it has begun. Trouble with the
    /// broker does not end it: it connects again by itself.
    async fn run(&self, intake: Intake, stop: watch::Receiver<bool>);
}

/// Puts commands into the inbox.
#[derive(Clone)]
pub struct Intake {
    /// The use cases.
    pub context: Context,
    /// Tells whose token came with a command; nobody is asked where whoever may write to the queue
    /// is trusted.
    pub sign_in: Option<Arc<dyn SignIn>>,
    /// Wakes the worker.
    pub wake: Arc<Notify>,
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is in the inbox: the broker may forget it.
    Durable,
    /// It cannot be taken now, for this reason: the broker shall deliver it again.
    Later(String),
    /// It can never be taken, for this reason: it belongs to the dead letters.
    Never(String),
}

impl Intake {
    /// Takes one command with its attributes as the broker names them.
    pub async fn take<'a>(
        &self,
        attributes: impl IntoIterator<Item = (&'a str, &'a str)>,
        body: &[u8],
    ) -> Taken {
        let named: Vec<(&str, &str)> = attributes.into_iter().collect();
        let token = named.iter().find(|(name, _)| *name == AUTHORIZATION).map(|(_, value)| *value);
        let attributes = Attributes::from_named(named.iter().copied());
        if let Some(sign_in) = &self.sign_in
            && let Err(refused) = authorize_command(sign_in.as_ref(), token, &attributes).await
        {
            return not_allowed(&refused);
        }
        match self.context.receive_command(&attributes, body).await {
            Ok(_) => {
                self.wake.notify_one();
                Taken::Durable
            }
            Err(CommandError::Store(error)) => Taken::Later(error.to_string()),
            Err(error @ (CommandError::Invalid(_) | CommandError::UnknownTenant)) => {
                Taken::Never(error.to_string())
            }
        }
    }
}

fn not_allowed(refused: &NotAllowed) -> Taken {
    match refused {
        NotAllowed::SignIn(SignInError::Unavailable(_) | SignInError::Store(_)) => {
            Taken::Later(refused.to_string())
        }
        NotAllowed::SignIn(SignInError::Missing | SignInError::Invalid(_))
        | NotAllowed::AnotherTenant(_)
        | NotAllowed::Kind(_) => Taken::Never(refused.to_string()),
    }
}
