//! Sealing of what was masked: AES-256-GCM with keys that can be changed.
//!
//! A sealed text is: version (1 byte), id of the key (4), nonce (12), ciphertext and tag. The id is the beginning of the
//! key's SHA-256, so keys need no numbers. The first key seals; all of them open. To change keys, put a new line before
//! the others in the file; to forget what was sealed with an old one for ever, take that line out.

use std::fmt;
use std::path::{Path, PathBuf};

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead, Key, KeyInit, Nonce, Payload};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::secret::Secret;
use super::token::{NoRandomness, random};

mod file;

const VERSION: u8 = 1;
const ID_BYTES: usize = 4;
const NONCE_BYTES: usize = 12;
const HEAD_BYTES: usize = 1 + ID_BYTES + NONCE_BYTES;
const KEY_BYTES: usize = 32;

/// Why the vault cannot be opened, or something in it. No message holds a key or a text.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The system gives no random numbers.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// It cannot be sealed.
    #[error("a text is too long to be sealed")]
    TooLong,
    /// It is no sealed text, or was cut off.
    #[error("this is no sealed text: it is too short, or of version {0} where this program knows version 1")]
    Unknown(u8),
    /// None of the keys sealed it.
    #[error("it was sealed with the key {0}, which is not among the keys of the vault; put that key back in")]
    NoKey(String),
    /// It was changed, or it belongs elsewhere.
    #[error("a sealed text was changed, or put in the place of another; it cannot be opened")]
    Forged,
    /// A key is none.
    #[error(
        "{place}: line {line} is no key of the vault; a key is 32 bytes in base64, as `openssl rand -base64 32` makes it"
    )]
    BadKey {
        /// The file or the variable.
        place: String,
        /// The line, from 1.
        line: usize,
    },
    /// There is no key in it.
    #[error(
        "{place} holds no key of the vault; take it away to have one made, or put one in (`openssl rand -base64 32`)"
    )]
    Empty {
        /// The file or the variable.
        place: String,
    },
    /// Others could read the key.
    #[error("others may read the key of the vault {} (mode {mode:o}); run: chmod 600 {}", .file.display(), .file.display())]
    Exposed {
        /// The file.
        file: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file cannot be read or made.
    #[error("the key of the vault {} cannot be {doing}: {reason}; check the setting vault_key_file", .file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// `read` or `made`.
        doing: &'static str,
        /// What the system says.
        reason: String,
    },
}

/// Seals and opens texts.
#[derive(Clone)]
pub struct Vault {
    /// The first seals.
    keys: Vec<SealingKey>,
}

#[derive(Clone)]
struct SealingKey {
    id: [u8; ID_BYTES],
    cipher: Aes256Gcm,
}

impl Vault {
    /// A vault of one key.
    pub fn from_key(key: [u8; KEY_BYTES]) -> Self {
        Self { keys: vec![SealingKey::new(&key)] }
    }

    /// The vault of the keys in a text, one a line in base64, the present one first; `#` begins a remark. `place` is
    /// where the text comes from, for messages.
    ///
    /// # Errors
    /// A line is no key, or there is none.
    pub fn from_lines(text: &str, place: &str) -> Result<Self, VaultError> {
        let mut keys = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let bytes = STANDARD.decode(line).ok().and_then(|bytes| <[u8; KEY_BYTES]>::try_from(bytes).ok());
            let bad = || VaultError::BadKey { place: place.to_owned(), line: at + 1 };
            keys.push(SealingKey::new(&bytes.ok_or_else(bad)?));
        }
        if keys.is_empty() {
            return Err(VaultError::Empty { place: place.to_owned() });
        }
        Ok(Self { keys })
    }

    /// The vault of a key file, which is made with a new key, for its owner alone, where there is none.
    ///
    /// # Errors
    /// Others may read the file, it holds no keys, or it cannot be read or made.
    pub fn from_file(file: &Path) -> Result<Self, VaultError> {
        if !file.exists() {
            file::make(file, &STANDARD.encode(random::<KEY_BYTES>()?))?;
        }
        Self::from_lines(&file::read(file)?, &file.display().to_string())
    }

    /// The vault of the keys in the settings, several parted by commas, or else of the key file.
    ///
    /// # Errors
    /// As [`Self::from_lines`] and [`Self::from_file`].
    pub fn from_settings(keys: Option<&Secret>, file: &Path) -> Result<Self, VaultError> {
        match keys {
            Some(keys) => Self::from_lines(&keys.expose().replace(',', "\n"), "YUNZHU_VAULT_KEY"),
            None => Self::from_file(file),
        }
    }

    /// Seals a text. It opens with the same `associated` data only, which says where it belongs, such as conversation and
    /// line: so nobody can put it elsewhere.
    ///
    /// # Errors
    /// The system gives no random numbers, or the text is longer than 64 GB.
    pub fn seal(&self, plain: &str, associated: &[u8]) -> Result<Vec<u8>, VaultError> {
        let key = self.keys.first().ok_or_else(|| VaultError::NoKey(String::new()))?;
        let nonce = random::<NONCE_BYTES>()?;
        let payload = Payload { msg: plain.as_bytes(), aad: associated };
        let sealed =
            key.cipher.encrypt(&Nonce::<Aes256Gcm>::from(nonce), payload).map_err(|_| VaultError::TooLong)?;
        let mut out = Vec::with_capacity(HEAD_BYTES + sealed.len());
        out.push(VERSION);
        out.extend(key.id);
        out.extend(nonce);
        out.extend(sealed);
        Ok(out)
    }

    /// Opens a sealed text.
    ///
    /// # Errors
    /// It is none, its key is missing, or it or its associated data was changed.
    pub fn open(&self, sealed: &[u8], associated: &[u8]) -> Result<String, VaultError> {
        let version = sealed.first().copied().unwrap_or_default();
        let (head, text) = sealed.split_at_checked(HEAD_BYTES).ok_or(VaultError::Unknown(version))?;
        if version != VERSION {
            return Err(VaultError::Unknown(version));
        }
        let (id, nonce) = head[1..].split_at(ID_BYTES);
        let key = self.keys.iter().find(|key| key.id == id).ok_or_else(|| VaultError::NoKey(hex(id)))?;
        let nonce = <[u8; NONCE_BYTES]>::try_from(nonce).map_err(|_| VaultError::Forged)?;
        let payload = Payload { msg: text, aad: associated };
        let plain =
            key.cipher.decrypt(&Nonce::<Aes256Gcm>::from(nonce), payload).map_err(|_| VaultError::Forged)?;
        String::from_utf8(plain).map_err(|_| VaultError::Forged)
    }
}

impl SealingKey {
    fn new(bytes: &[u8; KEY_BYTES]) -> Self {
        let hash = Sha256::digest(bytes);
        let mut id = [0; ID_BYTES];
        id.copy_from_slice(&hash[..ID_BYTES]);
        Self { id, cipher: Aes256Gcm::new(&Key::<Aes256Gcm>::from(*bytes)) }
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(***)")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn vault(lines: &[[u8; 32]]) -> Vault {
        let text: Vec<String> = lines.iter().map(|key| STANDARD.encode(key)).collect();
        Vault::from_lines(&text.join("\n"), "test").unwrap()
    }

    #[test]
    fn a_text_opens_with_its_key_and_in_its_place_only() {
        let vault = Vault::from_key([7; 32]);
        let sealed = vault.seal("密码是 Abc@1234", b"c1/3").unwrap();
        assert_eq!(vault.open(&sealed, b"c1/3").unwrap(), "密码是 Abc@1234");
        assert!(matches!(vault.open(&sealed, b"c1/4"), Err(VaultError::Forged)));
        assert!(matches!(Vault::from_key([8; 32]).open(&sealed, b"c1/3"), Err(VaultError::NoKey(_))));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(vault.open(&changed, b"c1/3").is_err(), "{at}");
        }
        assert_ne!(sealed, vault.seal("密码是 Abc@1234", b"c1/3").unwrap(), "each has its own nonce");
    }

    #[test]
    fn keys_can_be_changed() {
        let (old, new) = (vault(&[[1; 32]]), vault(&[[2; 32], [1; 32]]));
        let (before, after) = (old.seal("a", b"").unwrap(), new.seal("b", b"").unwrap());
        assert_eq!(new.open(&before, b"").unwrap(), "a");
        assert_eq!(new.open(&after, b"").unwrap(), "b");
        assert!(matches!(old.open(&after, b""), Err(VaultError::NoKey(_))));
    }

    #[test]
    fn keys_of_the_settings_come_before_the_file() {
        let keys = format!("{}, {}", STANDARD.encode([2; 32]), STANDARD.encode([1; 32]));
        let vault = Vault::from_settings(Some(&keys.into()), Path::new("/nowhere/vault.key")).unwrap();
        let sealed = Vault::from_key([1; 32]).seal("x", b"").unwrap();
        assert_eq!(vault.open(&sealed, b"").unwrap(), "x");
        let error =
            Vault::from_settings(Some(&"short".to_owned().into()), Path::new("")).unwrap_err().to_string();
        assert!(error.contains("YUNZHU_VAULT_KEY") && !error.contains("short"), "{error}");
    }

    #[test]
    fn a_bad_key_is_told_by_its_line_and_not_shown() {
        let text = format!("# present\n{}\nc2VjcmV0\n", STANDARD.encode([1; 32]));
        let error = Vault::from_lines(&text, "k").unwrap_err().to_string();
        assert!(error.contains("k: line 3") && !error.contains("c2VjcmV0"), "{error}");
        assert!(matches!(Vault::from_lines("\n# none\n", "k"), Err(VaultError::Empty { .. })));
        assert_eq!(format!("{:?}", Vault::from_key([9; 32])), "Vault(***)");
    }

    #[test]
    fn the_file_is_made_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new").join("vault.key");
        let sealed = Vault::from_file(&file).unwrap().seal("x", b"").unwrap();
        assert_eq!(Vault::from_file(&file).unwrap().open(&sealed, b"").unwrap(), "x");
        assert_eq!(
            std::fs::read_dir(file.parent().unwrap()).unwrap().count(),
            1,
            "nothing is left beside it"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("vault.key");
        Vault::from_file(&file).unwrap();
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = Vault::from_file(&file).unwrap_err().to_string();
        assert!(error.contains("chmod 600") && error.contains("640"), "{error}");
    }

    #[test]
    fn many_that_begin_at_once_have_the_same_key() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("vault.key");
        let vaults: Vec<Vault> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| Vault::from_file(&file).unwrap())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let sealed = vaults[0].seal("x", b"").unwrap();
        assert!(vaults.iter().all(|vault| vault.open(&sealed, b"").is_ok()));
    }

    proptest! {
        #[test]
        fn whatever_is_sealed_opens_and_nothing_else_does(text in "\\PC*", place in any::<Vec<u8>>(), noise in any::<Vec<u8>>()) {
            let vault = Vault::from_key([3; 32]);
            let sealed = vault.seal(&text, &place).unwrap();
            prop_assert_eq!(vault.open(&sealed, &place).unwrap(), text);
            prop_assert!(vault.open(&noise, &place).is_err());
        }
    }
}
