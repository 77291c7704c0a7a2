//! A running server: inspection, control and shutdown.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;

use bytes::Bytes;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::connection::serve;
use crate::model::fault::Fault;
use crate::model::hosts;
use crate::model::incoming::Incoming;
use crate::model::people::Room;
use crate::model::request::Request;
use crate::state::logins::State;
use crate::state::message_store::{Message, Waiting};
use crate::state::server_state::ServerState;

pub(super) fn run(
    runtime: Runtime,
    listener: TcpListener,
    state: Arc<ServerState>,
    stopped: oneshot::Receiver<()>,
) {
    runtime.block_on(serve(listener, state, stopped));
    // Closes all connections, including idle ones.
    runtime.shutdown_background();
}

/// A running server with one account. Dropping it stops the server.
pub struct Emulator {
    addr: SocketAddr,
    bound: SocketAddr,
    state: Arc<ServerState>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Emulator {
    pub(super) fn started(
        addr: SocketAddr,
        bound: SocketAddr,
        state: Arc<ServerState>,
        stop: oneshot::Sender<()>,
        thread: JoinHandle<()>,
    ) -> Self {
        Emulator { addr, bound, state, stop: Some(stop), thread: Some(thread) }
    }

    /// Returns the address to which a client on this computer connects.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns the address on which the server listens. It differs from [`Emulator::addr`] if the
    /// server listens on all addresses.
    pub fn bound_addr(&self) -> SocketAddr {
        self.bound
    }

    /// Returns `http://` followed by [`Emulator::addr`].
    pub fn base(&self) -> String {
        self.state.base.clone()
    }

    /// Returns a session file (version 1) of the current login. It contains credentials.
    pub fn session_json(&self) -> String {
        let host = match self.addr.ip() {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        let reach = |_: &str| (host.clone(), true);
        self.session(&self.state.base, reach)
    }

    fn session(&self, base: &str, reach: impl Fn(&str) -> (String, bool)) -> String {
        let name = self.name_in_login(self.user_name());
        let login = self.state.credentials();
        login.session_json(&name, base, reach, self.state.options.profile)
    }

    /// Returns the session file of a client that reaches this server under a host name of the real
    /// server, such as `wx.qq.com`. This crate does not include the proxy and TLS that this
    /// requires.
    pub fn session_json_at(&self, page: &str) -> String {
        let reach = |cookie: &str| (hosts::cookie_domain(page, cookie), false);
        let base = format!("https://{page}");
        self.session(&base, reach)
    }

    /// Returns the UserName that a contact, a room or the account has in the current login, or the
    /// `EncryChatRoomId` that a room has.
    ///
    /// The server gives all of them new ones with each login by QR code or by confirmation on the
    /// phone. All other methods take and return those of the first login, so that they always
    /// name the same contact.
    pub fn name_in_login(&self, user_name: &str) -> String {
        self.state.credentials().names.to_current(user_name).into_owned()
    }

    /// Returns the UserName of a contact that every account has.
    pub fn friend(&self) -> &str {
        &self.state.account.friend
    }

    /// Returns the UserName of another contact that every account has.
    pub fn second_friend(&self) -> &str {
        &self.state.account.second_friend
    }

    /// Returns the messages that clients have sent so far, in order. A repeat with the same
    /// ClientMsgId is counted in [`Message::repeats`].
    pub fn messages(&self) -> Vec<Message> {
        self.state.messages().messages.clone()
    }

    /// Returns the UserNames of the conversations that clients have marked as read so far, in
    /// order.
    pub fn read_conversations(&self) -> Vec<String> {
        self.state.messages().read.clone()
    }

    /// Returns the violations so far: what clients sent that the official page would not send. Each
    /// is listed once. The texts contain no secrets.
    pub fn violations(&self) -> Vec<String> {
        self.violation_counts().into_iter().map(|(what, _)| what).collect()
    }

    /// Returns the violations, each with its number of occurrences.
    pub fn violation_counts(&self) -> Vec<(String, usize)> {
        self.state.log().violations().to_vec()
    }

    /// Returns all requests so far, including the ones that had no effect because of a fault.
    pub fn requests(&self) -> Vec<Request> {
        self.state.log().requests().to_vec()
    }

    /// Returns the number of requests to an endpoint, such as `webwxsendmsgimg`.
    pub fn requests_to(&self, endpoint: &str) -> usize {
        self.state.log().requests_to(endpoint)
    }

    /// Returns the MsgIds of all messages delivered so far, in order.
    pub fn incoming(&self) -> Vec<String> {
        let id = |incoming: &Waiting| match incoming {
            Waiting::Message { msg_id, .. } => Some(msg_id.clone()),
            Waiting::Changed(_) | Waiting::Removed(_) => None,
        };
        self.state.messages().incoming.iter().filter_map(id).collect()
    }

    /// Reports to the client that a contact or a room has changed. Returns whether it exists.
    pub fn report_changed(&self, user_name: &str) -> bool {
        let contact = self.state.contact_with_members(user_name);
        contact.map(|contact| self.state.report(Waiting::Changed(contact))).is_some()
    }

    /// Reports to the client that a contact or a room has been removed.
    pub fn report_removed(&self, user_name: &str) {
        self.state.report(Waiting::Removed(json!({ "UserName": user_name, "ContactFlag": 0 })));
    }

    /// Delivers a message to the client, and returns its MsgId.
    pub fn deliver(&self, message: impl Into<Incoming>) -> String {
        self.state.deliver(message.into())
    }

    /// Returns a room that was added with [`Builder::room`](crate::Builder::room).
    pub fn room(&self, nick_name: &str) -> Option<&Room> {
        self.state.options.rooms.iter().find(|room| room.nick_name == nick_name)
    }

    /// Returns all rooms, in the order in which they were added.
    pub fn rooms(&self) -> &[Room] {
        &self.state.options.rooms
    }

    /// Returns the UserName of the account itself.
    pub fn user_name(&self) -> &str {
        &self.state.account.user_name
    }

    /// Returns the avatar of anybody, if there is a picture.
    pub fn avatar(&self, user_name: &str) -> Option<Bytes> {
        self.state.picture(user_name)
    }

    /// Replaces the avatar of anybody, or removes it. The `seq` in `HeadImgUrl` changes.
    pub fn set_avatar(&self, user_name: &str, picture: Option<Bytes>) {
        self.state.avatars().replace(user_name, picture);
    }

    /// Returns whether the account is logged in. It is logged in when the server starts.
    pub fn is_logged_in(&self) -> bool {
        self.state.logins().is_in()
    }

    /// Returns the UserName of a contact that was added with
    /// [`Builder::contact`](crate::Builder::contact).
    pub fn contact(&self, nick_name: &str) -> Option<&str> {
        let contacts = &self.state.options.contacts;
        contacts
            .iter()
            .find(|contact| contact.nick_name == nick_name)
            .map(|contact| contact.user_name.as_str())
    }

    /// Returns the UserNames of the contacts that were added with
    /// [`Builder::contact`](crate::Builder::contact), in order.
    pub fn contacts(&self) -> impl Iterator<Item = &str> {
        self.state.options.contacts.iter().map(|contact| contact.user_name.as_str())
    }

    /// Ends the login from the phone. Until the next login, every call that requires one is refused
    /// with 1101.
    pub fn log_out(&self) {
        self.state.logins().end(State::EndedByPhone);
        self.state.incoming_message.notify_waiters();
    }

    /// Adds a fault. Requests are counted from the start of the server.
    pub fn add_fault(&self, fault: Fault) {
        self.state.log().add_fault(fault);
    }

    /// Stops the server, and waits until its port is free.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // Dropping the sender stops the server.
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
