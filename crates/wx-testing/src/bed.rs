//! The test bed: an emulator, a TLS front and a proxy.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use wx_emulator::{Builder, Emulator};

use crate::authority::Authority;
use crate::front;
use crate::proxy::{self, RequestedTunnels};
use crate::tunnel::TunnelEnds;
use crate::tunnel_fault::TunnelFault;

/// An emulator under the real host names. Dropping the bed stops everything.
#[derive(Debug)]
pub struct TestBed {
    emulator: Emulator,
    proxy: SocketAddr,
    requested: Arc<RequestedTunnels>,
    authority: Arc<Authority>,
    directory: TempDir,
    runtime: Option<Runtime>,
}

impl TestBed {
    /// Starts an emulator, a TLS front and a proxy.
    ///
    /// # Errors
    ///
    /// Returns an error if a port cannot be opened, or if the certificate of the authority cannot
    /// be written.
    pub fn start(builder: Builder) -> io::Result<Self> {
        let emulator = builder.start()?;
        let authority = Arc::new(Authority::new().map_err(io::Error::other)?);
        let acceptor = front::acceptor(Arc::clone(&authority)).map_err(io::Error::other)?;
        let directory = tempfile::tempdir()?;
        std::fs::write(directory.path().join(AUTHORITY), authority.pem())?;

        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("wx-testing")
            .enable_all()
            .build()?;
        let (front_listener, front) = listen(&runtime)?;
        let (proxy_listener, proxy) = listen(&runtime)?;
        let requested = Arc::new(RequestedTunnels::default());
        runtime.spawn(front::serve(front_listener, acceptor, emulator.addr()));
        let ends = TunnelEnds { front, server: emulator.addr(), authority: Arc::clone(&authority) };
        runtime.spawn(proxy::serve(proxy_listener, ends, Arc::clone(&requested)));
        let runtime = Some(runtime);
        Ok(Self { emulator, proxy, requested, authority, directory, runtime })
    }

    /// Returns the server.
    pub fn emulator(&self) -> &Emulator {
        &self.emulator
    }

    /// Returns the URL of the proxy, which also serves SOCKS 5 on the same port.
    pub fn proxy(&self) -> String {
        format!("http://{}", self.proxy)
    }

    /// Makes the next `tunnels` tunnels fail.
    pub fn fail_next(&self, fault: TunnelFault, tunnels: usize) {
        self.requested.fail_next(fault, tunnels);
    }

    /// Returns the number of tunnels that were requested.
    pub fn tunnels(&self) -> usize {
        self.requested.tunnels()
    }

    /// Returns the number of tunnels that were requested over SOCKS 5.
    pub fn over_socks(&self) -> usize {
        self.requested.over_socks()
    }

    /// Returns the path of the authority's certificate in PEM format.
    pub fn authority_file(&self) -> PathBuf {
        self.directory.path().join(AUTHORITY)
    }

    /// Returns the authority's certificate in PEM format.
    pub fn authority_pem(&self) -> String {
        self.authority.pem()
    }

    /// Returns the SHA-256 of the front's public key in base64, as Chromium expects it.
    pub fn spki_hash(&self) -> String {
        self.authority.spki_hash()
    }

    /// Returns the hosts of all requested tunnels, in alphabetical order.
    pub fn hosts(&self) -> Vec<String> {
        self.requested.hosts()
    }

    /// Returns the method and host of each request that the proxy has refused, such as requests
    /// without TLS.
    pub fn refused(&self) -> Vec<String> {
        self.requested.refused()
    }

    /// Returns environment variables that make programs in any language use the proxy and trust the
    /// front.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let authority = path(&self.authority_file());
        let proxies = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];
        let authorities =
            ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"];
        let proxies = proxies.map(|name| (name, self.proxy()));
        let authorities = authorities.map(|name| (name, authority.clone()));
        proxies.into_iter().chain(authorities).collect()
    }
}

impl Drop for TestBed {
    fn drop(&mut self) {
        // Waiting for a runtime inside another one would panic.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

const AUTHORITY: &str = "authority.pem";

fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn listen(runtime: &Runtime) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let _entered = runtime.enter();
    Ok((TcpListener::from_std(listener)?, address))
}
