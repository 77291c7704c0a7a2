use wx_client::RunOptions;
use wx_client::blocking::{Blocking, MediaIo};
use wx_client::session_cell::SessionCell;
use wx_proto::flow::{Flow, Observer};

use crate::Http;

/// Drives a flow to its end with the session in a cell. The flow makes every decision; the driver
/// performs the I/O.
///
/// To continue an interrupted flow, call this again with the same flow and media.
pub fn drive<F: Flow>(
    http: &Http,
    session: &SessionCell,
    media: &mut (impl MediaIo + Send),
    flow: &mut F,
    options: &mut RunOptions<'_>,
) -> F::Output {
    drive_observed(http, session, media, flow, options, &mut ())
}

/// Like [`drive`](drive()), but also calls an observer with each action and input.
pub fn drive_observed<F: Flow>(
    http: &Http,
    session: &SessionCell,
    media: &mut (impl MediaIo + Send),
    flow: &mut F,
    options: &mut RunOptions<'_>,
    observer: &mut impl Observer<F>,
) -> F::Output {
    let media = &mut Blocking(media);
    pollster::block_on(wx_client::drive::drive(http, session, media, flow, options, observer))
}
