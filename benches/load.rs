//! Customers on loopback against a running server: turns per second, latency, and what idle ones cost.
//!
//! ```text
//! cargo bench --bench load -- questions FILE [--users 64] [--seconds 20] [--pause MS] [--base 127.0.0.1:8080]
//! cargo bench --bench load -- greetings      (turns that need no search)
//! cargo bench --bench load -- conversations --count 200000   (opens them and leaves them)
//! cargo bench --bench load -- websockets --count 10000 --pid PID   (opens them, waits, tells the server's memory)
//! ```
//! FILE holds lines with `query`. The server must run with the rate limits off for this address.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// Questions in one conversation: fewer than would hand it over.
const QUESTIONS_EACH: usize = 2;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let option =
        |name: &str| args.iter().position(|arg| arg == name).and_then(|at| args.get(at + 1)).cloned();
    let number =
        |name: &str, default: usize| option(name).map_or(default, |value| value.parse().expect(name));
    let base = option("--base").unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let (users, seconds) = (number("--users", 64), number("--seconds", 20));
    let pause = Duration::from_millis(number("--pause", 0) as u64);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    match args.first().map(String::as_str) {
        Some("questions") => {
            let file = args.get(1).expect("a file of questions");
            let text = std::fs::read_to_string(file).expect("the questions");
            let line =
                |line: &str| serde_json::from_str::<Value>(line).ok()?["query"].as_str().map(str::to_owned);
            let questions: Vec<String> = text.lines().filter_map(line).collect();
            runtime.block_on(talk(base, users, seconds, pause, questions, QUESTIONS_EACH));
        }
        Some("greetings") => {
            runtime.block_on(talk(base, users, seconds, pause, vec!["你好".to_owned()], 200))
        }
        Some("conversations") => runtime.block_on(open_many(base, users, number("--count", 200_000))),
        Some("websockets") => {
            runtime.block_on(websockets(base, number("--count", 10_000), number("--pid", 0)));
        }
        // `cargo bench` runs every bench; there is no server then.
        _ => println!("load: needs a running server, see the head of benches/load.rs"),
    }
}

struct Client {
    stream: BufReader<TcpStream>,
    base: String,
    buffer: Vec<u8>,
}

impl Client {
    async fn connect(base: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(base).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), base: base.to_owned(), buffer: Vec::new() })
    }

    async fn post(&mut self, path: &str, token: Option<&str>, body: &Value) -> io::Result<(u16, Value)> {
        let body = body.to_string();
        let authorization = token.map_or(String::new(), |token| format!("Authorization: Bearer {token}\r\n"));
        let request = format!(
            "POST /api/v1{path} HTTP/1.1\r\nHost: {}\r\n{authorization}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.base,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes()).await?;
        self.response().await
    }

    async fn response(&mut self) -> io::Result<(u16, Value)> {
        self.buffer.clear();
        let mut chunk = [0; 8192];
        loop {
            let read = self.stream.read(&mut chunk).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.buffer.extend_from_slice(&chunk[..read]);
            let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
            let head = String::from_utf8_lossy(&self.buffer[..end]).to_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
            let length = length.ok_or(io::ErrorKind::InvalidData)?;
            if self.buffer.len() >= end + 4 + length {
                let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
                return Ok((
                    status,
                    serde_json::from_slice(&self.buffer[end + 4..end + 4 + length]).unwrap_or(Value::Null),
                ));
            }
        }
    }

    async fn open(&mut self) -> io::Result<(String, String)> {
        let (status, opened) = self.post("/conversations", None, &json!({"channel": "api"})).await?;
        let text = |key: &str| opened[key].as_str().map(str::to_owned);
        match (text("conversation_id"), text("token")) {
            (Some(id), Some(token)) => Ok((id, token)),
            _ => Err(io::Error::other(format!("a conversation was refused: {status} {opened}"))),
        }
    }
}

async fn talk(
    base: String,
    users: usize,
    seconds: usize,
    pause: Duration,
    questions: Vec<String>,
    each: usize,
) {
    if let Err(error) = Client::connect(&base).await {
        println!("no server at {base}: {error}");
        return;
    }
    let (questions, next) = (Arc::new(questions), Arc::new(AtomicUsize::new(0)));
    let end = Instant::now() + Duration::from_secs(seconds as u64);
    let begun = Instant::now();
    let user = |_| {
        let (base, questions, next) = (base.clone(), questions.clone(), next.clone());
        tokio::spawn(async move {
            let mut client = Client::connect(&base).await.expect("the server");
            let (mut took, mut errors) = (Vec::new(), 0usize);
            while Instant::now() < end {
                let (id, token) = client.open().await.expect("a conversation");
                for _ in 0..each {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    let body =
                        json!({"text": questions[n % questions.len()], "client_message_id": format!("m{n}")});
                    let asked = Instant::now();
                    let (status, turn) = client
                        .post(&format!("/conversations/{id}/messages"), Some(&token), &body)
                        .await
                        .expect("a turn");
                    took.push(asked.elapsed());
                    errors += usize::from(status != 200 || turn["turn"].is_null());
                    tokio::time::sleep(pause).await;
                }
            }
            (took, errors)
        })
    };
    let users: Vec<_> = (0..users).map(user).collect();
    let (mut took, mut errors) = (Vec::new(), 0);
    for user in users {
        let (mine, wrong) = user.await.expect("a user");
        took.extend(mine);
        errors += wrong;
    }
    let passed = begun.elapsed().as_secs_f64();
    took.sort_unstable();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "turns {} · {:.0}/s · median {:.2} ms · 99th {:.2} ms · longest {:.1} ms · errors {errors}",
        took.len(),
        took.len() as f64 / passed,
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

async fn open_many(base: String, users: usize, count: usize) {
    let begun = Instant::now();
    let left = Arc::new(AtomicUsize::new(count));
    let user = |_| {
        let (base, left) = (base.clone(), left.clone());
        tokio::spawn(async move {
            let mut client = Client::connect(&base).await.expect("the server");
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok() {
                client.open().await.expect("a conversation");
            }
        })
    };
    for user in (0..users).map(user).collect::<Vec<_>>() {
        user.await.expect("a user");
    }
    println!("opened {count} conversations in {:.1} s", begun.elapsed().as_secs_f64());
}

async fn websockets(base: String, count: usize, pid: usize) {
    let before = memory(pid);
    let mut client = Client::connect(&base).await.expect("the server");
    let mut held = Vec::with_capacity(count);
    for n in 0..count {
        let (id, token) = client.open().await.expect("a conversation");
        let mut request =
            format!("ws://{base}/api/v1/conversations/{id}/ws").into_client_request().expect("an address");
        let bearer = format!("Bearer {token}").parse().expect("a header");
        request.headers_mut().insert("authorization", bearer);
        // Many addresses of the loopback range, so that the ports of one do not run out.
        let socket = TcpStream::connect(&base).await.expect("a connection");
        match tokio_tungstenite::client_async(request, socket).await {
            Ok((socket, _)) => held.push(socket),
            Err(error) => {
                println!("the {n}th was refused: {error}");
                break;
            }
        }
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    let after = memory(pid);
    println!(
        "{} open WebSockets · server {} kB before, {} kB with them · {:.1} kB each",
        held.len(),
        before,
        after,
        (after.saturating_sub(before)) as f64 / held.len().max(1) as f64
    );
}

/// Resident memory of a process in kB; 0 where that cannot be told.
fn memory(pid: usize) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
