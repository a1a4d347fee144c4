//! A platform for tests: answers calls with what was put in, in order, and keeps what was asked.

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// One call: path with query, head in lower case, JSON.
pub(crate) type Asked = (String, String, Value);

/// Answers as many calls as there are answers; gives its address without a scheme, and what was asked.
pub(crate) async fn answering(answers: Vec<(u16, Value)>) -> (String, JoinHandle<Vec<Asked>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let served = tokio::spawn(async move {
        let mut asked = Vec::new();
        for (status, answer) in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            asked.push(one(&mut stream, status, &answer).await);
        }
        asked
    });
    (host, served)
}

/// Answers one call.
pub(crate) async fn one(stream: &mut TcpStream, status: u16, answer: &Value) -> Asked {
    let mut read = Vec::new();
    let (head, body) = loop {
        let mut part = [0; 4096];
        let count = stream.read(&mut part).await.unwrap();
        assert!(count > 0, "the call ended early");
        read.extend_from_slice(&part[..count]);
        let text = String::from_utf8_lossy(&read).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            break (head.to_owned(), body.to_owned());
        }
    };
    let answer = answer.to_string();
    let reply = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{answer}",
        answer.len()
    );
    stream.write_all(reply.as_bytes()).await.unwrap();
    let path = head.split_whitespace().nth(1).unwrap_or_default().to_owned();
    (path, head.to_lowercase(), serde_json::from_str(&body).unwrap_or(Value::Null))
}
