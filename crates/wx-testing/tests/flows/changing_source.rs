//! Images that change or cannot be read while they are being sent.

use std::cell::Cell;
use std::rc::Rc;

use bytes::Bytes;
use wx_proto::flow::{Flow, Snapshot, Upload};
use wx_proto::{Advice, ErrorKind, Policy, SourceError};
use wx_testing::harness::*;

use super::upload::assembled;

#[test]
fn an_image_that_changes_is_noticed_before_the_change_is_sent() {
    let bytes = jpeg(3 * CHUNK);
    for changed in 0..3 {
        let mut harness = Harness::new(bytes.clone(), vec![middle(); changed]);
        let mut loads = 0;
        harness.before_read = Box::new(move |image| {
            loads += 1;
            if loads == 4 {
                let mut other = image.to_vec();
                other[changed * CHUNK + 99] ^= 1;
                *image = other.into();
            }
        });
        let error = harness.run(&mut upload(&bytes, &Policy::default()).unwrap()).unwrap_err();
        assert_eq!((&error.kind, error.advice()), (&ErrorKind::Changed, Advice::CheckFile));
        assert_eq!(harness.seen.len(), changed, "only unchanged bytes have left");
    }
}

#[test]
fn an_image_that_cannot_change_is_not_compared() {
    let bytes = jpeg(2 * CHUNK);
    let other: Bytes = bytes.iter().map(|byte| !byte).collect();
    let (mut loads, later) = (0, other.clone());
    let mut harness = Harness::new(bytes.clone(), [middle(), last("@m", 2 * CHUNK)]);
    harness.before_read = Box::new(move |image| {
        loads += 1;
        if loads == 3 {
            *image = later.clone();
        }
    });
    let policy = Policy::default();
    let form = media(&bytes).immutable();
    let mut flow = Upload::new(&session(), form, to(), SEED, policy).unwrap();
    let saved = flow.snapshot().unwrap();
    assert_eq!(
        Ok(&saved),
        Snapshot::from_json(saved.to_json()).as_ref(),
        "nothing is known about the next source"
    );
    harness.run(&mut flow).unwrap();
    assert_eq!(assembled(&harness.seen), other, "media marked as immutable is not compared");
}

#[test]
fn an_image_of_one_chunk_is_loaded_once() {
    for (len, answers, expected) in [
        (12, [dropped(), last("@m", 12)], 1),
        (CHUNK, [dropped(), last("@m", CHUNK)], 1),
        (CHUNK + 1, [middle(), last("@m", CHUNK + 1)], 4),
    ] {
        let bytes = jpeg(len);
        let mut harness = Harness::new(bytes.clone(), answers);
        let loads = Rc::new(Cell::new(0));
        let counted = Rc::clone(&loads);
        harness.before_read = Box::new(move |_| counted.set(counted.get() + 1));
        harness.run(&mut upload(&bytes, &Policy::default()).unwrap()).unwrap();
        assert_eq!((loads.get(), harness.seen.len()), (expected, 2));
        let first = if len > CHUNK { 0 } else { 1 };
        assert_eq!(assembled(&harness.seen[first..]), bytes);
    }
}

#[test]
fn an_image_that_shrinks_or_grows_is_an_outcome() {
    let bytes = jpeg(2 * CHUNK);
    for (at_load, len) in
        [(1, CHUNK + 7), (3, 2 * CHUNK - 1), (1, 2 * CHUNK + 1), (4, 2 * CHUNK + 1), (2, 0)]
    {
        let mut harness = Harness::new(bytes.clone(), [middle(), middle()]);
        let mut loads = 0;
        harness.before_read = Box::new(move |image| {
            loads += 1;
            if loads == at_load {
                let mut other = image.to_vec();
                other.resize(len, 0);
                *image = other.into();
            }
        });
        let error = harness.run(&mut upload(&bytes, &Policy::default()).unwrap()).unwrap_err();
        if len > 2 * CHUNK {
            assert_eq!(error.kind, ErrorKind::Changed);
        } else {
            // It is unknown how much of the data before this chunk is gone.
            let got = len.max(CHUNK) as u64;
            assert_eq!(error.kind, ErrorKind::SourceEnded { expected: 2 * CHUNK as u64, got });
            assert!(error.chain().to_string().contains(&format!("{got} of {} bytes", 2 * CHUNK)));
        }
        assert!(harness.seen.len() < 2);
    }
}

#[test]
fn an_unreadable_image_is_an_outcome() {
    let bytes = jpeg(12);
    let mut harness = Harness::new(bytes.clone(), []);
    harness.read_error =
        Some(SourceError::new(std::io::ErrorKind::PermissionDenied, "no permission"));
    let error = harness.run(&mut upload(&bytes, &Policy::default()).unwrap()).unwrap_err();
    assert_eq!(error.chain().to_string(), "the file could not be read: no permission");
}
