//! What the proxy and its tunnels into trouble both know.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::authority::Authority;

/// The first byte that a client of SOCKS 5 sends.
pub(crate) const SOCKS: u8 = 5;

/// Where the tunnels lead.
pub(crate) struct TunnelEnds {
    pub(crate) front: SocketAddr,
    /// The emulator, for tunnels that end with another certificate.
    pub(crate) server: SocketAddr,
    /// Signs those certificates.
    pub(crate) authority: Arc<Authority>,
}
