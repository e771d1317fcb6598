use payment::PspAccountId;
use proptest::prelude::*;
use secrecy::SecretString;

use super::*;

fn closed(now: Instant) -> Breaker {
    Breaker::Closed { failures: 0, last: now }
}

fn opened(now: Instant) -> Breaker {
    let mut breaker = closed(now);
    let opened: Vec<bool> = (0..BREAKER_FAILURES).map(|_| breaker.failed(now)).collect();
    assert_eq!(opened, [false, false, false, false, true], "it opens once");
    breaker
}

#[test]
fn it_opens_after_so_many_failures_in_a_row_and_lets_one_through_at_a_time() {
    let now = Instant::now();
    let mut breaker = opened(now);
    let moment = Duration::from_millis(1);
    assert_eq!(breaker.admit(now), Err(BREAKER_PAUSE));
    assert_eq!(breaker.admit(now + BREAKER_PAUSE - moment), Err(moment));
    let first = now + BREAKER_PAUSE;
    assert_eq!(breaker.admit(first), Ok(()), "one goes first");
    assert_eq!(breaker.admit(first), Err(BREAKER_PAUSE), "the others wait for it");
    assert!(!breaker.failed(first + moment), "it is told of once");
    assert_eq!(breaker.admit(first + BREAKER_PAUSE), Ok(()), "whoever went first may be gone");
}

#[test]
fn accounts_do_not_hold_each_other_back() {
    let now = Instant::now();
    let key = SecretString::from("sk_test_platform");
    let (one, other) = (PspAccountId::new("acct_1"), PspAccountId::new("acct_2"));
    let of = |account| Access { secret_key: &key, account: Some(account) };
    let breakers = Breakers::default();
    for _ in 0..BREAKER_FAILURES {
        breakers.failed(of(&one), now);
    }
    breakers.failed(of(&other), now);
    assert_eq!(breakers.open(now), 1);
    assert!(breakers.admit(of(&one), now).is_err());
    assert_eq!(breakers.admit(of(&other), now), Ok(()));
    breakers.answered(of(&one), now);
    assert_eq!(breakers.admit(of(&one), now), Ok(()));
    assert_eq!(breakers.open(now), 0);
}

#[test]
fn an_account_that_nobody_asks_for_is_forgotten() {
    let now = Instant::now();
    let key = SecretString::from("sk_test_gone");
    let access = Access { secret_key: &key, account: None };
    let breakers = Breakers::default();
    for _ in 0..BREAKER_FAILURES {
        breakers.failed(access, now);
    }
    assert_eq!(breakers.open(now + SILENT_KEPT), 1);
    assert_eq!(breakers.open(now + SILENT_KEPT + BREAKER_PAUSE), 0);
}

#[test]
fn however_many_accounts_fail_memory_is_bounded() {
    let now = Instant::now();
    let breakers = Breakers::default();
    for number in 0..ACCOUNTS_KEPT + 10 {
        let key = SecretString::from(format!("sk_test_{number}"));
        breakers.failed(Access { secret_key: &key, account: None }, now);
    }
    assert_eq!(breakers.0.lock().unwrap().len(), ACCOUNTS_KEPT);
}

proptest! {
    /// Whatever happens in whatever order: while it is open no two requests are sent within one
    /// pause, nothing waits longer than one, and an answer lets everything through.
    #[test]
    fn at_most_one_request_in_a_pause_and_none_waits_longer(
        happenings in prop::collection::vec((0_u8..3, 0_u64..30_000), 1..200)
    ) {
        let key = SecretString::from("sk_test_1");
        let access = Access { secret_key: &key, account: None };
        let breakers = Breakers::default();
        let mut now = Instant::now();
        let (mut in_a_row, mut sent_at) = (0, None::<Instant>);
        for (what, pause_ms) in happenings {
            now += Duration::from_millis(pause_ms);
            let is_open = in_a_row >= BREAKER_FAILURES;
            match (what, breakers.admit(access, now)) {
                (_, Err(wait)) => {
                    prop_assert!(is_open && wait <= BREAKER_PAUSE, "{:?}", wait);
                }
                (_, Ok(())) if is_open => {
                    if let Some(before) = sent_at {
                        prop_assert!(now.duration_since(before) >= BREAKER_PAUSE);
                    }
                    sent_at = Some(now);
                }
                (_, Ok(())) => {}
            }
            match what {
                0 => {
                    breakers.answered(access, now);
                    (in_a_row, sent_at) = (0, None);
                }
                1 => {
                    breakers.failed(access, now);
                    in_a_row += 1;
                    if in_a_row == BREAKER_FAILURES {
                        sent_at = Some(now);
                    }
                }
                _ => {}
            }
        }
    }
}
