//! The drivers of both clients.

use std::io;
use std::ops::Range;
use std::thread;

use wx_emulator::driver_test::Io;
use wx_proto::Session;
use wx_proto::bytes::Bytes;
use wx_proto::flow::Flow;
use wx_reqwest::wx_client::{CancelToken, RunOptions};
use wx_reqwest::{CheckpointStore, SessionCell};

#[test]
fn wx_ureq_passes() {
    let report = wx_emulator::driver_test!(ureq).run();
    assert!(report.passed(), "{report}");
}

#[test]
fn wx_reqwest_passes() {
    let report = wx_emulator::driver_test!(reqwest).run();
    assert!(report.passed(), "{report}");
}

struct IoAdapter<'a>(&'a mut Io);

impl wx_ureq::MediaIo for IoAdapter<'_> {
    fn read(&mut self, span: Range<u64>) -> io::Result<Bytes> {
        Ok(self.0.read(span))
    }

    fn write(&mut self, at: u64, bytes: Bytes) -> io::Result<()> {
        self.0.write(at, &bytes);
        Ok(())
    }
}

impl wx_reqwest::MediaIo for IoAdapter<'_> {
    async fn read(&mut self, span: Range<u64>) -> io::Result<Bytes> {
        Ok(self.0.read(span))
    }

    async fn write(&mut self, at: u64, bytes: Bytes) -> io::Result<()> {
        self.0.write(at, &bytes);
        Ok(())
    }
}

fn checkpoint(io: &Io) -> CheckpointStore {
    let store = io.store();
    CheckpointStore::new(move |_| store.save())
}

fn ureq<F: Flow>(session: &mut Session, flow: &mut F, io: &mut Io) -> Option<F::Output> {
    let http = wx_ureq::Http::new(None, session.site()).unwrap();
    let (cell, token) = (SessionCell::new(session.clone()), CancelToken::new());
    let mut options = RunOptions::new().checkpoint(checkpoint(io)).cancel(&token);
    if let Some(time) = io.stop_after() {
        thread::spawn(move || {
            thread::sleep(time);
            token.cancel();
        });
    }
    let output = wx_ureq::drive(&http, &cell, &mut IoAdapter(io), flow, &mut options);
    *session = cell.get();
    Some(output)
}

fn reqwest<F: Flow>(session: &mut Session, flow: &mut F, io: &mut Io) -> Option<F::Output> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let http = wx_reqwest::Http::new(None, session.site()).unwrap();
    let cell = SessionCell::new(session.clone());
    let mut options = RunOptions::new().checkpoint(checkpoint(io));
    let stop_after = io.stop_after();
    let output = runtime.block_on(async {
        let mut media = IoAdapter(io);
        let driving = wx_reqwest::drive(&http, &cell, &mut media, flow, &mut options);
        match stop_after {
            Some(time) => tokio::time::timeout(time, driving).await.ok(),
            None => Some(driving.await),
        }
    });
    *session = cell.get();
    output
}
