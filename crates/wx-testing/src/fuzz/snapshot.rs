//! Arbitrary text as a snapshot: either an error, or a job that ends within its limits and whose
//! snapshot is the one that was read.

use std::time::Duration;
use wx_proto::Policy;

use wx_proto::flow::{Flow, ResumeOptions, SendMessage, Snapshot};

use crate::harness::*;

/// The first byte selects how the job is resumed, and the rest is the text.
pub fn check(data: &[u8]) {
    let Some((choice, text)) = data.split_first() else { return };
    let Ok(snapshot) = Snapshot::from_json(text) else { return };
    assert!(
        Snapshot::from_json(snapshot.to_json()).unwrap() == snapshot,
        "the written text can be read"
    );
    let mut policy = Policy::default();
    policy.max_upload = 4 * CHUNK as u64;
    let at = ResumeOptions {
        unix_ms: Some(SEED.unix_ms.saturating_add(Duration::from_secs(u64::from(choice >> 1)))),
        resend: choice & 1 != 0,
    };
    let Ok(mut flow) = SendMessage::resume(&session(), snapshot, policy, at) else { return };
    let saved = flow.snapshot().expect("the job is not over");
    let doubtful = saved.in_doubt();
    let mut harness = Harness::new(jpeg(CHUNK + 5), std::iter::repeat_n(dropped(), 50));
    let error = harness.run(&mut flow).expect_err("there is no reply");
    assert!(error.outcome() == wx_proto::Outcome::Unknown || !doubtful);
}
