//! Group commit: what many turns change, in one transaction, one statement a table and one write to the disk.
//!
//! `jsonb_each` and not `json_each`: it hands each row on as it was parsed, where the other writes it out to be parsed again.

use sqlx::SqliteConnection;

use super::as_i64;
use super::audit;
use super::erase::grave;
use super::rows::Rows;
use crate::id::ConversationId;
use crate::store::channel::told_id;
use crate::store::error::StoreError;
use crate::store::service::{AuditEntry, Save};
use crate::store::sqlite::SqliteStore;

macro_rules! conversations {
    ($update:literal) => {
        concat!(
            "INSERT INTO conversations
                (id, user_id, channel, state, token_hash, created_at, updated_at, wake_at, body)
            SELECT CASE WHEN unhex(value ->> 9) IN (SELECT hash FROM erased_conversations) THEN NULL
                    ELSE value ->> 0 END,
                value ->> 1, value ->> 2, value ->> 3, unhex(value ->> 4), value ->> 5, value ->> 6, value ->> 7,
                value ->> 8
            FROM jsonb_each(?1) WHERE true
            ON CONFLICT (id) DO UPDATE SET state = excluded.state, updated_at = excluded.updated_at,
                wake_at = excluded.wake_at, body = excluded.body",
            $update
        )
    };
}

/// Passes over those whose person, channel, beginning or token is another. An UPDATE that names an indexed column writes
/// its index, changed or not, and these hardly ever change.
const CONVERSATIONS: &str = conversations!(
    " WHERE user_id IS excluded.user_id AND channel = excluded.channel AND created_at = excluded.created_at
        AND token_hash = excluded.token_hash"
);

/// Passes over none.
const ALL_OF_CONVERSATIONS: &str = conversations!(
    ", user_id = excluded.user_id, channel = excluded.channel, created_at = excluded.created_at,
        token_hash = excluded.token_hash"
);

const TURNS: &str = "INSERT INTO turns (conversation, number, client_message_id, at, event, response)
    SELECT (SELECT conversation FROM conversations WHERE id = value ->> 0), value ->> 1, value ->> 2, value ->> 3,
        value ->> 4, value ->> 5
    FROM jsonb_each(?1)";

const MESSAGES: &str = "INSERT INTO messages (conversation, seq, at, body, sealed)
    SELECT (SELECT conversation FROM conversations WHERE id = value ->> 0), value ->> 1, value ->> 2, value ->> 3,
        unhex(value ->> 4)
    FROM jsonb_each(?1)";

const TICKETS: &str = "INSERT INTO tickets
        (id, conversation_id, user_id, status, priority, queue, agent, created_at, updated_at, wake_at, body)
    SELECT CASE WHEN value ->> 0 IN (SELECT id FROM erased_tickets)
            OR unhex(value ->> 11) IN (SELECT hash FROM erased_conversations) THEN NULL ELSE value ->> 0 END,
        value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8,
        value ->> 9, value ->> 10
    FROM jsonb_each(?1) WHERE true
    ON CONFLICT (id) DO UPDATE SET conversation_id = excluded.conversation_id, user_id = excluded.user_id,
        status = excluded.status, priority = excluded.priority, queue = excluded.queue, agent = excluded.agent,
        created_at = excluded.created_at, updated_at = excluded.updated_at, wake_at = excluded.wake_at,
        body = excluded.body";

const OUTBOX: &str = "INSERT INTO outbox
        (id, sink, conversation_id, body, created_at, due_at, attempts, error)
    SELECT CASE WHEN unhex(value ->> 8) IN (SELECT hash FROM erased_conversations) THEN NULL ELSE value ->> 0 END, value ->> 1,
        value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7
    FROM jsonb_each(?1) WHERE true
    ON CONFLICT (id) DO NOTHING";

const UNANSWERED: &str = "INSERT INTO unanswered (conversation, turn, text, reason, case_id, at)
    SELECT (SELECT conversation FROM conversations WHERE id = value ->> 0), value ->> 1, value ->> 2, value ->> 3,
        value ->> 4, value ->> 5
    FROM jsonb_each(?1)";

const INCIDENTS: &str = "INSERT INTO incidents (id, status, fingerprint, created_at, wake_at, body)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5
    FROM jsonb_each(?1) WHERE true
    ON CONFLICT (id) DO UPDATE SET status = excluded.status, fingerprint = excluded.fingerprint,
        created_at = excluded.created_at, wake_at = excluded.wake_at, body = excluded.body";

const ARRIVALS: &str = "INSERT INTO arrivals (account, key, address, body, created_at)
    SELECT value ->> 0, value ->> 1, value ->> 2, unhex(value ->> 3), value ->> 4 FROM jsonb_each(?1) WHERE true
    ON CONFLICT (account, key) DO NOTHING";

const ARRIVALS_DONE: &str = "UPDATE arrivals SET body = x'', response = done.value ->> 2,
        status = CASE WHEN done.value ->> 2 IS NULL THEN 'done' ELSE 'answered' END
    FROM jsonb_each(?1) AS done WHERE account = done.value ->> 0 AND arrivals.key = done.value ->> 1";

/// Before [`ARRIVALS_GIVEN`]: what was taken back leaves all the same. No message of the quota was used.
const TOLD: &str = "UPDATE outbox SET status = 'done', body = '' WHERE status = 'due' AND id IN (
        SELECT given.value ->> 2 FROM jsonb_each(?1) AS given JOIN arrivals ON account = given.value ->> 0
            AND arrivals.key = given.value ->> 1 AND arrivals.status = 'answered')";

/// The answer stays for as long as the platform may ask again; it is forgotten with the row.
const ARRIVALS_GIVEN: &str = "UPDATE arrivals SET status = 'done'
    FROM jsonb_each(?1) AS given WHERE account = given.value ->> 0 AND arrivals.key = given.value ->> 1
        AND status = 'answered'";

const ADDRESSES: &str = "INSERT INTO addresses
        (account, address, conversation_id, user_id, handle, quota_left, quota_until, updated_at)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, unhex(value ->> 4), value ->> 5, value ->> 6, value ->> 7
    FROM jsonb_each(?1) WHERE true
    ON CONFLICT (account, address) DO UPDATE SET conversation_id = excluded.conversation_id,
        user_id = excluded.user_id, handle = excluded.handle, quota_left = excluded.quota_left,
        quota_until = excluded.quota_until, updated_at = excluded.updated_at";

/// The first turn or line, as (conversation, what), that is there already.
const TAKEN: &str = "SELECT id, what FROM (
        SELECT wanted.value ->> 0 AS id, 'turn ' || number AS what, key
        FROM json_each(?1) AS wanted JOIN conversations ON conversations.id = wanted.value ->> 0
            JOIN turns USING (conversation) WHERE number = wanted.value ->> 1
        UNION ALL
        SELECT wanted.value ->> 0, 'a turn for client message ' || client_message_id, key
        FROM json_each(?1) AS wanted JOIN conversations ON conversations.id = wanted.value ->> 0
            JOIN turns USING (conversation) WHERE client_message_id = wanted.value ->> 2
        UNION ALL
        SELECT wanted.value ->> 0, 'line ' || seq, key
        FROM json_each(?2) AS wanted JOIN conversations ON conversations.id = wanted.value ->> 0
            JOIN messages USING (conversation) WHERE seq = wanted.value ->> 1
    ) ORDER BY key LIMIT 1";

/// A batch as the statements take it: a text a table, `None` where it has no rows.
struct Batch {
    conversations: (u64, Option<String>),
    tables: [(&'static str, Option<String>); 11],
    audit: Vec<AuditEntry>,
}

impl SqliteStore {
    pub(super) async fn write_saves(&self, saves: &[Save]) -> Result<(), StoreError> {
        for save in saves {
            if save.conversation.is_none() && (save.turn.is_some() || !save.messages.is_empty()) {
                return Err(StoreError::Gone);
            }
        }
        let batch = Batch::of(saves);
        let mut tx = self.lock().await?;
        match batch.write(&mut tx).await {
            Ok(()) => tx.commit().await.map_err(|error| self.fault(error)),
            Err(error) if is_taken(&error) => {
                tx.rollback().await.map_err(|error| self.fault(error))?;
                Err(self.conflict(saves, &batch, error).await)
            }
            Err(error) if is_missing(&error) => Err(StoreError::Gone),
            Err(error) => Err(self.fault(error)),
        }
    }

    /// Which turn or line of the batch it was.
    async fn conflict(&self, saves: &[Save], batch: &Batch, error: sqlx::Error) -> StoreError {
        if let Some((id, what)) = twice(saves) {
            return StoreError::Conflict { conversation: id, what };
        }
        let [(_, turns), (_, messages), ..] = &batch.tables;
        let taken: Result<Option<(String, String)>, _> = sqlx::query_as(TAKEN)
            .bind(turns.as_deref().unwrap_or("[]").to_owned())
            .bind(messages.as_deref().unwrap_or("[]").to_owned())
            .fetch_optional(&self.readers)
            .await;
        match taken {
            Ok(Some((id, what))) => match ConversationId::parse(&id) {
                Some(conversation) => StoreError::Conflict { conversation, what },
                None => self.fault(error),
            },
            _ => self.fault(error),
        }
    }
}

impl Batch {
    fn of(saves: &[Save]) -> Self {
        let (mut conversations, mut turns, mut messages) = (Rows::new(), Rows::new(), Rows::new());
        let (mut tickets, mut outbox) = (Rows::new(), Rows::new());
        let (mut unanswered, mut incidents) = (Rows::new(), Rows::new());
        let (mut arrivals, mut done, mut addresses) = (Rows::new(), Rows::new(), Rows::new());
        let mut given = Rows::new();
        for save in saves {
            if let Some(conversation) = &save.conversation {
                talk(&mut conversations, &mut turns, &mut messages, conversation.id.as_str(), save);
            }
            work(&mut tickets, &mut outbox, save);
            reach(&mut arrivals, &mut done, &mut addresses, save);
            for (account, key) in &save.arrivals_given {
                given.row().text(account).text(key).text(&told_id(account, key)).end();
            }
            for row in &save.unanswered {
                let rest = unanswered.row().text(row.conversation_id.as_str()).number(row.turn.into());
                rest.text(&row.question)
                    .text(&row.reason)
                    .text_if(row.case_id.as_deref())
                    .number(row.at)
                    .end();
            }
            for row in &save.incidents {
                let rest = incidents.row().text(&row.id).text(&row.status).text(&row.fingerprint);
                rest.number(row.created_at).number_if(row.wake_at).text(&row.body).end();
            }
        }
        let given = given.finish();
        let tables = [
            (TURNS, turns.finish()),
            (MESSAGES, messages.finish()),
            (TICKETS, tickets.finish()),
            (OUTBOX, outbox.finish()),
            (UNANSWERED, unanswered.finish()),
            (INCIDENTS, incidents.finish()),
            (ARRIVALS, arrivals.finish()),
            (ARRIVALS_DONE, done.finish()),
            (TOLD, given.clone()),
            (ARRIVALS_GIVEN, given),
            (ADDRESSES, addresses.finish()),
        ];
        let conversations = (conversations.count(), conversations.finish());
        Self {
            conversations,
            tables,
            audit: saves.iter().flat_map(|save| save.audit.iter().cloned()).collect(),
        }
    }

    async fn write(&self, tx: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        if let (count, Some(rows)) = &self.conversations {
            let done = sqlx::query(CONVERSATIONS).bind(rows.as_str()).execute(&mut *tx).await?;
            if done.rows_affected() < *count {
                sqlx::query(ALL_OF_CONVERSATIONS).bind(rows.as_str()).execute(&mut *tx).await?;
            }
        }
        for (statement, rows) in &self.tables {
            if let Some(rows) = rows {
                sqlx::query(*statement).bind(rows.as_str()).execute(&mut *tx).await?;
            }
        }
        audit::append(tx, &self.audit).await
    }
}

/// The conversation, its turn and its new lines.
fn talk(conversations: &mut Rows, turns: &mut Rows, messages: &mut Rows, id: &str, save: &Save) {
    if let Some(row) = &save.conversation {
        let rest = conversations.row().text(id).text_if(row.user_id.as_ref().map(|user| user.as_str()));
        let rest = rest.text(&row.channel).text(&row.state).bytes(&row.token_hash).number(row.created_at);
        let rest = rest.number(row.updated_at).number_if(row.wake_at).text(&row.body);
        rest.bytes(&grave(row.id.as_str())).end();
    }
    if let Some(row) = &save.turn {
        let rest = turns.row().text(id).number(row.number.into()).text_if(row.client_message_id.as_deref());
        rest.number(row.at).text(&row.event).text(&row.response).end();
    }
    for row in &save.messages {
        let rest = messages.row().text(id).number(as_i64(row.seq)).number(row.at).text(&row.body);
        rest.bytes_if(row.sealed.as_deref()).end();
    }
}

/// Tickets, and what must leave.
fn work(tickets: &mut Rows, outbox: &mut Rows, save: &Save) {
    for row in &save.tickets {
        let conversation = row.conversation_id.as_ref().map(|id| id.as_str());
        let rest = tickets.row().text(row.id.as_str()).text_if(conversation);
        let rest = rest.text_if(row.user_id.as_ref().map(|user| user.as_str())).text(&row.status);
        let rest = rest.text(&row.priority).text(&row.queue).text_if(row.agent.as_deref());
        let rest = rest.number(row.created_at).number(row.updated_at).number_if(row.wake_at);
        let rest = rest.text(&row.body);
        rest.bytes_if(conversation.map(grave).as_ref().map(<[u8; 16]>::as_slice)).end();
    }
    for row in &save.outbox {
        let conversation = row.conversation_id.as_ref().map(|id| id.as_str());
        let rest = outbox.row().text(&row.id).text(&row.sink).text_if(conversation).text(&row.body);
        let rest = rest.number(row.created_at).number(row.due_at).number(row.attempts.into());
        let rest = rest.text_if(row.error.as_deref());
        rest.bytes_if(conversation.map(grave).as_ref().map(<[u8; 16]>::as_slice)).end();
    }
}

/// What platforms delivered, what was dealt with, and where people are reached.
fn reach(arrivals: &mut Rows, done: &mut Rows, addresses: &mut Rows, save: &Save) {
    for row in &save.arrivals {
        let rest = arrivals.row().text(&row.account).text(&row.key).text(&row.address);
        rest.bytes(&row.body).number(row.created_at).end();
    }
    for row in &save.arrivals_done {
        done.row().text(&row.account).text(&row.key).text_if(row.response.as_deref()).end();
    }
    for row in &save.addresses {
        let rest = addresses.row().text(&row.account).text(&row.address);
        let rest = rest.text_if(row.conversation_id.as_ref().map(|id| id.as_str()));
        let rest = rest.text_if(row.user_id.as_ref().map(|user| user.as_str())).bytes(&row.handle);
        let rest = rest.number_if(row.quota_left.map(i64::from)).number_if(row.quota_until);
        rest.number(row.updated_at).end();
    }
}

/// A turn or line that one batch has twice.
fn twice(saves: &[Save]) -> Option<(ConversationId, String)> {
    let mut seen = std::collections::HashSet::new();
    for save in saves {
        let Some(conversation) = &save.conversation else { continue };
        let turn = save.turn.iter().map(|turn| format!("turn {}", turn.number));
        let client = save.turn.iter().filter_map(|turn| turn.client_message_id.as_ref());
        let client = client.map(|id| format!("a turn for client message {id}"));
        let lines = save.messages.iter().map(|message| format!("line {}", message.seq));
        for what in turn.chain(client).chain(lines) {
            if !seen.insert((conversation.id.clone(), what.clone())) {
                return Some((conversation.id.clone(), what));
            }
        }
    }
    None
}

/// A number or id that may stand once is there already.
fn is_taken(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

/// The subquery for the number of a conversation found none, or the id is among those that were erased.
pub(super) fn is_missing(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.kind() == sqlx::error::ErrorKind::NotNullViolation)
}
