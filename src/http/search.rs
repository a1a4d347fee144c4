//! Searching the cases, as `yunzhu search --json` does.

use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::hit::Decision;
use crate::retrieval::search::Found;

use super::openapi::Problems;
use super::params::Params;
use super::problem::Problem;
use super::site::Ready;

/// Hits where it is not said.
const LIMIT: u16 = 10;
/// Hits at most.
const LIMIT_MAX: u16 = 200;
/// Letters of a question.
const QUESTION_MAX: usize = 4_000;

/// What is searched for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Question {
    /// A question or a symptom.
    q: String,
    /// How many hits, 1 to 200; 10 where it is not said.
    limit: Option<u16>,
    /// Code of the product on whose page it is asked.
    product: Option<String>,
}

/// What was found.
#[derive(Serialize, ToSchema)]
pub(super) struct Answer {
    /// The question.
    query: String,
    /// `answer`, `choose`, `clarify` or `miss`.
    #[schema(value_type = String)]
    decision: Decision,
    /// Calibrated probability that the first hit answers it, 0 to 1.
    confidence: f32,
    /// Microseconds inside the program.
    took_us: u64,
    /// Best first.
    hits: Vec<HitBody>,
}

/// One case.
#[derive(Serialize, ToSchema)]
pub(super) struct HitBody {
    /// Its id.
    id: String,
    /// Code of its product, possibly empty.
    product: String,
    /// Its title.
    title: String,
    /// Comparable within one question only.
    score: f32,
    /// Calibrated probability that it answers the question, 0 to 1.
    confidence: f32,
}

/// Ranked cases for a question.
#[utoipa::path(get, path = "/search", tag = "search", params(Question),
    responses((status = 200, description = "Ranked cases", body = Answer), Problems))]
pub(super) async fn search(
    Ready(service): Ready,
    Params(question): Params<Question>,
) -> Result<Json<Answer>, Problem> {
    let Question { q, limit, product } = question;
    if q.chars().count() > QUESTION_MAX {
        return Err(Problem::unusable("q", format!("at most {QUESTION_MAX} letters are taken")));
    }
    let limit = limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Problem::unusable("limit", format!("it is 1 to {LIMIT_MAX}")));
    }
    // As on the command line, of an empty question it is asked what it is about.
    if q.trim().is_empty() {
        let empty =
            Answer { query: q, decision: Decision::Clarify, confidence: 0.0, took_us: 0, hits: Vec::new() };
        return Ok(Json(empty));
    }
    let product = product.filter(|product| !product.is_empty());
    let found = service.search(&q, product, usize::from(limit)).await?;
    Ok(Json(answer(q, found)))
}

fn answer(query: String, found: Found) -> Answer {
    let hits = found.hits.into_iter().map(|hit| HitBody {
        id: hit.id.to_string(),
        product: hit.product,
        title: hit.title,
        score: hit.score,
        confidence: hit.confidence,
    });
    let took_us = u64::try_from(found.took.as_micros()).unwrap_or(u64::MAX);
    Answer { query, decision: found.decision, confidence: found.confidence, took_us, hits: hits.collect() }
}
