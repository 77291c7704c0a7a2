//! Concurrent sends on one session in the core, which must not hash while they hold the session's
//! lock.

use std::thread;
use std::time::Duration;

use wx_proto::bytes::Bytes;
use wx_proto::flow::{Action, Flow, Input};
use wx_proto::http::Response;
use wx_reqwest::SessionCell;

use crate::figure::Figure;
use crate::in_memory_server;
use crate::paired_timing::Timing;

pub(super) const SENDS: usize = 8;
const LEN: usize = 20 * 1024 * 1024;

/// Measures how many cores eight sends keep busy, with one session for all and with one session
/// each.
///
/// # Panics
///
/// Panics if a send fails.
#[must_use]
pub fn rows(runs: usize) -> [Figure; 2] {
    let image = in_memory_server::image(LEN);
    let cores = |cells: &[SessionCell]| {
        let timing = Timing::measure(|| {
            thread::scope(|scope| {
                for cell in cells {
                    scope.spawn(|| (0..runs).for_each(|_| send(cell, &image)));
                }
            });
        });
        timing.cpu / timing.wall
    };
    let shared = SessionCell::new(in_memory_server::session());
    let separate = [(); SENDS].map(|()| SessionCell::new(in_memory_server::session()));
    let what = "busy cores during 8 concurrent sends of 20 MiB on one session in the core";
    let together = cores(&[(); SENDS].map(|()| shared.clone()));
    [
        Figure::count(what, together, 2, "").at_least(0.9 * available()),
        Figure::count(
            "busy cores during 8 concurrent sends of 20 MiB in the core, a session each",
            cores(&separate),
            2,
            "",
        ),
    ]
}

pub(super) fn available() -> f64 {
    let cores = thread::available_parallelism().map_or(1, usize::from).min(SENDS);
    f64::from(u8::try_from(cores).unwrap_or(1))
}

fn send(cell: &SessionCell, image: &Bytes) {
    let len = image.len();
    let mut flow = in_memory_server::send(&cell.get(), in_memory_server::form(image, len as u64));
    let reply: Response<Bytes> = in_memory_server::accepted(len as u64);
    let mut body = Bytes::new();
    loop {
        let input = match cell.lend(|session| flow.poll(session, Duration::ZERO)) {
            Action::Done(sent) => return drop(sent.expect("sent")),
            Action::Read(span) => {
                let at = |offset: u64| usize::try_from(offset).unwrap_or(len).min(len);
                Input::Read(image.slice(at(span.start)..at(span.end)))
            }
            Action::Send(id, _) => {
                let (head, bytes) = reply.clone().into_parts();
                body = bytes;
                Input::Head(id, head)
            }
            Action::Receive(id) if body.is_empty() => Input::End(id),
            Action::Receive(id) => Input::Body(id, std::mem::take(&mut body)),
            Action::Write(..) | Action::Save(_) | Action::Wait(_) => {
                unreachable!("the flow writes and saves nothing, and nothing fails")
            }
        };
        flow.handle(input, Duration::ZERO).expect("it asked");
    }
}
