//! Tenants whose webhooks came in before, as they were read then.
//!
//! What is known may be out of date, here as in any other process. Who goes by it has the transaction
//! that stores something compare the tenant's version, which grows with every change and is never
//! used again: erasing a tenant keeps its row.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use app::ports::Addressee;
use payment::TenantId;

/// So many tenants are known at once. Beyond that another one is forgotten for each new one.
const KNOWN_MAX: usize = 1000;

#[derive(Default)]
pub(crate) struct KnownAddressees(Mutex<HashMap<TenantId, Arc<Addressee>>>);

impl KnownAddressees {
    /// What is known of a tenant.
    pub fn get(&self, tenant: &TenantId) -> Option<Arc<Addressee>> {
        self.lock().get(tenant).cloned()
    }

    /// This is what was found now.
    pub fn learn(&self, tenant: &TenantId, found: Option<Addressee>) -> Option<Arc<Addressee>> {
        let found = found.map(Arc::new);
        let mut known = self.lock();
        known.remove(tenant);
        if let Some(found) = &found {
            let another = known.keys().next().filter(|_| known.len() >= KNOWN_MAX).cloned();
            if let Some(another) = another {
                known.remove(&another);
            }
            known.insert(tenant.clone(), Arc::clone(found));
        }
        found
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TenantId, Arc<Addressee>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use app::tenant::TenantStatus;

    use super::*;

    fn addressee(version: i64) -> Option<Addressee> {
        let (status, credentials) = (TenantStatus::Connected, Vec::new());
        Some(Addressee { version, status, credentials })
    }

    fn version(known: &KnownAddressees, tenant: &str) -> Option<i64> {
        known.get(&TenantId::new(tenant)).map(|known| known.version)
    }

    #[test]
    fn the_last_reading_is_known_and_a_tenant_that_is_not_there_is_not() {
        let (known, tenant) = (KnownAddressees::default(), TenantId::new("a"));
        assert_eq!(version(&known, "a"), None);
        for found in [addressee(1), addressee(3), None] {
            let told = known.learn(&tenant, found.clone()).map(|told| told.version);
            assert_eq!(told, found.map(|found| found.version));
            assert_eq!(version(&known, "a"), told);
        }
    }

    #[test]
    fn memory_is_bounded_whatever_tenants_come() {
        let known = KnownAddressees::default();
        for number in 0..KNOWN_MAX + 10 {
            let name = format!("tenant-{number}");
            known.learn(&TenantId::new(&name), addressee(1));
            assert_eq!(version(&known, &name), Some(1), "the newest is known");
        }
        assert_eq!(known.lock().len(), KNOWN_MAX);
        known.learn(&TenantId::new("tenant-0"), addressee(2));
        assert_eq!((version(&known, "tenant-0"), known.lock().len()), (Some(2), KNOWN_MAX));
    }
}
