//! Opens the port and serves until it is told to end; ends within the time that is given for it.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use axum_server::accept::DefaultAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use super::guard::Guarded;
use super::options::{Options, Tls};
use super::router::routed;
use super::site::{Site, Slot};

/// Bytes of the head of a request, and of what is kept of its body at once.
const CONNECTION_BUFFER: usize = 16 * 1024;
/// Requests have at most so many headers.
const HEADERS_MAX: usize = 64;

/// Why the server cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another program has the port.
    #[error("port {} of {} is taken by another program: stop that, or choose another port", .0.port(), .0.ip())]
    PortTaken(SocketAddr),
    /// The port may not be opened by this user.
    #[error("port {} of {} may not be opened: choose a port above 1023, or give the program that right", .0.port(), .0.ip())]
    PortForbidden(SocketAddr),
    /// The address is not one of this machine, or something else is wrong with it.
    #[error("cannot listen at {address}: check that it is an address of this machine")]
    CannotListen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Certificate or key cannot be used.
    #[error("certificate {} or key {} cannot be used: check that both are PEM files that belong together", .certificate.display(), .key.display())]
    Tls {
        /// The certificate.
        certificate: PathBuf,
        /// The key.
        key: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The listener failed.
    #[error("the server has failed")]
    Failed(#[source] io::Error),
}

/// Serves at `options.bind`. `slot` may be filled later: until then `/readyz` and the API answer 503.
/// `listening` is called with the address as soon as connections are taken. Ends soon after `shutdown` does.
///
/// # Errors
/// The port cannot be opened, or the certificate cannot be used.
pub async fn serve(
    options: Options,
    slot: Slot,
    listening: impl FnOnce(SocketAddr),
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let tls = match &options.tls {
        Some(tls) => Some(certificate(tls).await?),
        None => None,
    };
    let listener = bind(options.bind).await?;
    let address = listener.local_addr().map_err(ServeError::Failed)?;
    let (close, closing) = watch::channel(false);
    let site = Site::new(options, slot, closing);
    let (patience, limits) = (site.options.patience, site.options.limits);
    let streams = site.streams.clone();
    let room = Arc::new(Semaphore::new(limits.connections));
    let handle = Handle::new();
    let router = routed(site);
    let running = run(listener, router, handle.clone(), room, patience, tls);
    tokio::pin!(running);
    listening(address);
    tokio::select! {
        result = &mut running => return result.map_err(ServeError::Failed),
        () = shutdown => {}
    }
    tracing::info!("the server ends");
    // Whoever holds a stream is told, and the others finish their request.
    close.send_replace(true);
    handle.graceful_shutdown(Some(patience.shutdown));
    let end = async {
        let result = running.await;
        let all = u32::try_from(limits.streams).unwrap_or(u32::MAX);
        drop(streams.acquire_many(all).await);
        result
    };
    match timeout(patience.shutdown + Duration::from_millis(500), end).await {
        Ok(result) => result.map_err(ServeError::Failed),
        Err(_) => {
            tracing::warn!("some connections were cut off");
            Ok(())
        }
    }
}

async fn run(
    listener: TcpListener,
    router: Router,
    handle: Handle<SocketAddr>,
    room: Arc<Semaphore>,
    patience: super::options::Patience,
    tls: Option<RustlsConfig>,
) -> io::Result<()> {
    let mut server = axum_server::Server::<SocketAddr>::from_listener(listener).handle(handle);
    server.http_builder().http1().max_buf_size(CONNECTION_BUFFER).max_headers(HEADERS_MAX);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    match tls {
        Some(config) => {
            let inner = RustlsAcceptor::new(config).handshake_timeout(patience.head);
            server.acceptor(Guarded { inner, patience, room }).serve(service).await
        }
        None => server.acceptor(Guarded { inner: DefaultAcceptor, patience, room }).serve(service).await,
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        ErrorKind::AddrInUse => ServeError::PortTaken(address),
        ErrorKind::PermissionDenied => ServeError::PortForbidden(address),
        _ => ServeError::CannotListen { address, source },
    })
}

async fn certificate(tls: &Tls) -> Result<RustlsConfig, ServeError> {
    // Another part of the program may have chosen the same provider before: then there is nothing to do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    RustlsConfig::from_pem_file(&tls.certificate, &tls.key).await.map_err(|source| ServeError::Tls {
        certificate: tls.certificate.clone(),
        key: tls.key.clone(),
        source,
    })
}
