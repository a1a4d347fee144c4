//! Pages of single answers, for platforms that cannot show a long one: reached by an address that nobody can guess.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use axum::response::{IntoResponse, Response};

use crate::answer::page;
use crate::message::Reply;

use super::problem::Problem;
use super::site::Site;

const PAGE: &str = include_str!("pages/answer.html");
/// Longest address that is looked at.
const LONGEST: usize = 512;

/// One answer.
pub(super) async fn show(State(site): State<Site>, Path(name): Path<String>) -> Result<Response, Problem> {
    let service = site.service()?;
    let nowhere = || Problem::not_found("there is no answer at this address, or it was erased");
    if name.len() > LONGEST {
        return Err(nowhere());
    }
    let line = service.answer_of_page(&name).await?.ok_or_else(nowhere)?;
    let (title, text) = match &line.body {
        Reply::Answer { title, text, .. } => (title.as_str(), text.as_str()),
        Reply::Choices { text, .. }
        | Reply::Clarify { text, .. }
        | Reply::Text { text }
        | Reply::Notice { text }
        | Reply::Handoff { text, .. } => ("", text.as_str()),
    };
    let title = if title.is_empty() { "云助" } else { title };
    let page = PAGE.replace("{{title}}", &escaped(title));
    // Last, so that nothing in the answer is taken for a place.
    let (before, after) = page.split_once("{{answer}}").unwrap_or((page.as_str(), ""));
    let page = format!("{before}{}{after}", page::html(text));
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "private, no-store"),
        (HeaderName::from_static("x-robots-tag"), "noindex"),
    ];
    Ok((StatusCode::OK, headers, page).into_response())
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            letter => out.push(letter),
        }
    }
    out
}
