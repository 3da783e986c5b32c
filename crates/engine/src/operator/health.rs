//! Whether the installation is well, as far as its database tells.

use coffer_protocol::operator::Health;
use coffer_store::rows::health;

use super::Operator;
use crate::error::Result;

impl Operator {
    /// Looks all of the database over. It may take seconds for a large one; nothing waits for it.
    ///
    /// # Errors
    /// Only if the database fails.
    pub async fn health(&self) -> Result<Health> {
        let installation = self.installation();
        let mut reader = installation.store.reader().await?;
        let log = installation.log_head();
        Ok(Health {
            schema: health::schema_version(&mut reader).await?,
            problems: health::problems(&mut reader).await?,
            newest_event_at: health::newest_event_at(&mut reader).await?,
            audit_events: log.size,
            audit_log_damage: log.damage.map(|damage| damage.to_string()),
            now: self.now(),
        })
    }
}
