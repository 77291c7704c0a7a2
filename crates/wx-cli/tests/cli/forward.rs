//! `wx forward`, and emoticons that are sent by their MD5.

use serde_json::{Value, json};
use wx_emulator::{Builder, Emulator, Incoming, Message};

use crate::fetch_message::messages;
use crate::support::{Place, Ran, TRANSPORTS, gif, jpeg};

const MP4: &[u8] = b"\0\0\0\x18ftypmp42\0\0\0\0isommp42 and so on";

fn place(faults: &[&str]) -> Place {
    let fault = |builder: Builder, fault: &&str| builder.fault(fault.parse().unwrap());
    let builder = Emulator::builder().contact("Anna", "").room("Club", ["Bob"]);
    let builder = builder.hold(std::time::Duration::from_millis(50));
    Place::with_emulator(faults.iter().fold(builder, fault))
}

fn wx(place: &Place, command: &str, transport: &str, more: &[&str]) -> Ran {
    let args = [command, "--session", "session.json", "--transport", transport];
    place.wx(&[&args, more].concat())
}

fn lines(messages: &[Value]) -> String {
    messages.iter().map(|message| format!("{message}\n")).collect()
}

#[test]
fn p87_each_kind_is_forwarded_to_each_recipient_without_an_upload() {
    for transport in TRANSPORTS {
        let place = place(&[]);
        let room = place.emulator.room("Club").unwrap().clone();
        let bob = |message: Incoming| message.sender(&room.members[0]).room(&room.user_name);
        for message in [
            bob(Incoming::plain_text("1 < 2 &lt;\nand more")),
            Incoming::image(jpeg(3000, 1)),
            Incoming::image(gif()),
            Incoming::video(MP4),
            bob(Incoming::file("a & b.pdf", &b"%PDF-1.7"[..])),
        ] {
            place.emulator.deliver(message);
        }
        let received = messages(&place, transport);
        let kinds = ["text", "image", "emoticon", "video", "file"];
        for (message, kind) in received.iter().zip(kinds) {
            assert_eq!(
                (&message["kind"], &message["forward"]["kind"]),
                (&kind.into(), &kind.into())
            );
            assert_eq!(message["not_forwardable"], Value::Null);
        }
        // Other events of `watch` are left out, and so is a message that is reported again.
        let skipped = json!({ "event": "skipped", "what": "messages", "unreadable": 1 });
        let (all, again) = (lines(&received), lines(&received[..2]));
        place.file("lines.jsonl", format!("{skipped}\n{all}{again}").as_bytes());
        let to = ["--to", "name:Anna", "--to", &room.user_name];
        let args = [&["--json", "--message", "lines.jsonl"], &to[..]].concat();
        let ran = wx(&place, "forward", transport, &args);
        assert_eq!((ran.code, ran.kinds()), (0, vec!["sent".to_owned(); 10]), "{}", ran.err);
        assert_eq!(ran.column("kind"), kinds.map(|kind| [kind; 2]).concat());
        assert_eq!(ran.column("file"), ["null"; 10]);
        let ids = received.iter().map(|message| message["msg_id"].as_str().unwrap());
        assert_eq!(ran.column("forwarded"), ids.flat_map(|id| [id; 2]).collect::<Vec<_>>());

        let anna = place.emulator.contact("Anna").unwrap();
        let sent = place.emulator.messages();
        assert!(sent.iter().all(|message| message.forwarded), "{sent:?}");
        let to: Vec<_> = sent.iter().map(|message| message.to.as_str()).collect();
        assert_eq!(to, [[anna, &room.user_name]; 5].concat());
        let of_anna: Vec<&Message> = sent.iter().filter(|message| message.to == *anna).collect();
        assert_eq!(of_anna.iter().map(|it| it.kind).collect::<Vec<_>>(), [1, 3, 47, 43, 6]);
        assert_eq!(of_anna[0].text, "1 < 2 &lt;\nand more");
        let media = [jpeg(3000, 1), gif(), MP4.to_vec(), b"%PDF-1.7".to_vec()];
        assert!(of_anna[1..].iter().zip(media).all(|(message, bytes)| message.media == bytes));
        assert_eq!(place.emulator.requests_to("webwxuploadmedia"), 0);
        assert_eq!(place.emulator.requests_to("webwxgetmsgimg"), 0);
        assert_eq!(place.emulator.violations(), [""; 0]);
    }
}

#[test]
fn p87_what_cannot_be_forwarded_is_refused_with_its_reason_and_nothing_is_sent() {
    let place = place(&[]);
    let app = |kind: u32| {
        let xml = format!("&lt;msg&gt;&lt;appmsg&gt;&lt;type&gt;{kind}&lt;/type&gt;");
        Incoming::text(xml).with("MsgType", 49).with("AppMsgType", kind)
    };
    let store = "&lt;msg&gt;&lt;emoji md5=\"\" productid=\"com.tencent.xin\" /&gt;&lt;/msg&gt;";
    let cases = [
        (Incoming::voice(&b"ID3\x04\0\0\0\0\0\0 and so on"[..]), "voice messages cannot be"),
        (app(5), "links cannot be forwarded: send the address as a text"),
        (app(2000), "notices of money transfers cannot be forwarded"),
        (Incoming::text("card").with("MsgType", 42), "contact cards cannot be forwarded"),
        (
            Incoming::text(store).with("MsgType", 47).with("HasProductId", 1),
            "emoticons from the store cannot be forwarded",
        ),
        (Incoming::text("hello").with("MsgType", 10000), "system messages cannot be"),
    ];
    place.emulator.deliver(Incoming::text("good"));
    let words = cases.map(|(message, words)| {
        place.emulator.deliver(message);
        words
    });
    let received = messages(&place, "ureq");
    let asked = place.emulator.requests().len();
    assert_eq!(received.len(), 7);
    let refused = |input: &str, words: &str| {
        place.file("lines.jsonl", input.as_bytes());
        let args = ["--message", "lines.jsonl", "--to", "name:Anna", "--resume-dir", "job"];
        let ran = wx(&place, "forward", "ureq", &args);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{input}");
        let said = ran.one_line();
        assert!(said.starts_with("wx: lines.jsonl: ") && said.contains(words), "{said}");
        let ran = wx(&place, "forward", "ureq", &[&["--json"], &args[..]].concat());
        let [event] = &ran.events()[..] else { panic!("{}", ran.out) };
        assert_eq!((&event["event"], &event["step"]), (&"failed".into(), &"not_started".into()));
        assert_eq!((&event["to"], &event["to_name"]), (&"name:Anna".into(), &"Anna".into()));
        let message = event["message"].as_str().unwrap();
        assert!(message.starts_with("lines.jsonl: ") && said.contains(message), "{message}");
    };
    for (message, words) in received[1..].iter().zip(words) {
        assert_eq!(message["forward"], Value::Null);
        refused(&lines(&[received[0].clone(), message.clone()]), &format!("line 2: {words}"));
    }
    let mut forged = received[0].clone();
    forged["forward"] = json!({ "kind": "image", "content": "" });
    refused(&lines(&[forged]), "line 1 is not the event of a message; give lines of wx watch");
    refused(&json!({ "event": "sent" }).to_string(), "it is the event \"sent\"");
    refused(&json!({ "event": "fetched" }).to_string(), "holds no message");
    refused("", "is empty");
    refused("{}", "holds nothing that can be forwarded");
    assert_eq!(
        (place.emulator.requests().len(), place.names()),
        (asked, vec!["lines.jsonl".into()])
    );
}

/// The text is not printed as it is, so another text would be forwarded.
#[test]
fn a_message_of_which_a_part_is_withheld_is_not_forwarded() {
    let place = place(&[]);
    let session: Value = serde_json::from_str(&place.emulator.session_json()).unwrap();
    place.emulator.deliver(Incoming::text(format!("call {} now", session["uin"])));
    let received = messages(&place, "ureq");
    assert_eq!(
        (&received[0]["content"], &received[0]["forward"]),
        (&"call … now".into(), &Value::Null)
    );
    place.file("lines.jsonl", lines(&received).as_bytes());
    let ran = wx(&place, "forward", "ureq", &["--message", "lines.jsonl", "--to", "name:Anna"]);
    assert!(ran.code == 1 && ran.one_line().ends_with("forward it on the phone"), "{}", ran.err);
    assert_eq!(place.emulator.messages().len(), 0);
}

#[test]
fn p87_a_forwarded_message_is_recorded_and_resumed() {
    let place = place(&["ret=1205@webwxsendmsg#2"]);
    place.emulator.deliver(Incoming::text("first"));
    place.emulator.deliver(Incoming::text("second"));
    let received = lines(&messages(&place, "ureq"));
    let args = ["--json", "--message", "-", "--to", "name:Anna", "--resume-dir", "job"];
    let args = [&["forward", "--session", "session.json"], &args[..]].concat();
    let ran = place.wx_with_input(&args, received.as_bytes());
    assert_eq!((ran.code, ran.kinds().join(" ")), (1, "sent failed".into()), "{}", ran.err);
    let second: Value = serde_json::from_str(received.lines().last().unwrap()).unwrap();
    let id = second["msg_id"].as_str().unwrap();
    assert!(ran.err.contains(&format!("wx: {id}: ")), "{}", ran.err);
    assert_eq!(
        (&ran.column("forwarded")[1], &ran.column("msg_id")[1]),
        (&id.into(), &"null".into())
    );
    place.assert_no_secret_in("job");
    let ran = place.wx(&["resume", "job", "--json"]);
    assert_eq!(ran.column("forwarded"), [id]);
    assert_eq!(
        (ran.code, ran.kinds(), ran.column("kind")),
        (0, vec!["sent".into()], vec!["text".into()])
    );
    let sent = place.emulator.messages();
    let texts: Vec<_> =
        sent.iter().map(|message| (message.text.as_str(), message.forwarded)).collect();
    assert_eq!(texts, [("first", true), ("second", true)]);
}

#[test]
fn p88_a_large_file_is_warned_of_before_it_is_forwarded() {
    let place = place(&[]);
    place.emulator.deliver(Incoming::file("a.zip", &b"a text"[..]).with("FileSize", "26214401"));
    place.file("lines.jsonl", lines(&messages(&place, "ureq")).as_bytes());
    let ran = wx(&place, "forward", "ureq", &["--message", "lines.jsonl", "--to", "name:Anna"]);
    assert!(ran.err.contains("wx: files above 25 MiB are usually not forwarded; "), "{}", ran.err);
}

#[test]
fn p84_an_emoticon_is_sent_by_its_md5_after_the_text() {
    for transport in TRANSPORTS {
        let place = place(&[]);
        place.emulator.deliver(Incoming::image(gif()));
        let received = messages(&place, transport).remove(0);
        let md5 = received["forward"]["md5"].as_str().unwrap();
        let args = ["--json", "--to", "name:Anna", "--emoticon", md5, "--text", "look"];
        let ran = wx(&place, "send", transport, &args);
        assert_eq!((ran.code, ran.column("kind")), (0, vec!["text".into(), "emoticon".into()]));
        let sent = place.emulator.messages();
        assert_eq!(sent.iter().map(|message| message.kind).collect::<Vec<_>>(), [1, 47]);
        assert!(sent[1].media == gif() && !sent[1].forwarded);
        assert_eq!(place.emulator.requests_to("webwxuploadmedia"), 0);
        assert_eq!(place.emulator.violations(), [""; 0]);

        let unknown = "0".repeat(32);
        let ran = wx(&place, "send", transport, &["--to", "name:Anna", "--emoticon", &unknown]);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{}", ran.err);
        let words = format!("wx: emoticon {unknown}: ");
        assert!(ran.err.contains(&words), "{}", ran.err);
        assert!(ran.err.contains("does not know this emoticon"), "{}", ran.err);
        let ran = wx(&place, "send", transport, &["--to", "name:Anna", "--emoticon", "9001"]);
        assert!(ran.code == 2 && ran.one_line().contains("--emoticon"), "{}", ran.err);
    }
}
