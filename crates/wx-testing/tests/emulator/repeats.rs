//! Repeated chunks and messages.

use image::ImageFormat::Jpeg;
use wx_emulator::{Emulator, Repeats};

use crate::page::{CHUNK, FIRST, Page};
use wx_testing::images::{sized, small};

#[test]
fn a_repeated_chunk_replaces_the_first() {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let bytes = sized(Jpeg, 40, 30, 2 * CHUNK + 5);
    let forms = page.forms("a.jpg", "image/jpeg", &bytes, 1_511_509_303_507);
    let mut garbled = page.form("a.jpg", "image/jpeg", &bytes, 1_511_509_303_507, 1);
    garbled.file[9] ^= 1;
    for form in [&forms[0], &forms[0], &garbled, &forms[1]] {
        let reply = page.send_form(form).unwrap().json();
        assert_eq!((&reply["BaseResponse"]["Ret"], &reply["StartPos"]), (&0.into(), &0.into()));
    }
    let last = page.send_form(&forms[2]).unwrap().json();
    let again = page.send_form(&forms[2]).unwrap().json();
    assert_eq!(last, again);
    assert_eq!(last["StartPos"], bytes.len());
    page.send(last["MediaId"].as_str().unwrap(), "15114939427950364");
    assert!(server.messages()[0].media == bytes);
    assert_eq!(server.violations(), [""; 0]);
    // A complete file cannot be changed.
    assert_eq!(page.send_form(&garbled).unwrap().ret(), 1);
}

#[test]
fn a_repeated_chunk_is_appended() {
    let server = Emulator::builder().repeats(Repeats::Appended).start().unwrap();
    let page = Page::new(&server);
    let bytes = sized(Jpeg, 40, 30, 2 * CHUNK + 5);

    // A chunk in the middle: the last reply has no MediaId, and counts all received bytes.
    let forms = page.forms("a.jpg", "image/jpeg", &bytes, FIRST + 1);
    for form in [&forms[0], &forms[1], &forms[1]] {
        assert_eq!(page.send_form(form).unwrap().ret(), 0);
    }
    let last = page.send_form(&forms[2]).unwrap().json();
    assert_eq!((&last["BaseResponse"]["Ret"], &last["MediaId"]), (&0.into(), &"".into()));
    assert_eq!(last["StartPos"], bytes.len() + CHUNK);

    // The last chunk: the reply to its first copy has the MediaId.
    let forms = page.forms("a.jpg", "image/jpeg", &bytes, FIRST + 2);
    let last =
        forms.iter().fold(None, |_, form| Some(page.send_form(form).unwrap().json())).unwrap();
    assert_ne!(last["MediaId"], "");
    let again = page.send_form(&forms[2]).unwrap().json();
    assert_eq!((&again["BaseResponse"]["Ret"], &again["MediaId"]), (&0.into(), &"".into()));
    assert_eq!(again["StartPos"], bytes.len() + 5);

    // The only chunk of a file is also its last one.
    let form = page.form("b.jpg", "image/jpeg", &small(Jpeg, 40, 30), FIRST + 3, 0);
    assert_ne!(page.send_form(&form).unwrap().json()["MediaId"], "");
    let again = page.send_form(&form).unwrap().json();
    assert_eq!(
        (&again["MediaId"], &again["StartPos"]),
        (&"".into(), &(2 * form.file.len()).into())
    );

    // An upload with a new ClientMediaId starts from the beginning.
    assert_ne!(page.upload("a.jpg", "image/jpeg", &bytes, FIRST + 4).json()["MediaId"], "");
}

#[test]
fn a_message_is_stored_once() {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let media_id = page
        .upload("a.jpg", "image/jpeg", &small(Jpeg, 40, 30), 1_511_509_303_507)
        .json()["MediaId"]
        .take();
    let media_id = media_id.as_str().unwrap();
    let first = page.send(media_id, "15114939427950364").json();
    let second = page.send(media_id, "15114939427950364").json();
    assert_eq!(first, second);
    assert_eq!((server.messages().len(), server.requests_to("webwxsendmsgimg")), (1, 2));
    assert_eq!(server.violations(), [""; 0]);

    // An id may be a number. A message to somebody else with the same id is lost, too.
    let mut other = page.message(3, media_id, "15114939427950364");
    other["Msg"]["ClientMsgId"] = 15_114_939_427_950_364_u64.into();
    other["Msg"]["ToUserName"] = server.second_friend().into();
    let third = page.post_json("webwxsendmsgimg?fun=async&f=json", &other).unwrap().json();
    assert_eq!(third["MsgID"], first["MsgID"]);
    assert_eq!(server.messages().len(), 1);
    assert!(
        server
            .violations()
            .contains(&"webwxsendmsgimg: the same ClientMsgId for two messages".to_owned())
    );

    let fourth = page.send(media_id, "15114939427960364").json();
    assert_ne!(fourth["MsgID"], first["MsgID"]);
    assert_eq!(server.messages().len(), 2);
}
