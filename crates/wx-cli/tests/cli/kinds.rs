//! What `watch` says about messages of other kinds than images.

use std::time::Duration;

use wx_emulator::{Emulator, Incoming};

use crate::odd_bytes::watch;
use crate::support::Place;

#[test]
fn p70_watch_names_each_kind_and_shows_no_status_notice() {
    let place = Place::with_emulator(Emulator::builder().hold(Duration::from_millis(50)));
    let link = "&lt;msg&gt;&lt;appmsg&gt;&lt;title&gt;t&lt;/title&gt;&lt;/appmsg&gt;&lt;/msg&gt;";
    let quote = "「Anna：a」<br/>- - - - - - - - - - - - - - -<br/>yes";
    for incoming in [
        Incoming::text("x").with("MsgType", 51).with("StatusNotifyCode", 4),
        Incoming::text("hi"),
        Incoming::text(quote),
        Incoming::text(link).with("MsgType", 49).with("AppMsgType", 5),
        Incoming::text("x").with("MsgType", 9999),
    ] {
        place.emulator.deliver(incoming);
    }
    let ran = watch(&place, "ureq", &["--json"]);
    let events = ran.events();
    let kinds: Vec<_> = events.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["text", "quote", "link", "other"], "{}", ran.err);
    assert_eq!(events[1]["content"], "「Anna：a」\n- - - - - - - - - - - - - - -\nyes");
}
