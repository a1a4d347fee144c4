//! The pages, with their scripts, styles and texts: compiled in, so that there is nothing to install beside the program.

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::problem::Problem;

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const JSON: &str = "application/json";
const PICTURE: &str = "image/svg+xml";

/// One file of a page.
struct Asset {
    name: &'static str,
    media_type: &'static str,
    text: &'static str,
}

const CHAT: Asset = Asset { name: "chat.html", media_type: HTML, text: include_str!("pages/chat.html") };
const DESK: Asset = Asset { name: "desk.html", media_type: HTML, text: include_str!("pages/desk.html") };

const ASSETS: [Asset; 13] = [
    Asset { name: "answer.css", media_type: STYLE, text: include_str!("pages/answer.css") },
    Asset { name: "base.css", media_type: STYLE, text: include_str!("pages/base.css") },
    Asset { name: "base.js", media_type: SCRIPT, text: include_str!("pages/base.js") },
    Asset { name: "chat.css", media_type: STYLE, text: include_str!("pages/chat.css") },
    Asset { name: "chat.js", media_type: SCRIPT, text: include_str!("pages/chat.js") },
    Asset { name: "clock.js", media_type: SCRIPT, text: include_str!("pages/clock.js") },
    Asset { name: "desk.css", media_type: STYLE, text: include_str!("pages/desk.css") },
    Asset { name: "desk.js", media_type: SCRIPT, text: include_str!("pages/desk.js") },
    Asset { name: "heartbeat.js", media_type: SCRIPT, text: include_str!("pages/heartbeat.js") },
    Asset { name: "icon.svg", media_type: PICTURE, text: include_str!("pages/icon.svg") },
    Asset { name: "ticket.js", media_type: SCRIPT, text: include_str!("pages/ticket.js") },
    Asset { name: "texts.en.json", media_type: JSON, text: include_str!("pages/texts.en.json") },
    Asset { name: "texts.zh-CN.json", media_type: JSON, text: include_str!("pages/texts.zh-CN.json") },
];

/// The page on which one can talk.
pub(super) async fn chat(headers: HeaderMap) -> Response {
    give(&CHAT, &headers)
}

/// The page of agents.
pub(super) async fn desk(headers: HeaderMap) -> Response {
    give(&DESK, &headers)
}

/// Scripts, styles, texts.
pub(super) async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    let asset = ASSETS.iter().find(|asset| asset.name == name);
    asset.map(|asset| give(asset, &headers)).ok_or(Problem::not_found("there is no such file"))
}

fn give(asset: &Asset, headers: &HeaderMap) -> Response {
    let tag = format!("\"{:016x}\"", fingerprint(asset.text));
    let common = [(ETAG, tag.clone()), (CACHE_CONTROL, "no-cache".to_owned())];
    if headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    (common, [(CONTENT_TYPE, asset.media_type)], asset.text).into_response()
}

/// FNV-1a: what is asked for is only whether it is the same.
fn fingerprint(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(name: &str) -> Vec<String> {
        let asset = ASSETS.iter().find(|asset| asset.name == name).unwrap();
        let texts: serde_json::Map<String, serde_json::Value> = serde_json::from_str(asset.text).unwrap();
        assert!(texts.values().all(|text| text.as_str().is_some_and(|text| !text.trim().is_empty())));
        texts.keys().cloned().collect()
    }

    #[test]
    fn both_languages_have_every_text() {
        assert_eq!(keys("texts.zh-CN.json"), keys("texts.en.json"));
    }

    #[test]
    fn pages_hold_no_script_style_or_outside_resource() {
        for page in [&CHAT, &DESK] {
            for forbidden in ["<style", " style=", " onclick", "http://", "https://", "javascript:"] {
                assert!(!page.text.contains(forbidden), "{} has {forbidden}", page.name);
            }
            assert!(
                page.text.matches("<script").count()
                    == page.text.matches("<script type=\"module\" src=").count()
            );
        }
        for script in ASSETS.iter().filter(|asset| asset.media_type == SCRIPT) {
            for forbidden in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
                assert!(!script.text.contains(forbidden), "{} uses {forbidden}", script.name);
            }
        }
    }

    #[test]
    fn what_a_page_shows_is_in_the_catalogue() {
        let known = keys("texts.zh-CN.json");
        for page in [&CHAT, &DESK] {
            for part in
                page.text.split("data-text=\"").skip(1).chain(page.text.split("data-label=\"").skip(1))
            {
                let key = part.split('"').next().unwrap();
                assert!(known.iter().any(|known| known == key), "{}: there is no text {key}", page.name);
            }
        }
    }
}
