//! The service is killed under load, again and again: nothing that was acknowledged is lost, nothing is said twice.
//!
//! Two kills by default; `YUNZHU_TEST_CRASHES=50` for as many as one wants to see.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::program::{command, folder};

/// People who talk at the same time.
const USERS: usize = 8;

struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start(home: &Path) -> Self {
        let kb = Path::new(env!("CARGO_MANIFEST_DIR")).join("kb");
        let mut child = command(home)
            .args(["--kb", kb.to_str().unwrap(), "serve", "--listen", "127.0.0.1:0"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let at = line.split("http://").nth(1)?;
            at.split('/').next()?.parse().ok()
        });
        // Whoever writes must not be held up by nobody reading.
        std::thread::spawn(move || lines.for_each(drop));
        let server = Self { child, address: address.expect("an address") };
        let patience = Instant::now() + Duration::from_secs(60);
        while !matches!(request(server.address, "GET", "/readyz", None, None), Some((200, _))) {
            assert!(Instant::now() < patience, "the service is not ready");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One request on a connection of its own; `None` where the answer did not come.
fn request(
    to: SocketAddr,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: Option<&Value>,
) -> Option<(u16, Value)> {
    let mut stream = TcpStream::connect(to).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    let body = body.map_or(String::new(), Value::to_string);
    let bearer = token.map_or(String::new(), |token| format!("Authorization: Bearer {token}\r\n"));
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n{bearer}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let text = String::from_utf8(answer).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    // A body that was cut off is no answer.
    let length: usize =
        head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok())?;
    (body.len() == length).then(|| (status, serde_json::from_str(body).unwrap_or(Value::Null)))
}

/// Somebody who talks, and remembers what was acknowledged.
struct User {
    id: String,
    token: String,
    /// Message and the turn that answered it; `None`: the answer did not come.
    sent: Vec<(String, Option<Value>)>,
}

impl User {
    fn new(to: SocketAddr) -> Self {
        let (status, opened) = request(to, "POST", "/api/v1/conversations", None, Some(&json!({}))).unwrap();
        assert_eq!(status, 201);
        let text = |key: &str| opened[key].as_str().unwrap().to_owned();
        Self { id: text("conversation_id"), token: text("token"), sent: Vec::new() }
    }

    fn post(&self, to: SocketAddr, name: &str) -> Option<Value> {
        let path = format!("/api/v1/conversations/{}/messages", self.id);
        // A greeting with a name that is found again in the transcript.
        let body = json!({"text": format!("你好 {name}"), "client_message_id": name});
        request(to, "POST", &path, Some(&self.token), Some(&body))
            .filter(|(status, _)| *status == 200)
            .map(|(_, turn)| turn)
    }

    fn talk(&mut self, to: SocketAddr, number: usize, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            let name = format!("u{number}m{}", self.sent.len());
            let turn = self.post(to, &name);
            let came = turn.is_some();
            self.sent.push((name, turn));
            if !came {
                return;
            }
        }
    }

    /// After the restart: what was acknowledged is there once, and the same message again is answered as before.
    fn check(&mut self, to: SocketAddr) {
        if let Some((name, turn @ None)) = self.sent.last().cloned() {
            assert!(turn.is_none());
            let again = self.post(to, &name).expect("a message that was not answered can be sent again");
            self.sent.last_mut().unwrap().1 = Some(again);
        }
        if let Some((name, Some(turn))) = self.sent.first() {
            assert_eq!(self.post(to, name).as_ref(), Some(turn), "the first answer comes again");
        }
        let mut lines: Vec<String> = Vec::new();
        let mut after = 0;
        loop {
            let path = format!("/api/v1/conversations/{}/messages?after={after}", self.id);
            let (_, page) = request(to, "GET", &path, Some(&self.token), None).unwrap();
            let page = page["messages"].as_array().unwrap().clone();
            let Some(last) = page.last() else { break };
            after = last["seq"].as_u64().unwrap();
            let said = page.iter().filter(|line| line["author"] == "user");
            lines.extend(said.map(|line| line["body"]["text"].as_str().unwrap().to_owned()));
        }
        let expected: Vec<String> = self.sent.iter().map(|(name, _)| format!("你好 {name}")).collect();
        assert_eq!(lines, expected, "each message once and in order");
    }
}

#[test]
fn killed_under_load_it_loses_nothing_and_repeats_nothing() {
    let kills = std::env::var("YUNZHU_TEST_CRASHES").ok().and_then(|n| n.parse().ok()).unwrap_or(2);
    let home = folder(&[]);
    let mut server = Server::start(home.path());
    let mut users: Vec<User> = (0..USERS).map(|_| User::new(server.address)).collect();
    for kill in 0..kills {
        let stop = AtomicBool::new(false);
        let to = server.address;
        std::thread::scope(|scope| {
            for (number, user) in users.iter_mut().enumerate() {
                let stop = &stop;
                scope.spawn(move || user.talk(to, number, stop));
            }
            // Another moment each time.
            std::thread::sleep(Duration::from_millis(150 + 37 * (kill % 11)));
            server.child.kill().unwrap();
            server.child.wait().unwrap();
            stop.store(true, Ordering::Relaxed);
        });
        server = Server::start(home.path());
        users.iter_mut().for_each(|user| user.check(server.address));
    }
    let sent: usize = users.iter().map(|user| user.sent.len()).sum();
    assert!(sent > USERS * 2, "there was load: {sent} messages");
}
