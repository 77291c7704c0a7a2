//! Sends that hash at once on one session.

use std::thread;
use std::time::Duration;

use wx_proto::bytes::Bytes;
use wx_proto::flow::{Action, Flow, Input};
use wx_proto::http::Response;
use wx_reqwest::SessionCell;

use crate::pairs::Took;
use crate::perfect;
use crate::row::Row;

pub(super) const SENDS: usize = 8;
const LEN: usize = 20 * 1024 * 1024;

/// How many cores eight sends keep busy whose flows share a session, and how many those with a
/// session each do.
///
/// # Panics
/// If one fails.
#[must_use]
pub fn rows(runs: usize) -> [Row; 2] {
    let picture = perfect::picture(LEN);
    let cores = |cells: &[SessionCell]| {
        let took = Took::by(|| {
            thread::scope(|scope| {
                for cell in cells {
                    scope.spawn(|| (0..runs).for_each(|_| send(cell, &picture)));
                }
            });
        });
        took.cpu / took.wall
    };
    let shared = SessionCell::new(perfect::session());
    let of_their_own = [(); SENDS].map(|()| SessionCell::new(perfect::session()));
    let what = "cores that 8 sends of 20 MiB at once on one session keep busy in the core";
    let together = cores(&[(); SENDS].map(|()| shared.clone()));
    [
        Row::count(what, together, 2, "").at_least(0.9 * available()),
        Row::count("the same with a session each", cores(&of_their_own), 2, ""),
    ]
}

pub(super) fn available() -> f64 {
    let cores = thread::available_parallelism().map_or(1, usize::from).min(SENDS);
    f64::from(u8::try_from(cores).unwrap_or(1))
}

fn send(cell: &SessionCell, picture: &Bytes) {
    let len = picture.len();
    let mut flow = perfect::send(&cell.get(), perfect::form(picture, len as u64));
    let reply: Response<Bytes> = perfect::accepted(len as u64);
    let mut body = Bytes::new();
    loop {
        let input = match cell.lend(|session| flow.poll(session, Duration::ZERO)) {
            Action::Done(sent) => return drop(sent.expect("sent")),
            Action::Read(span) => {
                let at = |offset: u64| usize::try_from(offset).unwrap_or(len).min(len);
                Input::Read(picture.slice(at(span.start)..at(span.end)))
            }
            Action::Send(id, _) => {
                let (head, bytes) = reply.clone().into_parts();
                body = bytes;
                Input::Head(id, head)
            }
            Action::Receive(id) if body.is_empty() => Input::End(id),
            Action::Receive(id) => Input::Body(id, std::mem::take(&mut body)),
            Action::Write(..) | Action::Save(_) | Action::Wait(_) => {
                unreachable!("nothing is fetched, saved, or fails here")
            }
        };
        flow.handle(input, Duration::ZERO).expect("it asked");
    }
}
