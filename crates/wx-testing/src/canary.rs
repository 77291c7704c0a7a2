//! The values that must not appear in errors and logs.

use wx_emulator::Emulator;

/// Returns the keys, tickets and cookies of the login, and the parts of them that are the same in
/// every encoding.
pub fn secrets(server: &Emulator) -> Vec<String> {
    let json: serde_json::Value = serde_json::from_str(&server.session_json()).unwrap();
    let cookies = json["cookies"].as_array().unwrap().iter().map(|cookie| &cookie["value"]);
    let complete = [&json["sid"], &json["skey"], &json["pass_ticket"]].into_iter().chain(cookies);
    let complete: Vec<_> =
        complete.filter_map(|value| value.as_str()).filter(|value| value.len() > 3).collect();
    assert!(complete.len() >= 7, "only {} secrets to look for", complete.len());
    let parts = complete.iter().flat_map(|value| value.split(|c: char| !c.is_alphanumeric()));
    let parts = parts.filter(|part| part.len() >= 12).chain(complete.iter().copied());
    parts.map(str::to_owned).collect()
}

/// Returns the secrets, and all values about people, images and messages except for hosts.
pub fn private(server: &Emulator, file: &str) -> Vec<String> {
    let json: serde_json::Value = serde_json::from_str(&server.session_json()).unwrap();
    let mut private = secrets(server);
    private.extend([json["uin"].to_string(), json["user_name"].as_str().unwrap().to_owned()]);
    private.extend([server.friend(), server.second_friend(), file, "/cgi-bin"].map(str::to_owned));
    for message in server.messages() {
        private.extend([message.msg_id, message.client_msg_id, message.media_id, message.md5]);
    }
    private
}

/// Asserts that the text contains none of the values.
pub fn assert_none(values: &[String], text: &str) {
    for value in values {
        assert!(!value.is_empty() && !text.contains(value), "{value} in {text}");
    }
}
