//! Arbitrary replies to a send. The job ends within its limits, uses a single message id, and never
//! uses the MediaId of a refusal.

use wx_proto::flow::{Flow, SendMessage, TransportError, TransportErrorKind};
use wx_proto::{Outcome, Policy};

use crate::harness::*;

/// Two bytes select the length and the settings, and each further byte selects a reply. After the
/// last reply, the connection is dropped.
pub fn check(data: &[u8]) {
    let [size, settings, rest @ ..] = data else { return };
    let bytes = jpeg(match size % 4 {
        0 => 12 + usize::from(*size),
        1 => CHUNK - 1,
        2 => CHUNK + usize::from(*size),
        _ => 2 * CHUNK,
    });
    let mut policy = Policy::default();
    policy.browser_parity = settings & 1 != 0;
    policy.check_above = if settings & 2 != 0 { 1 } else { u64::MAX };
    policy.chunk_tries = u32::from(settings >> 2 & 3);
    policy.message_tries = u32::from(settings >> 4 & 7);
    let answers = rest.chunks(2).map(|bytes| answer(bytes[0], bytes.get(1).copied().unwrap_or(0)));
    let mut harness =
        Harness::new(bytes.clone(), answers.take(400).chain(std::iter::repeat_n(dropped(), 200)));
    let tries = policy.message_tries.max(1) as usize;
    let mut flow = SendMessage::media(&session(), media(&bytes), to(), SEED, policy).unwrap();
    let result = harness.run(&mut flow);

    let messages: Vec<_> =
        harness.seen.iter().filter(|seen| seen.endpoint().starts_with("webwxsend")).collect();
    assert!(messages.iter().filter(|message| !message.is_repeat()).count() <= tries);
    for message in &messages {
        assert_eq!(message.body(), messages[0].body());
        assert_eq!(message.json()["Msg"]["MediaId"], "@mine");
    }
    assert!(!flow.progress().in_doubt);
    if let Err(error) = result {
        let doubtful = messages.iter().any(|message| message.may_be_delivered());
        assert_eq!(error.outcome() == Outcome::Unknown, doubtful, "{error}");
        assert!(!error.to_string().is_empty());
    }
}

fn answer(kind: u8, detail: u8) -> Answer {
    match kind % 16 {
        0..=2 => middle(),
        3 | 4 => last("@mine", usize::from(detail)),
        5 | 6 => sent(),
        7 => ret([1, -1, -14, 1100, 1101, 1205][usize::from(detail) % 6]),
        8 => status([204, 302, 404, 500, 502, 503, 504][usize::from(detail) % 7]),
        9 if detail % 2 == 1 => closed(),
        9 => dropped(),
        10 => unreachable(),
        11 => ok(vec![detail; usize::from(detail)]),
        12 => Answer::Break(u64::from(detail), vec![b'{'; usize::from(detail / 2)].into()),
        13 => Answer::Fail(TransportError::on_the_way(TransportErrorKind::Stalled)),
        14 => ok(r#"{"BaseResponse":{"Ret":0},"MediaId":"@mine","MsgID":"0"}"#),
        _ => ok(vec![b' '; 1024 * 1024 + usize::from(detail)]),
    }
}
