//! What the phone does, and whose login it is.

use wx_emulator::{Emulator, Profile, Scan};

use crate::client::request;
use crate::page::Page;

/// A GET of a login call, without cookies.
fn get(server: &Emulator, target: &str) -> String {
    let headers = [("User-Agent".to_owned(), "Mozilla/5.0".to_owned())];
    request(server.addr(), "GET", target, &headers, b"").unwrap().text()
}

fn begin(server: &Emulator, app_id: &str) -> String {
    let text = get(server, &format!("/jslogin?appid={app_id}&redirect_uri=x&fun=new&lang=zh_CN&_=1"));
    text.rsplit_once("uuid = \"").unwrap().1.trim_end_matches("\";").to_owned()
}

fn poll(server: &Emulator, uuid: &str) -> String {
    get(server, &format!("/cgi-bin/mmwebwx-bin/login?loginicon=true&uuid={uuid}&tip=1&r=1"))
}

#[test]
fn the_phone_follows_a_script_from_code_to_code() {
    let script = [Scan::Scanned, Scan::Refused, Scan::Nothing, Scan::Expired, Scan::Trouble, Scan::Confirmed];
    let server = Emulator::builder().scan(script).avatar_len(1_000_000).start().unwrap();
    let codes = [&["201", "202", "400"][..], &["408", "400"], &["500", "400"], &["200", "200"]];
    for expected in codes {
        let uuid = begin(&server, "wx782c26e4c19acffb");
        for code in expected {
            let answer = poll(&server, &uuid);
            assert!(answer.starts_with(&format!("window.code={code};")), "{}", &answer[..40]);
            assert!(*code != "201" || answer.len() > 1_000_000);
        }
    }
    assert_eq!("scanned".parse(), Ok(Scan::Scanned));
    assert!("Scanned".parse::<Scan>().is_err());
}

/// Path and query that a confirmed poll names.
fn page_of(answer: &str, base: &str) -> String {
    let uri = answer.split_once("redirect_uri=\"").unwrap().1.trim_end_matches("\";");
    uri.strip_prefix(base).unwrap().to_owned()
}

#[test]
fn a_login_page_may_lead_elsewhere() {
    let server =
        Emulator::builder().scan([Scan::Confirmed]).redirect_to("https://evil.example").start().unwrap();
    let answer = poll(&server, &begin(&server, "wx782c26e4c19acffb"));
    assert!(page_of(&answer, "https://evil.example").starts_with("/cgi-bin/"));

    let server = Emulator::builder().scan([Scan::Confirmed]).redirecturl(true).start().unwrap();
    let page = page_of(&poll(&server, &begin(&server, "wx782c26e4c19acffb")), &server.base());
    let first = get(&server, &format!("{page}&fun=new&version=v2"));
    assert!(!first.contains("skey") && first.contains("<redirecturl>"), "{first}");
    let next = first.split_once("<redirecturl>").unwrap().1.split_once("</").unwrap().0.replace("&amp;", "&");
    let second = get(&server, &format!("{}&fun=new&version=v2", next.strip_prefix(&server.base()).unwrap()));
    assert!(second.contains("<skey>@crypt_"), "{second}");
}

#[test]
fn the_file_transfer_helper_is_known_by_its_mark() {
    let server = Emulator::builder().profile(Profile::FileHelper).start().unwrap();
    assert!(server.session_json().contains("\"profile\": \"filehelper\""));
    let page = Page::of(&server);
    page.fetch("1", "");
    assert_eq!(
        server.violations(),
        [
            "webwxgetmsgimg: mmweb_appid is not as the profile has it",
            "webwxgetmsgimg: no mmweb_appid in the query"
        ]
    );
    // A login by a code is of the page that asked for it.
    let server = Emulator::builder().scan([Scan::Confirmed]).start().unwrap();
    let headers = [("User-Agent", "Mozilla/5.0"), ("mmweb_appid", "wx_webfilehelper")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let jslogin = "/jslogin?appid=wx_webfilehelper&redirect_uri=x&fun=new&lang=zh_CN&_=1";
    request(server.addr(), "GET", jslogin, &headers, b"").unwrap();
    assert_eq!(server.violations(), [""; 0]);
    let page = page_of(&poll(&server, &begin(&server, "wx_webfilehelper")), &server.base());
    get(&server, &format!("{page}&fun=new&version=v2"));
    Page::of(&server).fetch("1", "");
    assert!(server.violations().iter().any(|violation| violation.starts_with("webwxgetmsgimg: mmweb_appid")));
}
