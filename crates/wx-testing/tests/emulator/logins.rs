//! The steps of the phone, and the page of a login.

use image::ImageFormat::Jpeg;
use serde_json::json;
use wx_emulator::{Emulator, Incoming, PhoneStep, Profile};

use crate::page::Page;
use wx_testing::images::small;
use wx_testing::raw_client::request;

/// Sends a GET without cookies.
fn get(server: &Emulator, target: &str) -> String {
    let headers = [("User-Agent".to_owned(), "Mozilla/5.0".to_owned())];
    request(server.addr(), "GET", target, &headers, b"").unwrap().text()
}

fn begin(server: &Emulator, app_id: &str) -> String {
    let text =
        get(server, &format!("/jslogin?appid={app_id}&redirect_uri=x&fun=new&lang=zh_CN&_=1"));
    text.rsplit_once("uuid = \"").unwrap().1.trim_end_matches("\";").to_owned()
}

fn poll(server: &Emulator, uuid: &str) -> String {
    get(server, &format!("/cgi-bin/mmwebwx-bin/login?loginicon=true&uuid={uuid}&tip=1&r=1"))
}

#[test]
fn the_phone_follows_a_script_from_code_to_code() {
    let script = [
        PhoneStep::Scanned,
        PhoneStep::Refused,
        PhoneStep::Nothing,
        PhoneStep::Expired,
        PhoneStep::ServerProblem,
        PhoneStep::Confirmed,
    ];
    let server = Emulator::builder().phone_steps(script).avatar_len(1_000_000).start().unwrap();
    let codes = [&["201", "202", "400"][..], &["408", "400"], &["500", "400"], &["200", "200"]];
    for expected in codes {
        let uuid = begin(&server, "wx782c26e4c19acffb");
        for code in expected {
            let reply = poll(&server, &uuid);
            assert!(reply.starts_with(&format!("window.code={code};")), "{}", &reply[..40]);
            assert!(*code != "201" || reply.len() > 1_000_000);
        }
    }
    assert_eq!("scanned".parse(), Ok(PhoneStep::Scanned));
    assert!("Scanned".parse::<PhoneStep>().is_err());
}

/// Returns the path and query of the `redirect_uri` in the reply to a poll.
fn page_of(reply: &str, base: &str) -> String {
    let uri = reply.split_once("redirect_uri=\"").unwrap().1.trim_end_matches("\";");
    uri.strip_prefix(base).unwrap().to_owned()
}

#[test]
fn a_login_page_may_refer_to_another() {
    let server = Emulator::builder()
        .phone_steps([PhoneStep::Confirmed])
        .redirect_to("https://evil.example")
        .start()
        .unwrap();
    let reply = poll(&server, &begin(&server, "wx782c26e4c19acffb"));
    assert!(page_of(&reply, "https://evil.example").starts_with("/cgi-bin/"));

    let server =
        Emulator::builder().phone_steps([PhoneStep::Confirmed]).redirecturl(true).start().unwrap();
    let page = page_of(&poll(&server, &begin(&server, "wx782c26e4c19acffb")), &server.base());
    let first = get(&server, &format!("{page}&fun=new&version=v2"));
    assert!(!first.contains("skey") && first.contains("<redirecturl>"), "{first}");
    let next = first
        .split_once("<redirecturl>")
        .unwrap()
        .1
        .split_once("</")
        .unwrap()
        .0
        .replace("&amp;", "&");
    let second =
        get(&server, &format!("{}&fun=new&version=v2", next.strip_prefix(&server.base()).unwrap()));
    assert!(second.contains("<skey>@crypt_"), "{second}");
}

#[test]
fn the_file_transfer_helper_is_recognised_by_its_app_id() {
    let server = Emulator::builder().profile(Profile::FileHelper).start().unwrap();
    assert!(server.session_json().contains("\"profile\": \"filehelper\""));
    let page = Page::new(&server);
    page.fetch("1", "");
    assert_eq!(
        server.violations(),
        [
            "webwxgetmsgimg: Referer is not the page's",
            "webwxgetmsgimg: no mmweb_appid in the query"
        ]
    );
    // A login by QR code belongs to the page that has requested the code.
    let server = Emulator::builder().phone_steps([PhoneStep::Confirmed]).start().unwrap();
    let page = page_of(&poll(&server, &begin(&server, "wx_webfilehelper")), &server.base());
    get(&server, &format!("{page}&fun=new&version=v2"));
    Page::new(&server).fetch("1", "");
    let missing = "webwxgetmsgimg: no mmweb_appid in the query".to_owned();
    assert!(server.violations().contains(&missing));
}

#[test]
fn the_app_id_is_a_header_only_where_a_browser_can_send_it() {
    let marked = |server: &Emulator, method: &str, target: &str| {
        let page = Page::new(server);
        let mut headers = page.post_headers("/", "application/json;charset=UTF-8");
        headers.retain(|(name, _)| method != "GET" || name != "Origin");
        headers.push(("mmweb_appid".to_owned(), "wx_webfilehelper".to_owned()));
        request(server.addr(), method, target, &headers, b"{}").unwrap();
        server.violations()
    };
    let cannot = "a header mmweb_appid that a browser cannot send here";
    for (target, name) in [
        ("/jslogin?appid=wx_webfilehelper&redirect_uri=x&fun=new&lang=zh_CN&_=1", "jslogin"),
        (
            "/cgi-bin/mmwebwx-bin/login?loginicon=true&uuid=x&tip=1&r=1&appid=wx_webfilehelper",
            "login",
        ),
        (
            "/cgi-bin/mmwebwx-bin/webwxgetmsgimg?&MsgID=1&skey=x&mmweb_appid=wx_webfilehelper",
            "webwxgetmsgimg",
        ),
    ] {
        let server = Emulator::builder().profile(Profile::FileHelper).start().unwrap();
        assert_eq!(marked(&server, "GET", target), [format!("{name}: {cannot}")]);
    }
    let notify = "/cgi-bin/mmwebwx-bin/webwxstatusnotify";
    let server = Emulator::builder().profile(Profile::FileHelper).start().unwrap();
    assert!(
        !marked(&server, "POST", notify).iter().any(|violation| violation.contains("mmweb_appid"))
    );
    let server = Emulator::start().unwrap();
    let not_here = "webwxstatusnotify: mmweb_appid is not the page's".to_owned();
    assert!(marked(&server, "POST", notify).contains(&not_here));
}

#[test]
fn a_fault_refuses_a_push_like_a_missing_login() {
    let fault = "ret=1205@webwxpushloginurl#2".parse().unwrap();
    let server = Emulator::builder().fault(fault).start().unwrap();
    let mut page = Page::new(&server);
    let target = format!("webwxpushloginurl?uin={}", page.word("uin"));
    assert_eq!(page.get(&target).unwrap().json()["ret"], "0");
    let refused = page.get(&target).unwrap().json();
    page.session["cookies"].as_array_mut().unwrap().clear();
    let mut stranger = page.get(&target).unwrap().json();
    assert_eq!(stranger["ret"], "1");
    stranger["ret"] = "1205".into();
    assert_eq!(refused, stranger);
}

/// Logs in by QR code.
pub(crate) fn log_in(server: &Emulator) {
    let uuid = begin(server, "wx782c26e4c19acffb");
    let reply = (0..3).fold(String::new(), |_, _| poll(server, &uuid));
    let page = page_of(&reply, &server.base());
    assert!(get(server, &format!("{page}&fun=new&version=v2")).contains("<ret>0</ret>"));
}

fn text(page: &Page, to: &str, content: &str, id: &str) -> i64 {
    let message = json!({
        "BaseRequest": page.base_request(),
        "Msg": {
            "Type": 1, "Content": content, "FromUserName": page.word("user_name"),
            "ToUserName": to, "LocalID": id, "ClientMsgId": id,
        },
        "Scene": 0,
    });
    page.post_json("webwxsendmsg?lang=zh_CN", &message).unwrap().ret()
}

#[test]
fn each_login_has_its_own_credentials_and_names_and_the_messages_stay() {
    let server = Emulator::builder().room("Club", ["Bob"]).image(small(Jpeg, 40, 30)).start();
    let server = server.unwrap();
    let room = server.room("Club").unwrap().clone();
    server.deliver(Incoming::text("hi").sender(&room.members[0]).room(&room.user_name));
    let first = Page::new(&server);
    assert_eq!(text(&first, server.friend(), "one", "15114939427950364"), 0);
    log_in(&server);
    let second = Page::new(&server);
    assert_eq!(first.word("uin"), second.word("uin"));
    for key in ["sid", "skey", "pass_ticket", "user_name"] {
        assert_ne!(first.word(key), second.word(key), "{key}");
    }
    for name in ["wxsid", "webwx_data_ticket", "webwx_auth_ticket", "webwxuvid"] {
        assert_ne!(first.cookie(name), second.cookie(name), "{name}");
    }
    // The login that was replaced is over, also with its names.
    let name = |name: &str| server.name_in_login(name);
    let (friend, ids) = (name(server.friend()), server.incoming());
    assert_eq!(text(&first, server.friend(), "two", "15114939427950365"), 1101);
    assert_eq!(text(&first, &friend, "two", "15114939427950366"), 1101);
    assert_eq!(text(&second, server.friend(), "two", "15114939427950367"), 1204);
    assert_eq!(text(&second, &friend, "two", "15114939427950368"), 0);
    // Within the server, the contact is the same one.
    let to: Vec<_> = server.messages().into_iter().map(|message| message.to).collect();
    assert_eq!(to, [server.friend(), server.friend()]);

    // A list, a message that arrived before, and a query have the names of the login.
    let reply = second.get("webwxgetcontact?lang=zh_CN&r=1&seq=0&skey=").unwrap().json();
    let listed = reply["MemberList"].as_array().unwrap();
    let friend_entry = listed.iter().find(|one| one["NickName"] == "Friend").unwrap();
    assert_eq!(friend_entry["UserName"], *friend);
    assert!(friend_entry["HeadImgUrl"].as_str().unwrap().contains(&friend));
    assert!(!reply.to_string().contains(server.friend()));
    let sync = json!({
        "BaseRequest": second.base_request(), "rr": 1,
        "SyncKey": { "Count": 1, "List": [{ "Key": 1, "Val": 1 }, { "Key": 2, "Val": 0 }] },
    });
    let reply = second.post_json("webwxsync?sid=1&skey=1", &sync).unwrap().json();
    let message = reply["AddMsgList"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&message["FromUserName"], &message["MsgId"]),
        (&name(&room.user_name).into(), &ids[1].as_str().into())
    );
    assert_eq!(message["Content"], format!("{}:<br/>hi", name(&room.members[0])));
    for (name, found) in [(friend.replace('@', "%40"), true), (server.friend().to_owned(), false)] {
        let avatar = second.get(&format!("webwxgeticon?username={name}&skey=")).unwrap();
        assert_eq!(!avatar.body.is_empty(), found);
    }
    log_in(&server);
    assert_ne!(server.name_in_login(server.friend()), friend);
    assert_eq!(text(&second, &friend, "three", "15114939427950369"), 1101);
}
