//! Which encoding bytes are in: UTF-8, UTF-16 by its mark, GB18030 (which holds GBK and GB2312) by its look.

use std::io::{self, BufRead, Read};

use encoding_rs::{CoderResult, Decoder, GB18030, UTF_16BE, UTF_16LE};

/// Mark at the start of a UTF-8 file.
pub const UTF8_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What is known about the encoding of a text whose lines end in a line feed byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// ASCII so far: both would do.
    Open,
    /// UTF-8.
    Utf8,
    /// GB18030.
    Gb18030,
}

impl Encoding {
    /// What the bytes are in, judged together with what came before; an error says why they are no text.
    pub fn judge(self, bytes: &[u8]) -> Result<Self, &'static str> {
        if bytes.contains(&0) {
            return Err("holds zero bytes: no text, or UTF-16 without its mark; save it as UTF-8");
        }
        let utf8 = std::str::from_utf8(bytes).is_ok();
        match self {
            Self::Utf8 if utf8 => Ok(self),
            Self::Utf8 => Err("is not valid UTF-8, as the lines before it are"),
            Self::Open if utf8 && bytes.is_ascii() => Ok(Self::Open),
            Self::Open if utf8 => Ok(Self::Utf8),
            _ if looks_like_gb18030(bytes) => Ok(Self::Gb18030),
            Self::Open => Err("is neither UTF-8 nor GB18030 (GBK); save the file as UTF-8"),
            Self::Gb18030 => Err("is not valid GB18030 (GBK), as the lines before it are"),
        }
    }

    /// The text of bytes that [`Self::judge`] has passed, appended to `out`.
    pub fn decode(self, bytes: &[u8], out: &mut String) {
        match (self, std::str::from_utf8(bytes)) {
            (Self::Open | Self::Utf8, Ok(text)) => out.push_str(text),
            _ => out.push_str(&GB18030.decode_without_bom_handling(bytes).0),
        }
    }
}

/// Valid, and written mostly in the part of the code that GB2312 had already. Other encodings of East Asian or western
/// text are often valid GB18030 too, but their second bytes fall below 0xA1.
fn looks_like_gb18030(bytes: &[u8]) -> bool {
    if GB18030.decode_without_bom_handling_and_without_replacement(bytes).is_none() {
        return false;
    }
    let (mut pairs, mut old_pairs, mut at) = (0usize, 0usize, 0usize);
    while at < bytes.len() {
        let second = bytes.get(at + 1).copied().unwrap_or(0);
        at += match bytes[at] {
            ..0x80 => 1,
            _ if second.is_ascii_digit() => 4,
            first => {
                pairs += 1;
                old_pairs += usize::from(first >= 0xA1 && second >= 0xA1);
                2
            }
        };
    }
    old_pairs * 4 >= pairs * 3
}

/// The encoding of a UTF-16 text, told by its mark.
pub fn utf16_by_mark(start: &[u8]) -> Option<Decoder> {
    match start {
        [0xFF, 0xFE, ..] => Some(UTF_16LE.new_decoder_without_bom_handling()),
        [0xFE, 0xFF, ..] => Some(UTF_16BE.new_decoder_without_bom_handling()),
        _ => None,
    }
}

/// UTF-16 read as UTF-8; a broken unit becomes U+FFFD.
pub struct FromUtf16 {
    inner: Box<dyn BufRead>,
    decoder: Decoder,
    ended: bool,
}

impl FromUtf16 {
    /// Decodes what follows the mark.
    pub fn new(inner: Box<dyn BufRead>, decoder: Decoder) -> Self {
        Self { inner, decoder, ended: false }
    }
}

impl Read for FromUtf16 {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        // Four bytes hold any character; the buffered reader around this one always offers more.
        while !self.ended && out.len() >= 4 {
            let bytes = self.inner.fill_buf()?;
            let last = bytes.is_empty();
            let (result, taken, written, _) = self.decoder.decode_to_utf8(bytes, out, last);
            self.inner.consume(taken);
            self.ended = last && result == CoderResult::InputEmpty;
            if written > 0 {
                return Ok(written);
            }
        }
        Ok(0)
    }
}

/// A whole document as text, whatever of these encodings it is in.
pub fn decode_document(bytes: &[u8]) -> Result<String, &'static str> {
    if let Some(mut decoder) = utf16_by_mark(bytes) {
        let mut text = String::with_capacity(bytes.len() * 2);
        let room = decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len() * 3);
        text.reserve(room);
        let (_, _, broken) = decoder.decode_to_string(&bytes[2..], &mut text, true);
        return if broken { Err("is not valid UTF-16") } else { Ok(text) };
    }
    let bytes = bytes.strip_prefix(UTF8_MARK).unwrap_or(bytes);
    let encoding = Encoding::Open.judge(bytes)?;
    let mut text = String::with_capacity(bytes.len());
    encoding.decode(bytes, &mut text);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_in_the_known_encodings_are_read() {
        let text = "云服务器连不上了怎么办？\n检查安全组。\n";
        let utf16 = |unit: fn(u16) -> [u8; 2], mark: [u8; 2]| -> Vec<u8> {
            mark.into_iter().chain(text.encode_utf16().flat_map(unit)).collect()
        };
        assert_eq!(decode_document(text.as_bytes()).unwrap(), text);
        assert_eq!(decode_document(&[UTF8_MARK, text.as_bytes()].concat()).unwrap(), text);
        assert_eq!(decode_document(&utf16(u16::to_le_bytes, [0xFF, 0xFE])).unwrap(), text);
        assert_eq!(decode_document(&utf16(u16::to_be_bytes, [0xFE, 0xFF])).unwrap(), text);
        assert_eq!(decode_document(&GB18030.encode(text).0).unwrap(), text);
    }

    #[test]
    fn other_encodings_are_refused() {
        let big5 = encoding_rs::BIG5.encode("雲端伺服器無法連線的處理方式與檢查步驟").0.into_owned();
        let sjis = encoding_rs::SHIFT_JIS.encode("サーバーに接続できない").0.into_owned();
        for bytes in [big5, sjis, b"caf\xe9 d\xe9j\xe0".to_vec(), b"\x00\x01".to_vec()] {
            assert!(decode_document(&bytes).is_err());
        }
    }
}
