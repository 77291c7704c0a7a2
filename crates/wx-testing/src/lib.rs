//! Shared code of the workspace's tests.
//!
//! - [`harness`] runs flows of the core in virtual time, against a scripted server.
//! - [`fuzz`] contains the bodies of the fuzz targets, which also run over their corpus as tests.
//! - [`samples`] reads the protocol's vectors, recorded requests and sample images.
//! - [`TestBed`] runs [`wx_emulator`] under the host names of the real server. On a single loopback
//!   address there is only one host, and every cookie reaches it. In the test bed, a CONNECT
//!   [proxy](TestBed::proxy) leads every host name to a TLS front, which forwards to the emulator.
//!   The front's certificates are issued by an [authority](TestBed::authority_file) that exists
//!   only for this bed. Clients need no special settings: they find the proxy in `HTTPS_PROXY` and
//!   the authority in `SSL_CERT_FILE`, as set by [`TestBed::environment`].
//! - [`clients`] tests the emulator with released clients.
#![allow(clippy::unwrap_used, reason = "whatever fails here fails a test")]

#[cfg(feature = "network")]
mod authority;
#[cfg(feature = "network")]
mod bed;
#[cfg(feature = "network")]
pub mod canary;
#[cfg(feature = "network")]
pub mod clients;
#[cfg(feature = "network")]
mod front;
pub mod fuzz;
pub mod harness;
#[cfg(feature = "network")]
pub mod images;
#[cfg(feature = "network")]
pub mod log_lines;
#[cfg(feature = "network")]
mod proxy;
#[cfg(feature = "network")]
pub mod raw_client;
pub mod samples;
#[cfg(feature = "network")]
pub mod swap;
#[cfg(feature = "network")]
mod tunnel;
#[cfg(feature = "network")]
mod tunnel_fault;

#[cfg(feature = "network")]
pub use authority::Flaw;
#[cfg(feature = "network")]
pub use bed::TestBed;
#[cfg(feature = "network")]
pub use tunnel_fault::TunnelFault;
#[cfg(feature = "network")]
pub use wx_emulator;

/// The root README. Its examples run as doc tests.
#[cfg(all(doctest, feature = "network"))]
#[doc = include_str!("../../../README.md")]
pub struct Readme;

/// The Chinese root README. Its examples run as doc tests.
#[cfg(all(doctest, feature = "network"))]
#[doc = include_str!("../../../README.zh-CN.md")]
pub struct ReadmeZhCn;
