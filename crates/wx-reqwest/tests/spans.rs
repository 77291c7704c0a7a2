//! The spans of the feature `tracing` where there are tasks; what both transports do alike is among
//! the scenarios.

#![cfg(feature = "tracing")]
#![allow(clippy::unwrap_used)]

#[path = "../../wx-ureq/tests/shared/canary.rs"]
mod canary;
#[path = "../../wx-ureq/tests/shared/heard.rs"]
mod heard;

use std::collections::BTreeSet;
use std::time::Duration;

use canary::{assert_none, private};
use heard::Said;
use wx_emulator::Emulator;
use wx_proto::{ImageVariant, Recipient, Session};
use wx_reqwest::{Client, Sink, Source};

const FILE: &str = "holiday-2017.png";

fn picture(len: usize) -> Source {
    let mut picture = include_bytes!("tiny.png").to_vec();
    picture.resize(len, 7);
    Source::bytes(FILE, picture)
}

fn client(server: &Emulator) -> Client {
    Client::new(Session::from_json_allow_loopback(server.session_json()).unwrap()).unwrap()
}

/// One thread for all tasks, so whatever is said is heard, and a span entered across an await would
/// get into another task.
#[tokio::test]
async fn jobs_at_once_do_not_mix() {
    let server =
        Emulator::builder().fault("delay=50@webwxuploadmedia".parse().unwrap()).start().unwrap();
    let (client, to) = (client(&server), Recipient::new(server.friend()).unwrap());
    heard::listen();
    let jobs = [1, 600_000, 1_200_000].map(|len| {
        let (client, to) = (client.clone(), to.clone());
        tokio::spawn(async move { client.send_image(&to, picture(len.max(1000))).await.unwrap() })
    });
    for job in jobs {
        job.await.unwrap();
    }
    let heard = heard::take();

    let exchanges = heard.spans("wx.exchange");
    let mut found = Vec::new();
    for job in heard.spans("wx.job") {
        let mine: Vec<_> = exchanges.iter().filter(|said| said.root == job.root).collect();
        let (last, chunks) = mine.split_last().unwrap();
        assert!(last.fields.starts_with(" step=message "), "{mine:?}");
        let numbers = chunks.iter().map(|said| said.number("chunk"));
        assert!(numbers.eq((0..chunks.len() as u64).map(Some)), "{mine:?}");
        assert!(
            chunks.iter().all(|said| said.number("chunks") == Some(chunks.len() as u64)),
            "{mine:?}"
        );
        found.push(chunks.len());
    }
    found.sort_unstable();
    assert_eq!((found.as_slice(), exchanges.len()), (&[1, 2, 3][..], 9));
    assert!(exchanges.iter().all(|said| said.within == ["wx.job"]));
}

/// A job that is dropped in the middle ends its spans, with what is known by then.
#[tokio::test]
async fn a_dropped_job_ends_its_spans() {
    let server =
        Emulator::builder().fault("delay=900@webwxsendmsgimg".parse().unwrap()).start().unwrap();
    let (client, to) = (client(&server), Recipient::new(server.friend()).unwrap());
    heard::listen();
    let sending = client.send_image(&to, picture(1000));
    assert!(tokio::time::timeout(Duration::from_millis(300), sending).await.is_err());
    let heard = heard::take();
    let exchanges: Vec<_> =
        heard.spans("wx.exchange").iter().map(|said| said.without_sizes()).collect();
    assert_eq!(
        exchanges.last().unwrap(),
        "step=message endpoint=webwxsendmsgimg method=POST try=1"
    );
    assert_eq!(heard.spans("wx.job").len(), 1);
}

/// What hyper and its friends say goes to `tracing` too: hosts, and nothing of the login.
#[tokio::test]
async fn others_name_hosts_and_nothing_else() {
    let server = Emulator::start().unwrap();
    let (client, to) = (client(&server), Recipient::new(server.friend()).unwrap());
    heard::listen();
    let id = client.send_image(&to, picture(1000)).await.unwrap().msg_id;
    client.fetch_image(&id, ImageVariant::Original, Sink::vec(&mut Vec::new())).await.unwrap();
    let heard = heard::take();

    let all = heard.all();
    assert_none(&private(&server, FILE), &format!("{all:?}"));
    let is_part = |said: &Said| {
        said.target.starts_with("hyper_util") && said.within == ["wx.job", "wx.exchange"]
    };
    assert!(all.iter().any(is_part), "what is said during an exchange belongs to it");
    let address = server.addr().to_string();
    let naming = all.iter().filter(|said| said.fields.contains(&address));
    let naming: BTreeSet<_> = naming.map(|said| said.target.split("::").next().unwrap()).collect();
    assert_eq!(naming.into_iter().collect::<Vec<_>>(), ["hyper_util"]);
}
