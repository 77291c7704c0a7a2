//! Messages that are revoked, and conversations that are marked as read.

use wx_proto::{Advice, ErrorKind, Outcome, Recipient, UnixMs, UserName};

use super::{Transport, assert_secret_free, client, friend, quiet, server, small};

pub(crate) fn a_message_is_revoked_once_and_never_twice<T: Transport>() {
    let (server, lost) = (server(&[]), server(&["drop=after@webwxrevokemsg"]));
    let (client, to): (T, _) = (client(&server), friend(&server));
    let sent = client.send(&to, small(), quiet).unwrap();
    let kept = client.send(&to, small(), quiet).unwrap();
    // Its job was begun long before it was sent.
    let mut sent = sent;
    let long_ago = UnixMs::new(sent.accepted_at.unwrap().get() - 180_000);
    sent.local_id = format!("{}0364", long_ago.get()).parse().unwrap();
    client.revoke(&sent, &to).unwrap();
    // It was sent long ago.
    sent.accepted_at = Some(long_ago);
    let asked = server.requests_to("webwxrevokemsg");
    assert_eq!(client.revoke(&sent, &to).unwrap_err().advice(), Advice::DeleteOnPhone);
    assert_eq!(server.requests_to("webwxrevokemsg"), asked);
    let revoked = |server: &super::Server| {
        server.messages().iter().map(|message| message.revoked).collect::<Vec<_>>()
    };
    assert_eq!((revoked(&server), server.violations()), (vec![true, false], vec![]));
    // The server refuses a message that it does not know.
    let error = client.revoke(&kept, &Recipient::new(server.second_friend()).unwrap()).unwrap_err();
    assert_eq!((error.outcome(), revoked(&server)), (Outcome::NotSent, vec![true, false]));
    let error = client.revoke(&kept, &Recipient::file_helper()).unwrap_err();
    assert_eq!(error.advice(), Advice::DeleteOnPhone);
    assert_eq!(server.requests_to("webwxrevokemsg"), 2);

    let (client, to): (T, _) = (super::client(&lost), friend(&lost));
    let sent = client.send(&to, small(), quiet).unwrap();
    let error = client.revoke(&sent, &to).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Network { tries: 1, .. }), "{error:?}");
    assert_eq!((error.outcome(), revoked(&lost)), (Outcome::Unknown, vec![true]));
    assert_eq!(lost.requests_to("webwxrevokemsg"), 1);
    assert_secret_free(&lost, &error);
}

pub(crate) fn a_conversation_is_marked_as_read<T: Transport>() {
    let server = server(&["drop=before@webwxstatusnotify#1"]);
    let client: T = client(&server);
    client.mark_read(&UserName::new(server.friend()).unwrap()).unwrap();
    assert_eq!(server.read_conversations(), [server.friend()]);
    assert_eq!((server.requests_to("webwxstatusnotify"), server.violations()), (2, vec![]));
}
