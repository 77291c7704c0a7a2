//! SyncKeys that point back to an earlier position.

use wx_testing::harness::Answer;

use crate::messages::{check, next, received, session_at};

/// The new position is used, because only the server knows what it means. The messages that come
/// again are dropped by their ids.
#[test]
fn p55_p57_after_a_key_that_goes_backwards_no_message_comes_twice() {
    let (_, result) = next(session_at(5), [check(0, 2), received(3, &[2, 3])]);
    let first = result.unwrap();
    assert_eq!(first.messages.len(), 2);
    let (harness, result) =
        next(first.session, [check(0, 2), received(5, &[2, 3]), check(0, 2), received(6, &[3, 4])]);
    let ids: Vec<_> = result.unwrap().messages.into_iter().map(|message| message.id).collect();
    assert_eq!(ids, [Some("4".parse().unwrap())]);
    let positions: Vec<_> =
        [1, 3].map(|at| harness.seen[at].json()["SyncKey"]["List"][1]["Val"].clone()).to_vec();
    assert_eq!(positions, [3, 5]);
}

/// A server that moves the position back and forth has something new each time.
#[test]
fn a_key_that_moves_back_and_forth_is_not_followed_without_a_pause() {
    let (_, result) = next(session_at(5), [check(0, 2), received(3, &[2])]);
    let answers: Vec<Answer> = (0..12)
        .flat_map(|round| [check(0, 2), received(4 - round % 2, &[2])])
        .chain([check(0, 2), received(9, &[7])])
        .collect();
    let (harness, result) = next(result.unwrap().session, answers);
    assert_eq!(result.unwrap().messages.len(), 1);
    let pauses = harness.pauses();
    assert!(pauses.iter().sum::<u64>() >= 5, "{pauses:?}");
}
