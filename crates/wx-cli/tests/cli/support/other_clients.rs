//! The files in which other clients save the login of a session file.

use serde_json::{Value, json};

/// The formats, each with the client that the command names.
pub(crate) const FORMATS: [(&str, &str); 4] = [
    ("storage.json", "openwechat"),
    ("sync-data.json", "wechat4u"),
    ("bot.memory-card.json", "wechaty-puppet-wechat4u"),
    ("state.json", "wx-filehelper-api"),
];

/// Returns the contents of a file of this name. `session` is the JSON of a session file.
pub(crate) fn saved_login(name: &str, session: &Value) -> Value {
    let base = session["base"].as_str().unwrap();
    let host = base.split_once("://").unwrap().1;
    let cookies = session["cookies"].as_array().unwrap();
    let (uin, sid, skey) = (&session["uin"], &session["sid"], &session["skey"]);
    let sync_key = match &session["sync_key"] {
        Value::Null => json!({ "List": [] }),
        key => key.clone(),
    };
    match name {
        "storage.json" => {
            let listed = |cookie: &Value| {
                json!({
                    "Name": cookie["name"], "Value": cookie["value"], "Path": "", "Domain": "",
                    "Expires": "0001-01-01T00:00:00Z", "Secure": false,
                })
            };
            let listed: Vec<_> = cookies.iter().map(listed).collect();
            json!({
                "Jar": { base: listed },
                "BaseRequest": {
                    "Uin": uin, "Sid": sid, "Skey": skey, "DeviceID": "e123456789012345",
                },
                "LoginInfo": { "Ret": 0, "PassTicket": session["pass_ticket"] },
                "WechatDomain": host, "SyncKey": sync_key, "UUID": "AbCdEfGhIj==",
            })
        }
        "sync-data.json" => {
            let named = cookies.iter().map(|cookie| {
                (cookie["name"].as_str().unwrap().to_owned(), cookie["value"].clone())
            });
            let named: serde_json::Map<_, _> = named.collect();
            json!({
                "PROP": {
                    "uuid": "AbCdEfGhIj==", "uin": uin.to_string(), "sid": sid, "skey": skey,
                    "passTicket": session["pass_ticket"],
                    "webwxDataTicket": named["webwx_data_ticket"], "syncKey": sync_key,
                },
                "CONF": { "origin": base, "LANG": "zh-CN" },
                "COOKIE": named,
                "user": { "UserName": "@of-an-earlier-login", "NickName": "Anna" },
            })
        }
        "bot.memory-card.json" => {
            json!({ "\rpuppet\nPUPPET-WECHAT4U": saved_login("sync-data.json", session) })
        }
        "browser.memory-card.json" => {
            let listed = |cookie: &Value| {
                json!({
                    "name": cookie["name"], "value": cookie["value"], "domain": cookie["domain"],
                    "path": "/", "expires": -1, "httpOnly": false, "secure": true, "session": true,
                })
            };
            json!({ "PUPPET_WECHAT": cookies.iter().map(listed).collect::<Vec<_>>() })
        }
        _ => {
            let listed = |cookie: &Value| {
                json!({
                    "name": cookie["name"], "value": cookie["value"], "domain": cookie["domain"],
                    "path": "/", "expires": null,
                })
            };
            json!({
                "entry_host": host, "device_id": "123456789012345", "uuid": "AbCdEfGhIj==",
                "skey": skey, "sid": sid, "uin": uin.to_string(),
                "pass_ticket": session["pass_ticket"], "user_name": session["user_name"],
                "synckey": sync_key, "cookies": cookies.iter().map(listed).collect::<Vec<_>>(),
            })
        }
    }
}
