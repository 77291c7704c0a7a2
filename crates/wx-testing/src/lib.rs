//! The test bed of the workspace: [`wx_emulator`] behind the host names that the real server has.
//!
//! On one loopback address all hosts are one, and every cookie reaches all of them. Here a CONNECT
//! [proxy](TestBed::proxy) leads every name to a TLS front with certificates of an
//! [authority](TestBed::authority_file) that exists for this bed alone, and the front leads to the
//! emulator. A client needs no switch for it: it finds the proxy in `HTTPS_PROXY` and the
//! authority in `SSL_CERT_FILE`, as [`TestBed::environment`] has them.

mod authority;
mod bed;
pub mod clients;
mod front;
mod proxy;
mod trouble;

pub use authority::Flaw;
pub use bed::TestBed;
pub use trouble::Trouble;
pub use wx_emulator;
