//! Who asks: the person of a conversation by its token, agents and operators by their session.

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};

use crate::engine::{Account, Service};
use crate::id::ConversationId;

use super::params::path_id;
use super::problem::{Kind, Problem};
use super::site::Site;

/// The cookie that holds a session.
pub(super) const SESSION_COOKIE: &str = "yunzhu_session";

/// No token or session is longer: what is, is not looked up.
const TOKEN_MAX_LEN: usize = 512;

/// The person of the conversation in the path, who has its token.
pub(super) struct Talker {
    pub(super) service: Service,
    pub(super) id: ConversationId,
}

impl FromRequestParts<Site> for Talker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        let service = site.service()?;
        let id = conversation_id(&path_id(parts, site).await?)?;
        if parts.method != Method::GET {
            site.rates.message(site.rates.origin(&parts.headers, &parts.extensions), &id)?;
        }
        let token = bearer(&parts.headers).ok_or_else(|| {
            Problem::new(Kind::NotAuthenticated, "send the token of the conversation as a bearer token")
        })?;
        admit(&service, &id, token).await?;
        Ok(Self { service, id })
    }
}

/// An id of a conversation from outside.
pub(super) fn conversation_id(text: &str) -> Result<ConversationId, Problem> {
    ConversationId::parse(text).ok_or_else(no_conversation)
}

/// Whether the token opens the conversation.
pub(super) async fn admit(service: &Service, id: &ConversationId, token: &str) -> Result<(), Problem> {
    let foreign = || Problem::new(Kind::Forbidden, "this token is not of this conversation");
    if token.len() > TOKEN_MAX_LEN {
        return Err(foreign());
    }
    match service.token_fits(id, token).await? {
        Some(true) => Ok(()),
        Some(false) => Err(foreign()),
        None => Err(no_conversation()),
    }
}

fn no_conversation() -> Problem {
    Problem::not_found("there is no conversation by this id")
}

/// The bearer token of a request.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// An agent or operator who has signed in.
pub(super) struct Staff {
    pub(super) service: Service,
    pub(super) account: Account,
}

impl FromRequestParts<Site> for Staff {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        let service = site.service()?;
        let session = session(&parts.headers).filter(|session| session.len() <= TOKEN_MAX_LEN);
        let account = match session {
            Some(session) => service.account_of(session).await?,
            None => None,
        };
        let nobody = || Problem::new(Kind::NotAuthenticated, "sign in: POST /api/v1/sessions");
        Ok(Self { account: account.ok_or_else(nobody)?, service })
    }
}

/// The session of a request: a bearer token of a program, or the cookie of a browser.
pub(super) fn session(headers: &HeaderMap) -> Option<&str> {
    bearer(headers).or_else(|| cookie(headers))
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    pairs.flat_map(|value| value.split(';')).find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == SESSION_COOKIE && !value.is_empty()).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn tokens_are_found_where_they_belong() {
        assert_eq!(bearer(&headers(&[("authorization", "bearer  abc ")])), Some("abc"));
        for wrong in ["abc", "Basic abc", "Bearer ", "Bearer"] {
            assert_eq!(bearer(&headers(&[("authorization", wrong)])), None, "{wrong}");
        }
        let cookies = headers(&[("cookie", "a=1; yunzhu_session=s1; yunzhu_session=s2")]);
        assert_eq!(session(&cookies), Some("s1"));
        assert_eq!(session(&headers(&[("cookie", "xyunzhu_session=s1; yunzhu_session=")])), None);
    }
}
