//! Avatars, whose addresses hold the skey as the server gives them.

use serde_json::json;
use wx_proto::bytes::Bytes;
use wx_proto::endpoint::Endpoint;
use wx_proto::endpoint::get_avatar::GetAvatar;
use wx_proto::flow::FetchAvatar;
use wx_proto::{Avatar, Policy};

use super::{CANARY, Shown, session};
use wx_testing::harness::SEED;

#[test]
fn p15_p86_no_secret_in_avatars() {
    let mut shown = Shown::default();
    let url = "/cgi-bin/mmwebwx-bin/webwxgeticon?seq=1&username=@a&skey=@crypt_canary";
    let avatar: Avatar = serde_json::from_value(json!({
        "user_name": "canary", "head_img_url": url, "encry_chat_room_id": "canary",
    }))
    .unwrap();
    let saved = serde_json::to_value(&avatar).unwrap();
    assert_eq!(saved["head_img_url"], url.replace("@crypt_canary", "{skey}"));
    let call = GetAvatar::new(avatar.clone(), SEED);
    shown.show(&(&avatar, &call, call.in_room()));
    for request in [call.request(&session()), call.in_room().unwrap().request(&session())] {
        let request = request.unwrap();
        assert!(request.http().uri().query().unwrap().contains(CANARY), "the skey is sent");
        shown.show_request(&request);
    }
    for bad in ["canary", "<html>canary", "{\"canary\":1}", "", "\u{7f}canary"] {
        let flow = FetchAvatar::new(&session(), avatar.clone(), true, SEED, Policy::default());
        shown.run(&mut flow.unwrap(), &Bytes::new(), || Bytes::from(bad));
    }
    shown.assert_silent();
}
