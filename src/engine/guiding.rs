//! Guided diagnoses: the tree of a case is looked up, and what was seen goes into the ticket.

use crate::dialogue::conversation::{Candidate, Conversation};
use crate::dialogue::event::Event;
use crate::id::CaseId;
use crate::kb::diagnosis::guide_of;

use super::EngineError;
use super::turn::Run;

/// The fact of a ticket that says what was seen.
const DIAGNOSIS: &str = "diagnosis";
/// The fact of a ticket that says what is suspected.
const SUSPECTED: &str = "suspected";

impl Run<'_> {
    /// The tree of a case, with the cases that its remedies name.
    pub(super) async fn look_up_guide(&self, case_id: CaseId) -> Result<Event, EngineError> {
        let engine = self.service.engine();
        let look_up = move || {
            let case = |id: &CaseId| engine.case(id).map_err(|e| EngineError::Internal(e.to_string()));
            let guide = case(&case_id)?.as_ref().and_then(guide_of);
            let named = guide.iter().flat_map(|guide| guide.cases()).map(|(_, id)| id);
            let mut linked: Vec<Candidate> = Vec::new();
            for id in named.filter_map(CaseId::parse) {
                if linked.iter().any(|known| known.id == id) {
                    continue;
                }
                if let Some(case) = case(&id)? {
                    let (title, product, product_name) = (case.title, case.product, case.product_name);
                    // It is offered because the tree names it, not because a search is sure of it.
                    linked.push(Candidate { id, title, product, product_name, confidence: 1.0 });
                }
            }
            Ok(Event::Guided { guide, linked })
        };
        self.service.compute(look_up).await?
    }

    /// Where a case comes from; its id where that is not known.
    pub(super) async fn source(&self, id: &CaseId) -> Result<String, EngineError> {
        let (engine, id) = (self.service.engine(), id.clone());
        let look_up = move || match engine.case(&id) {
            Ok(case) => Ok(case.map(|case| case.source).filter(|s| !s.is_empty()).unwrap_or(id.to_string())),
            Err(error) => Err(EngineError::Internal(error.to_string())),
        };
        self.service.compute(look_up).await?
    }
}

/// What diagnoses found, as facts of a ticket.
pub(super) fn findings(c: &Conversation) -> impl Iterator<Item = (String, String)> {
    let seen = c.findings.iter().map(|finding| format!("{}：{}", finding.about, finding.seen));
    let seen = seen.collect::<Vec<_>>().join("；");
    let seen = (!seen.is_empty()).then(|| (DIAGNOSIS.to_owned(), seen));
    let suspected = c.suspected.clone().map(|suspected| (SUSPECTED.to_owned(), suspected));
    seen.into_iter().chain(suspected)
}
