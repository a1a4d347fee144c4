//! A bot of WeCom (智能机器人) by callback: opens what it is told and seals what it answers.

use serde_json::{Value, json};

use crate::channel::Refused;
use crate::channel::tencent::envelope::{BadKey, Envelope, Key};
use crate::channel::wecom::bot_message::{self, BotCall};
use crate::channel::wecom::{Signed, handshake};
use crate::privacy::secret::Secret;

/// Longest call that is read, in bytes.
const MAX_LEN: usize = 1 << 20;

/// The settings of a bot by callback.
#[derive(Clone, Debug)]
pub struct Options {
    /// The Token of the callback.
    pub token: Secret,
    /// The EncodingAESKey of the callback.
    pub encoding_aes_key: Secret,
    /// What people call it in groups, without the `@`.
    pub name: Option<String>,
}

/// A bot. Pure.
#[derive(Clone, Debug)]
pub struct Bot {
    envelope: Envelope,
    name: Option<String>,
}

impl Bot {
    /// A bot with these settings.
    ///
    /// # Errors
    /// The EncodingAESKey is not one.
    pub fn new(options: &Options) -> Result<Self, BadKey> {
        // The platform leaves the receiver empty for bots.
        let envelope = Envelope::new(options.token.clone(), &options.encoding_aes_key, String::new())?;
        Ok(Self { envelope, name: options.name.clone() })
    }

    /// Answers the platform's check of the address: gives the body, which goes out bare as text/plain within a second.
    ///
    /// # Errors
    /// A parameter is missing, or the signature does not fit.
    pub fn handshake(&self, query: &str) -> Result<String, Refused> {
        handshake(&self.envelope, query)
    }

    /// Verifies and decodes a call, which is answered with 200 and [`Self::seal`]ed JSON or an empty body.
    ///
    /// # Errors
    /// It is not from the platform, or no message.
    pub fn receive(&self, query: &str, body: &[u8], now_ms: i64) -> Result<BotCall, Refused> {
        let query = Signed::read(query)?;
        if body.len() > MAX_LEN {
            return Err(Refused::Unreadable);
        }
        let outer: Value = serde_json::from_slice(body).map_err(|_| Refused::Unreadable)?;
        let inner = query.open(&self.envelope, outer["encrypt"].as_str().ok_or(Refused::Incomplete)?)?;
        let message: Value = serde_json::from_str(&inner).map_err(|_| Refused::Unreadable)?;
        bot_message::read(&message, self.name.as_deref(), now_ms)
    }

    /// The body of an answer. `nonce` is that of the call; `random` must be new each time.
    pub fn seal(&self, answer: &Value, now_s: i64, nonce: &str, random: [u8; 16]) -> String {
        let sealed = self.envelope.seal(&answer.to_string(), &now_s.to_string(), nonce, random);
        let (encrypt, signature) = (sealed.encrypt, sealed.signature);
        json!({ "encrypt": encrypt, "msgsignature": signature, "timestamp": now_s, "nonce": nonce })
            .to_string()
    }

    /// The key with which the platform encrypts files for this bot.
    pub fn key(&self) -> &Key {
        self.envelope.key()
    }
}

/// Decrypts a file of a bot: AES-256-CBC with the IV in the key and padding to 32 bytes.
///
/// # Errors
/// Length or padding are wrong.
pub fn decrypt_file(key: &Key, bytes: Vec<u8>) -> Result<Vec<u8>, Refused> {
    key.decrypt(bytes)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn bot() -> Bot {
        let secret = |text: &str| Secret::from(text.to_owned());
        let encoding_aes_key = secret("6qkdMrq68nTKduznJYO1A37W2oEgpkMUvkttRToqhUt");
        Bot::new(&Options { token: secret("hJqcu3uJ9Tn2gXPmxx2w9kkCkCE2EPYo"), encoding_aes_key, name: None })
            .unwrap()
    }

    #[test]
    fn an_answer_is_sealed_as_the_official_library_does() {
        let plain = r#"{"msgtype":"stream","stream":{"id":"S","finish":true,"content":"年假"}}"#;
        let answer: Value = serde_json::from_str(plain).unwrap();
        let sealed: Value =
            serde_json::from_str(&bot().seal(&answer, 1_760_002_060, "n", *b"0123456789abcdef")).unwrap();
        assert_eq!(sealed["timestamp"], json!(1_760_002_060));
        let (signature, encrypt) =
            (sealed["msgsignature"].as_str().unwrap(), sealed["encrypt"].as_str().unwrap());
        assert!(sealed["nonce"] == "n" && encrypt.starts_with("scEag1243Fmy/fYz4Ux8D"), "{sealed}");
        assert_eq!(bot().envelope.open(signature, "1760002060", "n", encrypt).as_deref(), Ok(plain));
    }

    #[test]
    fn a_call_is_opened() {
        let message = json!({ "msgid": "m", "msgtype": "stream", "stream": { "id": "S" } }).to_string();
        let sealed = bot().envelope.seal(&message, "5", "n", [1; 16]);
        let query = format!("msg_signature={}&timestamp=5&nonce=n", sealed.signature);
        let body = json!({ "encrypt": sealed.encrypt }).to_string();
        let refresh = BotCall::Refresh { stream_id: "S".to_owned(), key: "m:m".to_owned() };
        assert_eq!(bot().receive(&query, body.as_bytes(), 0), Ok(refresh));
        assert_eq!(bot().receive(&query, b"{}", 0), Err(Refused::Incomplete));
        assert_eq!(bot().receive(&query, b"[", 0), Err(Refused::Unreadable));
        assert_eq!(
            bot().receive(&query.replace("&nonce=n", "&nonce=m"), body.as_bytes(), 0),
            Err(Refused::BadSignature)
        );
        assert_eq!(bot().receive("", body.as_bytes(), 0), Err(Refused::Incomplete));
        let deep = "[".repeat(500_000);
        assert_eq!(bot().receive(&query, deep.as_bytes(), 0), Err(Refused::Unreadable));
    }

    #[test]
    fn a_file_is_decrypted() {
        let cipher = "ANWdb+Ce6Sm5DrOSqInKSIx66eQddAvmzRsOg5RF8/2pwpLQchL+3HXroFHnL5znn599haUnxZyIc31iZMCY4rOHD4qq+JGBS/aKKZ\
                      61+iQSDe2jekhw6oniu6k3VtI8";
        let cipher = STANDARD.decode(cipher).unwrap();
        let plain = decrypt_file(bot().key(), cipher.clone()).unwrap();
        assert!(plain.starts_with(b"\x89PNG\r\n\x1a\n") && plain.len() == 68, "{}", plain.len());
        assert_eq!(decrypt_file(bot().key(), cipher[1..].to_vec()), Err(Refused::Undecryptable));
    }
}
