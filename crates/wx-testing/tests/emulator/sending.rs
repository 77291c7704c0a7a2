//! From a file to a message and back, with the requests of the official page.

use image::ImageFormat::{Bmp, Gif, Jpeg, Png};
use wx_emulator::Emulator;

use crate::page::Page;
use wx_testing::images::{dimensions, md5, sized, small};
use wx_testing::samples::TINY_MP4;

#[test]
fn an_image_arrives_unchanged_and_without_violations() {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let cases = [
        ("small.jpg", "image/jpeg", sized(Jpeg, 400, 300, 42_106), (75, 100)),
        ("IMG_1854.JPG", "image/jpeg", sized(Jpeg, 200, 304, 1_296_763), (100, 66)),
        ("exact.png", "image/png", sized(Png, 31, 31, 524_288), (100, 100)),
        ("over.bmp", "image/bmp", sized(Bmp, 300, 100, 524_289), (33, 100)),
    ];
    for (index, (name, mime, bytes, (height, width))) in cases.into_iter().enumerate() {
        let last = page.upload(name, mime, &bytes, 1_511_509_303_507 + index as u64).json();
        assert_eq!(last["BaseResponse"]["Ret"], 0);
        assert_eq!(last["StartPos"], bytes.len());
        assert_eq!(
            (&last["CDNThumbImgHeight"], &last["CDNThumbImgWidth"]),
            (&height.into(), &width.into())
        );
        let media_id = last["MediaId"].as_str().unwrap();
        assert_eq!(media_id.len(), "@crypt_".len() + 8 + 1 + 640);

        let sent = page.send(media_id, &format!("151149394279{index}0364")).json();
        assert_eq!(sent["BaseResponse"]["Ret"], 0);
        let msg_id = sent["MsgID"].as_str().unwrap();

        let original = page.fetch(msg_id, "");
        assert!(original.body == bytes && original.header("content-type") == Some("image/jpeg"));
        assert_eq!(dimensions(&page.fetch(msg_id, "&type=slave").body), (width, height));

        let message = server.messages().pop().unwrap();
        assert_eq!(message.msg_id, msg_id);
        assert_eq!(
            (message.kind, message.name.as_str(), message.media_id.as_str()),
            (3, name, media_id)
        );
        assert_eq!(
            (message.from, message.to),
            (page.word("user_name"), server.friend().to_owned())
        );
        assert!(message.media == bytes && message.md5 == md5(&bytes));
    }
    assert_eq!(server.messages().len(), 4);
    assert_eq!(server.requests_to("webwxuploadmedia"), 1 + 3 + 1 + 2);
    assert_eq!(server.violations(), [""; 0]);
}

#[test]
fn a_gif_is_sent_as_an_emoticon() {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let bytes = small(Gif, 50, 20);
    let last = page.upload("a.gif", "image/gif", &bytes, 1).json();
    assert_eq!((&last["CDNThumbImgHeight"], &last["CDNThumbImgWidth"]), (&40.into(), &100.into()));
    let mut message = page.message(47, last["MediaId"].as_str().unwrap(), "15114939427950364");
    let msg = message["Msg"].as_object_mut().unwrap();
    msg.remove("Content");
    msg.insert("EmojiFlag".to_owned(), 2.into());
    let sent = page.post_json("webwxsendemoticon?fun=sys&lang=zh_CN", &message).unwrap().json();
    let fetched = page.fetch(sent["MsgID"].as_str().unwrap(), "&type=big");
    assert!(fetched.body == bytes && fetched.header("content-type") == Some("image/jpeg"));
    assert_eq!(server.messages()[0].kind, 47);
}

#[test]
fn a_video_has_a_cover_and_is_what_the_page_sends_as_one() {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let last = page.upload("clip.mp4", "video/mp4", TINY_MP4, 1_511_509_303_507).json();
    assert_eq!((&last["CDNThumbImgHeight"], &last["CDNThumbImgWidth"]), (&368.into(), &640.into()));
    let message = page.message(43, last["MediaId"].as_str().unwrap(), "15114939427950364");
    let call = "webwxsendvideomsg?fun=async&f=json&lang=zh_CN";
    let sent = page.post_json(call, &message).unwrap().json();
    let cover = page.fetch(sent["MsgID"].as_str().unwrap(), "&type=slave");
    assert_eq!(dimensions(&cover.body), (640, 368));
    assert_eq!(server.violations(), [""; 0]);

    let mut large = TINY_MP4.to_vec();
    large.resize(20 << 20, 0);
    for (number, (name, mime, bytes, violation)) in [
        ("a.mov", "video/mp4", TINY_MP4, "mediatype video for a name without .mp4"),
        ("a.mp4", "image/jpeg", &*small(Jpeg, 40, 30), "mediatype of an mp4 is not video"),
        ("b.mp4", "video/mp4", b"text", "a file uploaded as a video is no mp4 video"),
        ("c.mp4", "video/mp4", &*large, "a video of 20 MiB or more"),
    ]
    .into_iter()
    .enumerate()
    {
        let id = 1_511_509_303_600 + number as u64;
        assert_eq!(page.upload(name, mime, bytes, id).ret(), 0, "{name}");
        let violations = server.violations();
        assert!(violations[number].contains(violation), "{violations:?}");
        assert_eq!(violations.len(), number + 1, "{violations:?}");
    }
    let jpeg = page.upload("a.jpg", "image/jpeg", &small(Jpeg, 41, 30), 1_511_509_303_700).json();
    let message = page.message(43, jpeg["MediaId"].as_str().unwrap(), "15114939427950365");
    page.post_json(call, &message).unwrap();
    assert!(server.violations().pop().unwrap().contains("a file that is no video"));
}

#[test]
fn sessions_of_an_ipv6_address_name_the_host_as_urls_do() {
    let server = match Emulator::builder().addr("[::1]:0".parse().unwrap()).start() {
        Ok(server) => server,
        Err(error) => return eprintln!("skipped: no IPv6 loopback address here ({error})"),
    };
    let session: serde_json::Value = serde_json::from_str(&server.session_json()).unwrap();
    assert_eq!(session["base"], format!("http://[::1]:{}", server.addr().port()));
    for cookie in session["cookies"].as_array().unwrap() {
        assert_eq!(cookie["domain"], "[::1]");
    }
}
