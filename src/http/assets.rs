//! The pages, with their scripts, styles and texts: compiled in, so that there is nothing to install beside the program.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::OnceLock;

use axum::extract::{Path, State};
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::problem::Problem;
use super::site::Site;

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const JSON: &str = "application/json";
const PICTURE: &str = "image/svg+xml";
/// What pages may load: what comes from the server itself, and pictures that they made.
const PAGES: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
    connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'";

/// One file of a page.
struct Asset {
    name: &'static str,
    media_type: &'static str,
    text: &'static str,
}

macro_rules! asset {
    ($name:literal, $kind:expr) => {
        Asset { name: $name, media_type: $kind, text: include_str!(concat!("pages/", $name)) }
    };
}

const CONSOLE: Asset = asset!("console.html", HTML);
const WIDGET: Asset = asset!("widget.html", HTML);
const LOADER: Asset = asset!("widget.js", SCRIPT);
const DESK: Asset = asset!("desk.html", HTML);

const ASSETS: [Asset; 36] = [
    asset!("answer.css", STYLE),
    asset!("base.css", STYLE),
    asset!("base.js", SCRIPT),
    asset!("clock.js", SCRIPT),
    asset!("console-texts.en.json", JSON),
    asset!("console-texts.zh-CN.json", JSON),
    asset!("console.css", STYLE),
    asset!("console.js", SCRIPT),
    asset!("desk.css", STYLE),
    asset!("desk.js", SCRIPT),
    asset!("elements.js", SCRIPT),
    asset!("heartbeat.js", SCRIPT),
    asset!("icon.svg", PICTURE),
    asset!("markdown.js", SCRIPT),
    asset!("texts.en.json", JSON),
    asset!("texts.zh-CN.json", JSON),
    asset!("ticket.js", SCRIPT),
    asset!("typing.js", SCRIPT),
    asset!("widget-app.js", SCRIPT),
    asset!("widget-files.js", SCRIPT),
    asset!("widget-host.js", SCRIPT),
    asset!("widget-lines.js", SCRIPT),
    asset!("widget-log.js", SCRIPT),
    asset!("widget-outbox.js", SCRIPT),
    asset!("widget-rating.js", SCRIPT),
    asset!("widget-requests.js", SCRIPT),
    asset!("widget-stream.js", SCRIPT),
    asset!("widget-talk.js", SCRIPT),
    asset!("widget-texts.en.json", JSON),
    asset!("widget-texts.ja.json", JSON),
    asset!("widget-texts.js", SCRIPT),
    asset!("widget-texts.ko.json", JSON),
    asset!("widget-texts.zh-CN.json", JSON),
    asset!("widget-texts.zh-TW.json", JSON),
    asset!("widget-welcome.js", SCRIPT),
    asset!("widget.css", STYLE),
];

/// A page of a console with the widget on it.
pub(super) async fn console(headers: HeaderMap) -> Response {
    let mut response = give(&CONSOLE, &headers);
    let policy = format!("{PAGES}; frame-src 'self'; frame-ancestors 'none'");
    set_policy(&mut response, &policy);
    response
}

/// The window itself, which pages of the allowed sites show in a frame.
pub(super) async fn widget(State(site): State<Site>, headers: HeaderMap) -> Response {
    let mut response = give(&WIDGET, &headers);
    let sites = site.options.frame_origins.join(" ");
    let policy = format!("{PAGES}; frame-ancestors 'self' {sites}");
    set_policy(&mut response, policy.trim_end());
    response
}

/// What pages of other sites load to have the window.
pub(super) async fn loader(headers: HeaderMap) -> Response {
    give(&LOADER, &headers)
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

fn set_policy(response: &mut Response, policy: &str) {
    // Origins were checked when the settings were read: nothing in them ends a header.
    if let Ok(policy) = policy.parse() {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
}

fn give(asset: &'static Asset, headers: &HeaderMap) -> Response {
    let tag = format!("\"{:016x}\"", fingerprint(asset.text));
    let common =
        [(ETAG, tag.clone()), (CACHE_CONTROL, "no-cache".to_owned()), (VARY, "accept-encoding".to_owned())];
    if headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let kind = [(CONTENT_TYPE, asset.media_type)];
    let takes_gzip = headers.get(ACCEPT_ENCODING).and_then(|accepts| accepts.to_str().ok());
    match packed(asset).filter(|_| takes_gzip.is_some_and(|accepts| accepts.contains("gzip"))) {
        Some(bytes) => (common, kind, [(CONTENT_ENCODING, "gzip")], bytes).into_response(),
        None => (common, kind, asset.text).into_response(),
    }
}

/// The file as gzip, made once.
fn packed(asset: &'static Asset) -> Option<&'static [u8]> {
    static PACKED: OnceLock<HashMap<&'static str, Vec<u8>>> = OnceLock::new();
    let all = PACKED.get_or_init(|| {
        let pack = |asset: &'static Asset| {
            let mut packer = GzEncoder::new(Vec::new(), Compression::best());
            packer.write_all(asset.text.as_bytes()).ok()?;
            Some((asset.name, packer.finish().ok()?))
        };
        ASSETS.iter().chain([&CONSOLE, &WIDGET, &LOADER, &DESK]).filter_map(pack).collect()
    });
    all.get(asset.name).map(Vec::as_slice)
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
    fn every_language_has_every_text() {
        for (texts, languages) in [
            ("texts", &["en"][..]),
            ("console-texts", &["en"]),
            ("widget-texts", &["zh-TW", "en", "ja", "ko"]),
        ] {
            let all = keys(&format!("{texts}.zh-CN.json"));
            for language in languages {
                assert_eq!(keys(&format!("{texts}.{language}.json")), all, "{texts} {language}");
            }
        }
    }

    #[test]
    fn pages_hold_no_script_style_or_outside_resource() {
        for page in [&CONSOLE, &WIDGET, &DESK] {
            for forbidden in ["<style", " style=", " onclick", "http://", "https://", "javascript:"] {
                assert!(!page.text.contains(forbidden), "{} has {forbidden}", page.name);
            }
            let scripts = page.text.matches("<script type=\"module\" src=").count();
            let loaders = page.text.matches("<script async src=\"/widget.js\"").count();
            assert_eq!(page.text.matches("<script").count(), scripts + loaders, "{}", page.name);
        }
        for script in ASSETS.iter().chain([&LOADER]).filter(|asset| asset.media_type == SCRIPT) {
            for forbidden in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
                assert!(!script.text.contains(forbidden), "{} uses {forbidden}", script.name);
            }
        }
    }

    #[test]
    fn the_window_is_light() {
        let names = ASSETS.iter().map(|asset| asset.name).filter(|name| {
            name.starts_with("widget-") && name.ends_with(".js")
                || ["widget.css", "icon.svg", "elements.js", "markdown.js", "typing.js"].contains(name)
        });
        let size = |name: &str| {
            let asset = ASSETS.iter().chain([&WIDGET, &LOADER]).find(|asset| asset.name == name);
            packed(asset.unwrap()).unwrap().len()
        };
        let texts = ["zh-CN", "zh-TW", "en", "ja", "ko"]
            .map(|language| size(&format!("widget-texts.{language}.json")));
        let all: usize = names.chain(["widget.html", "widget.js"]).map(size).sum::<usize>()
            + texts.into_iter().max().unwrap();
        assert!(all <= 40 * 1024, "{all} bytes of gzip");
    }

    #[test]
    fn what_a_page_shows_is_in_the_catalogue() {
        for (page, texts) in [(&CONSOLE, "console-texts"), (&WIDGET, "widget-texts"), (&DESK, "texts")] {
            let known = keys(&format!("{texts}.zh-CN.json"));
            for part in
                page.text.split("data-text=\"").skip(1).chain(page.text.split("data-label=\"").skip(1))
            {
                let key = part.split('"').next().unwrap();
                assert!(known.iter().any(|known| known == key), "{}: there is no text {key}", page.name);
            }
        }
    }
}
