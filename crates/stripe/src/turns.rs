//! So many calls at once for one account: others wait their turn, and no account waits for another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::client::{Access, AccountDigest};

/// Calls that are under way for one account at once, unless said otherwise.
pub const CALLS_MAX: usize = 20;
/// Accounts without a call are forgotten when there are more than so many.
const ACCOUNTS_KEPT: usize = 1024;

/// The turns of all accounts.
pub(crate) struct Turns {
    calls_max: usize,
    accounts: Mutex<HashMap<AccountDigest, Weak<Semaphore>>>,
}

impl Turns {
    pub fn new(calls_max: usize) -> Self {
        Self { calls_max, accounts: Mutex::default() }
    }

    /// Waits for a turn, which lasts until the permit is dropped. `None` never happens: nobody
    /// closes a semaphore here.
    pub async fn wait(&self, access: Access<'_>) -> Option<OwnedSemaphorePermit> {
        self.of(access).acquire_owned().await.ok()
    }

    fn of(&self, access: Access<'_>) -> Arc<Semaphore> {
        let account = access.digest();
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turns) = accounts.get(&account).and_then(Weak::upgrade) {
            return turns;
        }
        if accounts.len() >= ACCOUNTS_KEPT {
            accounts.retain(|_, turns| turns.strong_count() > 0);
        }
        let turns = Arc::new(Semaphore::new(self.calls_max));
        accounts.insert(account, Arc::downgrade(&turns));
        turns
    }
}

#[cfg(test)]
mod tests {
    use payment::PspAccountId;
    use secrecy::SecretString;

    use super::*;

    fn own(secret_key: &SecretString) -> Access<'_> {
        Access { secret_key, account: None }
    }

    #[tokio::test]
    async fn an_account_has_so_many_turns_and_takes_none_from_another() {
        let turns = Turns::new(2);
        let (one, other) = (SecretString::from("sk_test_1"), SecretString::from("sk_test_2"));
        let first = turns.wait(own(&one)).await;
        let second = turns.wait(own(&one)).await;
        assert!(first.is_some() && second.is_some());
        assert!(turns.of(own(&one)).try_acquire_owned().is_err(), "the third waits");
        assert!(turns.of(own(&other)).try_acquire_owned().is_ok());
        drop(first);
        assert!(turns.of(own(&one)).try_acquire_owned().is_ok());
    }

    #[tokio::test]
    async fn accounts_under_one_platform_take_no_turns_from_each_other() {
        let turns = Turns::new(1);
        let secret_key = &SecretString::from("sk_test_platform");
        let (one, other) = (PspAccountId::new("acct_1"), PspAccountId::new("acct_2"));
        let of = |account| Access { secret_key, account: Some(account) };
        let _held = turns.wait(of(&one)).await;
        assert!(turns.of(of(&one)).try_acquire_owned().is_err());
        assert!(turns.of(of(&other)).try_acquire_owned().is_ok());
    }

    #[test]
    fn accounts_without_a_call_are_forgotten() {
        let turns = Turns::new(1);
        for number in 0..=ACCOUNTS_KEPT {
            turns.of(own(&SecretString::from(format!("sk_test_{number}"))));
        }
        assert_eq!(turns.accounts.lock().unwrap().len(), 1);
    }
}
