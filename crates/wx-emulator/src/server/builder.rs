//! Configures and starts a server.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::emulator::{Emulator, run};
use crate::model::fault::Fault;
use crate::model::people::{Contact, Room, RoomListing};
use crate::model::phone_step::PhoneStep;
use crate::model::profile::Profile;
use crate::state::message_store::Message;
use crate::state::options::Options;
use crate::state::server_state::ServerState;
use crate::state::uploads::Repeats;

/// Configures a server.
#[derive(Clone)]
#[must_use]
pub struct Builder(Options);

impl Builder {
    fn new() -> Self {
        Self(Options::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))))
    }

    /// Sets the address to listen on. The default is 127.0.0.1 with a free port.
    pub fn addr(mut self, addr: SocketAddr) -> Self {
        self.0.addr = addr;
        self
    }

    /// Adds an image message from [`Emulator::friend`], which webwxsync delivers.
    pub fn image(mut self, image: impl Into<Bytes>) -> Self {
        self.0.images.push(image.into());
        self
    }

    /// Adds a fault.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.0.faults.push(fault);
        self
    }

    /// Sets the server's clock ahead of this computer's clock by this many seconds, or back if
    /// negative. `Date` and `Expires` are computed from it.
    pub fn clock_ahead(mut self, seconds: i64) -> Self {
        self.0.clock_ahead = seconds;
        self
    }

    /// Sets how the server handles a chunk that it has already received.
    pub fn repeats(mut self, repeats: Repeats) -> Self {
        self.0.repeats = repeats;
        self
    }

    /// Sets the length in bytes above which a file has to be announced by webwxcheckupload. The
    /// default is the limit of the real server, 26 214 400.
    pub fn checked_above(mut self, bytes: u64) -> Self {
        self.0.checked_above = bytes;
        self
    }

    /// Sets how long the page offers to revoke a message. A later revocation is a violation. The
    /// default is two minutes.
    pub fn revocable_for(mut self, time: Duration) -> Self {
        self.0.revocable_for = time;
        self
    }

    /// Sets the page to which the login of [`Emulator::session_json`] belongs. A login by QR code
    /// belongs to the page that has requested the code.
    pub fn profile(mut self, profile: Profile) -> Self {
        self.0.profile = profile;
        self
    }

    /// Sets the steps of the phone, one per poll. The last step repeats. By default the steps are
    /// nothing, scanned, confirmed.
    pub fn phone_steps(mut self, script: impl IntoIterator<Item = PhoneStep>) -> Self {
        self.0.phone_steps = script.into_iter().collect();
        self
    }

    /// Sets the length of the avatar that is sent after a scan, in base64 characters.
    pub fn avatar_len(mut self, characters: usize) -> Self {
        self.0.avatar_len = Some(characters);
        self
    }

    /// Sets the origin of `redirect_uri`, such as `https://example.com`. The default is this
    /// server.
    pub fn redirect_to(mut self, base: impl Into<String>) -> Self {
        self.0.redirect_to = Some(base.into());
        self
    }

    /// Makes the login page refer the client to another one (`redirecturl`) before it completes the
    /// login.
    pub fn redirecturl(mut self, yes: bool) -> Self {
        self.0.redirecturl = yes;
        self
    }

    /// Makes each webwxsync begin with the last message of the previous one.
    pub fn duplicates(mut self, yes: bool) -> Self {
        self.0.duplicates = yes;
        self
    }

    /// Limits the number of messages per webwxsync. By default there is no limit.
    pub fn batch(mut self, messages: usize) -> Self {
        self.0.batch = messages.max(1);
        self
    }

    /// Sets how long synccheck waits for a message. The default is half a second.
    pub fn hold(mut self, time: Duration) -> Self {
        self.0.hold = time;
        self
    }

    /// Adds a contact. Its names are sent with `&`, `<` and `>` escaped.
    pub fn contact(mut self, nick_name: impl Into<String>, remark_name: impl Into<String>) -> Self {
        self.0.contacts.push(Contact::new(nick_name.into(), remark_name.into()));
        self
    }

    /// Adds a room, whose members are not contacts of the account.
    pub fn room<M: Into<String>>(
        self,
        nick_name: impl Into<String>,
        members: impl IntoIterator<Item = M>,
    ) -> Self {
        self.room_listed(RoomListing::Saved, nick_name, members)
    }

    /// Adds a room whose members are the contacts that [`Builder::contact`] has added so far.
    pub fn room_of_contacts(mut self, nick_name: impl Into<String>) -> Self {
        self.0.rooms.push(Room::of_contacts(nick_name.into(), &self.0.contacts));
        self
    }

    /// Adds a room like [`Builder::room`], which clients find where `listing` says. A room without
    /// a name has an empty nickname.
    pub fn room_listed<M: Into<String>>(
        mut self,
        listing: RoomListing,
        nick_name: impl Into<String>,
        members: impl IntoIterator<Item = M>,
    ) -> Self {
        let members = members.into_iter().map(Into::into).collect();
        self.0.rooms.push(Room::new(listing, nick_name.into(), members));
        self
    }

    /// Limits the number of contacts per webwxgetcontact. By default there is no limit.
    pub fn contacts_per_page(mut self, contacts: usize) -> Self {
        self.0.contacts_per_page = contacts.max(1);
        self
    }

    /// Sets how long a login is valid after it began, and after each webwxsync, which renews it.
    /// This is also the lifetime of its cookies. The default is 12 hours, as on the real server.
    pub fn login_lifetime(mut self, lifetime: Duration) -> Self {
        self.0.login_lifetime = lifetime;
        self
    }

    /// Makes webwxsync deliver the messages that the client has sent, under their own MsgIDs.
    pub fn echoes(mut self, yes: bool) -> Self {
        self.0.echoes = yes;
        self
    }

    /// Calls `observer` with each violation when it occurs, on the server's thread.
    pub fn on_violation(mut self, observer: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.0.on_violation = Some(Arc::new(observer));
        self
    }

    /// Calls `observer` with each message when a client sends it, and again when the client revokes
    /// it, on the server's thread. A repeat of a message is not reported.
    pub fn on_message(mut self, observer: impl Fn(&Message) + Send + Sync + 'static) -> Self {
        self.0.on_message = Some(Arc::new(observer));
        self
    }

    /// Starts the server on its own thread.
    ///
    /// # Errors
    ///
    /// Returns an error if the server cannot listen on the address, or cannot start its thread.
    pub fn start(self) -> io::Result<Emulator> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        // Must not block on the runtime, because the caller may be inside another one.
        let listener = std::net::TcpListener::bind(self.0.addr)?;
        listener.set_nonblocking(true)?;
        let listener = {
            let _entered = runtime.enter();
            TcpListener::from_std(listener)?
        };
        let bound = listener.local_addr()?;
        let mut addr = bound;
        match bound.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => addr.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(ip) if ip.is_unspecified() => addr.set_ip(Ipv6Addr::LOCALHOST.into()),
            _ => {}
        }
        let images = self.0.images.clone();
        let state = Arc::new(ServerState::new(format!("http://{addr}"), self.0));
        for image in images {
            state.deliver(image.into());
        }
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("wx-emulator".to_owned()).spawn({
            let state = Arc::clone(&state);
            move || run(runtime, listener, state, stopped)
        })?;
        Ok(Emulator::started(addr, bound, state, stop, thread))
    }
}

impl Emulator {
    /// Starts a server without faults on 127.0.0.1 and a free port.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Builder::start`].
    pub fn start() -> io::Result<Emulator> {
        Emulator::builder().start()
    }

    /// Returns a builder to configure a server.
    pub fn builder() -> Builder {
        Builder::new()
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("addr", &self.0.addr)
            .field("images", &self.0.images.len())
            .field("faults", &self.0.faults)
            .field("repeats", &self.0.repeats)
            .field("profile", &self.0.profile)
            .finish_non_exhaustive()
    }
}
