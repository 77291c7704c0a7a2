//! What a server is started with.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::emulator::{Profile, Repeats};
use crate::fault::Fault;
use crate::people::{Contact, Room};
use crate::scan::Scan;

/// Is called with each violation.
pub(crate) type Observer = Arc<dyn Fn(&str) + Send + Sync>;

#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) addr: SocketAddr,
    pub(crate) images: Vec<Bytes>,
    pub(crate) faults: Vec<Fault>,
    /// Seconds by which the server's clock is ahead of this computer's.
    pub(crate) clock_ahead: i64,
    pub(crate) repeats: Repeats,
    pub(crate) profile: Profile,
    pub(crate) scan: Vec<Scan>,
    /// Characters of the avatar's base64; `None` for the smallest picture.
    pub(crate) avatar_len: Option<usize>,
    /// In the place of this server's own address in `redirect_uri`.
    pub(crate) redirect_to: Option<String>,
    pub(crate) redirecturl: bool,
    pub(crate) duplicates: bool,
    pub(crate) batch: usize,
    /// How long synccheck is held when there is nothing: the real 25 s would be long for a test.
    pub(crate) hold: Duration,
    /// Besides those that are always there.
    pub(crate) contacts: Vec<Contact>,
    pub(crate) rooms: Vec<Room>,
    pub(crate) contacts_per_page: usize,
    /// Called with each violation as it occurs.
    pub(crate) on_violation: Option<Observer>,
}

impl Options {
    pub(crate) fn new(addr: SocketAddr) -> Self {
        Self {
            addr,
            images: Vec::new(),
            faults: Vec::new(),
            clock_ahead: 0,
            repeats: Repeats::default(),
            profile: Profile::default(),
            scan: Vec::new(),
            avatar_len: None,
            redirect_to: None,
            redirecturl: false,
            duplicates: false,
            batch: usize::MAX,
            hold: Duration::from_millis(500),
            contacts: Vec::new(),
            rooms: Vec::new(),
            contacts_per_page: usize::MAX,
            on_violation: None,
        }
    }
}
