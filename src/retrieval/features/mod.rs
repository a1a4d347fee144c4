//! What the second stage looks at: one row of numbers for each candidate of a question.
//!
//! Start at [`rows`]. [`lookup`] knows the question, [`scan`] reads a card, [`cover`] and [`headline`] sum up what was
//! read, [`vote`] lets the candidates speak for one another.

mod cover;
mod headline;
mod lookup;
mod scan;
mod vote;

use crate::index::card::Section;
use crate::index::latent::{DIMENSIONS, cosine};
use crate::index::reader::Reader;

use super::candidates::Candidate;
use super::product::ProductGuess;
use cover::Covers;
use headline::Headline;
pub use lookup::Lookup;
use scan::Scan;
use vote::Votes;

/// Defines the features once: a field of [`Features`], a name, a place in the row.
macro_rules! features {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The features of one candidate.
        #[derive(Clone, Copy, Debug, Default)]
        pub struct Features { $($(#[$doc])* pub $name: f32,)* }

        /// Names of the features, in the order of a row.
        pub const NAMES: &[&str] = &[$(stringify!($name),)*];
        /// How many features there are.
        pub const COUNT: usize = NAMES.len();

        impl Features {
            /// The features in the order of [`NAMES`].
            pub fn row(&self) -> Row {
                [$(self.$name,)*]
            }
        }
    };
}

features! {
    /// First-stage score by the best one's.
    bm25_of_best,
    /// First-stage score by the question's weight.
    bm25_of_all,
    /// 1/√(1 + place in the first stage).
    rank,
    /// Lead in the first stage over the next.
    lead,
    /// Share of the question's weight in the title, or in the best other way to ask.
    title_cover,
    /// The same, not as a share.
    title_matched,
    /// Share of the title's own rarity that the question says.
    title_precise,
    /// Whether the question says all of the title.
    title_all,
    /// Whether question and title say the same, neither more.
    title_equal,
    /// Neighbours of the question that are neighbours in the title.
    title_pairs,
    /// Cosine of the latent vectors of question and title.
    latent_title,
    /// Share of the question's weight in the document's title.
    document_cover,
    /// Share of the document title's rarity that the question says.
    document_precise,
    /// Share of the question's weight in product name, category and tags.
    names_cover,
    /// Share in any of title, document and names.
    headings_cover,
    /// Share in the body.
    body_cover,
    /// Share anywhere.
    cover,
    /// Share of the question's own whole words anywhere.
    cover_own,
    /// Weight of the heaviest own word that is nowhere.
    missing_most,
    /// Weight of the second heaviest.
    missing_second,
    /// Greatest share within 10 words of the body.
    window_10,
    /// Greatest share within 40 words of the body.
    window_40,
    /// Neighbours of the question that are neighbours in the body.
    body_pairs,
    /// Saturated counts in the title.
    title_counts,
    /// Saturated counts in the body.
    body_counts,
    /// ln(1 + terms of the body on the card).
    body_length,
    /// ln(1 + terms of the title).
    title_length,
    /// ln(1 + position of the first match in the body), by 6.
    first_position,
    /// Share of the title that is ASCII.
    title_is_latin,
    /// Share of the question's identifiers and English words anywhere; -1 where it has none.
    latin_cover,
    /// The same in title, document and names.
    headings_latin_cover,
    /// Share of what matched that matched by another word only.
    by_synonym,
    /// Cosine of the latent vectors of question and case.
    latent_case,
    /// Share of the question's stop words in the title.
    asking_cover,
    /// How much of the title those are.
    asking_precise,
    /// Whether the title asks the same kind of question.
    asks_the_same,
    /// Whether it asks another kind.
    asks_another,
    /// 1 where the page is of this product, -1 where it is of another.
    product_context,
    /// Whether the question names this product.
    product_named,
    /// Whether it names others only.
    product_other_named,
    /// How far the question's words speak for this product.
    product_guess,
    /// The same by the likeliest product's.
    product_guess_of_best,
    /// Share of the candidates' votes for this product.
    product_vote,
    /// Share of the votes for this document.
    document_vote,
    /// ln(1 + candidates from this document).
    document_siblings,
}

/// Features that may only speak for a case, whatever the labelled questions happen to say: a case that has more of the
/// question in its title is not worse for it. Without this, features that go together take weights of opposite signs,
/// which hold on the questions that were learned from and nowhere else.
pub const ONLY_FOR: &[&str] = &[
    "bm25_of_best",
    "bm25_of_all",
    "title_cover",
    "title_matched",
    "title_precise",
    "title_all",
    "title_equal",
    "title_pairs",
    "latent_title",
    "document_cover",
    "document_precise",
    "names_cover",
    "headings_cover",
    "body_cover",
    "cover",
    "cover_own",
    "window_10",
    "window_40",
    "body_pairs",
    "latin_cover",
    "headings_latin_cover",
    "latent_case",
    "asking_cover",
    "asks_the_same",
    "product_context",
    "product_named",
    "product_guess",
    "product_vote",
];

/// Features that may only speak against a case.
pub const ONLY_AGAINST: &[&str] = &["missing_most", "missing_second", "product_other_named"];

/// One row.
pub type Row = [f32; COUNT];

/// The rows of all candidates, which must be in order of score.
pub fn rows(
    reader: &Reader,
    lookup: &Lookup,
    guess: &ProductGuess<'_>,
    candidates: &[Candidate],
) -> Vec<Row> {
    let best = candidates.first().map_or(1.0, |c| c.score).max(1e-6);
    let cards: Vec<_> = candidates.iter().map(|c| reader.card(c.row)).collect();
    let votes =
        Votes::new(candidates.iter().map(|c| c.score / best).zip(cards.iter().map(|c| c.head)), guess);
    let meaning = lookup.meaning(reader);
    let mut scan = Scan::default();
    let mut rows = Vec::with_capacity(candidates.len());
    for (place, (candidate, card)) in candidates.iter().zip(&cards).enumerate() {
        let mut features = Features {
            bm25_of_best: candidate.score / best,
            bm25_of_all: candidate.score * lookup.scale / lookup.total,
            rank: 1.0 / (1.0 + place as f32).sqrt(),
            lead: candidates.get(place + 1).map_or(0.0, |next| (candidate.score - next.score) / best),
            latent_case: cosine(&meaning, &reader.vector(candidate.row)),
            ..Features::default()
        };
        scan.read(card, lookup);
        fill_words(&mut features, lookup, &scan);
        fill_headings(&mut features, reader, lookup, &scan, &meaning);
        fill_title(&mut features, card.head.title(), card.head.asks, lookup);
        votes.fill(&mut features, place);
        rows.push(features.row());
    }
    rows
}

fn fill_words(features: &mut Features, lookup: &Lookup, scan: &Scan<'_>) {
    let covers = Covers::new(lookup, &scan.seen);
    let share = |weight: f32| weight / lookup.total;
    features.document_cover = share(covers.section[Section::Document as usize]);
    features.names_cover = share(covers.section[Section::Names as usize]);
    features.headings_cover = share(covers.headings);
    features.body_cover = share(covers.section[Section::Body as usize]);
    features.cover = share(covers.all);
    features.cover_own = covers.own / lookup.total_own;
    (features.missing_most, features.missing_second) = covers.missing;
    features.title_counts = share(covers.title_counts);
    features.body_counts = share(covers.body_counts);
    features.by_synonym = covers.by_synonym / covers.all.max(1e-6);
    let latin = |weight: f32| if lookup.total_latin > 0.0 { weight / lookup.total_latin } else { -1.0 };
    features.latin_cover = latin(covers.latin);
    features.headings_latin_cover = latin(covers.headings_latin);
    features.window_10 = share(scan.window(lookup, 10));
    features.window_40 = share(scan.window(lookup, 40));
    features.body_pairs = share(scan.body_pairs(lookup));
    features.body_length = (1.0 + scan.terms[Section::Body as usize] as f32).ln();
    features.first_position = scan.body().first().map_or(1.0, |p| (1.0 + p.position as f32).ln() / 6.0);
}

fn fill_headings(
    features: &mut Features,
    reader: &Reader,
    lookup: &Lookup,
    scan: &Scan<'_>,
    meaning: &[f32; DIMENSIONS],
) {
    let title = Headline::best(
        reader,
        lookup,
        scan.section(Section::Title),
        scan.section(Section::Questions),
        meaning,
    );
    features.title_cover = title.matched / lookup.total;
    features.title_matched = title.matched;
    features.title_precise = title.precise;
    features.title_all = f32::from(title.precise > 0.999);
    features.title_equal = f32::from(title.precise > 0.999 && title.own_missing < 1e-3);
    features.title_pairs = title.pairs / lookup.total;
    features.latent_title = title.latent;
    features.document_precise = Headline::precision(reader, lookup, scan.section(Section::Document));
    features.title_length = (1.0 + title.terms as f32).ln();
    (features.asking_cover, features.asking_precise) = title.asking;
}

fn fill_title(features: &mut Features, title: &str, asks: u8, lookup: &Lookup) {
    features.title_is_latin = title.bytes().filter(u8::is_ascii).count() as f32 / title.len().max(1) as f32;
    features.asks_the_same = f32::from(asks & lookup.asks != 0);
    features.asks_another = f32::from(asks != 0 && lookup.asks != 0 && asks & lookup.asks == 0);
}
