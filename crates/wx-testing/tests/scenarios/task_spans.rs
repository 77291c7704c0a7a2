//! The spans of the feature `tracing` within tasks. `spans` tests what both clients have in common.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::recorded_spans::{self, SpanRecord};
use wx_emulator::Emulator;
use wx_proto::{ImageVariant, Recipient, Session};
use wx_reqwest::{Client, Sink, Source};
use wx_testing::canary::{assert_none, private};
use wx_testing::samples::TINY_PNG;

const FILE: &str = "holiday-2017.png";

fn image(len: usize) -> Source {
    let mut image = TINY_PNG.to_vec();
    image.resize(len, 7);
    Source::bytes(FILE, image)
}

fn client(server: &Emulator) -> Client {
    Client::new(Session::from_json_allow_loopback(server.session_json()).unwrap()).unwrap()
}

/// All tasks run on one thread, so everything is recorded. A span that is entered across an await
/// would also enclose other tasks.
#[tokio::test]
async fn jobs_at_once_do_not_mix() {
    let server =
        Emulator::builder().fault("delay=50@webwxuploadmedia".parse().unwrap()).start().unwrap();
    let (client, to) = (client(&server), Recipient::new(server.friend()).unwrap());
    recorded_spans::start();
    let jobs = [1, 600_000, 1_200_000].map(|len| {
        let (client, to) = (client.clone(), to.clone());
        tokio::spawn(async move { client.send_image(&to, image(len.max(1000))).await.unwrap() })
    });
    for job in jobs {
        job.await.unwrap();
    }
    let recorded = recorded_spans::take();

    let exchanges = recorded.spans("wx.exchange");
    let mut found = Vec::new();
    for job in recorded.spans("wx.job") {
        let own_exchanges: Vec<_> =
            exchanges.iter().filter(|record| record.root == job.root).collect();
        let (last, chunks) = own_exchanges.split_last().unwrap();
        assert!(last.fields.starts_with(" step=message "), "{own_exchanges:?}");
        let numbers = chunks.iter().map(|record| record.number("chunk"));
        assert!(numbers.eq((0..chunks.len() as u64).map(Some)), "{own_exchanges:?}");
        assert!(
            chunks.iter().all(|record| record.number("chunks") == Some(chunks.len() as u64)),
            "{own_exchanges:?}"
        );
        found.push(chunks.len());
    }
    found.sort_unstable();
    assert_eq!((found.as_slice(), exchanges.len()), (&[1, 2, 3][..], 9));
    assert!(exchanges.iter().all(|record| record.within == ["wx.job"]));
}

/// Dropping a job closes its spans, with the fields that are known by then.
#[tokio::test]
async fn a_dropped_job_ends_its_spans() {
    let server =
        Emulator::builder().fault("delay=900@webwxsendmsgimg".parse().unwrap()).start().unwrap();
    let (client, to) = (client(&server), Recipient::new(server.friend()).unwrap());
    recorded_spans::start();
    let sending = client.send_image(&to, image(1000));
    assert!(tokio::time::timeout(Duration::from_millis(300), sending).await.is_err());
    let recorded = recorded_spans::take();
    let exchanges: Vec<_> =
        recorded.spans("wx.exchange").iter().map(|record| record.without_sizes()).collect();
    assert_eq!(
        exchanges.last().unwrap(),
        "step=message endpoint=webwxsendmsgimg method=POST try=1"
    );
    assert_eq!(recorded.spans("wx.job").len(), 1);
}

/// The dependencies of reqwest report hosts to `tracing`, but nothing about the login.
#[tokio::test]
async fn others_name_hosts_and_nothing_else() {
    let server = Emulator::start().unwrap();
    let (client, to) = (client(&server), Recipient::new(server.friend()).unwrap());
    recorded_spans::start();
    let id = client.send_image(&to, image(1000)).await.unwrap().msg_id;
    client.fetch_image(&id, ImageVariant::Original, Sink::vec(&mut Vec::new())).await.unwrap();
    let recorded = recorded_spans::take();

    let all = recorded.all();
    assert_none(&private(&server, FILE), &format!("{all:?}"));
    let is_part = |record: &SpanRecord| {
        record.target.starts_with("hyper_util") && record.within == ["wx.job", "wx.exchange"]
    };
    assert!(all.iter().any(is_part), "everything recorded during an exchange belongs to it");
    let address = server.addr().to_string();
    let naming = all.iter().filter(|record| record.fields.contains(&address));
    let naming: BTreeSet<_> =
        naming.map(|record| record.target.split("::").next().unwrap()).collect();
    assert_eq!(naming.into_iter().collect::<Vec<_>>(), ["hyper_util"]);
}
