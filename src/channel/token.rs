//! An access token that many use and one fetches.

use tokio::sync::Mutex;

use crate::channel::Undelivered;
use crate::privacy::secret::Secret;

/// Fetched anew so long before its end, in milliseconds: calls with it may be under way.
const MARGIN_MS: i64 = 5 * 60 * 1000;

/// One access token of one account; empty until it is needed.
#[derive(Debug, Default)]
pub struct Token(Mutex<Option<Held>>);

#[derive(Debug)]
struct Held {
    secret: Secret,
    /// Unix milliseconds.
    until: i64,
}

impl Token {
    /// The token. Where there is none that lasts, one caller fetches it with its time to live in seconds, and the others
    /// wait: on most platforms a second fetch ends the first token.
    ///
    /// # Errors
    /// What the fetch says; the next caller tries again.
    pub async fn get(
        &self,
        now_ms: i64,
        fetch: impl Future<Output = Result<(Secret, u64), Undelivered>>,
    ) -> Result<Secret, Undelivered> {
        let mut held = self.0.lock().await;
        if let Some(held) = held.as_ref().filter(|held| now_ms < held.until) {
            return Ok(held.secret.clone());
        }
        *held = None;
        let (secret, seconds) = fetch.await?;
        let life = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000);
        // A token that lives for less than twice the margin is used for half its life.
        let usable = life.saturating_sub(MARGIN_MS).max(life / 2);
        *held = Some(Held { secret: secret.clone(), until: now_ms.saturating_add(usable) });
        Ok(secret)
    }

    /// Drops the token that the platform refused, unless another one is there by now: ten callers that were refused with
    /// the same token cause one fetch.
    pub async fn forget(&self, refused: &Secret) {
        let mut held = self.0.lock().await;
        if held.as_ref().is_some_and(|held| held.secret == *refused) {
            *held = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::channel::Hope;

    /// Fetches `t1`, `t2`, …, each for two hours.
    async fn next(count: &AtomicU32) -> Result<(Secret, u64), Undelivered> {
        tokio::task::yield_now().await;
        let number = count.fetch_add(1, Ordering::SeqCst) + 1;
        Ok((format!("t{number}").into(), 7200))
    }

    #[tokio::test]
    async fn fifty_callers_fetch_once() {
        let (token, count) = (Arc::new(Token::default()), Arc::new(AtomicU32::new(0)));
        let callers: Vec<_> = (0..50)
            .map(|_| {
                let (token, count) = (Arc::clone(&token), Arc::clone(&count));
                tokio::spawn(async move { token.get(0, next(&count)).await })
            })
            .collect();
        for caller in callers {
            assert_eq!(caller.await.unwrap().unwrap().expose(), "t1");
        }
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn it_is_fetched_anew_five_minutes_before_its_end() {
        let (token, count) = (Token::default(), AtomicU32::new(0));
        for (now, wanted) in [(0, "t1"), (6_899_999, "t1"), (6_900_000, "t2"), (6_900_001, "t2")] {
            let got = token.get(now, next(&count)).await.unwrap();
            assert_eq!(got.expose(), wanted, "{now}");
        }
        for (seconds, usable) in [(60, 30_000), (0, 0), (u64::MAX, i64::MAX - MARGIN_MS)] {
            let token = Token::default();
            token.get(0, async { Ok(("a".to_owned().into(), seconds)) }).await.unwrap();
            assert_eq!(token.0.lock().await.as_ref().unwrap().until, usable);
        }
    }

    #[tokio::test]
    async fn ten_that_were_refused_fetch_once() {
        let (token, count) = (Token::default(), AtomicU32::new(0));
        let old = token.get(0, next(&count)).await.unwrap();
        for _ in 0..10 {
            token.forget(&old).await;
            token.get(1, next(&count)).await.unwrap();
        }
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_failed_fetch_is_tried_again() {
        let token = Token::default();
        let failed = Undelivered { hope: Hope::Later(None), reason: "no".to_owned() };
        assert_eq!(token.get(0, async { Err(failed.clone()) }).await, Err(failed));
        assert!(token.get(0, async { Ok(("a".to_owned().into(), 7200)) }).await.is_ok());
    }
}
