//! Starting, watching and stopping a server.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use crate::builder::Builder;
use crate::fault::Fault;
use crate::hub::Hub;
use crate::login::State;
use crate::mailbox::Message;
use crate::request::Request;
use crate::server;

/// What a chunk does that the server has received before: nobody knows what the real server does, so a client must cope with both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeats {
    /// It takes the place of the first one; a repeated last chunk gets the same MediaId.
    #[default]
    Replaces,
    /// It is appended: the file never adds up, so the last chunk gets Ret 0, no MediaId, and the bytes received as StartPos.
    Appended,
}

/// Which page a login is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Web WeChat.
    #[default]
    Web,
    /// The File Transfer Helper.
    FileHelper,
}

pub(crate) fn run(runtime: Runtime, listener: TcpListener, hub: Arc<Hub>, stopped: oneshot::Receiver<()>) {
    runtime.block_on(server::serve(listener, hub, stopped));
    // Open connections end here, even those in a delay.
    runtime.shutdown_background();
}

/// A running server with one account. It stops when dropped.
pub struct Emulator {
    addr: SocketAddr,
    hub: Arc<Hub>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Emulator {
    /// Starts a server without faults on 127.0.0.1 and a free port.
    pub fn start() -> io::Result<Emulator> {
        Emulator::builder().start()
    }

    /// Says more before the start.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn started(
        addr: SocketAddr,
        hub: Arc<Hub>,
        stop: oneshot::Sender<()>,
        thread: JoinHandle<()>,
    ) -> Self {
        Emulator { addr, hub, stop: Some(stop), thread: Some(thread) }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://` and [`Emulator::addr`].
    pub fn base(&self) -> String {
        self.hub.base.clone()
    }

    /// A session file (version 1) that is logged in to this server. It holds the credentials.
    pub fn session_json(&self) -> String {
        let host = match self.addr.ip() {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        self.hub.account.session_json(&self.hub.base, &host, self.hub.options.profile)
    }

    /// UserName of a contact to send to.
    pub fn friend(&self) -> &str {
        &self.hub.account.friend
    }

    /// UserName of another contact.
    pub fn second_friend(&self) -> &str {
        &self.hub.account.second_friend
    }

    /// The picture messages accepted so far, in order. A repeat under the same id is not another message.
    pub fn messages(&self) -> Vec<Message> {
        self.hub.mailbox().messages.clone()
    }

    /// Everything that clients did and the official page does not, each once, without secrets.
    pub fn violations(&self) -> Vec<String> {
        self.hub.violations()
    }

    /// All requests so far, also those that a fault kept from having an effect.
    pub fn requests(&self) -> Vec<Request> {
        self.hub.requests()
    }

    /// How many requests came to an endpoint, by wire name, such as `webwxsendmsgimg`.
    pub fn requests_to(&self, endpoint: &str) -> usize {
        self.hub.requests_to(endpoint)
    }

    /// The MsgIds of all that arrived for the client so far, in order.
    pub fn incoming(&self) -> Vec<String> {
        self.hub.mailbox().incoming.iter().map(|incoming| incoming.msg_id.clone()).collect()
    }

    /// A picture arrives now, from [`Emulator::friend`]. Gives its MsgId.
    pub fn deliver(&self, image: impl Into<Bytes>) -> String {
        self.hub.arrive(image.into())
    }

    /// A message arrives now: a text, with the keys of `changes`, as webwxsync has them, in the place of its own. Gives its
    /// MsgId.
    pub fn deliver_message(&self, changes: &serde_json::Map<String, serde_json::Value>) -> String {
        self.hub.arrive_message(changes)
    }

    /// UserName of a contact given to [`Builder::contact`].
    pub fn contact(&self, nick_name: &str) -> Option<&str> {
        let contacts = &self.hub.options.contacts;
        contacts
            .iter()
            .find(|contact| contact.nick_name == nick_name)
            .map(|contact| contact.user_name.as_str())
    }

    /// The phone ends the login: from now on every call is refused with 1101, until the next login.
    pub fn log_out(&self) {
        self.hub.logins().state = State::Kicked;
        self.hub.arrival.notify_waiters();
    }

    /// Does something wrong from now on; requests are counted from the start of the server.
    pub fn add_fault(&self, fault: Fault) {
        self.hub.add_fault(fault);
    }

    /// Stops the server and waits until its port is free.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // Dropping the sender is the signal.
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator").field("addr", &self.addr).finish_non_exhaustive()
    }
}
