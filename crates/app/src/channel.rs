//! The http-channel: a shop reads its messages and deletes them when it has dealt with them. The
//! outbox itself is the channel.

use payment::TenantId;

use crate::context::Context;
use crate::limits::{CHANNEL_HIDE, CHANNEL_READ_MAX};
use crate::ports::{ChannelMessage, MessageId, StoreError};

impl Context {
    /// The next messages of a channel, in order. They stay until they are deleted, hidden from
    /// other readers for [`CHANNEL_HIDE`].
    ///
    /// # Errors
    /// The store cannot be used.
    pub async fn read_channel(
        &self,
        tenant: &TenantId,
        channel: &str,
        limit: u32,
    ) -> Result<Vec<ChannelMessage>, StoreError> {
        let now = self.entropy.now();
        let limit = limit.min(CHANNEL_READ_MAX);
        self.store.read_channel(tenant, channel, limit, now, now + CHANNEL_HIDE).await
    }

    /// Deletes messages that the shop has dealt with. Deleting again changes nothing.
    ///
    /// # Errors
    /// The store cannot be used.
    pub async fn delete_messages(
        &self,
        tenant: &TenantId,
        channel: &str,
        ids: &[MessageId],
    ) -> Result<(), StoreError> {
        self.store.delete_messages(tenant, channel, ids, self.entropy.now()).await?;
        Ok(())
    }
}
