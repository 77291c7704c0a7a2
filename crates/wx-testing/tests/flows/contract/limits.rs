//! Line 7 of the contract.

use super::*;

#[test]
fn line_8_zero_is_a_number() {
    let mut policy = Policy::default();
    policy.max_fetch = 0;
    let id = MsgId::new("7").unwrap();
    let mut flow =
        FetchImage::new(&session(), id, ImageVariant::Original, true, SEED, policy).unwrap();
    let one = Answer::Reply(200, vec![("content-length", "1".into())], "!".into());
    let limit = ReplyError::TooLarge { limit: 0 };
    assert_eq!(Harness::new("", [one]).run(&mut flow).unwrap_err().kind, ErrorKind::Reply(limit));
    let bytes = jpeg(12);
    let mut policy = Policy::default();
    (policy.chunk_tries, policy.message_tries, policy.fetch_tries) = (0, 0, 0);
    let mut harness = Harness::new(bytes.clone(), [dropped()]);
    assert!(harness.run(&mut upload(&bytes, &policy).unwrap()).is_err());
    assert_eq!(harness.seen.len(), 1);
}

/// Returns how many bytes of an endless reply a flow accepts.
fn accepted_bytes<F: Flow>(flow: &mut F, mut harness: Harness) -> u64 {
    let piece = Bytes::from_static(&[b' '; 1024]);
    let mut accepted_bytes = 0;
    for _ in 0..10_000 {
        let input = match flow.poll(&mut session(), NOW) {
            Action::Read(span) => harness.read(&span),
            Action::Send(id, _) if accepted_bytes == 0 => {
                Input::Head(id, Response::new(()).into_parts().0)
            }
            Action::Receive(id) => {
                accepted_bytes += piece.len() as u64;
                Input::Body(id, piece.clone())
            }
            _ => return accepted_bytes,
        };
        flow.handle(input, NOW).unwrap();
    }
    panic!("no end");
}

#[test]
fn line_8_an_endless_reply_is_read_to_its_limit() {
    let bytes = jpeg(12);
    let harness = || Harness::new(bytes.clone(), []);
    let mut policy = Policy::default();
    assert_eq!(
        accepted_bytes(&mut upload(&bytes, &policy).unwrap(), harness()),
        1024 * 1024 + 1024
    );
    assert_eq!(accepted_bytes(&mut message(), harness()), 1024 * 1024 + 1024);
    // The reply to a ping is ignored, but it is read so that the connection can be reused.
    policy.browser_parity = true;
    assert_eq!(accepted_bytes(&mut upload(&bytes, &policy).unwrap(), harness()), 64 * 1024 + 1024);
}
