//! Compares the two clients with bare loops of the same HTTP libraries.

pub mod at_once;
pub mod bare;
pub mod busy_cores;
pub mod commands;
pub mod shared_session;
pub mod waiting;

use std::path::{Path, PathBuf};

use bytes::Bytes;
use tokio::runtime::{Builder, Runtime};
use wx_proto::{Attachment, ImageVariant, MediaKind, MsgId, Policy, Recipient, Session};

use self::bare::Prepared;
use crate::figure::Figure;
use crate::in_memory_server::{LEN, VIDEO, image, video};
use crate::paired_timing::{Ratios, Timing, compare};
use crate::server::{self, LONGEST};

/// The media that is sent and fetched.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    kind: MediaKind,
    /// The length of the media that is sent, in bytes.
    sent: usize,
    /// The length of the media that is fetched, in bytes.
    fetched: usize,
}

impl Load {
    /// An image of 20 MiB is sent, and one of 100 MiB is fetched.
    pub const IMAGE: Self = Self { kind: MediaKind::Image, sent: LEN, fetched: server::IMAGE };

    /// A file of 200 MiB is sent after `webwxcheckupload`, and one of 200 MiB is fetched.
    pub const FILE: Self = Self { kind: MediaKind::File, sent: LONGEST, fetched: LONGEST };

    /// The longest video is sent and fetched.
    pub const VIDEO: Self = Self { kind: MediaKind::Video, sent: VIDEO, fetched: VIDEO };

    /// Returns the attachment that is fetched.
    fn attachment(self) -> Attachment {
        let id = MsgId::new("1").expect("an id");
        match self.kind {
            MediaKind::File => serde_json::from_str(&file(self.fetched)).expect("an attachment"),
            MediaKind::Video => Attachment::video(id),
            _ => Attachment::image(id, ImageVariant::Original),
        }
    }

    /// Returns the media that is sent.
    fn media(self) -> Bytes {
        match self.kind {
            MediaKind::Video => video(),
            _ => image(self.sent),
        }
    }

    /// Returns the names of the send and the fetch.
    const fn names(self) -> [&'static str; 2] {
        match self.kind {
            MediaKind::File => ["send of a file of 200 MiB", "fetch of a file of 200 MiB"],
            MediaKind::Video => {
                ["send of a video of 20 MiB − 1", "fetch of a video of 20 MiB − 1 to a file"]
            }
            _ => ["send of 20 MiB from a file", "fetch of 100 MiB to a file"],
        }
    }
}

/// Returns the JSON of the attachment for which [`Server`](server::Server) has a file of `len`
/// bytes.
fn file(len: usize) -> String {
    let id = "a".repeat(64);
    format!(
        r#"{{"msg_id":"1","kind":"file","sender":"@{id}","media_id":"@{id}","name":"{len}","len":{len}}}"#
    )
}

/// Returns a session for the server at `base`.
#[must_use]
pub fn session(base: &str) -> Session {
    let builder =
        Session::builder(base).allow_loopback().uin(1).sid("s").skey("k").user_name("@me");
    builder.data_ticket("t").build().expect("a good session")
}

/// Returns the recipient of all messages.
#[must_use]
pub fn to() -> Recipient {
    Recipient::file_helper()
}

/// Creates a runtime with one thread, plus threads for file access.
///
/// # Panics
///
/// Panics if the runtime cannot be created.
#[must_use]
pub fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn rows(what: &str, ratios: Ratios, limit: f64) -> [Figure; 2] {
    let row = |kind: &str, figure, identical| Figure {
        identical: Some(identical),
        ..Figure::count(format!("{what}, {kind}"), figure, 3, "").at_most(limit)
    };
    eprintln!("{what}: the bare loop took {:.1} ms", ratios.bare * 1e3);
    [row("CPU", ratios.cpu, ratios.identical_cpu), row("wall", ratios.wall, ratios.identical_wall)]
}

/// A file to send, and a file to which an attachment is fetched.
#[derive(Debug)]
pub struct Files {
    load: Load,
    attachment: Attachment,
    base: String,
    file: PathBuf,
    out: PathBuf,
    policy: Policy,
    prepared: Prepared,
    runtime: Runtime,
}

impl Files {
    /// Creates the files in the directory `scratch`, for the server at `base`.
    ///
    /// # Panics
    ///
    /// Panics if the directory is not writable.
    #[must_use]
    pub fn new(load: Load, base: &str, scratch: &Path) -> Self {
        let file = scratch.join("sent.jpg");
        std::fs::write(&file, load.media()).expect("a file");
        let mut policy = Policy::default();
        policy.max_fetch = load.fetched as u64;
        let attachment = load.attachment();
        let prepared = Prepared::new(&session(base), load);
        let (base, out) = (base.to_owned(), scratch.join("fetched"));
        Self { load, attachment, base, file, out, policy, prepared, runtime: runtime() }
    }

    /// Measures `wx-ureq`.
    ///
    /// # Panics
    ///
    /// Panics if a request fails.
    #[must_use]
    pub fn ureq(&self, sends: usize, fetches: usize) -> [Figure; 4] {
        let client = || {
            let builder = wx_ureq::Client::builder(session(&self.base)).policy(self.policy.clone());
            builder.build().expect("a client")
        };
        let send = compare(sends, || {
            let client = client();
            let ours = move || {
                let source = wx_ureq::Source::path(&self.file).expect("a file");
                client.send(&to(), source).kind(self.load.kind).run().expect("sent");
            };
            let bare = || {
                let agent = bare::agent();
                move || self.prepared.send_ureq(&agent, &self.file)
            };
            [timed(ours), timed(bare()), timed(bare())]
        });
        let fetch = compare(fetches, || {
            let client = client();
            let ours = move || {
                let sink = wx_ureq::Sink::path(&self.out);
                client.fetch(&self.attachment, sink).run().expect("fetched");
            };
            let bare = || {
                let agent = bare::agent();
                move || self.prepared.fetch_ureq(&agent, &self.out)
            };
            [timed(ours), timed(bare()), timed(bare())]
        });
        let [sending, fetching] = self.load.names();
        let [a, b] = rows(&format!("{sending}, wx-ureq / bare ureq"), send, 1.03);
        let [c, d] = rows(&format!("{fetching}, wx-ureq / bare ureq"), fetch, 1.03);
        [a, b, c, d]
    }

    /// Measures `wx-reqwest`.
    ///
    /// # Panics
    ///
    /// Panics if a request fails.
    #[must_use]
    pub fn reqwest(&self, sends: usize, fetches: usize) -> [Figure; 4] {
        let client = || {
            let builder =
                wx_reqwest::Client::builder(session(&self.base)).policy(self.policy.clone());
            builder.build().expect("a client")
        };
        let send = compare(sends, || {
            let client = client();
            let ours = move || {
                self.runtime.block_on(async {
                    let source = wx_reqwest::Source::path(&self.file).await.expect("a file");
                    let send = client.send(&to(), source).kind(self.load.kind);
                    send.await.expect("sent");
                });
            };
            let bare = || {
                let client = bare::client();
                move || self.runtime.block_on(self.prepared.send_reqwest(&client, &self.file))
            };
            [timed(ours), timed(bare()), timed(bare())]
        });
        let fetch = compare(fetches, || {
            let client = client();
            let ours = move || {
                let sink = wx_reqwest::Sink::path(&self.out);
                let fetch = client.fetch(&self.attachment, sink).into_future();
                self.runtime.block_on(fetch).expect("fetched");
            };
            let bare = || {
                let client = bare::client();
                move || self.runtime.block_on(self.prepared.fetch_reqwest(&client, &self.out))
            };
            [timed(ours), timed(bare()), timed(bare())]
        });
        let [sending, fetching] = self.load.names();
        let [a, b] = rows(&format!("{sending}, wx-reqwest / bare reqwest"), send, 1.05);
        let [c, d] = rows(&format!("{fetching}, wx-reqwest / bare reqwest"), fetch, 1.03);
        [a, b, c, d]
    }
}

fn timed<'a>(mut run: impl FnMut() + 'a) -> Box<dyn FnMut() -> Timing + 'a> {
    Box::new(move || Timing::measure(&mut run))
}
