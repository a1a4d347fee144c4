use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use yunzhu::http::options::{Options, Tls};
use yunzhu::http::serve::{ServeError, serve};
use yunzhu::http::site::Slot;

/// A server on a free port.
struct Served {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), ServeError>>,
}

async fn served(mut options: Options) -> Served {
    options.bind = "127.0.0.1:0".parse().unwrap();
    let (listening, at) = oneshot::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(serve(options, Slot::new(), |address| listening.send(address).unwrap(), async {
        stopped.await.unwrap()
    }));
    Served { address: at.await.unwrap(), stop, task }
}

fn impatient() -> Options {
    let mut options = Options::default();
    options.patience.head = Duration::from_millis(150);
    options.patience.idle = Duration::from_millis(300);
    options
}

/// Reads until the server closes; gives what it said.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    let end = timeout(Duration::from_secs(5), stream.read_to_end(&mut said)).await;
    assert!(end.is_ok(), "the server did not close the connection");
    String::from_utf8_lossy(&said).into_owned()
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut_off() {
    let served = served(impatient()).await;
    for said in ["", "GET / HTTP/1.1\r\n", "GET /healthz HTTP/1.1\r\nhost: x\r\nx-more: "] {
        let mut slow = TcpStream::connect(served.address).await.unwrap();
        slow.write_all(said.as_bytes()).await.unwrap();
        let begun = Instant::now();
        until_closed(&mut slow).await;
        assert!(begun.elapsed() < Duration::from_secs(2), "{said:?}");
    }
}

#[tokio::test]
async fn one_byte_at_a_time_does_not_help() {
    let served = served(impatient()).await;
    let slow = TcpStream::connect(served.address).await.unwrap();
    let (mut from, mut to) = slow.into_split();
    let dripping = async {
        loop {
            if to.write_all(b"a").await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let mut said = Vec::new();
    let closed = async { from.read_to_end(&mut said).await.map_or(0, |read| read) };
    tokio::select! {
        () = dripping => {}
        _ = timeout(Duration::from_secs(5), closed) => {}
    }
    let mut next = TcpStream::connect(served.address).await.unwrap();
    next.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    assert!(until_closed(&mut next).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_kept_connection_is_used_again_and_closed_when_it_is_not() {
    let served = served(impatient()).await;
    let mut kept = TcpStream::connect(served.address).await.unwrap();
    for _ in 0..3 {
        kept.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut part = [0; 4096];
        let read = kept.read(&mut part).await.unwrap();
        assert!(part[..read].starts_with(b"HTTP/1.1 200"));
    }
    until_closed(&mut kept).await;
}

#[tokio::test]
async fn a_body_that_never_ends_is_cut_off() {
    let mut options = impatient();
    options.patience.request = Duration::from_millis(200);
    let served = served(options).await;
    let mut slow = TcpStream::connect(served.address).await.unwrap();
    let head = "POST /api/v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{";
    slow.write_all(head.as_bytes()).await.unwrap();
    let said = until_closed(&mut slow).await;
    assert!(said.starts_with("HTTP/1.1 "), "{said}");
}

#[tokio::test]
async fn there_is_room_for_so_many_connections() {
    let mut options = Options::default();
    options.limits.connections = 2;
    let served = served(options).await;
    let mut kept = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut part = [0; 16];
        stream.read_exact(&mut part).await.unwrap();
        kept.push(stream);
    }
    let mut third = TcpStream::connect(served.address).await.unwrap();
    let mut said = Vec::new();
    let end = timeout(Duration::from_secs(5), third.read_to_end(&mut said)).await;
    assert!(end.is_ok() && said.is_empty(), "{said:?}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let first = served(Options::default()).await;
    let options = Options { bind: first.address, ..Options::default() };
    let error = serve(options, Slot::new(), |_| {}, std::future::pending()).await.unwrap_err();
    assert!(matches!(error, ServeError::PortTaken(_)), "{error}");
    assert!(error.to_string().contains(&first.address.port().to_string()), "{error}");
}

#[tokio::test]
async fn it_ends_when_it_is_told_to() {
    let served = served(Options::default()).await;
    let mut kept = TcpStream::connect(served.address).await.unwrap();
    kept.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut part = [0; 16];
    kept.read_exact(&mut part).await.unwrap();
    served.stop.send(()).unwrap();
    timeout(Duration::from_secs(5), served.task).await.unwrap().unwrap().unwrap();
    assert!(TcpStream::connect(served.address).await.is_err(), "nobody listens any more");
}

fn certificate(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tls").join(name)
}

#[tokio::test]
async fn it_speaks_tls_where_it_has_a_certificate() {
    let options = Options {
        tls: Some(Tls { certificate: certificate("cert.pem"), key: certificate("key.pem") }),
        ..Options::default()
    };
    let served = served(options).await;
    let trusted = reqwest::Certificate::from_pem(&std::fs::read(certificate("cert.pem")).unwrap()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([trusted]).no_proxy().build().unwrap();
    let answer = client.get(format!("https://{}/healthz", served.address)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let plain = reqwest::Client::builder().no_proxy().build().unwrap();
    assert!(plain.get(format!("http://{}/healthz", served.address)).send().await.is_err());
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_named() {
    for (certificate_file, key) in [("none.pem", "key.pem"), ("key.pem", "cert.pem")] {
        let tls = Tls { certificate: certificate(certificate_file), key: certificate(key) };
        let bind = "127.0.0.1:0".parse().unwrap();
        let options = Options { bind, tls: Some(tls), ..Options::default() };
        let error = serve(options, Slot::new(), |_| {}, std::future::pending()).await.unwrap_err();
        assert!(error.to_string().contains(certificate_file), "{error}");
    }
}
