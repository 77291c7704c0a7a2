//! Lists of contacts.

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
    assert_eq!(list([ret(1101)]).1.unwrap_err().advice(), Advice::LoginAgain);
}

/// Returns the `seq` of each request.
fn seqs(harness: &Harness) -> Vec<String> {
    let seq = |seen: &SentRequest| {
        let query = seen.http().uri().query().unwrap().to_owned();
        query.split("seq=").nth(1).unwrap().split('&').next().unwrap().to_owned()
    };
    harness.seen.iter().map(seq).collect()
}

#[test]
fn p91_pages_are_requested_until_seq_is_0_or_repeats_itself_or_there_are_17() {
    let vector: serde_json::Value =
        serde_json::from_str(include_str!("../../../wx-proto/tests/vectors/contacts_rooms.json"))
            .unwrap();
    let paging = &vector["getcontact_paging"];
    let next: Vec<_> = paging["answers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["Seq"].as_u64().unwrap())
        .collect();
    let (harness, result) = list(next.into_iter().map(|seq| contacts(&["@a"], seq)));
    assert_eq!(
        (json!(seqs(&harness)), result.unwrap().len()),
        (paging["expect_seq_sent"].clone(), 1)
    );
    assert_eq!(paging["stops"].as_array().unwrap().len(), 3);
    // The server repeats itself, at once or in a circle.
    for (answers, sent) in
        [(&[9, 9, 9, 9][..], vec!["0", "9"]), (&[7, 8, 7, 8], vec!["0", "7", "8"])]
    {
        let (harness, result) = list(answers.iter().map(|seq| contacts(&["@a"], *seq)));
        assert_eq!((seqs(&harness), result.unwrap().len()), (owned(&sent), 1));
    }
    // An endless list is truncated.
    let (harness, result) = list((1..20).map(|seq| contacts(&[&format!("@{seq}")], seq)));
    assert_eq!((seqs(&harness).len(), result.unwrap().len()), (17, 17));
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}
