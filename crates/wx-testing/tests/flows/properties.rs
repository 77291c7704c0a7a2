//! Properties: a job ends with any length and any replies, and its result is correct.

use proptest::prelude::*;
use wx_proto::flow::{Flow, SendMessage};
use wx_proto::{Outcome, Policy};

use wx_testing::harness::*;

/// Lengths close to multiples of a chunk, and some others.
fn lengths() -> impl Strategy<Value = usize> {
    prop_oneof![
        12..2000usize,
        (1..4usize, -2..3isize)
            .prop_map(|(chunks, off)| (chunks * CHUNK).saturating_add_signed(off)),
    ]
}

/// Successful, refused, truncated, empty and nonsensical replies.
fn answers() -> impl Strategy<Value = Answer> {
    prop_oneof![
        4 => Just(middle()),
        4 => Just(last("@mine", 0)),
        2 => Just(last("@mine", 7)),
        4 => Just(sent()),
        2 => prop::sample::select(vec![1, -1, -14, 1100, 1101, 1205, i32::MAX]).prop_map(ret),
        2 => prop::sample::select(vec![204, 206, 302, 404, 500, 502, 503, 504]).prop_map(status),
        2 => Just(dropped()),
        2 => Just(closed()),
        2 => Just(unreachable()),
        1 => prop::collection::vec(any::<u8>(), 0..60).prop_map(ok),
        1 => (any::<u64>(), prop::collection::vec(any::<u8>(), 0..60))
            .prop_map(|(n, bytes)| Answer::Break(n, bytes.into())),
        1 => Just(ok(vec![b'{'; 2 * 1024 * 1024])),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn p24_chunks_cover_any_image_once(len in lengths()) {
        let chunks = len.div_ceil(CHUNK);
        let good = std::iter::repeat_n(middle(), chunks - 1).chain([last("@m", len)]);
        let bytes = jpeg(len);
        let mut harness = Harness::new(bytes.clone(), good);
        let uploaded = harness.run(&mut upload(&bytes, &Policy::default()).unwrap()).unwrap();
        prop_assert_eq!(uploaded.chunks as usize, chunks);
        let parts: Vec<_> = harness
            .seen
            .iter()
            .map(|seen| seen.http().body().segments()[1].clone())
            .collect();
        prop_assert!(parts[..chunks - 1].iter().all(|part| part.len() == CHUNK));
        prop_assert_eq!(parts.concat(), bytes);
    }

    #[test]
    fn p35_p46_p50_any_answers_end_in_one_of_three_ways(
        len in lengths(),
        script in prop::collection::vec(answers(), 120),
    ) {
        let bytes = jpeg(len);
        let policy = Policy::default();
        let mut harness = Harness::new(bytes.clone(), script);
        let mut flow =
            SendMessage::media(&session(), media(&bytes), to(), SEED, policy).unwrap();
        let result = harness.run(&mut flow);
        let messages: Vec<_> = harness
            .seen
            .iter()
            .filter(|seen| seen.endpoint() == "webwxsendmsgimg")
            .collect();
        // All messages are equal, and none contains the MediaId of a refusal.
        for message in &messages {
            prop_assert_eq!(message.body(), messages[0].body());
            prop_assert_eq!(&message.json()["Msg"]["MediaId"], "@mine");
        }
        prop_assert!(messages.iter().filter(|message| !message.is_repeat()).count() <= 4);
        match result {
            Ok(sent) => prop_assert_eq!(sent.msg_id.as_str(), "1036723910963469192"),
            Err(error) => {
                let doubtful = messages.iter().any(|message| message.may_be_delivered());
                prop_assert_eq!(error.outcome() == Outcome::Unknown, doubtful, "{}", error);
            }
        }
        prop_assert!(!flow.progress().in_doubt);
    }
}
