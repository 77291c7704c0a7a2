//! Files that are delivered to the client, and the values that a request for one must have.

use serde_json::Value;
use wx_emulator::{Emulator, Incoming, Profile};
use wx_testing::raw_client::{Reply, request};

use crate::page::{PATH, Page};

fn delivered(page: &Page, server: &Emulator, file: Incoming) -> Value {
    server.deliver(file);
    crate::more_calls::synced(page).pop().unwrap()
}

/// Returns the query of the official page.
fn query(page: &Page, message: &Value) -> String {
    let text = |key: &str| message[key].as_str().unwrap();
    format!(
        "sender={}&mediaid={}&encryfilename={}&fromuser={}&pass_ticket={}&webwx_data_ticket={}",
        text("FromUserName"),
        text("MediaId"),
        text("EncryFileName"),
        page.word("uin"),
        encoded(&page.word("pass_ticket")),
        encoded(&page.cookie("webwx_data_ticket")),
    )
}

fn encoded(value: &str) -> String {
    value.replace('%', "%25").replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}

/// Returns the violations of the requests for files.
fn violations(server: &Emulator) -> Vec<String> {
    let mut found = server.violations();
    found.retain(|what| what.starts_with("webwxgetmedia: "));
    found
}

fn fetch(page: &Page, query: &str) -> Reply {
    let target = format!("{PATH}/webwxgetmedia?{query}");
    request(page.addr, "GET", &target, &page.headers("/"), b"").unwrap()
}

#[test]
fn a_file_arrives_with_its_length_and_its_names_escaped() {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let message = delivered(&page, &server, Incoming::file("a & <b>_1.txt", &b"\0bytes"[..]));
    assert_eq!(message["FileName"], "a &amp; &lt;b&gt;_1.txt");
    assert_eq!(message["EncryFileName"], "a%20%26%20%3Cb%3E%5F1%2Etxt");
    assert_eq!(message["FileSize"], "6");
    let content = message["Content"].as_str().unwrap();
    assert!(content.contains("&lt;title&gt;a &amp;amp; &amp;lt;b&amp;gt;_1.txt&lt;/title&gt;"));
    assert_eq!(fetch(&page, &query(&page, &message)).body, b"\0bytes");
    assert_eq!(violations(&server), [""; 0]);
}

#[test]
fn each_value_that_differs_from_the_pages_is_noticed() {
    for profile in [Profile::Web, Profile::FileHelper] {
        let server = Emulator::builder().profile(profile).start().unwrap();
        let page = Page::new(&server);
        let message = delivered(&page, &server, Incoming::file("a_b.txt", &b"bytes"[..]));
        let mut good = query(&page, &message);
        if profile == Profile::FileHelper {
            let sid = encoded(&page.word("sid"));
            good.push_str(&format!("&sid={sid}&mmweb_appid=wx_webfilehelper"));
        }
        fetch(&page, &good);
        assert_eq!(violations(&server), [""; 0], "{profile:?}");
        let uin = format!("fromuser={}", page.word("uin"));
        let sender = format!("sender={}", message["FromUserName"].as_str().unwrap());
        for (from, to, noticed) in [
            (sender.as_str(), "sender=@other", "sender is not the message's"),
            ("a%5Fb%2Etxt", "a_b.txt", "encryfilename is not the message's, as received"),
            ("a%5Fb%2Etxt", "a%255Fb%252Etxt", "encryfilename is not the message's, as received"),
            (uin.as_str(), "fromuser=1", "fromuser is not the uin"),
        ] {
            assert!(good.contains(from), "{from}");
            // The server does not check them.
            assert_eq!(fetch(&page, &good.replacen(from, to, 1)).body, b"bytes", "{to}");
            let violation = format!("webwxgetmedia: {noticed}");
            assert_eq!(violations(&server).last(), Some(&violation), "{profile:?}");
        }
        let odd = match profile {
            Profile::Web => format!("{good}&sid=x"),
            Profile::FileHelper => good.replacen("&sid=", "&sid=x", 1),
        };
        fetch(&page, &odd);
        assert!(server.violations().contains(&"webwxgetmedia: sid is not the page's".to_owned()));
    }
}

#[test]
fn a_message_without_the_servers_spelling_is_requested_by_its_name() {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let file = Incoming::file("a b.txt", &b"bytes"[..]).with("EncryFileName", "");
    let message = delivered(&page, &server, file);
    let good = query(&page, &message).replacen("encryfilename=", "encryfilename=a%20b.txt", 1);
    assert_eq!(fetch(&page, &good).body, b"bytes");
    assert_eq!(violations(&server), [""; 0]);
}
