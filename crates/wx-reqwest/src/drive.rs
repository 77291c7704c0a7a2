use wx_client::RunOptions;
use wx_client::media_io::MediaIo;
use wx_client::session_cell::SessionCell;
use wx_proto::flow::Flow;

use crate::Http;

pub use wx_client::drive::drive as drive_observed;

/// Drives a flow to its end with the session in a cell. The flow makes every decision; the driver
/// performs the I/O.
///
/// Cancel safe: if the future is dropped, the flow loses at most one try. To continue, call this
/// again with the same flow and media. Requires a tokio runtime.
pub async fn drive<F: Flow>(
    http: &Http,
    session: &SessionCell,
    media: &mut impl MediaIo,
    flow: &mut F,
    options: &mut RunOptions<'_>,
) -> F::Output {
    drive_observed(http, session, media, flow, options, &mut ()).await
}
