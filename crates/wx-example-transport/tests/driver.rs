//! The driver passes the driver test.

#![allow(missing_docs)]

use std::io;
use std::ops::Range;

use bytes::Bytes;
use smol::Timer;
use smol::future::or;
use wx_emulator::driver_test::Io;
use wx_example_transport::{MediaIo, drive};
use wx_proto::Session;
use wx_proto::flow::{Flow, Snapshot};

#[test]
fn the_driver_keeps_the_contract() {
    let report = wx_emulator::driver_test!(drive_for_test).run();
    assert!(report.passed(), "{report}");
}

/// Runs a flow with the driver. Drops the driver in the middle if the test requests it.
fn drive_for_test<F: Flow>(session: &mut Session, flow: &mut F, io: &mut Io) -> Option<F::Output> {
    let stop_after = io.stop_after();
    let mut media = IoAdapter(io);
    let driving = async { Some(drive(session, flow, &mut media).await) };
    smol::block_on(async {
        match stop_after {
            Some(time) => {
                or(driving, async {
                    Timer::after(time).await;
                    None
                })
                .await
            }
            None => driving.await,
        }
    })
}

struct IoAdapter<'a>(&'a mut Io);

impl MediaIo for IoAdapter<'_> {
    fn read(&mut self, span: Range<u64>) -> io::Result<Bytes> {
        Ok(self.0.read(span))
    }

    fn write(&mut self, at: u64, bytes: Bytes) -> io::Result<()> {
        self.0.write(at, &bytes);
        Ok(())
    }

    fn save(&mut self, _: &Snapshot) -> io::Result<()> {
        self.0.store().save()
    }
}
