//! Line by line, for a list of rooms.

use wx_proto::flow::ListRooms;

use super::*;
use crate::login::{init, notified};

#[test]
fn a_list_of_rooms_keeps_the_contract() {
    let rooms = r#"[{"UserName":"@@a"},{"UserName":"@@b"}]"#;
    let reply = |list| ok(format!(r#"{{"BaseResponse":{{"Ret":0}},"{list}":{rooms}}}"#));
    keeps_the_contract(
        ListRooms::new(&session(), SEED, Policy::default()).unwrap(),
        [
            init(""),
            notified(),
            dropped(),
            reply("MemberList"),
            closed(),
            dropped(),
            ret(1),
            reply("ContactList"),
            reply("ContactList"),
        ],
    );
}
