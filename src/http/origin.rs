//! Which pages may call the server: its own, and those that are allowed by a setting.

use std::time::Duration;

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// Whether a browser says that the request comes from a page of somebody else. Programs that are no browsers say nothing.
pub(super) fn is_foreign(headers: &HeaderMap, allowed: &[String]) -> bool {
    let Some(origin) = headers.get(ORIGIN) else {
        let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
        return matches!(site, Some(b"cross-site" | b"same-site"));
    };
    let Ok(origin) = origin.to_str() else { return true };
    if allowed.iter().any(|allowed| allowed.trim_end_matches('/').eq_ignore_ascii_case(origin)) {
        return false;
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    !matches!((host, authority), (Some(host), Some(authority)) if host.eq_ignore_ascii_case(authority))
}

/// Tells browsers of the pages that are allowed. Without any, nothing is told and they stay out.
pub(super) fn cors(allowed: &[String]) -> Option<CorsLayer> {
    let origins: Vec<HeaderValue> =
        allowed.iter().filter_map(|origin| origin.trim_end_matches('/').parse().ok()).collect();
    if origins.is_empty() {
        return None;
    }
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, HeaderName::from_static("last-event-id")])
        .expose_headers([HeaderName::from_static("retry-after")])
        .max_age(Duration::from_secs(3600));
    Some(layer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn foreign(host: &str, headers: &[(&'static str, &str)]) -> bool {
        let mut all = HeaderMap::new();
        all.insert(HOST, host.parse().unwrap());
        for (name, value) in headers {
            all.insert(*name, value.parse().unwrap());
        }
        is_foreign(&all, &["https://console.example.com/".to_owned()])
    }

    #[test]
    fn own_and_allowed_pages_are_let_in() {
        assert!(!foreign("127.0.0.1:8080", &[]));
        assert!(!foreign("127.0.0.1:8080", &[("origin", "http://127.0.0.1:8080")]));
        assert!(!foreign("help.example.com", &[("origin", "https://HELP.example.com")]));
        assert!(!foreign("help.example.com", &[("origin", "https://console.example.com")]));
        assert!(!foreign("x", &[("sec-fetch-site", "same-origin")]));
    }

    #[test]
    fn other_pages_are_not() {
        assert!(foreign("127.0.0.1:8080", &[("origin", "http://127.0.0.1:8081")]));
        assert!(foreign("help.example.com", &[("origin", "https://help.example.com.evil.net")]));
        assert!(foreign("help.example.com", &[("origin", "null")]));
        assert!(foreign("help.example.com", &[("origin", "https://console.example.com.evil.net")]));
        assert!(foreign("x", &[("sec-fetch-site", "cross-site")]));
    }
}
