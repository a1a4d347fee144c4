//! Agents and operators sign in, are there, and sign out.

use crate::id::AgentName;
use crate::privacy::password;
use crate::privacy::token::{token, token_hash};
use crate::store::service::{AccountRow, AuditEntry, Save, ServiceStore, SessionRow};

use super::opening::internal;
use super::{Account, EngineError, Role, Service};

/// A working day: nobody has to sign in twice in one.
const SESSION_MS: i64 = 12 * 3_600_000;

impl Service {
    /// Signs in; gives what the browser holds from now on. Slow on purpose.
    ///
    /// # Errors
    /// Name or password is wrong (which of them is not said).
    pub async fn sign_in(&self, name: &str, password: &str) -> Result<(String, Account), EngineError> {
        let row = self.inner.store.account(name).await?.filter(|row| !row.disabled);
        let hash = row.as_ref().map(|row| row.password_hash.clone());
        let password = password.to_owned();
        let fits = tokio::task::spawn_blocking(move || password::verify(&password, hash.as_deref())).await;
        let row = row.filter(|_| fits.unwrap_or(false));
        let row = row.ok_or_else(|| EngineError::Forbidden("name or password is wrong".to_owned()))?;
        let now = self.now();
        let secret = token().map_err(internal)?;
        let session = SessionRow {
            token_hash: token_hash(&secret).to_vec(),
            account: row.name.clone(),
            expires_at: now + SESSION_MS,
        };
        self.inner.store.put_session(&session, now).await?;
        let account = account_of(&row)?;
        let entry = AuditEntry {
            at: now,
            actor: row.name.clone(),
            action: "session.opened".to_owned(),
            subject: row.name.clone(),
            details: "{}".to_owned(),
        };
        self.inner.saver.save(Save { audit: vec![entry], ..Save::default() }).await?;
        Ok((secret, account))
    }

    /// Who holds this.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn account_of(&self, session: &str) -> Result<Option<Account>, EngineError> {
        let found = self.inner.store.session(&token_hash(session), self.now()).await?;
        found.map(|(_, row)| account_of(&row)).transpose()
    }

    /// Signs out.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn sign_out(&self, session: &str) -> Result<(), EngineError> {
        Ok(self.inner.store.end_session(&token_hash(session)).await?)
    }

    /// An agent is there, every 10 s; after 30 s without it they are gone.
    ///
    /// # Errors
    /// The account is gone.
    pub async fn heartbeat(&self, agent: &AgentName, available: bool) -> Result<(), EngineError> {
        let now = self.now();
        let row = self.inner.store.account(agent.as_str()).await?;
        let row = row.ok_or_else(|| super::live::not_found("account", agent.as_str()))?;
        let mut state = self.inner.desk.lock();
        state.see(&row, now);
        let mut came = false;
        if let Some(agent) = state.agents.get_mut(agent) {
            came = agent.available != available;
            agent.available = available;
            agent.last_seen = now;
        }
        drop(state);
        if came {
            self.desk_changed();
        }
        Ok(())
    }
}

fn account_of(row: &AccountRow) -> Result<Account, EngineError> {
    let name = AgentName::parse(&row.name)
        .ok_or_else(|| internal(format!("account {:?} has no usable name", row.name)))?;
    let role = match row.role.as_str() {
        "operator" => Role::Operator,
        _ => Role::Agent,
    };
    Ok(Account { name, role })
}
