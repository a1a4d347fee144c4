//! A case as it lies in a row: JSON, compressed, with one byte in front that names the format.
//!
//! Cases are short, and short texts compress badly on their own, so the compressor starts out with a text of words and
//! Markdown that such cases are full of (`record.dict`). That file is part of the format: a better one is a new format.

use std::error::Error;
use std::io;

use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::get_frame_content_size;

use crate::kb::case::Case;

/// JSON in a zstd frame that starts from `record.dict`.
const FORMAT: u8 = 1;
const DICTIONARY: &[u8] = include_bytes!("record.dict");

/// Level 3 saves one part in a hundred over level 2; level 5 costs twice the time for two more.
const LEVEL: i32 = 3;

/// No case comes near; a damaged size must not ask for all the memory.
const MAX_LEN: u64 = 1 << 30;

/// [`Case::content_hash`]: what tells a changed case from an unchanged one.
pub type ContentHash = [u8; 16];

/// Why a record cannot be made or read; what lies behind is for the log.
pub type RecordError = Box<dyn Error + Send + Sync>;

/// Makes records. Made once for many cases, because it carries the compressor's tables.
pub struct Encoder {
    compressor: Compressor<'static>,
    json: Vec<u8>,
}

impl Encoder {
    /// An encoder for the current format.
    pub fn new() -> io::Result<Self> {
        let mut compressor = Compressor::with_dictionary(LEVEL, DICTIONARY)?;
        compressor.include_dictid(false)?;
        Ok(Self { compressor, json: Vec::new() })
    }

    /// The record of a case.
    pub fn encode(&mut self, case: &Case) -> Result<Vec<u8>, RecordError> {
        self.json.clear();
        serde_json::to_writer(&mut self.json, case)?;
        let mut record = self.compressor.compress(&self.json)?;
        record.insert(0, FORMAT);
        Ok(record)
    }
}

/// Reads records back. Made once for many, as [`Encoder`].
pub struct Decoder {
    decompressor: Decompressor<'static>,
    json: Vec<u8>,
}

impl Decoder {
    /// A decoder for every format that ever was.
    pub fn new() -> io::Result<Self> {
        Ok(Self { decompressor: Decompressor::with_dictionary(DICTIONARY)?, json: Vec::new() })
    }

    /// The case of a record.
    pub fn decode(&mut self, record: &[u8]) -> Result<Case, RecordError> {
        let Some((&FORMAT, frame)) = record.split_first() else {
            return Err("unknown record format".into());
        };
        let size = get_frame_content_size(frame).ok().flatten().filter(|&size| size <= MAX_LEN);
        let size = size.ok_or("no plausible size in the record")?;
        self.json.clear();
        self.json.reserve(usize::try_from(size)?);
        self.decompressor.decompress_to_buffer(frame, &mut self.json)?;
        Ok(serde_json::from_slice(&self.json)?)
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    fn case() -> Case {
        let json = serde_json::json!({"id": "a", "title": "题", "body": "正文", "更多": {"键": [1, null]}});
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_record_gives_the_case_back() {
        let record = Encoder::new().unwrap().encode(&case()).unwrap();
        assert_eq!(Decoder::new().unwrap().decode(&record).unwrap(), case());
    }

    #[test]
    fn a_damaged_record_is_an_error() {
        let record = Encoder::new().unwrap().encode(&case()).unwrap();
        let mut decoder = Decoder::new().unwrap();
        for cut in 0..record.len() {
            assert!(decoder.decode(&record[..cut]).is_err());
        }
        for at in 0..record.len() {
            let mut bent = record.clone();
            bent[at] ^= 0xff;
            let _ = decoder.decode(&bent);
        }
        assert_eq!(decoder.decode(&record).unwrap(), case(), "an error leaves the decoder usable");
    }

    /// Databases in the field were written with exactly this file.
    #[test]
    fn the_dictionary_is_the_released_one() {
        let digest: String = Sha256::digest(DICTIONARY).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(digest, "26fc982cb6fd51af33da6d3ed7802766291f9240168a63719720cbfa3bad7103");
    }
}
