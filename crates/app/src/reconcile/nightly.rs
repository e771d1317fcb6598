//! The comparison that the worker makes by itself, once a day. It reports and changes nothing.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{Difference, Field, Scope};
use crate::context::Context;
use crate::limits::{COMPARE_RECENT, DIFFERENCES_TOLD_MAX, WATCH_LEASE};
use crate::ports::Watch;
use crate::problem::Problem;

const A_DAY: SignedDuration = SignedDuration::from_hours(24);

impl Context {
    /// Compares all payments of the tenant, once after each `hour` (UTC); never where there is none.
    pub(crate) async fn compare_nightly(
        &self,
        watch: &mut Watch,
        hour: Option<i8>,
    ) -> Result<(), Problem> {
        let began_at = self.entropy.now();
        let due = hour.and_then(|hour| last(hour, began_at));
        if due.is_none_or(|due| watch.compared_at >= due) {
            return Ok(());
        }
        // What came in and is not carried out yet differs, and will not.
        if self.store.unfinished(&watch.tenant).await?.inbox > 0 {
            return Ok(());
        }
        let since = began_at - COMPARE_RECENT;
        let scope = Scope { tenant: watch.tenant.clone(), since, repair: false };
        let (mut payments, mut differences, mut after) = (0, Vec::new(), None);
        loop {
            let compared = self.compare_next(&scope, after).await?;
            payments += compared.payments;
            differences.extend(compared.differences);
            if let Some(reason) = compared.stopped {
                return Err(Problem::Later(format!("the books could not be compared: {reason}")));
            }
            after = compared.next;
            if after.is_none() {
                break;
            }
            self.store.move_watch(watch, self.entropy.now() + WATCH_LEASE).await?;
        }
        watch.compared_at = began_at;
        tell(watch, payments, &differences);
        Ok(())
    }
}

/// When it was this hour (UTC) last.
fn last(hour: i8, now: Timestamp) -> Option<Timestamp> {
    let time = Time::new(hour, 0, 0, 0).ok()?;
    let today = now.to_zoned(TimeZone::UTC).with().time(time).build().ok()?.timestamp();
    Some(if today <= now { today } else { today - A_DAY })
}

fn tell(watch: &Watch, payments: u64, differences: &[Difference]) {
    let tenant = watch.tenant.as_str();
    metrics::counter!("paybridge_compared_payments_total").increment(payments);
    for field in Field::ALL {
        let of = differences.iter().filter(|difference| difference.field == field).count();
        let of = u64::try_from(of).unwrap_or(u64::MAX);
        metrics::counter!("paybridge_differences_total", "field" => field.name()).increment(of);
    }
    for found in differences.iter().take(DIFFERENCES_TOLD_MAX) {
        tracing::warn!(
            tenant, payment = %found.payment, order = found.order,
            transaction = found.transaction, field = found.field.name(), of = found.of,
            ours = found.ours, theirs = found.theirs, next = found.next,
            "the books and the payment provider differ"
        );
    }
    tracing::info!(
        tenant,
        payments,
        differences = differences.len(),
        "the books were compared with the payment provider"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hour_is_the_last_one_that_was() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(last(3, at("2026-11-22T03:00:00Z")), Some(at("2026-11-22T03:00:00Z")));
        assert_eq!(last(3, at("2026-11-22T02:59:59Z")), Some(at("2026-11-21T03:00:00Z")));
        assert_eq!(last(0, at("2026-11-22T23:59:59Z")), Some(at("2026-11-22T00:00:00Z")));
    }
}
