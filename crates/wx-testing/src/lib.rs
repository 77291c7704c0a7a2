//! What the tests of the workspace share.
//!
//! - [`harness`] runs flows of the core in virtual time, against a scripted server.
//! - [`fuzz`] has the bodies of the fuzz targets, which also run over their corpus as tests.
//! - [`samples`] reads the protocol's vectors, recorded requests and sample images.
//! - [`TestBed`] is [`wx_emulator`] behind the host names that the real server has. On one loopback
//!   address all hosts are one, and every cookie reaches all of them. Here a CONNECT
//!   [proxy](TestBed::proxy) leads every name to a TLS front with certificates of an
//!   [authority](TestBed::authority_file) that exists for this bed alone, and the front leads to
//!   the emulator. A client needs no switch for it: it finds the proxy in `HTTPS_PROXY` and the
//!   authority in `SSL_CERT_FILE`, as set by [`TestBed::environment`].
//! - [`clients`] runs released clients as judges of the emulator.
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
mod trouble;
#[cfg(feature = "network")]
mod tunnel;

#[cfg(feature = "network")]
pub use authority::Flaw;
#[cfg(feature = "network")]
pub use bed::TestBed;
#[cfg(feature = "network")]
pub use trouble::Trouble;
#[cfg(feature = "network")]
pub use wx_emulator;

/// The root README, whose examples run as doc tests.
#[cfg(all(doctest, feature = "network"))]
#[doc = include_str!("../../../README.md")]
pub struct Readme;

/// The root README in Chinese.
#[cfg(all(doctest, feature = "network"))]
#[doc = include_str!("../../../README.zh-CN.md")]
pub struct ReadmeZhCn;
