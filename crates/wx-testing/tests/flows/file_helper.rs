//! The File Transfer Helper: the same calls with its own parameters
//! ([P60](wx_proto::protocol#p60), [§8.8](wx_proto::protocol#s8-8)).

use wx_proto::flow::{FetchImage, ResumeOptions, SendMessage, Snapshot, Upload};
use wx_proto::http::HeaderMap;
use wx_proto::http::header::SET_COOKIE;
use wx_proto::{
    Advice, ErrorKind, HostRole, ImageVariant, Media, MediaError, MediaKind, MsgId, Policy,
    Profile, Recipient, Session, UnixMs,
};

use wx_testing::harness::*;

fn session() -> Session {
    let builder = Session::builder("https://szfilehelper.weixin.qq.com")
        .uin(1)
        .sid("s")
        .skey("k")
        .user_name("@me");
    let session = builder.data_ticket("t").build().unwrap();
    assert_eq!(session.site().profile(), Profile::FileHelper, "the profile follows from the base");
    session
}

fn helper() -> Recipient {
    Recipient::new("filehelper").unwrap()
}

fn query(seen: &SentRequest) -> String {
    seen.http().uri().query().unwrap_or_default().to_owned()
}

#[test]
fn p60_an_image_is_uploaded_and_fetched_with_its_marks() {
    let bytes = jpeg(CHUNK + 1);
    let policy = Policy::default();
    let flow = SendMessage::media(&session(), media(&bytes), helper(), SEED, policy.clone());
    let mut harness =
        Harness::new(bytes, [middle(), last("@m", CHUNK + 1), sent()]).with_session(&session());
    harness.run(&mut flow.unwrap()).unwrap();
    let id = MsgId::new("7").unwrap();
    let mut flow =
        FetchImage::new(&session(), id, ImageVariant::Original, true, SEED, policy).unwrap();
    harness.answer_next([Answer::Reply(200, vec![("content-length", "12".into())], jpeg(12))]);
    harness.run(&mut flow).unwrap();

    let [first, second, message, image] = &harness.seen[..] else { panic!() };
    for seen in [first, second, message] {
        assert_eq!(seen.http().headers()["mmweb_appid"], "wx_webfilehelper", "{}", seen.endpoint());
    }
    assert!(
        !image.http().headers().contains_key("mmweb_appid"),
        "an <img> cannot have custom headers"
    );
    assert_eq!(first.http().uri().host(), Some("file.wx2.qq.com"));
    let random =
        |seen: &SentRequest| query(seen).strip_prefix("f=json&random=").unwrap().to_owned();
    for chunk in [first, second] {
        assert!(
            random(chunk).len() == 4 && random(chunk).bytes().all(|b| b.is_ascii_alphanumeric())
        );
    }
    assert_eq!(random(first), random(second), "one number for each file");
    assert_eq!(query(message), "fun=async&f=json&lang=zh_CN");
    assert_eq!(query(image), "&MsgID=7&skey=k&mmweb_appid=wx_webfilehelper");
    let origin = "https://szfilehelper.weixin.qq.com";
    assert_eq!(
        (&first.http().headers()["origin"], &first.http().headers()["referer"]),
        (&origin.parse().unwrap(), &format!("{origin}/").parse().unwrap())
    );
}

#[test]
fn p2_p5_p60_of_the_logins_cookies_only_the_ticket_reaches_the_file_host() {
    let mut session = session();
    let mut headers = HeaderMap::new();
    for cookie in [
        "wxuin=1; Domain=szfilehelper.weixin.qq.com; Path=/",
        "webwx_data_ticket=t; Domain=.qq.com; Path=/",
    ] {
        headers.append(SET_COOKIE, cookie.parse().unwrap());
    }
    let origin = session.hosts().origin(HostRole::Base);
    session.apply_cookies(&headers, &origin, UnixMs::from_secs(1));
    let bytes = jpeg(12);
    let policy = Policy::default();
    let flow = SendMessage::media(&session, media(&bytes), helper(), SEED, policy);
    let mut harness = Harness::new(bytes, [last("@m", 12), sent()]).with_session(&session);
    harness.run(&mut flow.unwrap()).unwrap();
    let cookies = |n: usize| {
        let header = harness.seen[n].http().headers()["cookie"].to_str().unwrap();
        let mut pairs: Vec<_> = header.split("; ").collect();
        pairs.sort_unstable();
        pairs
    };
    assert_eq!(cookies(0), ["webwx_data_ticket=t"]);
    assert_eq!(cookies(1), ["webwx_data_ticket=t", "wxuin=1"]);
}

#[test]
fn p60_above_25_mib_there_is_another_upload_which_is_not_here() {
    let mut policy = Policy::default();
    policy.max_upload = 100 * 1024 * 1024;
    const LIMIT: u64 = 25 * 1024 * 1024;
    let upload = |session: &Session, len: u64| {
        let image = Media::new("a.jpg", len, &jpeg(20)).unwrap();
        Upload::new(session, image, helper(), SEED, policy.clone()).map(|_| ())
    };
    assert!(upload(&session(), LIMIT).is_ok());
    let error = upload(&session(), LIMIT + 1).unwrap_err();
    assert_eq!(
        error.kind,
        ErrorKind::Media(MediaError::TooLargeForProfile { len: LIMIT + 1, limit: LIMIT })
    );
    assert_eq!(error.advice(), Advice::CheckFile);
    assert!(
        upload(&wx_testing::harness::session(), LIMIT + 1).is_ok(),
        "web WeChat checks the file first"
    );
}

#[test]
fn an_image_can_be_sent_as_a_file() {
    let policy = Policy::default();
    for (len, chunks) in
        [(12, vec![last("@m", 12)]), (CHUNK + 1, vec![middle(), last("@m", CHUNK + 1)])]
    {
        let bytes = jpeg(len);
        let file = media(&bytes).sent_as(MediaKind::File).unwrap();
        let mut flow =
            SendMessage::media(&session(), file, helper(), SEED, policy.clone()).unwrap();
        let mut harness = Harness::new(bytes, chunks.into_iter().chain([dropped(), sent()]))
            .with_session(&session());
        let sent = harness.run(&mut flow).unwrap();
        assert_eq!(
            (sent.uploaded.as_ref().unwrap().kind, &*sent.uploaded.as_ref().unwrap().name),
            (MediaKind::File, "a.jpg")
        );
        assert_eq!(harness.seen[0].field("mediatype").as_deref(), Some("doc"));
        let messages: Vec<_> =
            harness.seen.iter().filter(|seen| seen.endpoint() == "webwxsendappmsg").collect();
        assert_eq!(messages.len(), 2);
        assert_eq!(messages[0].body(), messages[1].body(), "the repeat has the same id");
        let content = messages[0].json()["Msg"]["Content"].as_str().unwrap().to_owned();
        assert!(
            content.contains("<attachid>@m</attachid>")
                && content.contains(&format!("<totallen>{len}</totallen>"))
        );
    }
}

#[test]
fn a_resumed_image_is_still_sent_as_a_file() {
    let policy = Policy::default();
    let bytes = jpeg(CHUNK + 1);
    let killed_after = |steps| {
        let file = media(&bytes).sent_as(MediaKind::File).unwrap();
        let new = SendMessage::media(&session(), file, helper(), SEED, policy.clone());
        let mut harness = Harness::new(bytes.clone(), [middle()]).with_session(&session());
        harness.steps_left = steps;
        harness.run_until_killed(&mut new.unwrap());
        harness
    };
    let one_chunk = |harness: &Harness| {
        harness.saved.as_ref().is_some_and(|saved| saved.contains("\"acked\":1"))
    };
    let killed = (1..20).map(killed_after).find(one_chunk).unwrap();
    let saved = Snapshot::from_json(killed.saved.unwrap()).unwrap();
    let at = ResumeOptions { unix_ms: Some(SEED.unix_ms), resend: false };
    let mut flow = SendMessage::resume(&session(), saved, Policy::default(), at).unwrap();
    let mut harness = Harness::new(bytes, [last("@m", CHUNK + 1), sent()]).with_session(&session());
    harness.run(&mut flow).unwrap();
    for (seen, chunk) in [(&killed.seen[0], "0"), (&harness.seen[0], "1")] {
        assert_eq!(seen.field("chunk").as_deref(), Some(chunk));
        assert_eq!(seen.field("mediatype").as_deref(), Some("doc"));
    }
    assert_eq!(harness.endpoints()[1..], ["webwxsendappmsg"]);
}
