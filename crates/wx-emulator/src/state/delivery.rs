//! Delivers messages to the client, in the JSON form of webwxsync.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde_json::json;

use super::message_store::Waiting;
use super::server_state::ServerState;
use crate::model::hosts::EMOTICON_HOST;
use crate::model::incoming::{Content, EMOTICON, FRIEND_REQUEST, Incoming};
use crate::model::media::MediaFile;
use crate::model::profile::Profile;
use crate::model::random;
use crate::model::replies::{encry_file_name, escape};

/// The values of a message that depend on its kind.
#[derive(Default)]
struct Keys {
    msg_type: u32,
    app_msg_type: u32,
    content: String,
    img_status: u32,
    height: u32,
    width: u32,
    voice_length: u32,
    play_length: u32,
    file_name: String,
    file_size: String,
    media_id: String,
    encry_file_name: String,
    app_id: &'static str,
    has_product_id: u32,
    sub_msg_type: u32,
    url: String,
    ori_content: String,
    /// The UserName and nickname of a stranger, the text of the request, and its ticket.
    stranger: [String; 4],
    media: Option<Arc<MediaFile>>,
    /// The file of an emoticon that only its own host serves.
    outside: Option<Arc<MediaFile>>,
}

impl ServerState {
    /// Adds a message for the client and wakes a long poll. Returns the MsgId.
    pub(crate) fn deliver(&self, incoming: Incoming) -> String {
        let keys = self.keys(incoming.content);
        let (from, to, prefix) = self.direction(incoming.sender, incoming.room);
        let created = incoming.created.unwrap_or_else(now);
        let msg_id = random::msg_id();
        let [stranger, nick_name, greeting, ticket] = keys.stranger;
        let mut message = json!({
            "MsgId": msg_id.to_string(), "FromUserName": from, "ToUserName": to,
            "MsgType": keys.msg_type, "Content": prefix + &keys.content, "Status": 3,
            "ImgStatus": keys.img_status, "CreateTime": created, "VoiceLength": keys.voice_length,
            "PlayLength": keys.play_length,
            "FileName": keys.file_name, "FileSize": keys.file_size, "MediaId": keys.media_id,
            "Url": keys.url, "AppMsgType": keys.app_msg_type, "StatusNotifyCode": 0,
            "StatusNotifyUserName": "",
            "RecommendInfo": {
                "UserName": stranger, "NickName": nick_name, "QQNum": 0, "Province": "",
                "City": "", "Content": greeting, "Signature": "", "Alias": "", "Scene": 0,
                "VerifyFlag": 0, "AttrStatus": 0, "Sex": 0, "Ticket": ticket, "OpCode": 0,
            },
            "ForwardFlag": 0, "AppInfo": { "AppID": keys.app_id, "Type": 0 },
            "HasProductId": keys.has_product_id,
            "Ticket": "", "ImgHeight": keys.height, "ImgWidth": keys.width,
            "SubMsgType": keys.sub_msg_type,
            "NewMsgId": msg_id, "OriContent": keys.ori_content,
            "EncryFileName": keys.encry_file_name,
        });
        for (key, value) in incoming.overrides {
            message[&key] = value;
        }
        let msg_id = message["MsgId"].as_str().map_or(msg_id.to_string(), str::to_owned);
        let emoticon = keys.media.as_ref().or(keys.outside.as_ref());
        if let Some(file) = emoticon.filter(|_| message["MsgType"] == EMOTICON) {
            self.media().add_emoticon(Arc::clone(file));
        }
        self.messages().add_incoming(&msg_id, message, keys.media);
        self.incoming_message.notify_waiters();
        msg_id
    }

    /// Adds a change of the contacts for the client and wakes a long poll.
    pub(crate) fn report(&self, change: Waiting) {
        self.messages().incoming.push(change);
        self.incoming_message.notify_waiters();
    }

    /// Returns FromUserName, ToUserName, and the prefix of the content, which names the sender in a
    /// room.
    fn direction(&self, sender: Option<String>, room: Option<String>) -> (String, String, String) {
        let own_name = self.account.user_name.clone();
        if self.logins().profile == Profile::FileHelper {
            return (own_name, "filehelper".to_owned(), String::new());
        }
        let sender = sender.unwrap_or_else(|| self.account.friend.clone());
        match room {
            // A message that the account itself sends from the phone has no prefix.
            Some(room) if sender == own_name => (own_name, room, String::new()),
            Some(room) => (room, own_name, format!("{sender}:<br/>")),
            None if sender == own_name => (own_name, self.account.friend.clone(), String::new()),
            None => (sender, own_name, String::new()),
        }
    }

    fn keys(&self, content: Content) -> Keys {
        match content {
            Content::Text(content) => {
                Keys { msg_type: 1, content, img_status: 1, ..Keys::default() }
            }
            Content::Image(bytes) => image_keys(self.media().store(MediaFile::new(bytes))),
            Content::Video(bytes) => video_keys(self.media().store(MediaFile::new(bytes))),
            Content::Voice(bytes) => voice_keys(self.media().store(MediaFile::new(bytes))),
            Content::File { name, bytes } => self.file_keys(&name, bytes),
            Content::OutsideEmoticon(bytes) => {
                let file = self.media().store(MediaFile::new(bytes));
                let keys = emoticon_keys(&file, "", &outside_url(&file));
                Keys { outside: Some(file), ..keys }
            }
            Content::StoreEmoticon(bytes) => self.store_emoticon_keys(&MediaFile::new(bytes)),
            Content::Location { latitude, longitude, label } => {
                location_keys(&latitude, &longitude, &label)
            }
            Content::FriendRequest { user_name, nick_name, greeting } => {
                request_keys(user_name, &nick_name, &greeting)
            }
        }
    }

    /// Nothing is stored, because no client can fetch the image.
    fn store_emoticon_keys(&self, file: &MediaFile) -> Keys {
        let keys = Keys {
            has_product_id: 1,
            ..emoticon_keys(file, "com.tencent.xin.emoticon.wx_emulator", "")
        };
        match self.logins().profile {
            Profile::Web => keys,
            Profile::FileHelper => {
                Keys {
                    msg_type: 1, content: "[收到了一个表情，请在手机上查看]".to_owned(), ..keys
                }
            }
        }
    }

    fn file_keys(&self, name: &str, bytes: Bytes) -> Keys {
        let mut store = self.media();
        let file = store.store(MediaFile::new(bytes));
        let media_id = store.create_id(file.clone(), name);
        let size = file.bytes.len();
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        let (shown, extension) = (escape(name), escape(extension));
        let content = escape(&format!(
            "<msg><appmsg appid=\"\" sdkver=\"0\"><title>{shown}</title><des></des><type>6</type>\
             <appattach><totallen>{size}</totallen><attachid>{media_id}</attachid>\
             <fileext>{extension}</fileext></appattach><md5>{}</md5></appmsg></msg>",
            file.md5
        ));
        Keys {
            msg_type: 49,
            app_msg_type: 6,
            content,
            img_status: 1,
            file_name: shown,
            file_size: size.to_string(),
            encry_file_name: encry_file_name(name),
            app_id: "wx6618f1cfc6c132f8",
            media_id,
            ..Keys::default()
        }
    }
}

fn image_keys(file: Arc<MediaFile>) -> Keys {
    if file.is_gif() {
        return Keys { media: Some(file.clone()), ..emoticon_keys(&file, "", &outside_url(&file)) };
    }
    let (height, width) = file.announced_size();
    let (length, md5) = (file.bytes.len(), &file.md5);
    let content = escape(&format!("<msg><img length=\"{length}\" md5=\"{md5}\" /></msg>"));
    let (media, keys) = (Some(file), Keys::default());
    Keys { msg_type: 3, content, img_status: 2, height, width, media, ..keys }
}

/// Returns the address of an emoticon for everybody.
fn outside_url(file: &MediaFile) -> String {
    format!("http://{EMOTICON_HOST}/wx_emoji/{}/", file.md5)
}

/// Returns the values of an emoticon, in the XML of the real server.
fn emoticon_keys(file: &MediaFile, product: &str, address: &str) -> Keys {
    let (height, width) = file.announced_size();
    let (length, md5) = (file.bytes.len(), &file.md5);
    let content = escape(&format!(
        "<msg><emoji fromusername=\"wxid_a\" tousername=\"wxid_b\" type=\"2\" \
         idbuffer=\"media:0_0\" md5=\"{md5}\" len=\"{length}\" productid=\"{product}\" \
         androidmd5=\"{md5}\" androidlen=\"{length}\" s60v3md5=\"{md5}\" s60v3len=\"{length}\" \
         s60v5md5=\"{md5}\" s60v5len=\"{length}\" cdnurl=\"{address}\" designerid=\"\" \
         thumburl=\"\" encrypturl=\"http://{EMOTICON_HOST}/wx_emoji/encrypted/\" \
         aeskey=\"00000000000000000000000000000000\" externurl=\"\" externmd5=\"\" \
         width=\"{width}\" height=\"{height}\" tpurl=\"\" tpauthkey=\"\" attachedtext=\"\" \
         attachedtextcolor=\"\" lensid=\"\"></emoji><gameext type=\"0\" content=\"0\"></gameext>\
         </msg>"
    ));
    Keys { msg_type: EMOTICON, content, img_status: 2, height, width, ..Keys::default() }
}

fn location_keys(latitude: &str, longitude: &str, label: &str) -> Keys {
    let shown = escape(label);
    let map = "/cgi-bin/mmwebwx-bin/webwxgetpubliclinkimg?url=xxx&msgid=1&pictype=location";
    let quoted = shown.replace('"', "&quot;");
    Keys {
        msg_type: 1,
        sub_msg_type: 48,
        content: format!("{shown}:<br/>{map}"),
        img_status: 1,
        url: format!("http://apis.map.qq.com/uri/v1/geocoder?coord={latitude},{longitude}"),
        ori_content: format!(
            "<?xml version=\"1.0\"?>\n<msg>\n\t<location x=\"{latitude}\" y=\"{longitude}\" \
             scale=\"16\" label=\"{quoted}\" maptype=\"0\" poiname=\"[位置]\" poiid=\"\" />\n\
             </msg>\n"
        ),
        ..Keys::default()
    }
}

fn video_keys(file: Arc<MediaFile>) -> Keys {
    let (height, width) = file.announced_size();
    let (length, md5) = (file.bytes.len(), &file.md5);
    let attributes = format!("length=\"{length}\" playlength=\"1\" md5=\"{md5}\"");
    let content = escape(&format!("<msg><videomsg {attributes} /></msg>"));
    let (media, keys) = (Some(file), Keys::default());
    Keys { msg_type: 43, content, img_status: 1, height, width, play_length: 1, media, ..keys }
}

fn voice_keys(file: Arc<MediaFile>) -> Keys {
    let length = file.bytes.len();
    let attributes = format!("voiceformat=\"4\" voicelength=\"1000\" length=\"{length}\"");
    let content = escape(&format!("<msg><voicemsg endflag=\"1\" {attributes} /></msg>"));
    let (media, keys) = (Some(file), Keys::default());
    Keys { msg_type: 34, content, img_status: 1, voice_length: 1000, media, ..keys }
}

fn request_keys(user_name: String, nick_name: &str, greeting: &str) -> Keys {
    let (nick_name, greeting) = (escape(nick_name), escape(greeting));
    let ticket = format!("v2_{}@stranger", random::hex(32));
    let attributes = format!("fromnickname=\"{nick_name}\" content=\"{greeting}\"");
    let content = escape(&format!("<msg {attributes} ticket=\"{ticket}\" />"));
    let stranger = [user_name, nick_name, greeting, ticket];
    Keys { msg_type: FRIEND_REQUEST, content, img_status: 1, stranger, ..Keys::default() }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
