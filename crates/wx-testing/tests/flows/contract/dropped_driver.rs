//! Line 7: a driver may be dropped, and another one continues.

use wx_proto::bytes::Bytes;
use wx_proto::flow::{Action, Flow, Input};
use wx_proto::{Policy, Sent};
use wx_testing::harness::*;

use super::{NOW, head, send_image, sent_id};

#[test]
fn line_7_a_later_driver_continues_where_the_first_was_dropped() {
    // The first driver is dropped after a chunk was handed out, and then also after half of the
    // reply. The second driver starts with the outstanding action.
    let bytes = jpeg(CHUNK + 1);
    for half_read in [false, true] {
        let mut flow = send_image(CHUNK + 1);
        let mut first = Harness::new(bytes.clone(), []);
        // Three reads: two for hashing, and one for the first chunk.
        for _ in 0..3 {
            let Action::Read(span) = flow.poll(&mut session(), NOW) else { panic!() };
            flow.handle(first.read(&span), NOW).unwrap();
        }
        let id = sent_id(&flow.poll(&mut session(), NOW));
        if half_read {
            flow.handle(Input::Head(id, head()), NOW).unwrap();
            flow.handle(Input::Body(id, Bytes::from_static(b"{")), NOW).unwrap();
        }
        let mut second = Harness::new(bytes.clone(), [middle(), last("@m", CHUNK + 1), sent()]);
        let sent: Sent = second.run(&mut flow).unwrap();
        assert_eq!(sent.uploaded.as_ref().unwrap().chunks, 2);
        assert_eq!(second.messages(), 1);
    }
}

#[test]
fn line_7_a_chunk_that_leaves_twice_counts_as_repeated() {
    let bytes = jpeg(CHUNK + 1);
    let mut flow = upload(&bytes, &Policy::default()).unwrap();
    let mut first = Harness::new(bytes.clone(), []);
    for _ in 0..3 {
        let Action::Read(span) = flow.poll(&mut session(), NOW) else { panic!() };
        flow.handle(first.read(&span), NOW).unwrap();
    }
    let _ = flow.poll(&mut session(), NOW);
    let odd = last("@m", 2 * CHUNK + 1);
    let mut second = Harness::new(bytes, [middle(), odd, middle(), last("@again", CHUNK + 1)]);
    assert_eq!(second.run(&mut flow).unwrap().media_id.as_str(), "@again");
}
