//! Compares the two clients with bare loops of the same HTTP libraries.

pub mod at_once;
pub mod bare;
pub mod busy_cores;
pub mod commands;
pub mod shared_session;
pub mod waiting;

use std::path::{Path, PathBuf};

use tokio::runtime::{Builder, Runtime};
use wx_proto::{ImageVariant, MsgId, Policy, Recipient, Session};

use self::bare::Prepared;
use crate::figure::Figure;
use crate::in_memory_server::{LEN, image};
use crate::paired_timing::{Ratios, Timing, compare};

/// The length of the fetched image in bytes.
pub const FETCHED: usize = 100 * 1024 * 1024;

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

/// A file of 20 MiB to send, and a file to which 100 MiB are fetched.
#[derive(Debug)]
pub struct Files {
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
    pub fn new(base: &str, scratch: &Path) -> Self {
        let file = scratch.join("picture.jpg");
        std::fs::write(&file, image(LEN)).expect("a file");
        let mut policy = Policy::default();
        policy.max_fetch = FETCHED as u64;
        let prepared = Prepared::new(&session(base), LEN);
        let out = scratch.join("fetched.jpg");
        Self { base: base.to_owned(), file, out, policy, prepared, runtime: runtime() }
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
                client.send_image(&to(), source).run().expect("sent");
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
                client.fetch_image(&id(), ImageVariant::Original, sink).run().expect("fetched");
            };
            let bare = || {
                let agent = bare::agent();
                move || self.prepared.fetch_ureq(&agent, &self.out)
            };
            [timed(ours), timed(bare()), timed(bare())]
        });
        let [a, b] = rows("send of 20 MiB from a file, wx-ureq / bare ureq", send, 1.03);
        let [c, d] = rows("fetch of 100 MiB to a file, wx-ureq / bare ureq", fetch, 1.03);
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
                    client.send_image(&to(), source).await.expect("sent");
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
                let fetched = self.runtime.block_on(
                    client.fetch_image(&id(), ImageVariant::Original, sink).into_future(),
                );
                fetched.expect("fetched");
            };
            let bare = || {
                let client = bare::client();
                move || self.runtime.block_on(self.prepared.fetch_reqwest(&client, &self.out))
            };
            [timed(ours), timed(bare()), timed(bare())]
        });
        let [a, b] = rows("send of 20 MiB from a file, wx-reqwest / bare reqwest", send, 1.05);
        let [c, d] = rows("fetch of 100 MiB to a file, wx-reqwest / bare reqwest", fetch, 1.03);
        [a, b, c, d]
    }
}

fn id() -> MsgId {
    MsgId::new("1").expect("an id")
}

fn timed<'a>(mut run: impl FnMut() + 'a) -> Box<dyn FnMut() -> Timing + 'a> {
    Box::new(move || Timing::measure(&mut run))
}
