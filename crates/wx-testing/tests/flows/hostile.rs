//! Snapshots with values that no job saves are refused without a panic.

use std::time::Duration;

use serde_json::{Value, json};
use wx_proto::flow::{ResumeError, ResumeOptions, SendMessage, Snapshot, Upload};
use wx_proto::{MediaError, MediaFormat, MediaKind, Policy};

use wx_testing::harness::*;

const AT: ResumeOptions = ResumeOptions {
    unix_ms: Some(SEED.unix_ms.saturating_add(Duration::from_secs(1))),
    resend: false,
};
const LEN: usize = CHUNK + 5;

/// Returns the snapshot of an upload after its first chunk, and of a message that was handed out.
fn saved() -> [Value; 2] {
    let mut states = Vec::new();
    for steps in 0..40 {
        let mut harness = Harness::new(jpeg(LEN), [middle(), last("@m", LEN), sent()]);
        harness.steps_left = steps;
        let image = media(&jpeg(LEN));
        let _ = harness.run_until_killed(
            &mut SendMessage::media(&session(), image, to(), SEED, Policy::default()).unwrap(),
        );
        states.extend(harness.saved);
    }
    let state = |holds: fn(&Value) -> bool| {
        let mut states = states.iter().map(|text| serde_json::from_str(text).unwrap());
        states.find(holds).expect("the job saves a state")
    };
    [
        state(|state| state["job"]["upload"]["acked"] == 1),
        state(|state| state["job"]["message"]["handed_out_ms"].is_u64()),
    ]
}

/// Resumes a snapshot as each kind of job. Returns the first error.
fn resumed(state: &Value) -> Result<(), ResumeError> {
    let snapshot = Snapshot::from_json(state.to_string())?;
    let _ = (snapshot.hashed_len(), snapshot.in_doubt(), snapshot.uploaded());
    let policy = Policy::default;
    let mut flow = SendMessage::resume(&session(), snapshot.clone(), policy(), AT)?;
    let _ = Harness::new(jpeg(LEN), std::iter::repeat_n(dropped(), 50)).run(&mut flow);
    match snapshot.uploaded() {
        None => Upload::resume(&session(), snapshot, policy(), AT).map(|_| ()),
        Some(_) => SendMessage::resume(&session(), snapshot, policy(), AT).map(|_| ()),
    }
}

#[test]
fn a_state_that_no_job_saves_is_refused() {
    let [upload, message] = saved();
    assert_eq!((resumed(&upload), resumed(&message)), (Ok(()), Ok(())));
    let media = "/job/upload/media";
    let limit = Policy::default().max_upload;
    let kind = MediaKind::Image;
    let too_large = ResumeError::Media(MediaError::TooLargeForKind { kind, len: u64::MAX, limit });
    let (format, kind) = (MediaFormat::Jpeg, MediaKind::Emoticon);
    let wrong_kind = ResumeError::Media(MediaError::WrongKind { format, kind });
    let cases = [
        (&upload, format!("{media}/len"), json!(0), ResumeError::Media(MediaError::Empty)),
        (&upload, format!("{media}/len"), json!(u64::MAX), too_large),
        (&upload, format!("{media}/len"), json!(1), ResumeError::TooManyChunks { acked: 1 }),
        (&upload, format!("{media}/len"), json!(-1), ResumeError::NotASnapshot),
        (&upload, format!("{media}/kind"), json!("emoticon"), wrong_kind),
        (&upload, format!("{media}/kind"), json!("voice"), ResumeError::NotASnapshot),
        (&upload, "/job/upload/acked".into(), json!(2), ResumeError::TooManyChunks { acked: 2 }),
        (
            &upload,
            "/job/upload/acked".into(),
            json!(u32::MAX),
            ResumeError::TooManyChunks { acked: u32::MAX },
        ),
        (&upload, "/job/upload/acked".into(), json!(u64::MAX), ResumeError::NotASnapshot),
        (&upload, "/job/upload/md5".into(), json!("00"), ResumeError::NotASnapshot),
        (&upload, "/job/upload/md5".into(), json!(7), ResumeError::NotASnapshot),
        (&message, "/job/message/uploaded/md5".into(), json!(""), ResumeError::NotASnapshot),
        (&message, "/job/message/uploaded/md5".into(), json!(null), ResumeError::NotASnapshot),
        (
            &message,
            "/job/message/uploaded/thumbnail".into(),
            json!([0, 71]),
            ResumeError::NotASnapshot,
        ),
        (
            &message,
            "/job/message/uploaded/media_id".into(),
            json!("@m\n"),
            ResumeError::NotASnapshot,
        ),
        (&message, "/job/message/to".into(), json!(""), ResumeError::NotASnapshot),
        (&message, "/job/message/to".into(), json!("@0a\n"), ResumeError::NotASnapshot),
        // A name that cannot receive messages.
        (&message, "/job/message/to".into(), json!("newsapp"), ResumeError::NotASnapshot),
        (&message, "/version".into(), json!(2), ResumeError::Version(2)),
        (&message, "/version".into(), json!("1"), ResumeError::NotASnapshot),
    ];
    for (state, key, value, error) in cases {
        let mut state = state.clone();
        *state.pointer_mut(&key).unwrap() = value.clone();
        assert_eq!(resumed(&state), Err(error), "{key} {value}");
    }
}

#[test]
fn another_version_is_not_a_snapshot_to_serde_either() {
    let [mut upload, _] = saved();
    assert!(serde_json::from_value::<Snapshot>(upload.clone()).is_ok());
    upload["version"] = json!(2);
    assert!(serde_json::from_value::<Snapshot>(upload).is_err());
}

#[test]
fn odd_values_that_can_be_sent_are_sent_as_a_new_image_would_be() {
    let [upload, message] = saved();
    for (state, key, value) in [
        (&upload, "/job/upload/media/name", json!("")),
        (&upload, "/job/upload/media/name", json!("a\0\u{1b}b")),
        (&upload, "/job/upload/media/modified_ms", json!(u64::MAX)),
        (&upload, "/job/upload/md5", json!(null)),
        (&message, "/job/message/uploaded/bytes", json!(u64::MAX)),
        (&message, "/job/message/uploaded/chunks", json!(u32::MAX)),
        (&message, "/job/message/uploaded/name", json!("\0")),
        (&message, "/job/message/handed_out_ms", json!(u64::MAX)),
        (&message, "/job/message/handed_out_ms", json!(0)),
    ] {
        let mut state = state.clone();
        *state.pointer_mut(key).unwrap() = value.clone();
        assert_eq!(resumed(&state), Ok(()), "{key} {value}");
    }
    // The form contains the name in the same way as for a new image.
    let mut state = upload;
    state["job"]["upload"]["media"]["name"] = json!("a\0\u{1b}b");
    let snapshot = Snapshot::from_json(state.to_string()).unwrap();
    let mut flow = Upload::resume(&session(), snapshot, Policy::default(), AT).unwrap();
    let mut harness = Harness::new(jpeg(LEN), [last("@m", LEN)]);
    assert_eq!(harness.run(&mut flow).unwrap().name, "a__b");
    assert_eq!(harness.seen[0].field("name").unwrap(), "a__b.");
}
