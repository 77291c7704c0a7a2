//! Each fault, with its effect on the connection and on what the server stores.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use image::ImageFormat::Jpeg;
use wx_emulator::Emulator;

use crate::page::{FIRST, PATH, Page};
use wx_testing::images::{sized, small};
use wx_testing::raw_client::{ClosedWithoutReply, Reply, connect, head, reply};
use wx_testing::samples::vector;

const ID: &str = "15114939427950364";

/// A server, a page, and an uploaded image.
struct Stage {
    server: Emulator,
    page: Page,
    media_id: String,
}

fn stage() -> Stage {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let media_id =
        page.upload("a.jpg", "image/jpeg", &small(Jpeg, 40, 30), FIRST + 1).json()["MediaId"]
            .take();
    Stage { server, page, media_id: media_id.as_str().unwrap().to_owned() }
}

impl Stage {
    fn with(self, fault: &str) -> Self {
        self.server.add_fault(fault.parse().unwrap());
        self
    }

    fn send(&self) -> Result<Reply, ClosedWithoutReply> {
        self.page.post_json(
            "webwxsendmsgimg?fun=async&f=json",
            &self.page.message(3, &self.media_id, ID),
        )
    }

    fn upload(&self) -> Reply {
        self.page.upload("b.jpg", "image/jpeg", &small(Jpeg, 30, 40), FIRST + 2)
    }

    fn stored(&self) -> usize {
        self.server.messages().len()
    }
}

#[test]
fn drop_before_reads_nothing() {
    let stage = stage().with("drop=before@webwxsendmsgimg");
    // Only the head is sent, because the server does not wait for the body.
    let mut stream = connect(stage.server.addr());
    let headers = stage.page.post_headers("/?lang=zh_CN", "application/json");
    stream
        .write_all(&head(
            stage.server.addr(),
            "POST",
            &format!("{PATH}/webwxsendmsgimg"),
            &headers,
            1000,
        ))
        .unwrap();
    assert_eq!(reply(&mut stream).err(), Some(ClosedWithoutReply));
    assert_eq!((stage.stored(), stage.server.requests_to("webwxsendmsgimg")), (0, 1));
    assert_eq!(stage.server.requests().pop().unwrap().body_len, 0);
}

#[test]
fn drop_after_some_bytes() {
    let stage = stage().with("drop=700000@webwxuploadmedia#2");
    let bytes = sized(Jpeg, 40, 30, 900_000);
    let mut form = stage.page.form("b.jpg", "image/jpeg", &bytes, FIRST + 2, 0);
    form.file = bytes;
    let body = form.body();
    let mut stream = connect(stage.server.addr());
    let headers = stage.page.post_headers("/", crate::page::Form::TYPE);
    stream
        .write_all(&head(
            stage.server.addr(),
            "POST",
            &format!("{PATH}/webwxuploadmedia"),
            &headers,
            body.len(),
        ))
        .unwrap();
    stream.write_all(&body[..699_999]).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let waits = stream.read(&mut [0]).unwrap_err();
    assert!(
        matches!(waits.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut),
        "{waits}"
    );
    let _ = stream.write_all(&body[699_999..]);
    assert_eq!(reply(&mut stream).err(), Some(ClosedWithoutReply));
    assert!(stage.server.requests()[1].body_len >= 700_000);
    assert!(stage.server.requests()[1].parts.is_empty());
}

#[test]
fn drop_after_has_its_effect() {
    let stage = stage().with("drop=after@webwxsendmsgimg#1");
    assert_eq!(stage.send().err(), Some(ClosedWithoutReply));
    assert_eq!(stage.stored(), 1);
    let again = stage.send().unwrap().json();
    assert_eq!(again["MsgID"], stage.server.messages()[0].msg_id);
    assert_eq!(stage.stored(), 1);
}

/// The first request on a connection succeeds. The next one fails, and is stored only with
/// `close-idle=after`.
#[test]
fn close_idle_hits_reused_connections_only() {
    for (action, stored) in [("close-idle", 1), ("close-idle=after", 2)] {
        let stage = stage().with(&format!("{action}@webwxsendmsgimg"));
        let mut stream = connect(stage.server.addr());
        let headers = stage.page.post_headers("/?lang=zh_CN", "application/json;charset=UTF-8");
        let target = format!("{PATH}/webwxsendmsgimg?fun=async&f=json");
        let mut send = |id: &str| {
            let body = stage.page.message(3, &stage.media_id, id).to_string();
            stream
                .write_all(&head(stage.server.addr(), "POST", &target, &headers, body.len()))
                .unwrap();
            stream.write_all(body.as_bytes()).unwrap();
            reply(&mut stream)
        };
        assert_eq!(send(ID).unwrap().ret(), 0);
        assert_eq!(send("15114939427950365").err(), Some(ClosedWithoutReply));
        assert_eq!((stage.stored(), stage.server.requests_to("webwxsendmsgimg")), (stored, 2));
    }
}

#[test]
fn status_has_no_effect() {
    let stage = stage().with("status=503@webwxsendmsgimg");
    assert_eq!(stage.send().unwrap().status, 503);
    assert_eq!(stage.stored(), 0);
}

#[test]
fn ret_has_no_effect() {
    let stage = stage().with("ret=-1@webwxsendmsgimg").with("ret=1205@webwxuploadmedia");
    assert_eq!(
        stage.send().unwrap().text(),
        "{\n\"BaseResponse\": {\n\"Ret\": -1,\n\"ErrMsg\": \"\"\n}\n,\n\
         \"MsgID\": \"\",\n\"LocalID\": \"\"\n}\n"
    );
    assert_eq!(stage.upload().text().len(), 128);
    assert_eq!(stage.stored(), 0);
    for (endpoint, said) in [
        ("synccheck", "window.synccheck={retcode:\"1101\",selector:\"0\"}"),
        ("login", "window.code=1101;"),
        ("webwxnewloginpage", "<error><ret>1101</ret><message>refused</message></error>"),
    ] {
        stage.server.add_fault(format!("ret=1101@{endpoint}").parse().unwrap());
        assert_eq!(stage.page.get(endpoint).unwrap().text(), said);
    }
}

#[test]
fn redirect_has_no_effect() {
    let stage = stage().with("redirect=http://127.0.0.1:9/x@webwxsendmsgimg");
    let reply = stage.send().unwrap();
    assert_eq!((reply.status, reply.header("location")), (302, Some("http://127.0.0.1:9/x")));
    assert_eq!(stage.stored(), 0);
}

/// The reply is formatted like the captured one. Its MediaId can be sent, but belongs to another
/// image.
#[test]
fn foreign_media_id_is_a_trap() {
    let stage = stage().with("foreign-media-id@webwxuploadmedia#2");
    let trap = stage.upload();
    assert_eq!(trap.header("content-type"), None);
    let captured = vector("trap_1205");
    let json = trap.json();
    let media_id = json["MediaId"].as_str().unwrap();
    let size = small(Jpeg, 30, 40).len().to_string();
    let theirs = captured["response"]["MediaId"].as_str().unwrap();
    let expected =
        captured["text"].as_str().unwrap().replace(theirs, media_id).replace("116499", &size);
    assert_eq!(trap.text(), expected);
    assert_eq!(stage.page.send(media_id, ID).ret(), 0);
    assert!(stage.server.messages()[0].media != small(Jpeg, 30, 40));
    // The upload was not stored, so the same upload succeeds now.
    assert_ne!(stage.upload().json()["MediaId"], "");
}

#[test]
fn no_media_id_stores_nothing() {
    let stage = stage().with("no-media-id@webwxuploadmedia#2");
    let reply = stage.upload().json();
    assert_eq!((&reply["BaseResponse"]["Ret"], &reply["MediaId"]), (&0.into(), &"".into()));
    assert_eq!(reply["StartPos"], small(Jpeg, 30, 40).len());
    assert_ne!(stage.upload().json()["MediaId"], "");
}

#[test]
fn no_msg_id_is_stored() {
    let stage = stage().with("no-msg-id@webwxsendmsgimg");
    let reply = stage.send().unwrap().json();
    assert_eq!(
        (&reply["BaseResponse"]["Ret"], &reply["MsgID"], &reply["LocalID"]),
        (&0.into(), &"".into(), &ID.into())
    );
    assert_eq!(stage.stored(), 1);
}

#[test]
fn start_pos_is_the_given_number() {
    let stage = stage().with("start-pos=7@webwxuploadmedia");
    let reply = stage.upload().json();
    assert_eq!(reply["StartPos"], 7);
    assert_eq!(stage.page.send(reply["MediaId"].as_str().unwrap(), ID).ret(), 0);
}

#[test]
fn delay_waits() {
    let stage = stage().with("delay=150@webwxsendmsgimg");
    let start = Instant::now();
    assert_eq!(stage.send().unwrap().ret(), 0);
    assert!(start.elapsed() >= Duration::from_millis(150));
}

#[test]
fn trickle_takes_its_time() {
    let stage = stage().with("trickle=5@webwxsendmsgimg");
    let start = Instant::now();
    assert_eq!(stage.send().unwrap().ret(), 0);
    // 112 bytes in 23 pieces.
    assert!(start.elapsed() >= Duration::from_millis(22 * 5));
}

#[test]
fn cut_announces_more_than_it_sends() {
    let server = Emulator::builder().image(sized(Jpeg, 40, 30, 2_000_000)).start().unwrap();
    let page = Page::new(&server);
    for (nth, cut) in [0, 10, 1_999_999].into_iter().enumerate() {
        server.add_fault(format!("cut={cut}@webwxgetmsgimg#{}", nth + 1).parse().unwrap());
        let reply = page.fetch(&server.incoming()[0], "");
        assert_eq!((reply.header("content-length"), reply.body.len()), (Some("2000000"), cut));
        assert!(!reply.is_complete);
    }
}

#[test]
fn big_has_the_given_length() {
    let stage = stage().with("big=3000000@webwxsendmsgimg");
    let reply = stage.send().unwrap();
    assert_eq!((reply.body.len(), reply.is_complete, reply.ret()), (3_000_000, true, 0));
}

#[test]
fn empty_and_html_are_stored() {
    let stage = stage().with("empty@webwxsendmsgimg#1").with("html@webwxsendmsgimg#2");
    let empty = stage.send().unwrap();
    assert_eq!((empty.status, empty.header("content-length")), (200, Some("0")));
    let html = stage.send().unwrap();
    assert_eq!((html.status, html.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(html.text().starts_with("<!DOCTYPE html>"));
    assert_eq!(stage.stored(), 1);
}

#[test]
fn gzip_is_not_requested() {
    let stage = stage().with("gzip@webwxsendmsgimg");
    let reply = stage.send().unwrap();
    assert_eq!((reply.header("content-encoding"), reply.ret()), (Some("gzip"), 0));
}

#[test]
fn chunked_has_no_length() {
    let stage = stage().with("chunked@webwxsendmsgimg");
    let reply = stage.send().unwrap();
    assert_eq!(
        (reply.header("transfer-encoding"), reply.header("content-length")),
        (Some("chunked"), None)
    );
    assert_eq!(stage.stored(), 1);
}

#[test]
fn the_clock_can_be_set() {
    for ahead in [-43_200_i64, 0, 43_200] {
        let server = Emulator::builder().clock_ahead(ahead).start().unwrap();
        let page = Page::new(&server);
        let reply = page.upload("a.jpg", "image/jpeg", &small(Jpeg, 40, 30), FIRST + 1);
        let date = httpdate::parse_http_date(reply.header("date").unwrap()).unwrap();
        let now = std::time::SystemTime::now();
        let of = |time: std::time::SystemTime| {
            i64::try_from(time.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()).unwrap()
        };
        let off = of(date) - of(now) - ahead;
        assert!((-600..=1).contains(&off), "{ahead}: {off}");
    }
}

#[test]
fn close_after_the_reply() {
    let stage = stage().with("close@webwxsendmsgimg#2");
    let mut stream = connect(stage.server.addr());
    let headers = stage.page.post_headers("/?lang=zh_CN", "application/json;charset=UTF-8");
    let body = stage.page.message(3, &stage.media_id, ID).to_string();
    let head = head(
        stage.server.addr(),
        "POST",
        &format!("{PATH}/webwxsendmsgimg?fun=async&f=json"),
        &headers,
        body.len(),
    );
    for closes in [false, true] {
        stream.write_all(&head).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let reply = reply(&mut stream).unwrap();
        assert_eq!((reply.ret(), reply.header("connection") == Some("close")), (0, closes));
    }
    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "closed");
    let kept = stage.server.requests();
    assert_eq!(kept[1].headers, kept[2].headers, "heads are distinguished on one connection");
    assert_eq!(kept[2].body.as_deref(), Some(body.as_bytes()));
}

#[test]
fn faults_add_up() {
    let stage = stage().with("delay=60@webwxsendmsgimg#1").with("drop=after@webwxsendmsgimg#1+");
    let start = Instant::now();
    assert_eq!(stage.send().err(), Some(ClosedWithoutReply));
    assert_eq!(stage.send().err(), Some(ClosedWithoutReply));
    assert!(start.elapsed() >= Duration::from_millis(60));
    assert_eq!(stage.stored(), 1);
}

#[test]
fn stopping_frees_the_port_and_ends_connections() {
    let stage = stage().with("delay=60000@webwxsendmsgimg");
    let addr = stage.server.addr();
    let waiting = std::thread::spawn({
        let page = Page::new(&stage.server);
        let message = page.message(3, &stage.media_id, ID);
        move || page.post_json("webwxsendmsgimg?fun=async&f=json", &message)
    });
    while stage.stored() == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let start = Instant::now();
    stage.server.stop();
    assert_eq!(waiting.join().unwrap().err(), Some(ClosedWithoutReply));
    assert!(start.elapsed() < Duration::from_secs(5));
    assert!(std::net::TcpListener::bind(addr).is_ok());
}

#[test]
fn starts_inside_a_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let server = Emulator::start().unwrap();
        assert_eq!(Page::new(&server).get("jslogin").unwrap().status, 200);
    });
}

#[test]
fn debug_and_violations_contain_no_secret() {
    let stage = stage();
    stage.send().unwrap();
    let page = &stage.page;
    let skey = page.word("skey");
    page.get(&format!("reportforweb?rid=1&rkey=2&rvalue=3&skey={skey}&{skey}")).unwrap();
    page.get(&format!("webwxgetmsgimg?{skey}={skey}")).unwrap();
    page.get(&format!("webwxgetmsgimg?MsgID=1&skey=&{skey}")).unwrap();
    let shown = format!(
        "{:?} {:?} {:?} {:?}",
        stage.server,
        stage.server.requests(),
        stage.server.messages(),
        stage.server.violations()
    );
    for secret in
        [skey, page.word("sid"), page.word("pass_ticket"), page.cookie("webwx_data_ticket")]
    {
        assert!(!shown.contains(&secret), "{shown}");
    }
    assert!(
        stage
            .server
            .violations()
            .contains(&"reportforweb: a ping with cookies that do not reach its host".to_owned())
    );
    assert!(
        stage.server.violations().contains(&"reportforweb: a ping with credentials".to_owned())
    );
}
