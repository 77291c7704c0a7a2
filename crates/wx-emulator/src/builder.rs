//! Starting a server.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::emulator::{Emulator, Profile, Repeats, run};
use crate::fault::Fault;
use crate::hub::Hub;
use crate::options::Options;
use crate::people::{Contact, Room};
use crate::scan::Scan;

/// What a server is started with.
#[derive(Clone)]
#[must_use]
pub struct Builder(Options);

impl Builder {
    pub(crate) fn new() -> Self {
        Self(Options::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))))
    }

    /// Where to listen; by default 127.0.0.1 and a free port.
    pub fn addr(mut self, addr: SocketAddr) -> Self {
        self.0.addr = addr;
        self
    }

    /// A picture that arrives as a message by webwxsync, from [`Emulator::friend`].
    pub fn image(mut self, image: impl Into<Bytes>) -> Self {
        self.0.images.push(image.into());
        self
    }

    /// Something to do wrong.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.0.faults.push(fault);
        self
    }

    /// Sets the server's clock ahead of this computer's by so many seconds, or back if negative.
    /// `Date` and `Expires` follow it.
    pub fn clock_ahead(mut self, seconds: i64) -> Self {
        self.0.clock_ahead = seconds;
        self
    }

    /// What a repeated chunk does.
    pub fn repeats(mut self, repeats: Repeats) -> Self {
        self.0.repeats = repeats;
        self
    }

    /// The page that [`Emulator::session_json`] is a login of. A login by a code is of the page
    /// that asked for it.
    pub fn profile(mut self, profile: Profile) -> Self {
        self.0.profile = profile;
        self
    }

    /// What the phone does, poll by poll; the last step repeats. By default nothing, scanned,
    /// confirmed.
    pub fn scan(mut self, script: impl IntoIterator<Item = Scan>) -> Self {
        self.0.scan = script.into_iter().collect();
        self
    }

    /// How long the avatar of a scan is, in characters of base64.
    pub fn avatar_len(mut self, characters: usize) -> Self {
        self.0.avatar_len = Some(characters);
        self
    }

    /// Where `redirect_uri` leads, such as `https://example.com`, instead of to this server.
    pub fn redirect_to(mut self, base: impl Into<String>) -> Self {
        self.0.redirect_to = Some(base.into());
        self
    }

    /// The login page sends on to another one (`redirecturl`) before it gives anything.
    pub fn redirecturl(mut self, yes: bool) -> Self {
        self.0.redirecturl = yes;
        self
    }

    /// Each webwxsync begins with the last message of the one before it.
    pub fn duplicates(mut self, yes: bool) -> Self {
        self.0.duplicates = yes;
        self
    }

    /// How many messages one webwxsync gives at the most; by default all.
    pub fn batch(mut self, messages: usize) -> Self {
        self.0.batch = messages.max(1);
        self
    }

    /// How long synccheck is held while there is nothing; by default half a second.
    pub fn hold(mut self, time: Duration) -> Self {
        self.0.hold = time;
        self
    }

    /// One more contact. The names go out as they are, entities apart.
    pub fn contact(mut self, nick_name: impl Into<String>, remark_name: impl Into<String>) -> Self {
        self.0.contacts.push(Contact::new(nick_name.into(), remark_name.into()));
        self
    }

    /// One more room, with members who are no contacts of the account.
    pub fn room<M: Into<String>>(
        mut self,
        nick_name: impl Into<String>,
        members: impl IntoIterator<Item = M>,
    ) -> Self {
        let members = members.into_iter().map(Into::into).collect();
        self.0.rooms.push(Room::new(nick_name.into(), members));
        self
    }

    /// How many contacts one webwxgetcontact gives at the most; by default all.
    pub fn contacts_per_page(mut self, contacts: usize) -> Self {
        self.0.contacts_per_page = contacts.max(1);
        self
    }

    /// Calls `observer` with each violation as it occurs, from the server's thread.
    pub fn on_violation(mut self, observer: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.0.on_violation = Some(Arc::new(observer));
        self
    }

    /// Starts the server on a thread of its own.
    pub fn start(self) -> io::Result<Emulator> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        // Nothing here may wait on the runtime: the caller can be inside one of its own.
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
        let hub = Arc::new(Hub::new(format!("http://{addr}"), self.0));
        for image in images {
            hub.deliver(image.into());
        }
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("wx-emulator".to_owned()).spawn({
            let hub = Arc::clone(&hub);
            move || run(runtime, listener, hub, stopped)
        })?;
        Ok(Emulator::started(addr, bound, hub, stop, thread))
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
