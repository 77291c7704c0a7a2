//! Which messages `watch --kinds` and `--from` choose.

use std::time::Duration;

use wx_emulator::{Emulator, Incoming, Profile};

use crate::life::about;
use crate::support::{Place, Ran, TRANSPORTS, gif, jpeg};

fn watch(place: &Place, transport: &str, more: &[&str]) -> Ran {
    // All messages are received again.
    place.session(|_| ());
    place.wx(&about("watch", transport, &[&["--json", "--once"], more].concat()))
}

/// Returns the texts of the chosen messages.
fn chosen(place: &Place, transport: &str, from: &[&str]) -> Vec<String> {
    let from: Vec<_> = from.iter().flat_map(|name| ["--from", name]).collect();
    let ran = watch(place, transport, &from);
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.column("content")
}

fn app(app_type: i64) -> Incoming {
    let xml = "&lt;msg&gt;&lt;appmsg&gt;&lt;title&gt;t&lt;/title&gt;&lt;/appmsg&gt;&lt;/msg&gt;";
    Incoming::text(xml).with("MsgType", 49).with("AppMsgType", app_type)
}

fn mini_program() -> Incoming {
    let xml = "&lt;msg&gt;&lt;appmsg&gt;&lt;title&gt;t&lt;/title&gt;&lt;weappinfo&gt;\
               &lt;username&gt;u&lt;/username&gt;&lt;/weappinfo&gt;&lt;/appmsg&gt;&lt;/msg&gt;";
    app(33).with("Content", xml)
}

/// One message of each kind that the emulator can deliver.
fn deliver_all(place: &Place) {
    let text = |msg_type: i64| Incoming::text("x").with("MsgType", msg_type);
    let person = serde_json::json!({ "UserName": "@0a1b", "NickName": "Zoe", "Ticket": "t" });
    let recall = "&lt;sysmsg type=\"revokemsg\"&gt;&lt;revokemsg&gt;&lt;msgid&gt;7&lt;/msgid&gt;\
                  &lt;/revokemsg&gt;&lt;/sysmsg&gt;";
    for message in [
        Incoming::text("hi"),
        Incoming::text("「Anna：a」<br/>- - - - - - - - - - - - - - -<br/>yes"),
        Incoming::image(jpeg(3000, 1)),
        Incoming::image(gif()),
        text(43),
        text(34),
        Incoming::file("a.txt", &b"a text"[..]),
        Incoming::text("Park:<br/>/cgi-bin/x")
            .with("SubMsgType", 48)
            .with("Url", "http://apis.map.qq.com/uri/v1/geocoder?coord=1.5,2.5"),
        text(42).with("RecommendInfo", person.clone()),
        text(37).with("RecommendInfo", person),
        app(5),
        mini_program(),
        app(19),
        app(2000),
        app(2001),
        app(7),
        text(10_000),
        Incoming::text(recall).with("MsgType", 10_002),
        text(9999),
        // Not for the user.
        text(51).with("StatusNotifyCode", 4),
    ] {
        place.emulator.deliver(message);
    }
}

fn place(profile: Profile) -> Place {
    let builder = Emulator::builder().hold(Duration::from_millis(50)).profile(profile);
    let builder = builder.contact("Anna", "").contact("Twin", "").contact("Twin", "");
    Place::with_emulator(builder.room("Tea", ["Bob", "Eve"]))
}

#[test]
fn every_kind_can_be_chosen_and_an_unknown_one_lists_them() {
    let place = place(Profile::Web);
    deliver_all(&place);
    let ran = place.wx(&about("watch", "ureq", &["--kinds", "image,picture"]));
    assert_eq!(ran.code, 2);
    let line = ran.one_line();
    let listed = line.split("[possible values: ").nth(1).unwrap().split(']').next().unwrap();
    let mut listed: Vec<_> = listed.split(", ").map(str::to_owned).collect();
    place.assert_silence();

    let mut kinds = watch(&place, "ureq", &[]).column("kind");
    let all = watch(&place, "ureq", &["--kinds", &listed.join(",")]).column("kind");
    assert_eq!(all, kinds);
    let some = watch(&place, "reqwest", &["--kinds", "file,image", "--kinds", "recall"]);
    assert_eq!(some.column("kind"), ["image", "file", "recall"]);
    // The emoticon that was delivered is not from the store.
    listed.retain(|kind| kind != "store_emoticon");
    kinds.sort();
    listed.sort();
    assert_eq!(kinds, listed);
}

#[test]
fn an_emoticon_of_the_store_is_an_emoticon() {
    let place = place(Profile::Web);
    place.emulator.deliver(Incoming::image(gif()).with("HasProductId", 1));
    place.emulator.deliver(Incoming::text("hi"));
    place.emulator.deliver(Incoming::image(gif()));
    for (kinds, chosen) in
        [("emoticon", &["store_emoticon", "emoticon"][..]), ("store_emoticon", &["store_emoticon"])]
    {
        // The session is that of before the messages.
        place.session(|_| ());
        let ran = watch(&place, "ureq", &["--kinds", kinds]);
        assert_eq!(ran.column("kind"), chosen, "{}", ran.err);
    }
}

#[test]
fn senders_and_rooms_are_chosen_by_name_and_by_user_name() {
    let place = place(Profile::Web);
    let emulator = &place.emulator;
    let (anna, friend) = (emulator.contact("Anna").unwrap(), emulator.friend());
    let room = emulator.room("Tea").unwrap();
    let (bob, eve) = (&room.members[0], &room.members[1]);
    emulator.deliver(Incoming::text("of Anna").sender(anna));
    emulator.deliver(Incoming::text("of a friend").sender(friend));
    emulator.deliver(Incoming::text("of Bob").sender(bob).room(&room.user_name));
    emulator.deliver(Incoming::text("of Eve").sender(eve).room(&room.user_name));
    emulator.deliver(
        Incoming::text("of mine")
            .with("FromUserName", emulator.user_name())
            .with("ToUserName", "filehelper"),
    );
    for transport in TRANSPORTS {
        let chosen = |from: &[&str]| chosen(&place, transport, from);
        assert_eq!(chosen(&["name:Anna"]), ["of Anna"]);
        assert_eq!(chosen(&["name:Tea"]), ["of Bob", "of Eve"]);
        assert_eq!(chosen(&[eve, friend]), ["of a friend", "of Eve"]);
        assert_eq!(chosen(&["filehelper"]), ["of mine"]);
    }
    let ran = watch(&place, "ureq", &["--from", &room.user_name, "--kinds", "image,text"]);
    assert_eq!(ran.column("content"), ["of Bob", "of Eve"]);
    let mut contacts = place.emulator.requests_to("webwxgetcontact");
    chosen(&place, "ureq", &["name:Anna", "name:Tea"]);
    contacts += 1;
    // The list has the names of the senders, too.
    assert_eq!(place.emulator.requests_to("webwxgetcontact"), contacts);
}

#[test]
fn the_file_helper_delivers_what_the_phone_writes() {
    let place = place(Profile::FileHelper);
    place.emulator.deliver(Incoming::text("of mine"));
    for from in ["filehelper", place.emulator.user_name()] {
        assert_eq!(chosen(&place, "ureq", &[from]), ["of mine"]);
    }
}

#[test]
fn a_sender_that_cannot_be_found_is_one_error_before_waiting() {
    let place = place(Profile::Web);
    for transport in TRANSPORTS {
        for (name, code, words) in [
            (
                "name:Nobody",
                1,
                "wx: --from name:Nobody: no contact has this name, and neither has a ",
            ),
            ("name:Twin", 1, "wx: --from name:Twin: 2 contacts have this name; "),
            ("Anna", 2, "'--from <USER>': not a UserName: that of a person is @1f28…"),
        ] {
            let ran = place.wx(&about("watch", transport, &["--from", name]));
            assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{}", ran.err);
            assert!(ran.one_line().contains(words), "{}", ran.err);
        }
    }
    assert_eq!(place.emulator.requests_to("synccheck"), 0);
}
