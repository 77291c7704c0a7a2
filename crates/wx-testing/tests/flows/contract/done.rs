//! Polling a finished flow returns `Done` again.

use std::fmt::Debug;

use wx_proto::flow::ListRooms;

use super::*;
use crate::messages::{check, continued, received};

/// Runs a flow to its end and polls it again, also after it was cancelled.
fn repeats_its_output<F>(name: &str, mut flow: F, mut harness: Harness)
where
    F: Flow,
    F::Output: PartialEq + Debug,
{
    let first = harness.run(&mut flow);
    for _ in 0..2 {
        let Action::Done(again) = flow.poll(&mut session(), harness.now) else {
            panic!("{name}: done stays done")
        };
        assert_eq!(again, first, "{name}");
        flow.cancel();
    }
}

/// Checks a flow that succeeds with `good` and fails with `bad`.
fn twice<F>(name: &str, make: impl Fn() -> F, good: impl IntoIterator<Item = Answer>, bad: Answer)
where
    F: Flow,
    F::Output: PartialEq + Debug,
{
    repeats_its_output(name, make(), Harness::new(jpeg(12), good));
    repeats_its_output(name, make(), Harness::new(jpeg(12), [bad]));
}

#[test]
fn polling_a_finished_flow_twice_gives_equal_output() {
    let policy = Policy::default;
    let over = || ret(1101);
    let contacts = || {
        let list = r#"[{"UserName":"@a"},{"UserName":"@b","NickName":"B"},{}]"#;
        ok(format!(r#"{{"BaseResponse":{{"Ret":0}},"MemberList":{list},"Seq":0}}"#))
    };
    let notified = || ok(r#"{"BaseResponse":{"Ret":0}}"#);
    let messages = || NextMessages::new(&continued(5), SEED, policy()).unwrap();
    let login = || Login::new(Site::new(Profile::Web), SEED, policy());
    let image = Answer::Reply(200, vec![("content-length", "12".into())], jpeg(12));
    let kept = || send_image(12).checkpointed();
    let mut full = Harness::new(jpeg(12), []);
    full.saves_left = 0;

    let with_session = |answers: Vec<Answer>| Harness::new("", answers).with_session(&continued(5));
    let good = vec![check(0, 2), received(6, &[7, 8])];
    repeats_its_output("NextMessages", messages(), with_session(good));
    repeats_its_output("NextMessages", messages(), with_session(vec![check(1101, 0)]));
    twice(
        "ListContacts",
        || ListContacts::new(&session(), SEED, policy()).unwrap(),
        [contacts()],
        over(),
    );
    let rooms = || ok(r#"{"BaseResponse":{"Ret":0},"ContactList":[{"UserName":"@@a"}]}"#);
    twice(
        "ListRooms",
        || ListRooms::named(&session(), ["@@a".parse().unwrap()], SEED, policy()).unwrap(),
        [rooms()],
        over(),
    );
    twice("Login", login, [code(), polled(2), page(), init(""), notified()], status(403));
    twice(
        "Restore",
        || Restore::new(&session(), SEED, policy()).unwrap(),
        [init(""), notified()],
        over(),
    );
    twice("Logout", || Logout::new(&session(), SEED, policy()).unwrap(), [logged_out()], over());
    twice("FetchImage", fetch, [image], status(404));
    twice("Upload", || upload(&jpeg(12), &policy()).unwrap(), [last("@m", 12)], over());
    twice("SendMessage", message, [sent()], over());
    twice("SendMessage", || send_image(12), [last("@m", 12), sent()], over());
    twice("checkpointed", kept, [last("@m", 12), sent()], over());
    repeats_its_output("a save that fails", kept(), full);
}

#[test]
fn a_driver_that_is_dropped_after_the_end_loses_no_message() {
    let mut flow = NextMessages::new(&continued(5), SEED, Policy::default()).unwrap();
    let mut harness =
        Harness::new("", [check(0, 2), received(6, &[7, 8])]).with_session(&continued(5));
    drop(harness.run(&mut flow));
    let Action::Done(Ok(again)) = flow.poll(&mut session(), harness.now) else { panic!() };
    assert_eq!(again.messages.len(), 2);
}
