//! Uploads: streamed to a file of their own, limited, looked at, and handed to the service.

use std::path::{Path, PathBuf};

use axum::Json;
use axum::body::Body;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Path as PathOf, Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio::fs::{self, OpenOptions};
use tokio::io::{AsyncWriteExt, BufWriter};
use tokio::time::timeout;
use utoipa::ToSchema;

use crate::engine::kind::{HEAD, media_type};
use crate::id::TicketId;
use crate::privacy::blob::Opened;
use crate::store::service::AttachmentRow;

use super::access::{Staff, Talker};
use super::openapi::Problems;
use super::problem::{Kind, Problem};
use super::site::Site;

/// Written to the disk at once.
const BUFFER: usize = 128 * 1024;
/// Letters of a file name that are kept.
const NAME_MAX: usize = 120;

/// A file that was taken.
#[derive(Serialize, ToSchema)]
pub(super) struct Taken {
    /// What `{"attachment": …}` of a message names.
    attachment: String,
    /// What it is called.
    name: String,
    /// What it is, by its bytes.
    media_type: &'static str,
    /// Bytes.
    size: u64,
}

/// A form with one file.
#[derive(ToSchema)]
pub(super) struct Upload {
    /// The file, at most 50 MB.
    #[schema(value_type = String, format = Binary)]
    #[expect(dead_code, reason = "it is read as a stream; this is its description")]
    file: Vec<u8>,
}

/// Uploads a file; a message with its id sends it.
#[utoipa::path(post, path = "/conversations/{id}/attachments", tag = "conversations",
    params(("id" = String, Path, description = "Conversation")), security(("conversation" = [])),
    request_body(content = Upload, content_type = "multipart/form-data"),
    responses((status = 201, description = "It is kept", body = Taken), Problems))]
pub(super) async fn upload(
    State(site): State<Site>,
    talker: Talker,
    request: Request,
) -> Result<(StatusCode, Json<Taken>), Problem> {
    let not_a_form = |_| Problem::new(Kind::UnsupportedMedia, "send the file as multipart/form-data");
    let mut form = Multipart::from_request(request, &site).await.map_err(not_a_form)?;
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        let Some(name) = field.file_name().map(file_name) else { continue };
        let received = receive(&site, field, &name).await?;
        let Received { file, media_type, size } = received;
        let (service, path) = (talker.service, file.path().to_owned());
        let id = service.attach(&talker.id, name.clone(), media_type.to_owned(), path).await?;
        return Ok((StatusCode::CREATED, Json(Taken { attachment: id.to_string(), name, media_type, size })));
    }
    Err(Problem::unusable("file", "the form has no file"))
}

/// A file of a conversation, for its person.
#[utoipa::path(get, path = "/conversations/{id}/attachments/{attachment}", tag = "conversations",
    params(("id" = String, Path, description = "Conversation"), ("attachment" = String, Path, description = "File")),
    security(("conversation" = [])),
    responses((status = 200, description = "The file", content_type = "application/octet-stream"), Problems))]
pub(super) async fn download(talker: Talker, path: PathOf<(String, String)>) -> Result<Response, Problem> {
    let PathOf((_, attachment)) = path;
    let (row, file) = talker.service.attachment(&talker.id, &attachment).await?;
    Ok(give(row, file))
}

/// A file of the conversation that a ticket came from, for people of the service.
#[utoipa::path(get, path = "/tickets/{id}/attachments/{attachment}", tag = "desk",
    params(("id" = String, Path, description = "Ticket"), ("attachment" = String, Path, description = "File")),
    security(("session" = []), ("cookie" = [])),
    responses((status = 200, description = "The file", content_type = "application/octet-stream"), Problems))]
pub(super) async fn of_ticket(staff: Staff, path: PathOf<(String, String)>) -> Result<Response, Problem> {
    let PathOf((ticket, attachment)) = path;
    let nowhere = || Problem::not_found("there is no ticket by this id");
    let ticket = TicketId::parse(&ticket).ok_or_else(nowhere)?;
    let (row, file) = staff.service.attachment_of_ticket(&staff.account, &ticket, &attachment).await?;
    Ok(give(row, file))
}

/// Pictures are shown, everything else is kept: nothing that a person has sent runs in a browser.
fn give(row: AttachmentRow, mut file: Opened<std::fs::File>) -> Response {
    let (pieces, waiting) = tokio::sync::mpsc::channel::<std::io::Result<Vec<u8>>>(2);
    tokio::task::spawn_blocking(move || {
        while let Some(piece) = file.piece().transpose() {
            let is_last = piece.is_err();
            // Where the client has gone nobody takes it.
            if pieces.blocking_send(piece).is_err() || is_last {
                return;
            }
        }
    });
    let stream =
        futures_util::stream::unfold(waiting, async |mut waiting| Some((waiting.recv().await?, waiting)));
    let is_picture = row.media_type.starts_with("image/");
    let how = if is_picture { "inline" } else { "attachment" };
    let name: String = row
        .name
        .bytes()
        .map(|byte| match byte {
            byte if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect();
    let headers = [
        (CONTENT_TYPE, row.media_type),
        (CONTENT_LENGTH, row.size.to_string()),
        (CONTENT_DISPOSITION, format!("{how}; filename*=UTF-8''{name}")),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".to_owned()),
    ];
    (headers, Body::from_stream(stream)).into_response()
}

struct Received {
    file: Passing,
    media_type: &'static str,
    size: u64,
}

async fn receive(site: &Site, mut field: Field<'_>, name: &str) -> Result<Received, Problem> {
    let file = Passing::new(&site.options.uploads).await?;
    let open = OpenOptions::new().write(true).create_new(true).open(file.path()).await;
    let mut writer = BufWriter::with_capacity(BUFFER, open.map_err(disk)?);
    let (mut size, mut head) = (0u64, Vec::with_capacity(HEAD));
    let mut kind = None;
    loop {
        let stalled = |_| Problem::new(Kind::Timeout, "the upload has stalled");
        let next = timeout(site.options.patience.write, field.chunk()).await.map_err(stalled)?;
        let Some(chunk) = next.map_err(unreadable)? else { break };
        size += chunk.len() as u64;
        if size > site.options.limits.attachment {
            return Err(too_large());
        }
        head.extend_from_slice(&chunk[..chunk.len().min(HEAD - head.len())]);
        if kind.is_none() && head.len() == HEAD {
            kind = Some(known(&head, name)?);
        }
        writer.write_all(&chunk).await.map_err(disk)?;
    }
    if size == 0 {
        return Err(Problem::unusable("file", "the file is empty"));
    }
    let media_type = kind.map_or_else(|| known(&head, name), Ok)?;
    writer.flush().await.map_err(disk)?;
    Ok(Received { file, media_type, size })
}

fn known(head: &[u8], name: &str) -> Result<&'static str, Problem> {
    let reason =
        "files of this kind are not taken: send pictures, PDF, text and logs, packet captures or archives";
    media_type(head, name).ok_or(Problem::new(Kind::UnsupportedMedia, reason))
}

fn too_large() -> Problem {
    Problem::new(Kind::TooLarge, "the file is larger than is taken here")
}

fn unreadable(error: MultipartError) -> Problem {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => Problem::new(Kind::Malformed, "the form cannot be read: it is broken or has ended too early"),
    }
}

fn disk(error: std::io::Error) -> Problem {
    tracing::error!(%error, "an upload cannot be written");
    Problem::later(Kind::Unavailable, "the file cannot be kept now", 30)
}

/// The last part of a name, without what a file name must not have.
fn file_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = last.chars().filter(|letter| !letter.is_control()).take(NAME_MAX).collect();
    match name.trim() {
        "" | "." | ".." => "file".to_owned(),
        name => name.to_owned(),
    }
}

/// A file on its way; whoever keeps it moves it away, and what is left is removed.
struct Passing(PathBuf);

impl Passing {
    async fn new(folder: &Path) -> Result<Self, Problem> {
        fs::create_dir_all(folder).await.map_err(disk)?;
        let mut random = [0u8; 16];
        getrandom::fill(&mut random).map_err(|error| disk(std::io::Error::other(error)))?;
        Ok(Self(folder.join(format!("{:032x}.part", u128::from_ne_bytes(random)))))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        match std::fs::remove_file(&self.0) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(%error, "an upload cannot be removed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_harmless() {
        assert_eq!(file_name("../../etc/passwd"), "passwd");
        assert_eq!(file_name("C:\\日志\\a\u{0}.log"), "a.log");
        assert_eq!(file_name(".."), "file");
        assert_eq!(file_name(&"长".repeat(500)).chars().count(), NAME_MAX);
    }
}
