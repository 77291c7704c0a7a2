use std::time::Duration;

use wx_proto::Policy;
use wx_proto::bytes::Bytes;
use wx_proto::flow::{Action, Flow, Input};

use wx_testing::harness::*;

/// Otherwise a driver would need new memory for each chunk.
#[test]
fn a_chunk_that_was_acknowledged_is_dropped_before_the_next_is_read() {
    let (now, len) = (Duration::ZERO, 2 * CHUNK + 1);
    let image = jpeg(len);
    let mut flow = upload(&image, &Policy::default()).unwrap();
    let (mut read, mut reads) = (Bytes::new(), 0);
    let mut replies = [last("@m", len), middle(), middle()].into_iter().rev();
    let done = loop {
        let input = match flow.poll(&mut session(), now) {
            Action::Read(span) => {
                assert!(
                    reads == 0 || read.is_unique(),
                    "the memory is still in use at read {reads}"
                );
                let at = |offset| usize::try_from(offset).unwrap().min(len);
                read = Bytes::from(image[at(span.start)..at(span.end)].to_vec());
                reads += 1;
                Input::Read(read.clone())
            }
            Action::Send(id, _) => {
                Input::Head(id, wx_proto::http::Response::new(()).into_parts().0)
            }
            Action::Receive(id) => match replies.next() {
                Some(Answer::Reply(_, _, body)) => {
                    flow.handle(Input::Body(id, body), now).unwrap();
                    Input::End(id)
                }
                _ => panic!("unscripted"),
            },
            Action::Done(done) => break done,
            other => panic!("{other:?}"),
        };
        flow.handle(input, now).unwrap();
    };
    assert_eq!((done.unwrap().chunks, reads), (3, 6));
}
