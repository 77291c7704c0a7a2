//! What a server is started with.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;

use crate::emulator::{Profile, Repeats};
use crate::fault::Fault;
use crate::scan::Scan;

/// Somebody to send to.
#[derive(Clone)]
pub(crate) struct Contact {
    pub(crate) user_name: String,
    pub(crate) nick_name: String,
    pub(crate) remark_name: String,
}

#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) addr: SocketAddr,
    pub(crate) images: Vec<Bytes>,
    pub(crate) faults: Vec<Fault>,
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
    pub(crate) contacts_per_page: usize,
}

impl Options {
    pub(crate) fn new(addr: SocketAddr) -> Self {
        Self {
            addr,
            images: Vec::new(),
            faults: Vec::new(),
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
            contacts_per_page: usize::MAX,
        }
    }
}
