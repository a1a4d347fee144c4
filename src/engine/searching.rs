//! A search that the dialogue asks for.

use crate::dialogue::conversation::Candidate;
use crate::dialogue::event::Event;

use super::EngineError;
use super::turn::Run;

/// How many hits the dialogue sees at first, and at most.
const HITS: usize = 10;
const MOST_HITS: usize = 30;

impl Run<'_> {
    /// Searches, and gives what was found as an event.
    pub(super) async fn search(
        &mut self,
        question: String,
        product: Option<String>,
    ) -> Result<Event, EngineError> {
        // As many more as are known and will not be shown again.
        let known =
            self.live.conversation.need.as_ref().map_or(0, |need| need.passed_over.len() + need.shown.len());
        let engine = self.service.engine();
        let hits = (HITS + known).min(MOST_HITS);
        let named =
            product.as_ref().is_some_and(|product| engine.products_named(&question).contains(product));
        let mut found = self.service.find(question.clone(), product, hits).await?;
        if named {
            // Searching weighs by itself what the question names; told of it besides, it is surer of what is filed under that
            // name and shuts out what is filed elsewhere. The surer one of both counts.
            let open = self.service.find(question, None, hits).await?;
            found = if open.confidence > found.confidence { open } else { found };
        }
        let candidate = |hit: crate::hit::Hit| Candidate {
            product_name: engine.product_name(&hit.product).unwrap_or_default().to_owned(),
            id: hit.id,
            title: hit.title,
            product: hit.product,
            confidence: hit.confidence,
        };
        let candidates = found.hits.into_iter().map(candidate).collect();
        Ok(Event::Found { decision: found.decision, candidates })
    }
}
