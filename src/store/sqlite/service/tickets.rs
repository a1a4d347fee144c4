//! Tickets and incidents.

use sqlx::{FromRow, QueryBuilder, Sqlite};

use crate::id::TicketId;
use crate::store::error::StoreError;
use crate::store::service::{IncidentRow, TicketFilter, TicketRow};
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::bulk::json_strings;

const COLUMNS: &str =
    "SELECT id, conversation_id, user_id, status, priority, queue, agent, created_at, updated_at,
    wake_at, body FROM tickets";

/// A page, where none was asked for.
const PAGE: u32 = 100;

#[derive(FromRow)]
struct Ticket {
    id: String,
    conversation_id: Option<String>,
    user_id: Option<String>,
    status: String,
    priority: String,
    queue: String,
    agent: Option<String>,
    created_at: i64,
    updated_at: i64,
    wake_at: Option<i64>,
    body: String,
}

impl SqliteStore {
    pub(super) async fn read_ticket(&self, id: &TicketId) -> Result<Option<TicketRow>, StoreError> {
        let mut query = QueryBuilder::new(COLUMNS);
        query.push(" WHERE id = ").push_bind(id.as_str().to_owned());
        Ok(self.read_ticket_rows(query).await?.pop())
    }

    /// Only the conditions that were given are in the statement, so that each finds its index.
    pub(super) async fn read_tickets(&self, filter: &TicketFilter) -> Result<Vec<TicketRow>, StoreError> {
        let mut query = QueryBuilder::new(COLUMNS);
        query.push(" WHERE true");
        match filter.statuses.as_slice() {
            [] => {}
            [status] => {
                query.push(" AND status = ").push_bind(status.clone());
            }
            statuses => {
                query.push(" AND status IN (SELECT value FROM json_each(");
                query.push_bind(json_strings(statuses.iter().map(String::as_str))).push("))");
            }
        }
        let texts = [
            (" AND queue = ", filter.queue.as_deref()),
            (" AND agent = ", filter.agent.as_deref()),
            (" AND user_id = ", filter.user_id.as_ref().map(|id| id.as_str())),
            (" AND conversation_id = ", filter.conversation_id.as_ref().map(|id| id.as_str())),
            (" AND id < ", filter.before.as_ref().map(|id| id.as_str())),
        ];
        for (condition, value) in texts {
            if let Some(value) = value {
                query.push(condition).push_bind(value.to_owned());
            }
        }
        let limit = if filter.limit == 0 { PAGE } else { filter.limit };
        query.push(" ORDER BY id DESC LIMIT ").push_bind(limit);
        self.read_ticket_rows(query).await
    }

    pub(super) async fn read_tickets_due(&self, now: i64, limit: u32) -> Result<Vec<TicketRow>, StoreError> {
        let mut query = QueryBuilder::new(COLUMNS);
        query.push(" WHERE wake_at <= ").push_bind(now);
        query.push(" ORDER BY wake_at, ticket LIMIT ").push_bind(limit);
        self.read_ticket_rows(query).await
    }

    async fn read_ticket_rows(&self, mut query: QueryBuilder<Sqlite>) -> Result<Vec<TicketRow>, StoreError> {
        let rows: Vec<Ticket> =
            query.build_query_as().fetch_all(&self.readers).await.map_err(|error| self.fault(error))?;
        rows.into_iter().map(|row| self.ticket_row(row)).collect()
    }

    fn ticket_row(&self, row: Ticket) -> Result<TicketRow, StoreError> {
        Ok(TicketRow {
            id: self.ticket_id(&row.id)?,
            conversation_id: row.conversation_id.map(|id| self.conversation_id(&id)).transpose()?,
            user_id: row.user_id.map(|id| self.user_id(&id)).transpose()?,
            status: row.status,
            priority: row.priority,
            queue: row.queue,
            agent: row.agent,
            created_at: row.created_at,
            updated_at: row.updated_at,
            wake_at: row.wake_at,
            body: row.body,
        })
    }

    pub(super) fn ticket_id(&self, id: &str) -> Result<TicketId, StoreError> {
        TicketId::parse(id).ok_or_else(|| self.damage(format!("ticket id {id:?}")))
    }

    pub(super) async fn read_last_ticket(&self, prefix: &str) -> Result<Option<TicketId>, StoreError> {
        // A running number that has outgrown its digits is longer, and higher.
        let sql = "SELECT id FROM (
                SELECT id FROM tickets WHERE id >= ?1 AND id < ?1 || char(0x10FFFF)
                UNION ALL SELECT id FROM erased_tickets WHERE id >= ?1 AND id < ?1 || char(0x10FFFF))
            ORDER BY length(id) DESC, id DESC LIMIT 1";
        let id: Option<String> = sqlx::query_scalar(sql)
            .bind(prefix)
            .fetch_optional(&self.readers)
            .await
            .map_err(|e| self.fault(e))?;
        id.map(|id| self.ticket_id(&id)).transpose()
    }

    pub(super) async fn read_open_incidents(&self) -> Result<Vec<IncidentRow>, StoreError> {
        let sql = "SELECT id, status, fingerprint, created_at, wake_at, body FROM incidents
            WHERE status <> 'closed' OR wake_at IS NOT NULL ORDER BY created_at, id";
        let rows: Vec<(String, String, String, i64, Option<i64>, String)> =
            sqlx::query_as(sql).fetch_all(&self.readers).await.map_err(|error| self.fault(error))?;
        let row = |(id, status, fingerprint, created_at, wake_at, body)| IncidentRow {
            id,
            status,
            fingerprint,
            created_at,
            wake_at,
            body,
        };
        Ok(rows.into_iter().map(row).collect())
    }
}
