//! Erasing a person: from every table in one transaction, and from the bytes of the files.
//!
//! `secure_delete` overwrites what is removed with zeros. That is not all: where SQLite splits or merges pages, it moves
//! rows and leaves their old copies in the unused middle of the page, which nothing overwrites on removal. Only writing
//! the file anew (`VACUUM`) takes these out. The writer is busy as long as that takes, so a large file waits for
//! [`SqliteStore::settle`](crate::store::service::ServiceStore::settle) in a quiet hour.

use sha2::{Digest, Sha256};
use sqlx::{SqliteConnection, query_scalar};

use super::audit;
use super::rows::Rows;
use crate::id::{ConversationId, UserId};
use crate::store::error::StoreError;
use crate::store::service::{AuditEntry, Erased};
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::bulk::{json_numbers, json_strings};

/// Largest file that is written anew at once, in bytes: about two seconds.
const AT_ONCE: i64 = 256 << 20;

/// What is to go, as JSON arrays for the statements.
struct Doomed {
    /// Numbers of conversations.
    numbers: String,
    conversations: Vec<String>,
    tickets: Vec<String>,
}

impl SqliteStore {
    pub(super) async fn write_erase_user(
        &self,
        user: &UserId,
        entry: AuditEntry,
    ) -> Result<Erased, StoreError> {
        // A conversation that began before its person was known is theirs where their ticket came from it.
        let conversations = "SELECT conversation, id FROM conversations
            WHERE user_id = ?1 OR user_id IS NULL AND id IN
                (SELECT conversation_id FROM tickets WHERE user_id = ?1 AND conversation_id IS NOT NULL)";
        let tickets = "SELECT id FROM tickets WHERE user_id = ?1
            UNION SELECT id FROM tickets WHERE conversation_id IN (SELECT value FROM json_each(?2))";
        self.erase((conversations, tickets), user.as_str(), entry).await
    }

    pub(super) async fn write_erase_conversation(
        &self,
        id: &ConversationId,
        entry: AuditEntry,
    ) -> Result<Erased, StoreError> {
        let conversations = "SELECT conversation, id FROM conversations WHERE id = ?1";
        let tickets = "SELECT id FROM tickets WHERE conversation_id = ?1
            UNION SELECT id FROM tickets WHERE conversation_id IN (SELECT value FROM json_each(?2))";
        self.erase((conversations, tickets), id.as_str(), entry).await
    }

    async fn erase(
        &self,
        found_by: (&'static str, &'static str),
        whose: &str,
        entry: AuditEntry,
    ) -> Result<Erased, StoreError> {
        let mut tx = self.lock().await?;
        let at = entry.at;
        let removed = async {
            let doomed = find(&mut tx, found_by, whose).await?;
            let attachments = remove_talk(&mut tx, &doomed).await?;
            remove_reach(&mut tx, &doomed, whose).await?;
            let counted = remove_rows(&mut tx, &doomed).await?;
            remember(&mut tx, &doomed, at).await?;
            audit::append(&mut tx, &[entry]).await?;
            tx.commit().await?;
            Ok((doomed, attachments, counted))
        };
        let (doomed, attachments, [messages, outbox, unanswered, tickets, conversations]) =
            removed.await.map_err(|error: sqlx::Error| self.fault(error))?;
        let conversation_ids = doomed.conversations.iter().map(|id| self.conversation_id(id));
        let ticket_ids = doomed.tickets.iter().map(|id| self.ticket_id(id));
        Ok(Erased {
            conversations,
            messages,
            tickets,
            outbox,
            unanswered,
            attachments,
            conversation_ids: conversation_ids.collect::<Result<_, _>>()?,
            ticket_ids: ticket_ids.collect::<Result<_, _>>()?,
            settled: self.settle_small().await?,
        })
    }

    /// At once where it does not take long. The rows are gone: a failure here is no failure of the erasure.
    async fn settle_small(&self) -> Result<bool, StoreError> {
        let size = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
        let size: i64 =
            query_scalar(size).fetch_one(&self.readers).await.map_err(|error| self.fault(error))?;
        if size <= AT_ONCE {
            return Ok(self.write_settled().await.unwrap_or(false));
        }
        self.cut_journal().await?;
        Ok(false)
    }

    pub(super) async fn write_settled(&self) -> Result<bool, StoreError> {
        let fault = |error| self.fault(error);
        let any = "SELECT EXISTS (SELECT 1 FROM traces)";
        if !query_scalar(any).fetch_one(&self.readers).await.map_err(fault)? {
            return Ok(true);
        }
        sqlx::query("VACUUM").execute(&self.writer).await.map_err(fault)?;
        if !self.cut_journal().await? {
            return Ok(false);
        }
        sqlx::query("DELETE FROM traces").execute(&self.writer).await.map_err(fault)?;
        Ok(true)
    }

    /// Writes the journal into the file and cuts it off, so that its old pages do not keep what was erased. A long read
    /// can hold that up: then it is false.
    async fn cut_journal(&self) -> Result<bool, StoreError> {
        let (held_up, _, _): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_one(&self.writer)
            .await
            .map_err(|error| self.fault(error))?;
        Ok(held_up == 0)
    }
}

async fn find(
    tx: &mut SqliteConnection,
    (conversations, tickets): (&'static str, &'static str),
    whose: &str,
) -> Result<Doomed, sqlx::Error> {
    let rows: Vec<(i64, String)> = sqlx::query_as(conversations).bind(whose).fetch_all(&mut *tx).await?;
    let (numbers, ids): (Vec<i64>, Vec<String>) = rows.into_iter().unzip();
    let tickets = query_scalar(tickets).bind(whose).bind(texts(&ids)).fetch_all(&mut *tx).await?;
    Ok(Doomed { numbers: json_numbers(&numbers), conversations: ids, tickets })
}

/// Removes turns, and returns the ids of the attachments that it removed.
async fn remove_talk(tx: &mut SqliteConnection, doomed: &Doomed) -> Result<Vec<String>, sqlx::Error> {
    let turns = "DELETE FROM turns WHERE conversation IN (SELECT value FROM json_each(?1))";
    sqlx::query(turns).bind(doomed.numbers.as_str()).execute(&mut *tx).await?;
    let attachments =
        "DELETE FROM attachments WHERE conversation IN (SELECT value FROM json_each(?1)) RETURNING id";
    query_scalar(attachments).bind(doomed.numbers.as_str()).fetch_all(&mut *tx).await
}

/// Forgets where the person is reached, and what they wrote that nobody has dealt with yet.
async fn remove_reach(tx: &mut SqliteConnection, doomed: &Doomed, whose: &str) -> Result<(), sqlx::Error> {
    let waiting = "UPDATE arrivals SET body = x'', response = NULL, address = '', status = 'done'
        WHERE (account, address) IN (SELECT account, address FROM addresses
            WHERE user_id = ?1 OR conversation_id IN (SELECT value FROM json_each(?2)))";
    let addresses = "DELETE FROM addresses
        WHERE user_id = ?1 OR conversation_id IN (SELECT value FROM json_each(?2))";
    for statement in [waiting, addresses] {
        sqlx::query(statement).bind(whose).bind(texts(&doomed.conversations)).execute(&mut *tx).await?;
    }
    Ok(())
}

/// Removes the rest and counts: messages, outbox, unanswered, tickets, conversations.
async fn remove_rows(tx: &mut SqliteConnection, doomed: &Doomed) -> Result<[u64; 5], sqlx::Error> {
    let (numbers, ids) = (&doomed.numbers, texts(&doomed.conversations));
    let statements = [
        ("DELETE FROM messages WHERE conversation IN (SELECT value FROM json_each(?1))", numbers),
        ("DELETE FROM outbox WHERE conversation_id IN (SELECT value FROM json_each(?1))", &ids),
        ("DELETE FROM unanswered WHERE conversation IN (SELECT value FROM json_each(?1))", numbers),
        ("DELETE FROM tickets WHERE id IN (SELECT value FROM json_each(?1))", &texts(&doomed.tickets)),
        ("DELETE FROM conversations WHERE conversation IN (SELECT value FROM json_each(?1))", numbers),
    ];
    let mut counted = [0; 5];
    for (count, (statement, which)) in counted.iter_mut().zip(statements) {
        *count = sqlx::query(statement).bind(which.as_str()).execute(&mut *tx).await?.rows_affected();
    }
    Ok(counted)
}

/// So that nothing brings them back, and that the files are looked after.
async fn remember(tx: &mut SqliteConnection, doomed: &Doomed, at: i64) -> Result<(), sqlx::Error> {
    if doomed.conversations.is_empty() && doomed.tickets.is_empty() {
        return Ok(());
    }
    let mut graves = Rows::new();
    for id in &doomed.conversations {
        graves.row().bytes(&grave(id)).end();
    }
    sqlx::query("INSERT OR IGNORE INTO erased_conversations SELECT unhex(value ->> 0) FROM json_each(?1)")
        .bind(graves.finish())
        .execute(&mut *tx)
        .await?;
    sqlx::query("INSERT OR IGNORE INTO erased_tickets SELECT value FROM json_each(?1)")
        .bind(texts(&doomed.tickets))
        .execute(&mut *tx)
        .await?;
    sqlx::query("INSERT INTO traces VALUES (?1)").bind(at).execute(tx).await?;
    Ok(())
}

/// What is kept of the id of a conversation that was erased.
pub fn grave(id: &str) -> [u8; 16] {
    let hash = Sha256::digest(id.as_bytes());
    std::array::from_fn(|at| hash[at])
}

fn texts(ids: &[String]) -> String {
    json_strings(ids.iter().map(String::as_str))
}
