//! The options of a server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::message_store::Message;
use super::uploads::Repeats;
use crate::model::fault::Fault;
use crate::model::people::{Contact, Room};
use crate::model::phone_step::PhoneStep;
use crate::model::profile::Profile;

/// Called with each violation when it occurs.
pub(crate) type Observer = Arc<dyn Fn(&str) + Send + Sync>;

/// Called with each message that a client sends or revokes.
pub(crate) type MessageObserver = Arc<dyn Fn(&Message) + Send + Sync>;

#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) addr: SocketAddr,
    pub(crate) images: Vec<Bytes>,
    pub(crate) faults: Vec<Fault>,
    /// The number of seconds by which the server's clock is ahead of this computer's clock.
    pub(crate) clock_ahead: i64,
    pub(crate) repeats: Repeats,
    /// Files above this length have to be announced by webwxcheckupload.
    pub(crate) checked_above: u64,
    /// How long the page offers to revoke a message.
    pub(crate) revocable_for: Duration,
    pub(crate) profile: Profile,
    pub(crate) phone_steps: Vec<PhoneStep>,
    /// The length of the avatar in base64. `None` for the smallest image.
    pub(crate) avatar_len: Option<usize>,
    /// Replaces the address of this server in `redirect_uri`.
    pub(crate) redirect_to: Option<String>,
    pub(crate) redirecturl: bool,
    pub(crate) duplicates: bool,
    pub(crate) batch: usize,
    /// How long synccheck waits for a message. The real server's 25 s are too long for tests.
    pub(crate) hold: Duration,
    /// Contacts in addition to those that every account has.
    pub(crate) contacts: Vec<Contact>,
    pub(crate) rooms: Vec<Room>,
    pub(crate) contacts_per_page: usize,
    /// How long a login is valid without a webwxsync.
    pub(crate) login_lifetime: Duration,
    /// Whether webwxsync delivers the client's own messages.
    pub(crate) echoes: bool,
    pub(crate) on_violation: Option<Observer>,
    pub(crate) on_message: Option<MessageObserver>,
}

impl Options {
    pub(crate) fn new(addr: SocketAddr) -> Self {
        Self {
            addr,
            images: Vec::new(),
            faults: Vec::new(),
            clock_ahead: 0,
            repeats: Repeats::default(),
            checked_above: 26_214_400,
            revocable_for: Duration::from_secs(120),
            profile: Profile::default(),
            phone_steps: Vec::new(),
            avatar_len: None,
            redirect_to: None,
            redirecturl: false,
            duplicates: false,
            batch: usize::MAX,
            hold: Duration::from_millis(500),
            contacts: Vec::new(),
            rooms: Vec::new(),
            contacts_per_page: usize::MAX,
            login_lifetime: Duration::from_secs(12 * 3600),
            echoes: false,
            on_violation: None,
            on_message: None,
        }
    }
}
