//! Starting, watching and stopping a server.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use crate::fault::Fault;
use crate::hub::Hub;
use crate::mailbox::Message;
use crate::picture::Picture;
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

/// What a server is started with.
#[derive(Clone)]
#[must_use]
pub struct Builder {
    addr: SocketAddr,
    images: Vec<Bytes>,
    faults: Vec<Fault>,
    repeats: Repeats,
}

impl Builder {
    /// Where to listen; by default 127.0.0.1 and a free port.
    pub fn addr(mut self, addr: SocketAddr) -> Self {
        self.addr = addr;
        self
    }

    /// A picture that arrives as a message by webwxsync, from [`Emulator::friend`].
    pub fn image(mut self, image: impl Into<Bytes>) -> Self {
        self.images.push(image.into());
        self
    }

    /// Something to do wrong.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// What a repeated chunk does.
    pub fn repeats(mut self, repeats: Repeats) -> Self {
        self.repeats = repeats;
        self
    }

    /// Starts the server on a thread of its own.
    pub fn start(self) -> io::Result<Emulator> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        // Nothing here may wait on the runtime: the caller can be inside one of its own.
        let listener = std::net::TcpListener::bind(self.addr)?;
        listener.set_nonblocking(true)?;
        let listener = {
            let _entered = runtime.enter();
            TcpListener::from_std(listener)?
        };
        let mut addr = listener.local_addr()?;
        if addr.ip().is_unspecified() {
            addr.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        let hub = Arc::new(Hub::new(format!("http://{addr}"), self.repeats, self.faults));
        for image in self.images {
            let picture = hub.gallery().keep(Picture::new(image));
            hub.mailbox().add_incoming(picture);
        }
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("wx-emulator".to_owned()).spawn({
            let hub = Arc::clone(&hub);
            move || run(runtime, listener, hub, stopped)
        })?;
        Ok(Emulator { addr, hub, stop: Some(stop), thread: Some(thread) })
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("addr", &self.addr)
            .field("images", &self.images.len())
            .field("faults", &self.faults)
            .field("repeats", &self.repeats)
            .finish()
    }
}

fn run(runtime: Runtime, listener: TcpListener, hub: Arc<Hub>, stopped: oneshot::Receiver<()>) {
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
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Builder { addr, images: Vec::new(), faults: Vec::new(), repeats: Repeats::default() }
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
        self.hub.account.session_json(&self.hub.base, &host)
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

    /// Everything odd that clients did, each once, without secrets.
    pub fn notes(&self) -> Vec<String> {
        self.hub.notes()
    }

    /// All requests so far, also those that a fault kept from having an effect.
    pub fn requests(&self) -> Vec<Request> {
        self.hub.requests()
    }

    /// How many requests came to an endpoint, by wire name, such as `webwxsendmsgimg`.
    pub fn requests_to(&self, endpoint: &str) -> usize {
        self.hub.requests_to(endpoint)
    }

    /// The MsgIds of the pictures given to [`Builder::image`], in order.
    pub fn incoming(&self) -> Vec<String> {
        self.hub.mailbox().incoming.iter().map(|incoming| incoming.msg_id.to_string()).collect()
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
