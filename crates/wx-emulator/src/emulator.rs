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
use crate::hosts;
use crate::hub::Hub;
use crate::incoming::Incoming;
use crate::login::State;
use crate::mailbox::Message;
use crate::people::Room;
use crate::request::Request;
use crate::server;

/// What a chunk does that the server has received before: nobody knows what the real server does,
/// so a client must cope with both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeats {
    /// It takes the place of the first one; a repeated last chunk gets the same MediaId.
    #[default]
    Replaces,
    /// It is appended: the file never adds up, so the last chunk gets Ret 0, no MediaId, and the
    /// bytes received as StartPos.
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

pub(crate) fn run(
    runtime: Runtime,
    listener: TcpListener,
    hub: Arc<Hub>,
    stopped: oneshot::Receiver<()>,
) {
    runtime.block_on(server::serve(listener, hub, stopped));
    // Open connections end here, even those in a delay.
    runtime.shutdown_background();
}

/// A running server with one account. It stops when dropped.
pub struct Emulator {
    addr: SocketAddr,
    bound: SocketAddr,
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
        bound: SocketAddr,
        hub: Arc<Hub>,
        stop: oneshot::Sender<()>,
        thread: JoinHandle<()>,
    ) -> Self {
        Emulator { addr, bound, hub, stop: Some(stop), thread: Some(thread) }
    }

    /// Where a client on this computer reaches it.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where it listens: [`Emulator::addr`], unless it listens on all addresses.
    pub fn bound_addr(&self) -> SocketAddr {
        self.bound
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
        let reach = |_: &str| (host.clone(), true);
        self.hub.account.session_json(&self.hub.base, reach, self.hub.options.profile)
    }

    /// The same login under a host name of the real server, such as `wx.qq.com`: for a client that
    /// reaches this server by that name, through a proxy and TLS that are not part of it.
    pub fn session_json_at(&self, page: &str) -> String {
        let reach = |cookie: &str| (hosts::cookie_domain(page, cookie), false);
        let base = format!("https://{page}");
        self.hub.account.session_json(&base, reach, self.hub.options.profile)
    }

    /// UserName of a contact to send to.
    pub fn friend(&self) -> &str {
        &self.hub.account.friend
    }

    /// UserName of another contact.
    pub fn second_friend(&self) -> &str {
        &self.hub.account.second_friend
    }

    /// The messages stored so far, in order. A repeat under the same ClientMsgId is no other
    /// message.
    pub fn messages(&self) -> Vec<Message> {
        self.hub.mailbox().messages.clone()
    }

    /// Everything that clients did and the official page does not, each once, without secrets.
    pub fn violations(&self) -> Vec<String> {
        self.violation_counts().into_iter().map(|(what, _)| what).collect()
    }

    /// The violations, each with the number of times it occurred.
    pub fn violation_counts(&self) -> Vec<(String, usize)> {
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

    /// A message arrives now. Returns its MsgId.
    pub fn deliver(&self, message: impl Into<Incoming>) -> String {
        self.hub.deliver(message.into())
    }

    /// A room given to [`Builder::room`].
    pub fn room(&self, nick_name: &str) -> Option<&Room> {
        self.hub.options.rooms.iter().find(|room| room.nick_name == nick_name)
    }

    /// UserName of the account itself.
    pub fn user_name(&self) -> &str {
        &self.hub.account.user_name
    }

    /// The avatar of a contact, of a room, or of the account itself.
    pub fn avatar(&self, user_name: &str) -> Option<Bytes> {
        self.hub.avatar(user_name, None)
    }

    /// Whether the account is logged in: at the start it is.
    pub fn is_logged_in(&self) -> bool {
        self.hub.logins().is_in()
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
