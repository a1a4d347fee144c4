//! The envelope in which WeChat, WeCom and DingTalk events come: signed with SHA-1, encrypted with AES-256-CBC.
//!
//! After Tencent's WXBizMsgCrypt: the key is base64 of 43 characters, the IV its first 16 bytes; inside are 16 random bytes,
//! the length as big-endian u32, the message and the id of the receiver, padded to 32 bytes (PKCS#7 with a larger block).

use std::fmt;

use aes::Aes256;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, Engine as _, GeneralPurpose, GeneralPurposeConfig};
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;

use crate::channel::Refused;
use crate::channel::tencent::hex;
use crate::privacy::secret::Secret;

/// Padding fills blocks of so many bytes, twice the block of AES: unpadding by 16 refuses half of what is valid.
const PAD: usize = 32;
/// Random bytes before the length.
const RANDOM: usize = 16;

/// 43 characters hold 2 bits more than 32 bytes, and Tencent's own sample key has them set: a strict reader refuses it.
const KEY_BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Opens and seals the messages of one account.
#[derive(Clone, Debug)]
pub struct Envelope {
    token: Secret,
    key: Key,
    receiver: String,
}

/// A sealed message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Base64.
    pub encrypt: String,
    /// Of token, timestamp, nonce and `encrypt`.
    pub signature: String,
}

/// An AES-256 key; never shown.
#[derive(Clone)]
pub struct Key([u8; 32]);

/// The EncodingAESKey is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the EncodingAESKey is not 43 characters of base64: copy it again from the platform's console")]
pub struct BadKey;

impl Envelope {
    /// An envelope with the token and EncodingAESKey of the platform's console. `receiver`: the app id of a WeChat account,
    /// the corp id of WeCom, the app key of DingTalk, empty for a WeCom bot.
    ///
    /// # Errors
    /// The key is not one.
    pub fn new(token: Secret, encoding_aes_key: &Secret, receiver: String) -> Result<Self, BadKey> {
        Ok(Self { token, key: Key::parse(encoding_aes_key.expose())?, receiver })
    }

    /// Verifies and decrypts; gives the message.
    ///
    /// # Errors
    /// The signature, padding, length or receiver do not fit, or the message is not UTF-8.
    pub fn open(
        &self,
        signature: &str,
        timestamp: &str,
        nonce: &str,
        encrypt: &str,
    ) -> Result<String, Refused> {
        verify(signature, &[self.token.expose(), timestamp, nonce, encrypt])?;
        let cipher = BASE64.decode(encrypt.trim()).map_err(|_| Refused::Undecryptable)?;
        let plain = self.key.decrypt(cipher)?;
        let rest = plain.get(RANDOM..).ok_or(Refused::Undecryptable)?;
        let (length, rest) = rest.split_first_chunk::<4>().ok_or(Refused::Undecryptable)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| Refused::Undecryptable)?;
        let (message, receiver) = rest.split_at_checked(length).ok_or(Refused::Undecryptable)?;
        if !bool::from(receiver.ct_eq(self.receiver.as_bytes())) {
            return Err(Refused::WrongReceiver);
        }
        String::from_utf8(message.to_vec()).map_err(|_| Refused::Unreadable)
    }

    /// Encrypts and signs a message; `random` must be new each time.
    pub fn seal(&self, message: &str, timestamp: &str, nonce: &str, random: [u8; RANDOM]) -> Sealed {
        // No reply comes near 4 GiB.
        let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
        let mut plain = random.to_vec();
        plain.extend(length.to_be_bytes());
        plain.extend(message.as_bytes());
        plain.extend(self.receiver.as_bytes());
        let encrypt = BASE64.encode(self.key.encrypt(plain));
        let signature = signature(&[self.token.expose(), timestamp, nonce, &encrypt]);
        Sealed { encrypt, signature }
    }

    /// The key, with which a WeCom bot's files are encrypted too.
    pub fn key(&self) -> &Key {
        &self.key
    }
}

impl Key {
    /// A key as the platforms spell it: base64 of 32 bytes, 43 characters or 44 with padding.
    ///
    /// # Errors
    /// It is not one.
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        let bytes = KEY_BASE64.decode(text.trim()).map_err(|_| BadKey)?;
        bytes.try_into().map(Self).map_err(|_| BadKey)
    }

    /// Decrypts in place and takes the padding off.
    ///
    /// # Errors
    /// Length or padding are wrong.
    pub fn decrypt(&self, mut bytes: Vec<u8>) -> Result<Vec<u8>, Refused> {
        let cipher = cbc::Decryptor::<Aes256>::new_from_slices(&self.0, self.iv());
        let cipher = cipher.map_err(|_| Refused::Undecryptable)?;
        cipher.decrypt_padded::<NoPadding>(&mut bytes).map_err(|_| Refused::Undecryptable)?;
        let pad = usize::from(*bytes.last().ok_or(Refused::Undecryptable)?);
        let end = bytes
            .len()
            .checked_sub(pad)
            .filter(|_| (1..=PAD).contains(&pad))
            .ok_or(Refused::Undecryptable)?;
        if bytes.iter().skip(end).any(|byte| usize::from(*byte) != pad) {
            return Err(Refused::Undecryptable);
        }
        bytes.truncate(end);
        Ok(bytes)
    }

    /// Pads and encrypts.
    fn encrypt(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        let pad = PAD - bytes.len() % PAD;
        bytes.extend(std::iter::repeat_n(u8::try_from(pad).unwrap_or_default(), pad));
        let length = bytes.len();
        if let Ok(cipher) = cbc::Encryptor::<Aes256>::new_from_slices(&self.0, self.iv()) {
            let done = cipher.encrypt_padded::<NoPadding>(&mut bytes, length).is_ok();
            debug_assert!(done, "whole blocks need no room");
        }
        bytes
    }

    fn iv(&self) -> &[u8] {
        self.0.split_at(16).0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Checks a signature in constant time.
///
/// # Errors
/// It does not fit.
pub fn verify(given: &str, parts: &[&str]) -> Result<(), Refused> {
    match bool::from(signature(parts).as_bytes().ct_eq(given.as_bytes())) {
        true => Ok(()),
        false => Err(Refused::BadSignature),
    }
}

/// SHA-1 in hex over the parts, sorted by bytes and put together.
pub fn signature(parts: &[&str]) -> String {
    let mut sorted = parts.to_vec();
    sorted.sort_unstable();
    hex(&Sha1::digest(sorted.concat().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::from(text.to_owned())
    }

    /// Tencent's sample of WXBizMsgCrypt.
    fn sample() -> Envelope {
        let key = secret("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C");
        Envelope::new(secret("QDG6eK"), &key, "wx5823bf96d3bd56c7".to_owned()).unwrap()
    }

    const SAMPLE: &str =
        "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==";

    #[test]
    fn the_official_sample_opens() {
        let open = |signature: &str, nonce| sample().open(signature, "1409659589", nonce, SAMPLE);
        let good = "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3";
        assert_eq!(open(good, "263014780").unwrap(), "1616140317555161061");
        assert_eq!(open(good, "263014781"), Err(Refused::BadSignature));
        assert_eq!(open(&good[1..], "263014780"), Err(Refused::BadSignature));
        assert_eq!(open("", "263014780"), Err(Refused::BadSignature));
    }

    #[test]
    fn what_is_sealed_opens_at_every_length() {
        let envelope = sample();
        for length in 0..100 {
            let message = "a".repeat(length);
            let sealed = envelope.seal(&message, "1", "n", [7; 16]);
            assert_eq!(envelope.open(&sealed.signature, "1", "n", &sealed.encrypt), Ok(message));
        }
    }

    #[test]
    fn another_receiver_is_refused() {
        let key = secret("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C");
        for receiver in ["", "wx", "wx5823bf96d3bd56c8"] {
            let other = Envelope::new(secret("QDG6eK"), &key, receiver.to_owned()).unwrap();
            let sealed = other.seal("hi", "1", "n", [0; 16]);
            let opened = sample().open(&sealed.signature, "1", "n", &sealed.encrypt);
            assert_eq!(opened, Err(Refused::WrongReceiver));
        }
    }

    #[test]
    fn what_cannot_be_decrypted_is_refused() {
        let envelope = sample();
        let absurd = [[7; 16].as_slice(), &[255; 4], b"wx5823bf96d3bd56c7"].concat();
        let (short, none) = (envelope.key.encrypt(vec![1; 18]), envelope.key.encrypt(Vec::new()));
        let unpadded: Vec<u8> = [0u8; 32].to_vec();
        for cipher in [envelope.key.encrypt(absurd), short, none, unpadded, vec![1; 33], Vec::new()] {
            let text = BASE64.encode(cipher);
            let signature = signature(&["QDG6eK", "1", "n", &text]);
            assert_eq!(envelope.open(&signature, "1", "n", &text), Err(Refused::Undecryptable), "{text}");
        }
        let signature = signature(&["QDG6eK", "1", "n", "@@@"]);
        assert_eq!(envelope.open(&signature, "1", "n", "@@@"), Err(Refused::Undecryptable));
    }

    #[test]
    fn keys_are_checked_and_never_shown() {
        for bad in ["", "abc", &"a".repeat(42), &"a".repeat(45), &"@".repeat(43)] {
            assert!(Key::parse(bad).is_err(), "{bad}");
        }
        let shown = format!("{:?}", sample());
        assert!(!shown.contains("QDG6eK") && shown.matches("***").count() == 2, "{shown}");
    }
}
