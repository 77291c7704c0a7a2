//! The list of contacts.

use serde_json::json;
use wx_proto::flow::ListContacts;
use wx_proto::{Advice, Error, Policy};
use wx_testing::harness::*;

fn contacts(names: &[&str], seq: u64) -> Answer {
    let list: Vec<_> = names
        .iter()
        .map(|name| json!({ "UserName": name, "NickName": "A &amp; B", "RemarkName": "" }))
        .collect();
    ok(json!({
        "BaseResponse": { "Ret": 0 }, "MemberCount": list.len(), "MemberList": list, "Seq": seq,
    })
    .to_string())
}

fn list(
    answers: impl IntoIterator<Item = Answer>,
) -> (Harness, Result<Vec<wx_proto::Contact>, Error>) {
    let mut harness = Harness::new("", answers);
    let result = harness.run(&mut ListContacts::new(&session(), SEED, Policy::default()).unwrap());
    (harness, result.map(|listed| listed.contacts.into()))
}

#[test]
fn contacts_come_page_by_page_and_each_of_them_once() {
    let (harness, result) =
        list([contacts(&["@a", "@@room", "bad\nname"], 7), dropped(), contacts(&["@a", "@c"], 0)]);
    let found = result.unwrap();
    let names: Vec<_> = found.iter().map(|contact| contact.user_name.as_str()).collect();
    assert_eq!(names, ["@a", "@@room", "@c"]);
    assert!(found[1].is_room() && !found[0].is_room());
    assert_eq!(found[0].name(), "A & B");
    let seqs: Vec<_> =
        harness.seen.iter().map(|seen| seen.http().uri().query().unwrap().to_owned()).collect();
    assert!(
        seqs[0].contains("&seq=0&skey=")
            && seqs[1].contains("&seq=7&")
            && seqs[2].contains("&seq=7&")
    );
    // A list without an end is cut.
    let (harness, result) = list(std::iter::repeat_with(|| contacts(&["@a"], 9)).take(17));
    assert_eq!((harness.seen.len(), result.unwrap().len()), (17, 1));
    assert_eq!(list([ret(1101)]).1.unwrap_err().advice(), Advice::LoginAgain);
}
