//! A person is erased from everything, with a receipt.

use serde_json::{Value, json};

use crate::id::{ConversationId, UserId};
use crate::privacy::token::token;
use crate::store::service::{AuditEntry, Erased, ServiceStore};

use super::opening::internal;
use super::{Account, EngineError, Role, Service};

impl Service {
    /// Erases a person from everything; gives the receipt. Erasing somebody of whom nothing is known is no error: the receipt
    /// then says so.
    ///
    /// # Errors
    /// Only operators may; the store failed.
    pub async fn erase_user(&self, by: &Account, id: &UserId) -> Result<Value, EngineError> {
        if by.role != Role::Operator {
            return Err(EngineError::Forbidden("only an operator may erase a person".to_owned()));
        }
        let now = self.now();
        let receipt: String =
            token().map_err(internal)?.chars().filter(char::is_ascii_alphanumeric).take(12).collect();
        let entry = entry(by.name.as_str(), "user.erased", &receipt, now);
        let erased = self.inner.store.erase_user(id, entry).await?;
        self.forget(&erased).await;
        Ok(json!({
            "receipt": receipt,
            "erased_at": now,
            "conversations": erased.conversations,
            "messages": erased.messages,
            "tickets": erased.tickets,
            "outbox": erased.outbox,
            "unanswered": erased.unanswered,
            "attachments": erased.attachments.len(),
        }))
    }

    /// Erases one conversation, at its person's own wish.
    pub(super) async fn erase_conversation(
        &self,
        id: &ConversationId,
        receipt: &str,
        now: i64,
    ) -> Result<(), EngineError> {
        let erased = self
            .inner
            .store
            .erase_conversation(id, entry("user", "conversation.erased", receipt, now))
            .await?;
        self.forget(&erased).await;
        Ok(())
    }

    /// Removes from memory and from the folder of files what the store no longer has.
    async fn forget(&self, erased: &Erased) {
        for id in &erased.conversation_ids {
            self.inner.conversations.forget(id);
        }
        self.inner.desk.forget(&erased.ticket_ids);
        for file in &erased.attachments {
            // Ids are made here; anything else is no file of ours.
            if file.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
                let path = self.inner.attachments.join(file);
                if let Err(error) = tokio::fs::remove_file(&path).await
                    && error.kind() != std::io::ErrorKind::NotFound
                {
                    tracing::error!(attachment = %file, %error, "the file of an erased attachment stays: remove it by hand");
                }
            }
        }
        self.desk_changed();
        if !erased.settled {
            // Rows are gone, but in a large file their bytes lie in free pages until it is written anew; that takes seconds,
            // in which turns wait.
            let store = self.inner.store.clone();
            tokio::spawn(async move {
                match store.settle().await {
                    Ok(_) => tracing::info!("what was erased is gone from the disk too"),
                    Err(error) => {
                        tracing::error!(%error, "erased bytes may still be on the disk; the next erasure tries again")
                    }
                }
            });
        }
    }
}

/// The subject is the receipt, not the person: the log must not bring back what was erased.
fn entry(actor: &str, action: &str, receipt: &str, at: i64) -> AuditEntry {
    let (actor, action, subject) = (actor.to_owned(), action.to_owned(), receipt.to_owned());
    AuditEntry { at, actor, action, subject, details: "{}".to_owned() }
}
