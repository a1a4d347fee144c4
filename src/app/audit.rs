//! Verifying the audit log from its first entry to its head.

use super::backup::BackupError;
use super::{App, AppError};
use crate::store::audit::{AuditHead, Broken, Flaw};
use crate::store::service::ServiceStore;
use crate::store::sqlite::SqliteStore;

/// Entries that are read at once.
const PAGE: u32 = 2_000;

/// See [`App::verify_audit`].
pub(super) async fn verify(
    app: &App,
    noted: Option<AuditHead>,
) -> Result<Result<AuditHead, Broken>, AppError> {
    if !app.data().join(SqliteStore::FILE).is_file() {
        return Err(BackupError::Nothing(app.data().to_path_buf()).into());
    }
    let store = app.store().await?;
    let mut end = AuditHead::default();
    loop {
        let rows = store.audit(end.count, PAGE).await?;
        for row in &rows {
            end = match end.follow(row) {
                Ok(next) => next,
                Err(broken) => return Ok(Err(broken)),
            };
            if noted.is_some_and(|noted| noted.count == end.count && noted.hash != end.hash) {
                return Ok(Err(Broken { number: end.count, why: Flaw::Noted }));
            }
        }
        if !rows.is_empty() {
            continue;
        }
        // Entries that come while this runs move the head along with them: then there is more to follow.
        let head = store.audit_head().await?;
        if head.count > end.count && !store.audit(end.count, 1).await?.is_empty() {
            continue;
        }
        let cut_off = noted.filter(|noted| noted.count > end.count);
        let cut_off = cut_off.map(|_| Broken { number: end.count + 1, why: Flaw::Missing });
        return Ok(end.ends_at(&head).and(cut_off.map_or(Ok(end), Err)));
    }
}
