//! Accounts and sessions of agents and operators.

use sqlx::FromRow;

use crate::store::error::StoreError;
use crate::store::service::{AccountRow, SessionRow};
use crate::store::sqlite::SqliteStore;

#[derive(FromRow)]
struct Account {
    name: String,
    role: String,
    password_hash: String,
    disabled: bool,
    created_at: i64,
    body: String,
}

impl From<Account> for AccountRow {
    fn from(row: Account) -> Self {
        let Account { name, role, password_hash, disabled, created_at, body } = row;
        Self { name, role, password_hash, disabled, created_at, body }
    }
}

impl SqliteStore {
    pub(super) async fn write_account(&self, account: &AccountRow) -> Result<(), StoreError> {
        let mut tx = self.lock().await?;
        let written = async {
            // Who changed the password because somebody else knew it must not leave that person signed in.
            sqlx::query(
                "DELETE FROM sessions WHERE account = ?1 AND
                    (?2 OR NOT EXISTS (SELECT 1 FROM accounts WHERE name = ?1 AND password_hash = ?3))",
            )
            .bind(&account.name)
            .bind(account.disabled)
            .bind(&account.password_hash)
            .execute(&mut *tx)
            .await?;
            sqlx::query(
                "INSERT INTO accounts (name, role, password_hash, disabled, created_at, body)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                ON CONFLICT (name) DO UPDATE SET role = excluded.role, password_hash = excluded.password_hash,
                    disabled = excluded.disabled, created_at = excluded.created_at, body = excluded.body",
            )
            .bind(&account.name)
            .bind(&account.role)
            .bind(&account.password_hash)
            .bind(account.disabled)
            .bind(account.created_at)
            .bind(&account.body)
            .execute(&mut *tx)
            .await?;
            tx.commit().await
        };
        written.await.map_err(|error| self.fault(error))
    }

    pub(super) async fn read_account(&self, name: &str) -> Result<Option<AccountRow>, StoreError> {
        let sql =
            "SELECT name, role, password_hash, disabled, created_at, body FROM accounts WHERE name = ?1";
        let row: Option<Account> =
            sqlx::query_as(sql).bind(name).fetch_optional(&self.readers).await.map_err(|e| self.fault(e))?;
        Ok(row.map(AccountRow::from))
    }

    pub(super) async fn read_accounts(&self) -> Result<Vec<AccountRow>, StoreError> {
        let sql = "SELECT name, role, password_hash, disabled, created_at, body FROM accounts ORDER BY name";
        let rows: Vec<Account> =
            sqlx::query_as(sql).fetch_all(&self.readers).await.map_err(|error| self.fault(error))?;
        Ok(rows.into_iter().map(AccountRow::from).collect())
    }

    pub(super) async fn write_session(&self, session: &SessionRow, now: i64) -> Result<(), StoreError> {
        let mut tx = self.lock().await?;
        let written = async {
            let ended = sqlx::query("DELETE FROM sessions WHERE expires_at <= ?1").bind(now);
            ended.execute(&mut *tx).await?;
            sqlx::query(
                "INSERT INTO sessions (token_hash, account, expires_at) VALUES (?1, ?2, ?3)
                ON CONFLICT (token_hash) DO UPDATE SET account = excluded.account, expires_at = excluded.expires_at",
            )
            .bind(&session.token_hash)
            .bind(&session.account)
            .bind(session.expires_at)
            .execute(&mut *tx)
            .await?;
            tx.commit().await
        };
        written.await.map_err(|error| self.fault(error))
    }

    pub(super) async fn read_session(
        &self,
        token_hash: &[u8],
        now: i64,
    ) -> Result<Option<(SessionRow, AccountRow)>, StoreError> {
        let sql = "SELECT expires_at, name, role, password_hash, disabled, created_at, body
            FROM sessions JOIN accounts ON name = account
            WHERE token_hash = ?1 AND expires_at > ?2 AND NOT disabled";
        let row: Option<(i64, String, String, String, bool, i64, String)> = sqlx::query_as(sql)
            .bind(token_hash.to_vec())
            .bind(now)
            .fetch_optional(&self.readers)
            .await
            .map_err(|error| self.fault(error))?;
        Ok(row.map(|(expires_at, name, role, password_hash, disabled, created_at, body)| {
            let session = SessionRow { token_hash: token_hash.to_vec(), account: name.clone(), expires_at };
            (session, AccountRow { name, role, password_hash, disabled, created_at, body })
        }))
    }

    pub(super) async fn write_session_end(&self, token_hash: &[u8]) -> Result<(), StoreError> {
        let query = sqlx::query("DELETE FROM sessions WHERE token_hash = ?1").bind(token_hash.to_vec());
        query.execute(&self.writer).await.map_err(|error| self.fault(error))?;
        Ok(())
    }
}
