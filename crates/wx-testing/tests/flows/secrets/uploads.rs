//! Values of an upload that only the server chooses: the UploadID, the ticket, and its spelling of
//! the file name. It could put a secret into each of them.

use wx_proto::bytes::Bytes;
use wx_proto::endpoint::Endpoint;
use wx_proto::endpoint::upload_media::UploadChunk;
use wx_proto::endpoint::upload_parallel::UploadParallel;
use wx_proto::flow::{SendMessage, Snapshot};
use wx_proto::http::Response;
use wx_proto::{Media, MediaKind, Policy, Recipient, Session};

use super::{CANARY, Shown};
use wx_testing::harness::{Answer, CHUNK, Harness, SEED, jpeg, ok, sent, session};

fn helper() -> Session {
    let builder = Session::builder("https://filehelper.weixin.qq.com").uin(1).sid("s").skey("k");
    builder.user_name("@me").data_ticket("t").build().unwrap()
}

fn reply(rest: &str) -> String {
    format!("{{\"BaseResponse\":{{\"Ret\":0}},{rest}}}")
}

/// Shows a job after each of its steps, and its result. Returns whether the planted value was in a
/// saved state.
fn show_each_step(
    shown: &mut Shown,
    session: &Session,
    new: impl Fn() -> SendMessage,
    bytes: &Bytes,
    answers: &[Answer],
) -> bool {
    let mut was_saved = false;
    for steps in 1..100 {
        let mut harness = Harness::new(bytes.clone(), answers.to_vec()).with_session(session);
        harness.steps_left = steps;
        let mut flow = new();
        let result = harness.run_until_killed(&mut flow);
        shown.show(&flow);
        if let Some(saved) = harness.saved {
            was_saved |= saved.contains(CANARY);
            shown.show(&Snapshot::from_json(saved).unwrap());
        }
        if let Some(result) = result {
            shown.show(&result);
            return was_saved;
        }
    }
    panic!("no end");
}

#[test]
fn p15_p98_no_upload_id_and_no_ticket_is_shown_but_both_are_saved() {
    let (bytes, helper) = (jpeg(CHUNK + 1), helper());
    let mut policy = Policy::default();
    policy.check_above = 1;
    let check = r#""MediaId":"","AESKey":"canary","Signature":"canary""#;
    let first = r#""MediaId":"","UploadID":"@canary_upload""#;
    let last = r#""MediaId":"@m","UploadID":"@canary_upload""#;
    let answers = [check, first, last].map(|rest| ok(reply(rest)));
    let new = || {
        let file = Media::new("a.jpg", bytes.len() as u64, &bytes).unwrap();
        let (file, to) = (file.sent_as(MediaKind::File).unwrap(), Recipient::file_helper());
        SendMessage::media(&helper, file, to, SEED, policy.clone()).unwrap()
    };
    let mut shown = Shown::default();
    let answers = [&answers[..], &[sent()]].concat();
    assert!(show_each_step(&mut shown, &helper, new, &bytes, &answers));
    shown.show(&UploadParallel::read(&Response::new(reply(first).into())).unwrap());
    shown.assert_silent();
}

#[test]
fn p15_the_servers_spelling_of_a_file_name_is_not_shown() {
    let bytes = jpeg(100);
    let last = r#""MediaId":"@m","StartPos":100,"EncryFileName":"canary%2Ejpg""#;
    let new = || {
        let media = Media::new("a.jpg", 100, &bytes).unwrap();
        SendMessage::media(&session(), media, Recipient::file_helper(), SEED, Policy::default())
            .unwrap()
    };
    let mut shown = Shown::default();
    for message in [sent(), wx_testing::harness::ret(1205)] {
        let answers = [ok(reply(last)), message];
        assert!(show_each_step(&mut shown, &session(), new, &bytes, &answers));
    }
    let accepted = UploadChunk::read(&Response::new(reply(last).into())).unwrap();
    assert_eq!(accepted.encry_file_name.as_deref(), Some("canary%2Ejpg"));
    shown.show(&accepted);
    shown.assert_silent();
}
