//! Definitions that the proxy and the faulty tunnels share.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::authority::Authority;

/// The first byte from a SOCKS 5 client.
pub(crate) const SOCKS: u8 = 5;

/// The end points of the tunnels.
pub(crate) struct TunnelEnds {
    pub(crate) front: SocketAddr,
    /// The emulator, for tunnels that use another certificate.
    pub(crate) server: SocketAddr,
    /// The authority that signs these certificates.
    pub(crate) authority: Arc<Authority>,
}
