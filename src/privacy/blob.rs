//! Files of people, sealed on the disk: read and written in pieces, so that a large one never lies in memory as a whole.
//!
//! A sealed file is: `YZ1\n`, length of the sealed key (2 bytes, big endian), the key of this file sealed by the vault, and
//! pieces of 64 KiB, each AES-256-GCM with a nonce that counts them and marks the last one: the STREAM construction of
//! Hoang, Reyhanitabar, Rogaway and Vizár, "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance" (2015). So
//! pieces cannot be changed, moved, or cut off at the end.

use std::io::{self, Read, Write};

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead, Key, KeyInit, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::token::random;
use super::vault::Vault;

const MAGIC: &[u8; 4] = b"YZ1\n";
const PIECE: usize = 64 * 1024;
const TAG: usize = 16;

/// Seals all of `from` into `to`. `place` says where it belongs; it opens there only.
///
/// # Errors
/// Reading or writing failed, or there are no random numbers.
pub fn seal(vault: &Vault, place: &str, from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let key = random::<32>().map_err(io::Error::other)?;
    let sealed = vault.seal(&STANDARD.encode(key), place.as_bytes()).map_err(io::Error::other)?;
    let length = u16::try_from(sealed.len()).map_err(io::Error::other)?;
    to.write_all(MAGIC)?;
    to.write_all(&length.to_be_bytes())?;
    to.write_all(&sealed)?;
    let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::from(key));
    let (mut piece, mut next) = (full(from)?, Vec::new());
    for number in 0.. {
        let is_last = piece.len() < PIECE || {
            next = full(from)?;
            next.is_empty()
        };
        let sealed = cipher.encrypt(&nonce(number, is_last), piece.as_slice());
        to.write_all(&sealed.map_err(|_| io::Error::other("a piece cannot be sealed"))?)?;
        if is_last {
            break;
        }
        piece = std::mem::take(&mut next);
    }
    to.flush()
}

/// Opens a sealed file piece by piece. A file from before files were sealed comes as it is.
pub struct Opened<R> {
    from: R,
    state: State,
}

enum State {
    /// Not sealed: these bytes were read to find that out.
    Plain(Vec<u8>),
    Sealed {
        cipher: Box<Aes256Gcm>,
        number: u64,
        next: Vec<u8>,
    },
    Over,
}

impl<R: Read> Opened<R> {
    /// Reads the head.
    ///
    /// # Errors
    /// Reading failed, the key of the vault is gone, or the head was changed.
    pub fn new(vault: &Vault, place: &str, mut from: R) -> io::Result<Self> {
        let head = take(&mut from, MAGIC.len())?;
        if head != MAGIC {
            return Ok(Self { from, state: State::Plain(head) });
        }
        let forged = || io::Error::new(io::ErrorKind::InvalidData, "the file was changed or cut off");
        let length: [u8; 2] = take(&mut from, 2)?.try_into().map_err(|_| forged())?;
        let sealed = take(&mut from, u16::from_be_bytes(length).into())?;
        let key = vault.open(&sealed, place.as_bytes()).map_err(io::Error::other)?;
        let key = STANDARD.decode(key).ok().and_then(|key| <[u8; 32]>::try_from(key).ok());
        let cipher = Box::new(Aes256Gcm::new(&Key::<Aes256Gcm>::from(key.ok_or_else(forged)?)));
        let next = take(&mut from, PIECE + TAG)?;
        Ok(Self { from, state: State::Sealed { cipher, number: 0, next } })
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// Reading failed, or the file was changed or cut off.
    pub fn piece(&mut self) -> io::Result<Option<Vec<u8>>> {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Over => Ok(None),
            State::Plain(head) => {
                let bytes = if head.is_empty() { full(&mut self.from)? } else { head };
                if bytes.is_empty() {
                    return Ok(None);
                }
                self.state = State::Plain(Vec::new());
                Ok(Some(bytes))
            }
            State::Sealed { cipher, number, next } => {
                let after = match next.len() == PIECE + TAG {
                    true => take(&mut self.from, PIECE + TAG)?,
                    false => Vec::new(),
                };
                let is_last = after.is_empty();
                let plain = cipher.decrypt(&nonce(number, is_last), next.as_slice());
                let forged =
                    |_| io::Error::new(io::ErrorKind::InvalidData, "the file was changed or cut off");
                let plain = plain.map_err(forged)?;
                if !is_last {
                    self.state = State::Sealed { cipher, number: number + 1, next: after };
                }
                Ok(Some(plain))
            }
        }
    }
}

/// The number of the piece, and whether it is the last.
fn nonce(number: u64, is_last: bool) -> Nonce<Aes256Gcm> {
    let mut nonce = [0; 12];
    nonce[0] = u8::from(is_last);
    nonce[4..].copy_from_slice(&number.to_be_bytes());
    Nonce::<Aes256Gcm>::from(nonce)
}

fn full(from: &mut impl Read) -> io::Result<Vec<u8>> {
    take(from, PIECE)
}

/// So many bytes, or fewer at the end.
fn take(from: &mut impl Read, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(most);
    from.take(most as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        seal(&Vault::from_key([7; 32]), "a1", &mut &*bytes, &mut out).unwrap();
        out
    }

    fn opened(bytes: &[u8], place: &str) -> io::Result<Vec<u8>> {
        let mut file = Opened::new(&Vault::from_key([7; 32]), place, bytes)?;
        let mut all = Vec::new();
        while let Some(piece) = file.piece()? {
            all.extend(piece);
        }
        Ok(all)
    }

    #[test]
    fn a_file_of_any_length_comes_back() {
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 7] {
            let bytes: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let kept = sealed(&bytes);
            assert!(length < 8 || !kept.windows(8).any(|part| part == &bytes[..8]), "{length}");
            assert_eq!(opened(&kept, "a1").unwrap(), bytes, "{length}");
        }
    }

    #[test]
    fn what_was_changed_cut_off_or_moved_does_not_open() {
        let kept = sealed(&vec![5; 2 * PIECE + 9]);
        assert!(opened(&kept, "a2").is_err(), "another place");
        let head = kept.len() - (2 * (PIECE + TAG) + 9 + TAG);
        for end in [head + PIECE + TAG, head + 2 * (PIECE + TAG), kept.len() - 1] {
            assert!(opened(&kept[..end], "a1").is_err(), "{end}");
        }
        let mut swapped = kept.clone();
        swapped[head..head + 2 * (PIECE + TAG)].rotate_left(PIECE + TAG);
        assert!(opened(&swapped, "a1").is_err());
        for at in [5, 30, head + 1, kept.len() - 1] {
            let mut changed = kept.clone();
            changed[at] ^= 1;
            assert!(opened(&changed, "a1").is_err(), "{at}");
        }
    }

    #[test]
    fn a_file_from_before_files_were_sealed_comes_as_it_is() {
        for plain in [&b""[..], b"YZ", b"plain text, longer than the head"] {
            assert_eq!(opened(plain, "a1").unwrap(), plain);
        }
    }
}
