//! Envelopes and files that are encrypted: by a stranger, and by somebody who knows token and key and lies inside.
//!
//! Holds: nothing panics; what we seal opens as it was; nothing opens whose signature is another's.
#![no_main]

use std::sync::LazyLock;

use aes::Aes256;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeEncrypt, KeyIvInit};
use libfuzzer_sys::fuzz_target;
use yunzhu_fuzz::channel::Refused;
use yunzhu_fuzz::channel::tencent::envelope::{Envelope, Key, signature};
use yunzhu_fuzz::channel::wecom::bot::decrypt_file;
use yunzhu_fuzz::privacy::secret::Secret;

const TOKEN: &str = "token";
const RECEIVER: &str = "id";
const KEY_BYTES: [u8; 32] = *b"0123456789abcdef0123456789abcdef";
const AT: &str = "1760000000";
const NONCE: &str = "nonce";

static ENVELOPE: LazyLock<Envelope> = LazyLock::new(|| {
    let key = Secret::from(STANDARD.encode(KEY_BYTES));
    Envelope::new(Secret::from(TOKEN.to_owned()), &key, RECEIVER.to_owned()).expect("a key")
});

fuzz_target!(|data: &[u8]| {
    let envelope = &*ENVELOPE;
    let _ = decrypt_file(envelope.key(), data.to_vec());
    inside(envelope, data);
    let text = String::from_utf8_lossy(data);
    let _ = Key::parse(&text);
    // Signed rightly over something that is no cipher.
    let signed = signature(&[TOKEN, AT, NONCE, &text]);
    let _ = envelope.open(&signed, AT, NONCE, &text);
    assert!(matches!(envelope.open(&text, AT, NONCE, &text), Err(Refused::BadSignature)));
    let sealed = envelope.seal(&text, AT, NONCE, first(data));
    assert_eq!(envelope.open(&sealed.signature, AT, NONCE, &sealed.encrypt).as_deref(), Ok(&*text));
    let other = envelope.open(&sealed.signature, AT, "other", &sealed.encrypt);
    assert_eq!(other, Err(Refused::BadSignature));
});

/// The data as what is inside: any padding, any length.
fn inside(envelope: &Envelope, data: &[u8]) {
    let mut cipher = data.to_vec();
    cipher.truncate(data.len() / 16 * 16);
    let length = cipher.len();
    let encryptor =
        cbc::Encryptor::<Aes256>::new_from_slices(&KEY_BYTES, &KEY_BYTES[..16]).expect("sizes are right");
    encryptor.encrypt_padded::<NoPadding>(&mut cipher, length).expect("whole blocks");
    if let Ok(plain) = decrypt_file(envelope.key(), cipher.clone()) {
        assert!(data.starts_with(&plain) && plain.len() < length);
    }
    let encrypt = STANDARD.encode(cipher);
    let signed = signature(&[TOKEN, AT, NONCE, &encrypt]);
    if let Ok(message) = envelope.open(&signed, AT, NONCE, &encrypt) {
        assert!(data[20..].starts_with(message.as_bytes()));
    }
}

fn first(data: &[u8]) -> [u8; 16] {
    std::array::from_fn(|at| data.get(at).copied().unwrap_or_default())
}
