//! The tantivy schema, and the tokenizer that takes terms already cut.

use tantivy::schema::{
    FAST, Field, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

/// Raised whenever what is written changes; an index of another version is rebuilt.
pub const VERSION: u32 = 1;

/// Stands between terms in a text that is given to tantivy. No analyzer gives it out: it is a control character.
pub const SEPARATOR: char = '\u{1f}';

/// Name of [`CutTerms`] in tantivy's registry.
pub const TOKENIZER: &str = "cut";

/// The fields of the schema.
#[derive(Clone, Copy, Debug)]
pub struct Fields {
    /// The case's id, for removing it.
    pub id: Field,
    /// All words of a case in one field, those of the title counted three times: BM25F in effect.
    pub text: Field,
    /// The case's row in the side files.
    pub row: Field,
    /// The whole case as JSON.
    pub record: Field,
}

/// The schema and its fields.
pub fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let words = TextFieldIndexing::default()
        .set_tokenizer(TOKENIZER)
        .set_index_option(IndexRecordOption::WithFreqs)
        .set_fieldnorms(true);
    let fields = Fields {
        id: builder.add_text_field("id", STRING),
        text: builder.add_text_field("text", TextOptions::default().set_indexing_options(words)),
        row: builder.add_u64_field("row", FAST),
        record: builder.add_bytes_field("record", STORED),
    };
    (builder.build(), fields)
}

/// Takes a text of terms with [`SEPARATOR`] between them.
#[derive(Clone, Default)]
pub struct CutTerms {
    token: Token,
}

/// The stream of [`CutTerms`].
pub struct CutStream<'a> {
    rest: std::str::Split<'a, char>,
    token: &'a mut Token,
}

impl Tokenizer for CutTerms {
    type TokenStream<'a> = CutStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> CutStream<'a> {
        self.token.reset();
        CutStream { rest: text.split(SEPARATOR), token: &mut self.token }
    }
}

impl TokenStream for CutStream<'_> {
    fn advance(&mut self) -> bool {
        let Some(term) = self.rest.by_ref().find(|t| !t.is_empty()) else { return false };
        self.token.text.clear();
        self.token.text.push_str(term);
        self.token.position = self.token.position.wrapping_add(1);
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}
