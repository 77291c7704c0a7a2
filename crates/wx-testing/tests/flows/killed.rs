//! A program that is killed at any step sends each message once: the texts and files of each kind,
//! with the client's own driver and outbox. A step is a read of the file, each half of an exchange,
//! and each part of a write of the record.

mod counting_server;
mod program;

use std::collections::BTreeSet;

use serde_json::Value;
use wx_client::outbox::Outbox;
use wx_proto::bytes::Bytes;
use wx_proto::{MediaKind, Outcome, Policy, Recipient, Session, Text};

use self::program::{Job, Message, World};
use wx_testing::harness::{CHUNK, jpeg, session};
use wx_testing::samples::TINY_MP4;

fn helper() -> Session {
    let builder = Session::builder("https://filehelper.weixin.qq.com").uin(1).sid("s").skey("k");
    builder.user_name("@me").data_ticket("t").build().unwrap()
}

/// Returns the session of the next login of the same account.
fn next_login(session: &Session) -> Session {
    let mut file: Value = serde_json::from_str(session.to_json().expose()).unwrap();
    file["sid"] = "another".into();
    Session::from_json(file.to_string()).unwrap()
}

/// Returns a job of each kind, with its calls if nothing goes wrong.
fn jobs() -> Vec<(Job, Vec<String>)> {
    let noise = jpeg(CHUNK + 5);
    let file = noise.slice(1..);
    let mp4 = Bytes::from([TINY_MP4, &noise[..CHUNK]].concat());
    let gif = Bytes::from([&b"GIF89a\x01\0\x01\0\0\0\0"[..], &[b'x'; 200]].concat());
    let media = |name, bytes: &Bytes, kind| vec![Message::Media(name, bytes.clone(), kind)];
    let text = |text: &str, limit| {
        Text::new(text).split(limit).into_iter().map(Message::Text).collect::<Vec<_>>()
    };
    let (upload, parallel) = ("webwxuploadmedia", "webwxuploadmediaparallel");
    let chunks = |call: &str| format!("{call} 0,{call} 1");
    let (two, two_parallel) = (chunks(upload), chunks(parallel));
    let jobs = [
        (session(), u64::MAX, media("a.jpg", &noise, MediaKind::Image), two.clone(), "msgimg"),
        (session(), u64::MAX, media("a.gif", &gif, MediaKind::Emoticon), chunk(upload), "emoticon"),
        (session(), u64::MAX, media("a.mov", &mp4, MediaKind::Video), two.clone(), "videomsg"),
        (helper(), u64::MAX, media("a.mp4", &mp4, MediaKind::Video), two.clone(), "videomsg"),
        (session(), u64::MAX, media("图", &gif, MediaKind::File), chunk(upload), "appmsg"),
        (session(), 1, media("a.zip", &file, MediaKind::File), checked(&two), "appmsg"),
        (helper(), 1, media("a.zip", &file, MediaKind::File), checked(&two_parallel), "appmsg"),
    ];
    let job = |session: Session, check_above, messages| {
        let mut policy = Policy::default();
        policy.check_above = check_above;
        Job { session, policy, to: Recipient::file_helper(), messages, resend: false }
    };
    let jobs = jobs.into_iter().map(|(session, check_above, messages, before, message)| {
        let calls = format!("{before},webwxsend{message}");
        (job(session, check_above, messages), split(&calls))
    });
    let texts = [("hello <&>\n😄", 100, "h"), ("one two six", 3, "o,t,s")];
    let texts = texts.into_iter().map(|(long, limit, marks)| {
        let calls = marks.split(',').map(|mark| format!("webwxsendmsg {mark}")).collect();
        (job(session(), u64::MAX, text(long, limit)), calls)
    });
    jobs.chain(texts).collect()
}

fn chunk(call: &str) -> String {
    format!("{call} 0")
}

fn checked(chunks: &str) -> String {
    format!("webwxcheckupload,{chunks}")
}

fn split(calls: &str) -> Vec<String> {
    calls.split(',').map(str::to_owned).collect()
}

/// Kills a program at each of its steps, and calls `then` with what is left and with the number of
/// the step. Returns the number of steps.
fn kill_at_each_step(job: &Job, mut then: impl FnMut(&World, usize)) -> usize {
    for step in 1..500 {
        let world = World::default();
        if world.run(job, Some(step)).is_some() {
            return step - 1;
        }
        then(&world, step);
    }
    panic!("no end");
}

/// Checks that the server has each of the messages once and in order, as the results say.
fn assert_all_sent(world: &World, job: &Job, results: &[Result<wx_proto::Sent, wx_proto::Error>]) {
    world.server(|server| {
        let contents = server.messages.iter().map(|message| &message.content[..]);
        assert!(contents.eq(job.messages.iter().map(Message::content)), "{:?}", server.calls);
        assert!(server.messages.iter().all(|message| message.to == job.to.as_str()));
        let ids = server.messages.iter().map(|message| &message.msg_id[..]);
        let sent = results.iter().map(|sent| sent.as_ref().unwrap().msg_id.as_str());
        assert!(ids.eq(sent), "{results:?}");
    });
}

fn calls(world: &World) -> Vec<String> {
    world.server(|server| server.calls.clone())
}

/// Only the call that was under way is repeated: no other chunk, and no part of a text.
#[test]
fn killed_at_any_step_and_resumed_each_kind_is_sent_once() {
    for (job, expected) in jobs() {
        let steps = kill_at_each_step(&job, |killed, step| {
            let killed_again = [None, Some(step * 7 % 31 + 1)];
            for (n, again) in killed_again.into_iter().enumerate() {
                let world = if n == 0 { killed.clone() } else { World::default() };
                if n > 0 {
                    world.run(&job, Some(step));
                    world.run(&job, again);
                }
                let results = world.run(&job, None).unwrap();
                assert_all_sent(&world, &job, &results);
                let mut called = calls(&world);
                assert!(called.len() <= expected.len() + n + 1, "{step}: {called:?}");
                called.dedup();
                assert_eq!(called, expected, "killed at step {step}, then {again:?}");
                // The results are on record.
                let before = calls(&world);
                assert_eq!(world.run(&job, None).unwrap(), results);
                assert_eq!(calls(&world), before);
            }
        });
        assert!(steps >= 13 * job.messages.len(), "{expected:?}: {steps}");
    }
}

/// Makes the messages in doubt too old to be repeated.
fn age(disk: &mut Vec<u8>) {
    let text = String::from_utf8(std::mem::take(disk)).unwrap();
    for line in text.split_inclusive('\n') {
        let Ok(mut entry) = serde_json::from_str::<Value>(line) else {
            // The write of the last line was interrupted.
            disk.extend(line.bytes());
            continue;
        };
        let left = entry.pointer_mut("/state/state/job/message/handed_out_ms");
        if let Some(ms) = left.and_then(|left| left.as_u64().map(|ms| (left, ms))) {
            *ms.0 = (ms.1 - 61_000).into();
        }
        disk.extend(format!("{entry}\n").bytes());
    }
}

/// Returns the keys of the messages in doubt.
fn in_doubt(world: &World) -> Vec<String> {
    let outbox = Outbox::with_storage(world.clone()).unwrap();
    let messages = outbox.messages().into_iter();
    let in_doubt =
        messages.filter(|message| message.state == wx_client::outbox::MessageState::InDoubt);
    in_doubt.map(|message| message.key).collect()
}

#[test]
fn resumed_too_late_a_message_is_unknown_only_if_it_has_left() {
    for (job, expected) in jobs() {
        let mut unknown = BTreeSet::new();
        kill_at_each_step(&job, |world, step| {
            world.edit_disk(age);
            let doubtful = in_doubt(world);
            let (delivered, called) =
                (world.server(|server| server.messages.len()), calls(world).len());
            let results = world.run(&job, None).unwrap();
            let Some(Err(error)) = results.last() else {
                assert!(doubtful.is_empty(), "{step}");
                return assert_all_sent(world, &job, &results);
            };
            assert_eq!(error.outcome(), Outcome::Unknown, "{step}: {error:?}");
            assert_eq!(doubtful, [(results.len() - 1).to_string()]);
            assert_eq!(calls(world).len(), called, "{step}: nothing was sent");
            unknown.insert(delivered == results.len());
            // On request, it is sent under its own id, and then what follows it.
            let results = world.run(&Job { resend: true, ..job.clone() }, None).unwrap();
            assert_all_sent(world, &job, &results);
        });
        assert_eq!(unknown, [false, true].into(), "{expected:?}: before and after it arrived");
    }
}

/// A message in doubt is refused, and an unfinished upload starts over.
#[test]
fn resumed_in_another_login_a_message_starts_over_unless_it_may_have_left() {
    for (job, expected) in jobs() {
        let other = Job { session: next_login(&job.session), ..job.clone() };
        let mut outcomes = BTreeSet::new();
        kill_at_each_step(&job, |world, step| {
            let doubtful = in_doubt(world);
            let before = calls(world).len();
            let results = world.run(&other, None).unwrap();
            let called = calls(world).split_off(before);
            match results.last().unwrap() {
                Ok(_) => {
                    assert!(doubtful.is_empty(), "{step}");
                    assert_all_sent(world, &job, &results);
                    let is_whole = called.len() == expected.len() || job.messages.len() > 1;
                    assert!(called.is_empty() || is_whole, "{step}: {called:?}");
                    assert!(expected.ends_with(&called), "{step}: {called:?}");
                }
                Err(error) => {
                    assert_eq!(error.outcome(), Outcome::Unknown, "{step}: {error:?}");
                    assert_eq!(doubtful, [(results.len() - 1).to_string()], "{step}");
                    assert!(called.is_empty(), "{step}: {called:?}");
                }
            }
            outcomes.insert(results.last().unwrap().is_ok());
        });
        assert_eq!(outcomes.len(), 2, "{expected:?}");
    }
}
