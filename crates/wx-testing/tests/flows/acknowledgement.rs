//! Batches of messages are received at least once: they come again after a restart until they are
//! acknowledged.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use wx_proto::flow::{Action, BatchReceipt, CallId, Flow, NewMessages, NextMessages, SendMessage};
use wx_proto::http::Response;
use wx_proto::{Policy, Recipient, Session, Text};

use super::messages::{batch, check, continued, key, received, session_at};
use super::sim::Random;
use wx_testing::harness::*;

/// Runs a flow on `session` until the next batch.
fn next(session: &mut Session, answers: impl IntoIterator<Item = Answer>) -> NewMessages {
    let mut harness = Harness::new("", answers).with_session(session);
    let mut flow = NextMessages::new(session, SEED, Policy::default()).unwrap();
    let new = harness.run(&mut flow).unwrap();
    *session = harness.session;
    new
}

fn ids(new: &NewMessages) -> Vec<&str> {
    new.messages.iter().map(|message| message.id.as_ref().map_or("0", |id| id.as_str())).collect()
}

fn saved(session: &Session) -> Value {
    serde_json::from_str(session.to_json().expose()).unwrap()
}

/// Returns the session of a program that is restarted with the saved one.
fn restarted(session: &Session) -> Session {
    Session::from_json(session.to_json().expose()).unwrap()
}

/// The position that a restarted program sends, and the messages that it receives.
fn after_restart(session: &Session, answer: Answer) -> (Value, Vec<String>) {
    let session = restarted(session);
    let end = json!({ "MsgId": "999", "MsgType": 1, "FromUserName": "@a", "Content": "" });
    // The last message is always new, so that the flow ends.
    let answers = [answer, check(0, 2), batch(99, &[end], json!({}))];
    let mut harness = Harness::new("", answers).with_session(&session);
    let mut flow = NextMessages::new(&session, SEED, Policy::default()).unwrap();
    let new = harness.run(&mut flow).unwrap();
    let ids = ids(&new).into_iter().filter(|id| *id != "999").map(str::to_owned).collect();
    (harness.seen[0].json()["SyncKey"].clone(), ids)
}

const NOW: Duration = Duration::from_secs(1000);

/// Returns a flow that waits for the reply to webwxsync.
fn waiting_for_reply(session: &mut Session) -> (NextMessages, CallId) {
    let mut flow = NextMessages::new(session, SEED, Policy::default()).unwrap();
    let Action::Send(id, _) = flow.poll(session, NOW) else { panic!("no synccheck") };
    reply(&mut flow, id, session, check(0, 2));
    let Action::Send(id, request) = flow.poll(session, NOW) else { panic!("no webwxsync") };
    assert_eq!(request.endpoint(), "webwxsync");
    (flow, id)
}

fn reply(flow: &mut NextMessages, call: CallId, session: &mut Session, answer: Answer) {
    let Answer::Reply(_, _, body) = answer else { panic!("no reply") };
    let write = |_, _| panic!("nothing is fetched");
    flow.answer(call, Response::new(body), session, NOW, write).unwrap();
}

#[test]
fn p57_a_batch_comes_again_after_a_restart_until_it_is_acknowledged() {
    let mut session = continued(5);
    let before = saved(&session);
    let new = next(&mut session, [check(0, 2), received(6, &[7, 8])]);
    assert_eq!(ids(&new), ["7", "8"]);
    // Whenever the session is saved, it is positioned before the batch.
    assert_eq!(saved(&session)["sync_key"], key(5));
    assert_eq!(saved(&session)["recent_messages"], before["recent_messages"]);
    let repeated = (key(5), vec!["7".to_owned(), "8".to_owned()]);
    assert_eq!(after_restart(&session, received(6, &[7, 8])), repeated);
    // Without a restart it is returned once.
    let mut harness = Harness::new("", [check(0, 2), received(7, &[8, 9])]).with_session(&session);
    let mut flow = NextMessages::new(&session, SEED, Policy::default()).unwrap();
    assert_eq!(ids(&harness.run(&mut flow).unwrap()), ["9"]);
    assert_eq!(harness.seen[1].json()["SyncKey"], key(6));

    assert!(session.acknowledge(new.receipt));
    assert_eq!(after_restart(&session, received(6, &[7, 8])), (key(6), vec![]));
    assert!(!session.acknowledge(new.receipt), "it is acknowledged once");
}

#[test]
fn p57_batches_can_be_acknowledged_in_any_order() {
    let mut session = continued(5);
    let first = next(&mut session, [check(0, 2), received(6, &[7])]);
    let second = next(&mut session, [check(0, 2), received(7, &[8])]);
    let third = next(&mut session, [check(0, 2), received(8, &[9])]);
    assert!(session.acknowledge(second.receipt));
    // The position is before the first batch, but the second one is remembered.
    let all = || received(8, &[7, 8, 9]);
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    assert_eq!(after_restart(&session, all()), (key(5), ids(&["7", "9"])));
    assert!(session.acknowledge(first.receipt));
    assert_eq!(after_restart(&session, received(8, &[9])), (key(7), ids(&["9"])));
    assert!(session.acknowledge(third.receipt));
    assert_eq!(after_restart(&session, all()), (key(8), ids(&[])));
}

#[test]
fn p102_p103_a_sync_that_renews_the_login_is_saved_without_moving_past_a_batch() {
    let mut session = continued(5);
    let new = next(&mut session, [check(0, 2), received(6, &[7])]);
    let lasting = "wxsid=renewed; Domain=wx.qq.com; Path=/; Expires=Sun, 31-Dec-2098 00:00:00 GMT";
    let Answer::Reply(code, _, body) = batch(7, &[], json!({ "SKey": "@crypt_renewed" })) else {
        unreachable!()
    };
    let renewal = Answer::Reply(code, vec![("set-cookie", lasting.to_owned())], body);
    let second = next(&mut session, [check(0, 2), renewal, check(0, 2), received(8, &[8])]);
    let saved = restarted(&session);
    assert_eq!(saved.skey().unwrap().expose(), "@crypt_renewed");
    let cookies = saved.cookies().cookies();
    assert!(cookies.iter().any(|cookie| cookie.value.expose() == "renewed"));
    assert_eq!(self::saved(&session)["sync_key"], key(5));
    // The position moves past the renewal, but not past the next batch.
    assert!(session.acknowledge(new.receipt));
    assert_eq!(self::saved(&session)["sync_key"], key(7));
    assert!(session.acknowledge(second.receipt));
    assert_eq!(self::saved(&session)["sync_key"], key(8));
}

#[test]
fn p57_two_streams_share_the_batches_whoever_acknowledges_first() {
    let mut session = continued(5);
    // The first stream has asked for messages, and the second one receives them meanwhile.
    let (mut slow, call) = waiting_for_reply(&mut session);
    let first = next(&mut session, [check(0, 2), received(6, &[7])]);
    assert_eq!(ids(&first), ["7"]);
    let no_id = json!({ "MsgType": 1, "FromUserName": "@a", "Content": "" });
    reply(&mut slow, call, &mut session, batch(6, &[no_id], json!({})));
    let mut harness = Harness::new("", [check(0, 2), received(7, &[8])]).with_session(&session);
    let second = harness.run(&mut slow).unwrap();
    assert_eq!(ids(&second), ["8"]);
    session = harness.session;
    assert!(session.acknowledge(second.receipt));
    assert_eq!(after_restart(&session, received(7, &[7, 8])), (key(5), vec!["7".to_owned()]));
}

#[test]
fn p57_a_rewound_session_receives_its_outstanding_batches_again() {
    let mut session = continued(5);
    let first = next(&mut session, [check(0, 2), received(6, &[7])]);
    let second = next(&mut session, [check(0, 2), received(7, &[8])]);
    assert!(session.acknowledge(second.receipt));
    // A reply to a request from the old position counts no longer.
    let (mut waiting, call) = waiting_for_reply(&mut session);
    let mut rewound = session.clone();
    rewound.rewind();
    assert_eq!(saved(&rewound), saved(&session));
    reply(&mut waiting, call, &mut rewound, received(8, &[9]));
    let mut harness = Harness::new("", [received(8, &[7, 8, 9])]).with_session(&rewound);
    let again = harness.run(&mut waiting).unwrap();
    assert_eq!(ids(&again), ["7", "9"]);
    assert_eq!(harness.seen[0].json()["SyncKey"], key(5));
    rewound = harness.session;
    assert!(!rewound.acknowledge(first.receipt), "this batch is no longer outstanding");
    assert!(rewound.acknowledge(again.receipt));
    assert_eq!(saved(&rewound)["sync_key"], key(8));
    // Without an outstanding batch there is nothing to rewind.
    let mut same = rewound.clone();
    same.rewind();
    assert_eq!(same, rewound);
}

#[test]
fn p57_a_receipt_belongs_to_the_batch_of_one_login() {
    let mut session = continued(5);
    let new = next(&mut session, [check(0, 2), received(6, &[7])]);
    let mut another: Value = saved(&continued(5));
    another["sid"] = "another".into();
    let mut another = Session::from_json(another.to_string()).unwrap();
    next(&mut another, [received(5, &[2])]);
    next(&mut another, [check(0, 2), received(6, &[7])]);
    // It has received other messages than the session of the receipt.
    let mut later = session_at(6);
    next(&mut later, [received(7, &[8])]);
    next(&mut later, [check(0, 2), received(8, &[9])]);
    // In all three sessions, the batch is the second one.
    for other in [&mut another, &mut later] {
        let before = other.clone();
        assert!(!other.acknowledge(new.receipt));
        assert_eq!(*other, before);
    }
    session.clear_login();
    assert!(!session.acknowledge(new.receipt));
}

#[test]
fn p97_copies_of_own_messages_are_dropped_whatever_is_outstanding() {
    let mut session = continued(5);
    next(&mut session, [check(0, 2), received(6, &[7])]);
    let to = Recipient::new("@0a").unwrap();
    let send = SendMessage::inline(&session, Text::new("hello"), to, SEED, Policy::default());
    let mut harness = Harness::new("", [sent()]).with_session(&session);
    let own = harness.run(&mut send.unwrap()).unwrap().msg_id;
    let own = own.as_str().parse().unwrap();
    let again = after_restart(&harness.session, received(7, &[7, own]));
    assert_eq!(again, (key(5), vec!["7".to_owned()]));
}

/// From the 1000th on, batches are tracked together.
#[test]
fn p57_a_program_that_never_acknowledges_uses_a_limited_amount_of_memory_and_loses_nothing() {
    let mut session = continued(0);
    let receive = |session: &mut Session, n: i64| {
        let id = 1_000_000 + u64::try_from(n).unwrap();
        next(session, [check(0, 2), received(n, &[id])]).receipt
    };
    let last = |session: &Session| {
        let ids = saved(session)["recent_messages"].as_array().unwrap().last().cloned();
        (saved(session)["sync_key"].clone(), ids)
    };
    let mut receipts: Vec<_> = (1..=1010).map(|n| receive(&mut session, n)).collect();
    let together = receipts.split_off(999);
    assert_eq!(last(&session), (key(0), Some("1".into())), "as before the first one");
    for receipt in receipts {
        assert!(session.acknowledge(receipt));
        assert!(!session.acknowledge(receipt));
    }
    assert_eq!(last(&session), (key(999), Some("1000999".into())));
    // There is room for further batches.
    let next = receive(&mut session, 1011);
    assert!(session.acknowledge(next));
    assert_eq!(last(&session), (key(999), Some("1001011".into())));
    let received_again = after_restart(&session, received(1011, &[1_001_000, 1_001_011]));
    assert_eq!(received_again, (key(999), vec!["1001000".to_owned()]));
    // Nothing is lost if one of them is acknowledged twice.
    let mut twice = session.clone();
    for receipt in &together[1..] {
        twice.acknowledge(*receipt);
    }
    assert!(!twice.acknowledge(together[1]), "only the first one is outstanding");
    assert_eq!(last(&twice).0, key(999));
    for receipt in together.iter().rev() {
        assert_eq!(last(&session).0, key(999));
        assert!(session.acknowledge(*receipt));
    }
    assert_eq!(last(&session), (key(1011), Some("1001011".into())));
    assert!(together.iter().all(|receipt| !session.acknowledge(*receipt)));
}

/// A program with random acknowledgements, saves and crashes. The server has a list of messages,
/// and each batch contains up to three of them.
fn run_with_crashes(run: u64) {
    const MESSAGES: u64 = 40;
    let mut random = Random::new(run);
    let mut session = session_at(0);
    let mut file = restarted(&session);
    // What the program has handled, and what it has handled when the file was saved.
    let (mut handled, mut handled_in_file) = (BTreeSet::new(), BTreeSet::new());
    let mut outstanding: BTreeMap<usize, (BatchReceipt, Vec<u64>)> = BTreeMap::new();
    for step in 0.. {
        assert!(step < 10_000, "run {run}: no end");
        match random.below(8) {
            0..3 => {
                let mut harness = Harness::new("", []).with_session(&session);
                harness.respond = Box::new(|request| {
                    if request.endpoint() == "synccheck" {
                        return check(0, 2);
                    }
                    let body: Value =
                        serde_json::from_slice(&request.http().body().to_vec()).unwrap();
                    let from = body["SyncKey"]["List"][1]["Val"].as_u64().unwrap();
                    let end = (from + 1 + from % 3).min(MESSAGES);
                    received(end.try_into().unwrap(), &(from + 1..=end).collect::<Vec<_>>())
                });
                harness.steps_left = 30;
                let mut flow = NextMessages::new(&session, SEED, Policy::default()).unwrap();
                let new = harness.run_until_killed(&mut flow);
                session = harness.session;
                let Some(new) = new.map(Result::unwrap) else { continue };
                let ids: Vec<u64> = ids(&new).iter().map(|id| id.parse().unwrap()).collect();
                for id in &ids {
                    assert!(!handled.contains(id), "run {run}: message {id} comes again");
                }
                let known = outstanding.values().flat_map(|(_, ids)| ids);
                assert!(known.clone().all(|id| !ids.contains(id)), "run {run}: returned twice");
                outstanding.insert(step, (new.receipt, ids));
            }
            3..5 => {
                let place = random.below(outstanding.len().max(1) as u64);
                let place = usize::try_from(place).unwrap();
                let Some(number) = outstanding.keys().nth(place).copied() else { continue };
                let (receipt, ids) = outstanding.remove(&number).unwrap();
                assert!(session.acknowledge(receipt));
                handled.extend(ids);
            }
            5..7 => {
                file = restarted(&session);
                handled_in_file.clone_from(&handled);
            }
            _ => {
                if random.one_in(3) {
                    session = file.clone();
                    handled.clone_from(&handled_in_file);
                } else {
                    session.rewind();
                }
                outstanding.clear();
            }
        }
        if handled.len() as u64 == MESSAGES {
            return;
        }
    }
}

#[test]
fn p57_no_order_of_acknowledgements_saves_and_crashes_loses_or_repeats_a_message() {
    for run in 0..60 {
        run_with_crashes(run);
    }
}
