//! The spans of the feature `tracing`.

use wx_proto::ImageVariant;

use super::recorded_spans::{self, SpanRecord};
use super::{FetchInto, Transport, client, friend, large, quiet, server, small};
use wx_testing::canary::{assert_none, private};

pub(crate) fn a_span_for_each_exchange_of_a_send<T: Transport>() {
    let server = server(&["status=503@webwxuploadmedia#2"]);
    let client: T = client(&server);
    recorded_spans::start();
    client.send(&friend(&server), large(), quiet).unwrap();
    let recorded = recorded_spans::take();

    let exchanges = recorded.spans("wx.exchange");
    let upload = "step=upload endpoint=webwxuploadmedia method=POST";
    let expected = [
        format!("{upload} chunk=0 chunks=3 try=1 status=200 ret=0"),
        format!("{upload} chunk=1 chunks=3 try=1 status=503"),
        format!("{upload} chunk=1 chunks=3 try=2 status=200 ret=0"),
        format!("{upload} chunk=2 chunks=3 try=1 status=200 ret=0"),
        "step=message endpoint=webwxsendmsgimg method=POST try=1 status=200 ret=0".to_owned(),
    ];
    assert_eq!(exchanges.iter().map(|record| record.without_sizes()).collect::<Vec<_>>(), expected);
    let sizes: Vec<_> =
        exchanges.iter().filter_map(|record| record.number("request_bytes")).collect();
    assert_eq!(sizes, server.requests().iter().map(|request| request.body_len).collect::<Vec<_>>());
    assert!(exchanges.iter().all(|record| record.number("reply_bytes") > Some(10)));

    // One job span encloses everything. Each exchange also reports an event, for subscribers that
    // ignore spans.
    let jobs = recorded.spans("wx.job");
    assert_eq!((jobs.len(), jobs[0].fields.as_str(), jobs[0].within.len()), (1, "", 0));
    assert!(
        exchanges.iter().all(|record| record.within == ["wx.job"] && record.root == jobs[0].root)
    );
    let ours = |record: &&SpanRecord| record.target.starts_with("wx_") && record.name.is_empty();
    let events: Vec<_> = recorded.all().iter().filter(ours).collect();
    assert_eq!(events.len(), exchanges.len());
    assert!(events.iter().all(|record| record.within == ["wx.job", "wx.exchange"]));
}

pub(crate) fn spans_show_how_an_exchange_failed_and_nothing_of_the_login<T: Transport>() {
    const FILE: &str = "a.jpg";
    let good = server(&[]);
    let bad = server(&["drop=after@webwxuploadmedia"]);
    let limited = server(&["ret=1205@webwxsendmsgimg"]);
    recorded_spans::start();
    let id = client::<T>(&good).send(&friend(&good), small(), quiet).unwrap().msg_id;
    client::<T>(&good).fetch(&id, ImageVariant::Original, FetchInto::Vec(&mut Vec::new())).unwrap();
    client::<T>(&bad).send(&friend(&bad), small(), quiet).unwrap_err();
    client::<T>(&limited).send(&friend(&limited), small(), quiet).unwrap_err();
    let recorded = recorded_spans::take();

    let exchanges: Vec<_> =
        recorded.spans("wx.exchange").iter().map(|record| record.without_sizes()).collect();
    assert_eq!(exchanges[2], "step=download endpoint=webwxgetmsgimg method=GET try=1 status=200");
    let dropped = "step=upload endpoint=webwxuploadmedia method=POST chunk=0 chunks=1 try=3 \
     failure=dropped delivered=unknown";
    assert_eq!(exchanges[5], dropped);
    assert!(exchanges[7].ends_with("try=1 status=200 ret=1205"), "{}", exchanges[7]);
    assert_eq!((exchanges.len(), recorded.spans("wx.job").len()), (8, 4));

    let (ours, others): (Vec<_>, Vec<_>) =
        recorded.all().iter().partition(|record| record.target.starts_with("wx_"));
    for server in [&good, &bad, &limited] {
        assert_none(&private(server, FILE), &format!("{ours:?} {others:?}"));
        assert_none(&[server.addr().to_string(), "127.0.0.1".to_owned()], &format!("{ours:?}"));
    }
}
