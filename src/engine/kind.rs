//! What kind of file an upload is, by its bytes and never by what the client says: only kinds that support needs are taken.

/// So many bytes of the beginning decide.
pub const HEAD: usize = 4096;

/// Bytes at the beginning, and what they mean.
const SIGNATURES: [(&[u8], &str); 15] = [
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"\x1f\x8b", "application/gzip"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\xd4\xc3\xb2\xa1", "application/vnd.tcpdump.pcap"),
    (b"\xa1\xb2\xc3\xd4", "application/vnd.tcpdump.pcap"),
    (b"\x0a\x0d\x0d\x0a", "application/vnd.tcpdump.pcap"),
    (b"#!AMR", "audio/amr"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
];

/// The media type of a file that begins so; `None` where such files are not taken.
///
/// Markup counts as plain text, so that nothing that was uploaded is ever shown as a page.
pub fn media_type(head: &[u8], name: &str) -> Option<&'static str> {
    if let Some((_, kind)) = SIGNATURES.iter().find(|(signature, _)| head.starts_with(signature)) {
        return Some(kind);
    }
    if head.starts_with(b"PK\x03\x04") {
        return Some(packed(name));
    }
    match (head.get(..4), head.get(4..8), head.get(8..12)) {
        (Some(b"RIFF"), _, Some(b"WEBP")) => return Some("image/webp"),
        (_, Some(b"ftyp"), _) => return Some("video/mp4"),
        _ => {}
    }
    is_text(head).then_some("text/plain")
}

fn packed(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).as_deref() {
        Some("docx") => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        Some("xlsx") => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _ => "application/zip",
    }
}

/// Text in UTF-8 or an older Chinese encoding, terminal colours included; UTF-16 by its mark.
fn is_text(head: &[u8]) -> bool {
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return true;
    }
    let control = |byte: u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b);
    !head.is_empty() && !head.iter().any(|byte| control(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_support_needs_is_taken() {
        assert_eq!(media_type(b"\x89PNG\r\n\x1a\n....", "x.exe"), Some("image/png"));
        assert_eq!(media_type("2026-11-21 启动失败\n".as_bytes(), "a.log"), Some("text/plain"));
        assert_eq!(media_type(b"\xc6\xf4\xb6\xaf\xca\xa7\xb0\xdc\n", "gbk.log"), Some("text/plain"));
        assert_eq!(media_type(b"PK\x03\x04...", "logs.zip"), Some("application/zip"));
        assert!(media_type(b"PK\x03\x04...", "a.XLSX").unwrap().contains("spreadsheet"));
        assert_eq!(media_type(b"RIFF\0\0\0\0WEBPVP8 ", "a"), Some("image/webp"));
        assert_eq!(media_type(b"<html><script>alert(1)</script>", "a.html"), Some("text/plain"));
    }

    #[test]
    fn programs_and_nothing_are_not() {
        for head in [&b"MZ\x90\x00\x03\x00"[..], b"\x7fELF\x02\x01", b"", b"\x00\x01\x02"] {
            assert_eq!(media_type(head, "a.png"), None, "{head:?}");
        }
    }
}
