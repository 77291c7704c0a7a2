//! What a client knows from an earlier login.

use image::ImageFormat::Jpeg;
use serde_json::{Value, json};
use wx_emulator::{Emulator, Incoming};

use crate::logins::log_in;
use crate::more_calls::synced;
use crate::page::{CHUNK, FIRST, Page};
use wx_testing::images::{noise, sized, small};

const NAME: &str = "a.jpg";

fn later_page(server: &Emulator) -> Page {
    log_in(server);
    Page { to: server.name_in_login(server.friend()), ..Page::new(server) }
}

#[test]
fn an_upload_belongs_to_its_login() {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let (small, large) = (small(Jpeg, 40, 30), sized(Jpeg, 40, 30, CHUNK + 5));
    let old = page.upload(NAME, "image/jpeg", &small, FIRST).json()["MediaId"].take();
    assert_eq!(page.send(old.as_str().unwrap(), "15114939427950364").ret(), 0);
    let begun = page.forms(NAME, "image/jpeg", &large, FIRST + 1);
    assert_eq!(page.send_form(&begun[0]).unwrap().ret(), 0);

    let page = later_page(&server);
    assert_eq!(page.send(old.as_str().unwrap(), "15114939427950365").ret(), 1);
    let rest = page.form(NAME, "image/jpeg", &large, FIRST + 1, 1);
    assert_eq!(page.send_form(&rest).unwrap().ret(), 1);
    // With the same ClientMediaId and bytes, the upload has to begin anew, and is another one.
    let new = page.upload(NAME, "image/jpeg", &small, FIRST).json()["MediaId"].take();
    assert_ne!(new, old);
    assert_eq!(page.send(new.as_str().unwrap(), "15114939427950366").ret(), 0);
    assert_eq!(server.messages().len(), 2);
    // An emulated message stays.
    let msg_id = &server.messages()[0].msg_id;
    assert!(page.fetch(msg_id, "").body == small);
}

#[test]
fn a_known_content_gets_a_media_id_of_the_login() {
    let server = Emulator::builder().checked_above(10).start().unwrap();
    server.deliver(Incoming::file(NAME, noise(1000)));
    let ask = |page: &Page| -> Value {
        let question = crate::lies::question(page, NAME, &noise(1000));
        page.post_json("webwxcheckupload?lang=zh_CN", &question).unwrap().json()["MediaId"].take()
    };
    let old = ask(&Page::new(&server));
    let page = later_page(&server);
    let new = ask(&page);
    assert!(new != "" && new != old);
    let fetched = |id: &Value| {
        let (id, ticket) = (id.as_str().unwrap(), page.cookie("webwx_data_ticket"));
        let ticket = ticket.replace('+', "%2B");
        let target = format!("webwxgetmedia?mediaid={id}&webwx_data_ticket={ticket}");
        page.get(&target).unwrap().body.len()
    };
    assert_eq!((fetched(&old), fetched(&new)), (0, 1000));
    // The MediaId of a message stays, like the message.
    assert_eq!(fetched(&synced(&page)[0]["MediaId"]), 1000);
}

#[test]
fn a_room_has_another_encry_chat_room_id_in_each_login() {
    let server = Emulator::builder().room("Room", ["Bob"]).start().unwrap();
    let room = server.room("Room").unwrap();
    let ids = [(); 2].map(|()| {
        let page = later_page(&server);
        let current = |name: &str| server.name_in_login(name);
        let wanted = json!([{ "UserName": current(&room.user_name), "ChatRoomId": "" }]);
        let body = json!({ "BaseRequest": page.base_request(), "Count": 1, "List": wanted });
        let listed = page.post_json("webwxbatchgetcontact?type=ex&r=1", &body).unwrap().json();
        let id = listed["ContactList"][0]["EncryChatRoomId"].as_str().unwrap().to_owned();
        assert_eq!((id.len(), &id), (33, &current(&room.encry_chat_room_id)));
        assert_ne!(id, room.encry_chat_room_id);

        let bob = current(&room.members[0]);
        let member = |id: &str| {
            let wanted = json!([{ "UserName": bob, "EncryChatRoomId": id }]);
            let body = json!({ "BaseRequest": page.base_request(), "Count": 1, "List": wanted });
            page.post_json("webwxbatchgetcontact?type=ex&r=1", &body).unwrap().json()["Count"]
                .as_u64()
        };
        let avatar = |id: &str| {
            let skey = page.word("skey");
            let id = id.replace('@', "%40");
            let query = format!("seq=0&username={bob}&skey={skey}&chatroomid={id}");
            page.get(&format!("webwxgeticon?{query}")).unwrap().body
        };
        assert_eq!((member(&id), member(&room.encry_chat_room_id)), (Some(1), Some(0)));
        assert!(avatar(&id) == server.avatar(&room.members[0]).unwrap());
        assert!(avatar(&room.encry_chat_room_id).is_empty());
        id
    });
    assert_ne!(ids[0], ids[1]);
}
