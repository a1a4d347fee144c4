//! Accounts of those who work here: made, listed, shut and opened from the command line.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::App;
use crate::privacy::password::{self, PasswordError};
use crate::store::error::StoreError;
use crate::store::service::{AccountRow, AuditEntry, Save, ServiceStore};

/// Who changes accounts, in the audit log: whoever may run the program on its data.
const ACTOR: &str = "cli";
/// Longest name.
const MOST_NAME: usize = 64;
/// Conversations of an agent at once, where nothing else is said.
const CAPACITY: u32 = 3;

/// Why an account cannot be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The name cannot be used.
    #[error("{0:?} is no name for an account; take 1 to {MOST_NAME} letters, digits, or any of . _ - @")]
    Name(String),
    /// There is one already.
    #[error("there is an account {0} already; change its password with `yunzhu user password {0}`")]
    Exists(String),
    /// There is none.
    #[error("there is no account {0}; `yunzhu user list` shows all")]
    Unknown(String),
    /// The password cannot be used.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What an account can do was not understood.
    #[error("the account {name} is damaged in the database: {reason}")]
    Damaged {
        /// Whose.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// The program is shutting down.
    #[error("the program is stopping")]
    Stopping,
}

/// What somebody can do, by which work is given to them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// Fields that they know, such as `ecs`.
    pub skills: Vec<String>,
    /// Certificates.
    pub certificates: Vec<String>,
    /// Languages that they speak, such as `zh-CN`.
    pub languages: Vec<String>,
    /// Regions that they serve, such as `cn-hangzhou`.
    pub regions: Vec<String>,
    /// Conversations at once.
    pub capacity: u32,
    /// How customers see them; empty: by their name.
    pub display_name: String,
}

impl Default for Profile {
    fn default() -> Self {
        let empty = Vec::new;
        Self {
            skills: empty(),
            certificates: empty(),
            languages: empty(),
            regions: empty(),
            capacity: CAPACITY,
            display_name: String::new(),
        }
    }
}

/// An account as it may be shown: without its password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Name.
    pub name: String,
    /// `agent` or `operator`.
    pub role: String,
    /// Whether they may no longer sign in.
    pub disabled: bool,
    /// When it was made, in milliseconds since 1970.
    pub created_at: i64,
    /// What they can do.
    #[serde(flatten)]
    pub profile: Profile,
}

/// An account that is to be made.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Name.
    pub name: String,
    /// `agent` or `operator`.
    pub role: &'static str,
    /// What they can do.
    pub profile: Profile,
}

impl App {
    /// Makes an account. `now` is in milliseconds since 1970.
    ///
    /// # Errors
    /// Name or password cannot be used, there is such an account, or the store failed.
    pub async fn add_account(&self, new: NewAccount, password: String, now: i64) -> Result<(), AccountError> {
        add(self.store().await?, new, password, now).await
    }

    /// All accounts by name.
    ///
    /// # Errors
    /// The store failed.
    pub async fn accounts(&self) -> Result<Vec<Listed>, AccountError> {
        self.store().await?.accounts().await?.into_iter().map(listed).collect()
    }

    /// Nobody signs in with it any more, and whoever did is signed out.
    ///
    /// # Errors
    /// There is no such account, or the store failed.
    pub async fn disable_account(&self, name: &str, now: i64) -> Result<(), AccountError> {
        let change = |account: &mut AccountRow| account.disabled = true;
        change_account(self.store().await?, name, "account.disabled", now, change).await
    }

    /// It may sign in again.
    ///
    /// # Errors
    /// There is no such account, or the store failed.
    pub async fn enable_account(&self, name: &str, now: i64) -> Result<(), AccountError> {
        let change = |account: &mut AccountRow| account.disabled = false;
        change_account(self.store().await?, name, "account.enabled", now, change).await
    }

    /// Gives an account another password; whoever is signed in with the old one is signed out.
    ///
    /// # Errors
    /// There is no such account, the password cannot be used, or the store failed.
    pub async fn set_password(&self, name: &str, password: String, now: i64) -> Result<(), AccountError> {
        let store = self.store().await?;
        existing(store, name).await?;
        let hash = hashed(name, password).await?;
        change_account(store, name, "account.password", now, |account| account.password_hash = hash).await
    }
}

async fn add(
    store: &impl ServiceStore,
    new: NewAccount,
    password: String,
    now: i64,
) -> Result<(), AccountError> {
    let name = new.name;
    check_name(&name)?;
    if store.account(&name).await?.is_some() {
        return Err(AccountError::Exists(name));
    }
    let account = AccountRow {
        password_hash: hashed(&name, password).await?,
        role: new.role.to_owned(),
        disabled: false,
        created_at: now,
        body: json!(new.profile).to_string(),
        name,
    };
    put(store, &account, "account.added", now).await
}

async fn change_account(
    store: &impl ServiceStore,
    name: &str,
    action: &str,
    now: i64,
    change: impl FnOnce(&mut AccountRow),
) -> Result<(), AccountError> {
    let mut account = existing(store, name).await?;
    change(&mut account);
    put(store, &account, action, now).await
}

/// Writes an account and then the audit entry: what was written down did happen.
async fn put(
    store: &impl ServiceStore,
    account: &AccountRow,
    action: &str,
    now: i64,
) -> Result<(), AccountError> {
    store.put_account(account).await?;
    let entry = AuditEntry {
        at: now,
        actor: ACTOR.to_owned(),
        action: action.to_owned(),
        subject: account.name.clone(),
        details: json!({"role": account.role}).to_string(),
    };
    Ok(store.save(vec![Save { audit: vec![entry], ..Save::default() }]).await?)
}

async fn existing(store: &impl ServiceStore, name: &str) -> Result<AccountRow, AccountError> {
    store.account(name).await?.ok_or_else(|| AccountError::Unknown(name.to_owned()))
}

/// Checks and hashes, beside what else goes on: it takes a while.
async fn hashed(name: &str, password: String) -> Result<String, AccountError> {
    password::check(&password, name)?;
    let hashing = tokio::task::spawn_blocking(move || password::hash(&password));
    Ok(hashing.await.map_err(|_| AccountError::Stopping)??)
}

fn check_name(name: &str) -> Result<(), AccountError> {
    let known = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
    let length = name.chars().count();
    // A name that begins with a hyphen would be an option on the next command line.
    let fits = (1..=MOST_NAME).contains(&length) && name.chars().all(known) && !name.starts_with('-');
    if fits && name != "system" && name != ACTOR { Ok(()) } else { Err(AccountError::Name(name.to_owned())) }
}

fn listed(account: AccountRow) -> Result<Listed, AccountError> {
    let AccountRow { name, role, disabled, created_at, body, .. } = account;
    match serde_json::from_str(&body) {
        Ok(profile) => Ok(Listed { name, role, disabled, created_at, profile }),
        Err(error) => Err(AccountError::Damaged { name, reason: error.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Folders;

    fn app(folder: &std::path::Path) -> App {
        App::new(Folders { kb: folder.join("kb"), index: folder.join("index"), data: folder.join("data") })
    }

    fn new(name: &str) -> NewAccount {
        NewAccount { name: name.to_owned(), role: "agent", profile: Profile::default() }
    }

    #[tokio::test]
    async fn an_account_lives_its_life() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path());
        let profile = Profile { skills: vec!["ecs".to_owned()], capacity: 5, ..Profile::default() };
        let first = NewAccount { profile: profile.clone(), ..new("小王") };
        app.add_account(first, "correct horse 1".to_owned(), 7).await.unwrap();
        let again = app.add_account(new("小王"), "correct horse 2".to_owned(), 8).await;
        assert!(matches!(again, Err(AccountError::Exists(_))));
        app.set_password("小王", "battery staple 3".to_owned(), 9).await.unwrap();
        app.disable_account("小王", 10).await.unwrap();
        let listed = app.accounts().await.unwrap();
        assert_eq!((listed.len(), listed[0].disabled, listed[0].created_at), (1, true, 7));
        assert_eq!(listed[0].profile, profile);
        app.enable_account("小王", 11).await.unwrap();
        let store = app.store().await.unwrap();
        let account = store.account("小王").await.unwrap().unwrap();
        assert!(!account.disabled && password::verify("battery staple 3", Some(&account.password_hash)));
        let audit = store.audit(0, 10).await.unwrap();
        let actions: Vec<&str> = audit.iter().map(|row| row.entry.action.as_str()).collect();
        assert_eq!(actions, ["account.added", "account.password", "account.disabled", "account.enabled"]);
    }

    #[tokio::test]
    async fn what_cannot_be_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path());
        for name in ["", "a b", "-x", "system", "cli", "a/b", "a\u{7}", &"x".repeat(65)] {
            let added = app.add_account(new(name), "correct horse".to_owned(), 0).await;
            assert!(matches!(added, Err(AccountError::Name(_))), "{name:?}");
        }
        let short = app.add_account(new("li"), "short".to_owned(), 0).await;
        assert!(matches!(short, Err(AccountError::Password(PasswordError::Short(5)))));
        assert!(matches!(app.disable_account("nobody", 0).await, Err(AccountError::Unknown(_))));
        assert!(app.accounts().await.unwrap().is_empty());
    }
}
