//! Measures how many cores concurrent sends through one client keep busy.

use std::thread;

use tokio::runtime::Builder;
use wx_proto::bytes::Bytes;

use super::shared_session::{SENDS, available};
use crate::figure::Figure;
use crate::in_memory_server::{LEN, image};
use crate::paired_timing::Timing;
use crate::server::Server;

/// Measures eight concurrent sends of 20 MiB from memory, on one client of each kind. The server's
/// CPU time is included, because it runs on the same cores.
///
/// # Panics
///
/// Panics if a send fails.
#[must_use]
pub fn rows(server: &Server, runs: usize) -> [Figure; 2] {
    let image = image(LEN);
    let session = super::session(&server.base());
    let blocking = wx_ureq::Client::new(session.clone()).expect("a client");
    let cores_of_ureq = busy(server, || {
        thread::scope(|scope| {
            for _ in 0..SENDS {
                scope.spawn(|| (0..runs).for_each(|_| send_ureq(&blocking, &image)));
            }
        });
    });
    let runtime = Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let client = wx_reqwest::Client::new(session).expect("a client");
    let cores_of_reqwest = busy(server, || {
        runtime.block_on(async {
            let sends = [(); SENDS].map(|()| {
                let (client, image) = (client.clone(), image.clone());
                tokio::spawn(async move {
                    for _ in 0..runs {
                        send_reqwest(&client, &image).await;
                    }
                })
            });
            for send in sends {
                send.await.expect("no panic");
            }
        });
    });
    [("wx-ureq", cores_of_ureq), ("wx-reqwest", cores_of_reqwest)].map(|(client, cores)| {
        let what = format!(
            "busy cores during 8 concurrent sends of 20 MiB on one client, with the server, \
             {client}"
        );
        Figure::count(what, cores, 2, "").at_least(0.9 * available())
    })
}

fn busy(server: &Server, run: impl FnOnce()) -> f64 {
    let before = server.cpu();
    let time = Timing::measure(run);
    (time.cpu + server.cpu() - before) / time.wall
}

fn send_ureq(client: &wx_ureq::Client, image: &Bytes) {
    let source = wx_ureq::Source::bytes("picture.jpg", image.clone());
    client.send_image(&super::to(), source).run().expect("sent");
}

async fn send_reqwest(client: &wx_reqwest::Client, image: &Bytes) {
    let source = wx_reqwest::Source::bytes("picture.jpg", image.clone());
    client.send_image(&super::to(), source).await.expect("sent");
}
