//! Saved after every poll, killed at every step, taken up again.

use std::time::Duration;

use wx_proto::flow::{
    Flow, Input, ResumeError, ResumeOptions, SendImage, Snapshot, UnexpectedInput,
};
use wx_proto::{
    Error, ErrorKind, MediaError, Outcome, Policy, ReplyError, Ret, Sent, Session, UnixMs,
};

use super::world::*;

const LEN: usize = 2 * CHUNK + 5;

fn good() -> [Answer; 4] {
    [middle(), middle(), last("@m", LEN), sent()]
}

fn new() -> SendImage {
    let bytes = jpeg(LEN);
    let policy = Policy::default();
    SendImage::new(&session(), picture(&bytes, &policy), to(), SEED, policy).unwrap()
}

fn seconds_later(seconds: u64) -> ResumeOptions {
    ResumeOptions {
        unix_ms: Some(SEED.unix_ms.saturating_add(Duration::from_secs(seconds))),
        resend: false,
    }
}

fn resume(saved: &str, at: ResumeOptions) -> SendImage {
    SendImage::resume(&session(), Snapshot::from_json(saved).unwrap(), Policy::default(), at)
        .unwrap()
}

/// Killed after so many steps: what had been sent, and what was saved.
fn killed_after(
    steps: usize,
    answers: impl IntoIterator<Item = Answer>,
) -> Option<(World, String)> {
    let mut world = World::new(jpeg(LEN), answers);
    world.steps_left = steps;
    let _ = world.run_or_die(&mut new());
    // Nothing is saved of a job that is over.
    let saved = world.saved.clone()?;
    Some((world, saved))
}

/// Killed while the message is on its way.
fn killed_in_message() -> String {
    (0..100)
        .find_map(|steps| {
            killed_after(steps, good())
                .filter(|(_, saved)| Snapshot::from_json(saved).unwrap().in_doubt())
        })
        .unwrap()
        .1
}

#[test]
fn killed_at_any_step_it_goes_on_and_sends_one_message_with_equal_bytes() {
    let mut steps = 0;
    while let Some((before, saved)) = killed_after(steps, good()) {
        steps += 1;
        assert!(steps < 100, "no end");
        let answered = before.seen.len();
        // A chunk that was handed out is not known to be taken: it is sent again.
        let acked =
            serde_json::from_str::<serde_json::Value>(&saved).unwrap()["job"]["upload"]["acked"]
                .as_u64();
        let rest = match acked {
            Some(acked) => good()[usize::try_from(acked).unwrap()..].to_vec(),
            None => vec![sent()],
        };
        let mut world = World::new(jpeg(LEN), rest);
        let mut flow = resume(&saved, seconds_later(30));
        // Killed again at once, nothing of it is lost.
        assert_eq!(flow.snapshot().unwrap().to_json(), saved);
        let sent: Sent = world.run(&mut flow).unwrap();
        assert_eq!(sent.uploaded.media_id.as_str(), "@m");
        let all: Vec<_> = before.seen.iter().chain(&world.seen).collect();
        let requests: Vec<_> =
            all.iter().filter_map(|seen| seen.field("uploadmediarequest")).collect();
        assert!(
            requests.iter().all(|request| *request == requests[0]),
            "one text for all chunks, before and after"
        );
        let mut chunks: Vec<_> = all.iter().filter_map(|seen| seen.field("chunk")).collect();
        chunks.dedup();
        assert_eq!(chunks, ["0", "1", "2"], "after {steps} steps and {answered} requests");
        let ids: Vec<_> = all
            .iter()
            .filter(|seen| seen.endpoint() == "webwxsendmsgimg")
            .map(|seen| seen.json()["Msg"]["ClientMsgId"].as_str().unwrap().to_owned())
            .collect();
        assert!(ids.iter().all(|id| *id == sent.local_id.as_str()), "one message id");
    }
    assert!(steps > 15, "every step was tried: {steps}");
}

#[test]
fn killed_again_it_goes_on_from_there() {
    let at = |saved: &str, acked: u64| {
        let saved: serde_json::Value = serde_json::from_str(saved).unwrap();
        saved["job"]["upload"]["acked"] == acked
    };
    let saved = (0..100)
        .find_map(|steps| killed_after(steps, good()).filter(|(_, saved)| at(saved, 1)))
        .unwrap()
        .1;
    let again = (0..100).find_map(|steps| {
        let mut world = World::new(jpeg(LEN), good()[1..].to_vec());
        world.steps_left = steps;
        let _ = world.run_or_die(&mut resume(&saved, seconds_later(5)));
        world.saved.filter(|saved| at(saved, 2))
    });
    let mut world = World::new(jpeg(LEN), good()[2..].to_vec());
    world.run(&mut resume(&again.unwrap(), seconds_later(10))).unwrap();
    assert_eq!(world.seen[0].field("chunk").as_deref(), Some("2"));
}

#[test]
fn a_message_that_left_long_ago_is_unknown_unless_it_is_asked_for() {
    let saved = killed_in_message();
    for (seconds, recent) in [(59, true), (60, true), (61, false), (86_400, false)] {
        let mut world = World::new("", [sent()]);
        let result = world.run(&mut resume(&saved, seconds_later(seconds)));
        assert_eq!(result.is_ok(), recent, "{seconds} s later");
        if let Err(error) = result {
            assert_eq!((error.outcome(), world.seen.len()), (Outcome::Unknown, 0));
            let mut world = World::new("", [sent()]);
            let at = ResumeOptions { resend: true, ..seconds_later(seconds) };
            let sent = world.run(&mut resume(&saved, at)).unwrap();
            assert_eq!(Some(&sent.local_id), error.local_id.as_ref());
        }
    }
    // A clock that went backwards tells nothing.
    let before =
        ResumeOptions { unix_ms: Some(UnixMs::new(SEED.unix_ms.get() - 1000)), resend: false };
    let error = World::new("", []).run(&mut resume(&saved, before)).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
}

#[test]
fn a_resumed_message_stays_in_doubt_whatever_the_next_verdict() {
    let saved = killed_in_message();
    let error = World::new("", [ret(1205)]).run(&mut resume(&saved, seconds_later(5))).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    let error = World::new("", vec![unreachable(); 4])
        .run(&mut resume(&saved, seconds_later(5)))
        .unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
}

#[test]
fn the_time_of_the_hand_out_is_counted_from_the_start_of_the_job() {
    // Two chunks are refused by the network until their last try, so the message leaves seconds
    // after the start.
    let answers = [
        dropped(),
        dropped(),
        middle(),
        dropped(),
        dropped(),
        middle(),
        last("@m", LEN),
        dropped(),
    ];
    let mut world = World::new(jpeg(LEN), answers);
    let start = world.now;
    let mut flow = new();
    world.steps_left = 24;
    assert!(world.run_or_die(&mut flow).is_none());
    let saved: serde_json::Value = serde_json::from_str(&world.saved.unwrap()).unwrap();
    let handed_out = saved["job"]["message"]["handed_out_ms"].as_u64().unwrap();
    let message = world.seen.iter().find(|seen| seen.endpoint() == "webwxsendmsgimg").unwrap();
    assert_eq!(u128::from(handed_out - SEED.unix_ms.get()), (message.at - start).as_millis());
    assert_eq!(handed_out - SEED.unix_ms.get(), 6000);
}

#[test]
fn what_is_clear_is_saved_as_clear() {
    let after = |answers: Vec<Answer>| {
        let mut world =
            World::new(jpeg(LEN), [middle(), middle(), last("@m", LEN)].into_iter().chain(answers));
        let mut flow = new();
        let result = world.run(&mut flow);
        (result, flow.snapshot())
    };
    let (_, saved) = after(vec![ret(1205)]);
    assert!(!saved.unwrap().in_doubt(), "a refused message may be sent again");
    let (_, saved) = after(vec![unreachable(); 4]);
    assert!(!saved.unwrap().in_doubt());
    let (result, saved) = after(vec![dropped(); 4]);
    assert_eq!(result.unwrap_err().outcome(), Outcome::Unknown);
    assert!(saved.unwrap().in_doubt());
    let (result, saved) = after(vec![sent()]);
    assert!(result.is_ok() && saved.is_none(), "nothing is left to do");
}

#[test]
fn another_picture_another_login_or_another_version_is_refused() {
    let (_, saved) = killed_after(7, good()).unwrap();
    let mut other = jpeg(LEN).to_vec();
    other[LEN - 1] ^= 1;
    let error = World::new(other, []).run(&mut resume(&saved, seconds_later(5))).unwrap_err();
    assert_eq!(error.kind, ErrorKind::OtherMedia);

    let resumed = |session: &Session, saved: &str| {
        let snapshot = Snapshot::from_json(saved)?;
        SendImage::resume(session, snapshot, Policy::default(), seconds_later(5)).map(|_| ())
    };
    let builder = Session::builder("https://wx.qq.com")
        .uin(2_272_112_421)
        .skey("other")
        .user_name("@me")
        .data_ticket("t");
    assert_eq!(
        resumed(&builder.clone().sid("other").build().unwrap(), &saved),
        Err(ResumeError::OtherLogin)
    );
    assert_eq!(
        resumed(&builder.clone().sid("sid").uin(7).build().unwrap(), &saved),
        Err(ResumeError::OtherLogin)
    );
    // The skey may change within a login.
    assert_eq!(resumed(&builder.sid("sid").build().unwrap(), &saved), Ok(()));

    let edited = |edit: fn(&mut serde_json::Value)| {
        let mut json = serde_json::from_str(&saved).unwrap();
        edit(&mut json);
        resumed(&session(), &json.to_string())
    };
    assert_eq!(edited(|json| json["version"] = 2.into()), Err(ResumeError::Version(2)));
    assert_eq!(
        edited(|json| json["job"]["upload"]["acked"] = 3.into()),
        Err(ResumeError::TooManyChunks { acked: 3 })
    );
    assert_eq!(
        edited(|json| json["job"]["upload"]["media"]["len"] = 0.into()),
        Err(ResumeError::Media(MediaError::Empty))
    );
    assert_eq!(
        edited(|json| json["job"]["upload"]["media"]["format"] = "webp".into()),
        Err(ResumeError::NotASnapshot)
    );
    assert_eq!(edited(|json| json["job"] = 1.into()), Err(ResumeError::NotASnapshot));
    assert_eq!(resumed(&session(), "no json"), Err(ResumeError::NotASnapshot));
}

#[test]
fn a_server_that_has_forgotten_the_first_chunks_makes_it_start_over_once() {
    let (_, saved) = (0..100)
        .find_map(|steps| killed_after(steps, good()).filter(|(world, _)| world.seen.len() == 2))
        .unwrap();
    for refused in [ret(1), ret(-1), middle()] {
        let is_middle = matches!(&refused, Answer::Reply(_, _, body) if body.starts_with(b"{\"BaseResponse\":{\"Ret\":0"));
        // Refused at once, or with an empty MediaId at the end.
        let first = if is_middle { vec![middle(), refused.clone()] } else { vec![refused.clone()] };
        let answers = first.into_iter().chain(good());
        let mut world = World::new(jpeg(LEN), answers);
        let sent = world.run(&mut resume(&saved, seconds_later(5))).unwrap();
        assert_eq!(sent.uploaded.chunks, 3);
        let last = world.seen[world.seen.len() - 2].upload_request();
        assert_eq!(last["ClientMediaId"].as_u64(), Some(SEED.unix_ms.get() + 1));
    }
    let mut world = World::new(jpeg(LEN), [ret(1), ret(1)]);
    let error = world.run(&mut resume(&saved, seconds_later(5))).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Reply(ReplyError::Refused { .. })));
    // Not when there is no use in it.
    for code in [1100, 1205] {
        let mut world = World::new(jpeg(LEN), [ret(code)]);
        let error: Error = world.run(&mut resume(&saved, seconds_later(5))).unwrap_err();
        assert_eq!((error.ret().unwrap().0, world.seen.len()), (code.into(), 1));
    }
}

#[test]
fn a_picture_above_the_checks_limit_begins_again_with_the_check() {
    let bytes = jpeg(LEN);
    let mut policy = Policy::default();
    policy.check_above = 1;
    let ticket =
        || ok(r#"{"BaseResponse":{"Ret":0},"MediaId":"","AESKey":"aes","Signature":"sig"}"#);
    let mut flow =
        SendImage::new(&session(), picture(&bytes, &policy), to(), SEED, policy.clone()).unwrap();
    let mut world = World::new(bytes.clone(), [ticket(), middle()]);
    world.steps_left = 10;
    assert!(world.run_or_die(&mut flow).is_none());
    let saved = world.saved.unwrap();
    assert!(!saved.contains("aes") && !saved.contains("sig"), "the ticket is not saved: {saved}");
    let mut flow = SendImage::resume(
        &session(),
        Snapshot::from_json(&saved).unwrap(),
        policy,
        seconds_later(5),
    )
    .unwrap();
    let mut world = World::new(bytes, [vec![ticket()], good().to_vec()].concat());
    world.run(&mut flow).unwrap();
    assert_eq!(world.endpoints()[..2], ["webwxcheckupload", "webwxuploadmedia"]);
    assert_eq!(world.seen[1].field("chunk").as_deref(), Some("0"));

    // At the limit there is no check, and nothing to begin again for.
    let saved = (0..100)
        .find_map(|steps| killed_after(steps, good()).filter(|(world, _)| world.seen.len() == 2));
    let mut policy = Policy::default();
    policy.check_above = LEN as u64;
    let snapshot = Snapshot::from_json(saved.unwrap().1).unwrap();
    let mut flow = SendImage::resume(&session(), snapshot, policy, seconds_later(5)).unwrap();
    let mut world = World::new(jpeg(LEN), good()[1..].to_vec());
    world.run(&mut flow).unwrap();
    assert_eq!(world.seen[0].field("chunk").as_deref(), Some("1"));
}

#[test]
fn every_state_is_saved_once_and_before_it_is_acted_on() {
    let mut flow = new().checkpointed();
    let mut world = World::new(jpeg(LEN), good());
    let mut left = Vec::new();
    let sent = world.run_seeing(&mut flow, |flow, message| {
        let snapshot = flow.snapshot().unwrap();
        assert_eq!(snapshot.in_doubt(), message);
        left.push(snapshot);
    });
    assert!(sent.is_some_and(|sent| sent.is_ok()));
    let states = world.checkpoints;
    // Begun, digested, one chunk taken, two chunks, the message handed out.
    assert!(
        states.len() == 5 && states.windows(2).all(|pair| pair[0] != pair[1]),
        "{}",
        states.len()
    );
    assert!(left.iter().all(|left| states.contains(left)), "what leaves has been saved");
}

#[test]
fn a_cancelled_job_can_be_saved_and_taken_up() {
    let mut flow = new().checkpointed();
    flow.cancel();
    assert_eq!(World::new(jpeg(LEN), []).run(&mut flow).unwrap_err().kind, ErrorKind::Cancelled);
    let saved = flow.snapshot().unwrap().to_json();
    let sent = World::new(jpeg(LEN), good()).run(&mut resume(&saved, seconds_later(5)));
    assert_eq!(sent.unwrap().uploaded.chunks, 3);
}

#[test]
fn a_state_that_cannot_be_saved_is_not_acted_on() {
    for good_saves in 0..=5 {
        let mut flow = new().checkpointed();
        let mut world = World::new(jpeg(LEN), good());
        world.saves_left = good_saves;
        match world.run(&mut flow) {
            Ok(_) => assert_eq!(good_saves, 5),
            Err(error) => {
                assert!(good_saves < 5);
                assert!(matches!(error.kind, ErrorKind::Source(_)), "{error:?}");
                assert_eq!((error.outcome(), world.messages()), (Outcome::NotSent, 0));
                assert!(!flow.progress().in_doubt);
                assert!(flow.snapshot().is_none_or(|snapshot| !snapshot.in_doubt()));
                // It is over: nothing is saved or done any more.
                assert_eq!(flow.handle(Input::Written, world.now), Err(UnexpectedInput));
                flow.cancel();
                assert_eq!(world.run(&mut flow).unwrap_err(), error);
            }
        }
    }
}

#[test]
fn a_state_that_cannot_be_saved_takes_nothing_back() {
    // A message in doubt stays in doubt, young or old, and can be taken up again.
    let saved = killed_in_message();
    for seconds in [5, 500] {
        let mut flow = resume(&saved, seconds_later(seconds)).checkpointed();
        let mut world = World::new(jpeg(LEN), []);
        world.saves_left = 0;
        let error = world.run(&mut flow).unwrap_err();
        assert_eq!(
            (error.outcome(), world.seen.len()),
            (Outcome::Unknown, 0),
            "{seconds} s: {error:?}"
        );
        assert!(error.uploaded.is_some() && error.local_id.is_some());
        assert!(flow.snapshot().is_some_and(|snapshot| snapshot.in_doubt()), "{seconds} s");
    }
    let run = |answers: [Answer; 4], saves| {
        let mut world = World::new(jpeg(LEN), answers);
        world.saves_left = saves;
        world.run(&mut new().checkpointed()).unwrap_err()
    };
    // A verdict stays one, though the state after it is lost.
    let error = run([middle(), middle(), last("@m", LEN), ret(1205)], 5);
    assert_eq!((error.ret(), error.outcome()), (Some(Ret(1205)), Outcome::NotSent));
    // And what was won is told.
    let error = run(good(), 4);
    assert_eq!((error.outcome(), error.uploaded.is_some()), (Outcome::NotSent, true));
}
