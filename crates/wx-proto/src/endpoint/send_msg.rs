//! `POST webwxsendmsg`, `webwxsendmsgimg`, `webwxsendemoticon`, `webwxsendvideomsg` and
//! `webwxsendappmsg`: sends a text, an upload, an emoticon or a forwarded message
//! ([§4.7](crate::protocol#s4-7), [§4.8](crate::protocol#s4-8),
//! [P42](crate::protocol#p42)–[P47](crate::protocol#p47),
//! [P61](crate::protocol#p61)–[P64](crate::protocol#p64), [P80](crate::protocol#p80),
//! [P84](crate::protocol#p84), [P87](crate::protocol#p87), [P88](crate::protocol#p88)).

use bytes::Bytes;
use http::{Method, Response};
use serde::{Deserialize, Serialize};

use super::{Endpoint, REPLY_LIMIT};
use crate::endpoint::api_request::{Accept, ApiRequest};
use crate::endpoint::base_request::BaseRequest;
use crate::model::emoticon::Emoticon;
use crate::model::forward::{Forward, ForwardContent};
use crate::model::hosts::HostRole;
use crate::model::ids::{DeviceId, LocalId, MediaId, MsgId, UserName};
use crate::model::inline_content::InlineContent;
use crate::model::md5::Md5;
use crate::model::media_kind::{self, MediaKind, MessageRow};
use crate::model::profile::Profile;
use crate::model::recipient::Recipient;
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::secret::Secret;
use crate::model::seed::{Purpose, Seed};
use crate::model::text::Text;
use crate::model::unix_ms::UnixMs;
use crate::model::upload_ticket::UploadTicket;
use crate::model::uploaded::Uploaded;
use crate::session::Session;
use crate::wire::cgi::cgi;
use crate::wire::reply::Opened;
use crate::wire::{entities, lenient, reply};

/// Sends a text, an emoticon, a forwarded message, or an upload as its [kind](Uploaded::kind).
/// LocalID and ClientMsgId are derived from the seed: to retry the call, use the same value.
#[derive(Clone, Debug)]
pub struct SendMsg {
    row: &'static MessageRow,
    /// Not shown, because that of a forwarded message was chosen by the server.
    media_id: Option<Secret<MediaId>>,
    emoticon: Option<Md5>,
    /// A text, the XML of a file, or the content of a forwarded message.
    content: Secret,
    msg_source: Option<String>,
    ticket: Option<UploadTicket>,
    scene: u8,
    to: Recipient,
    local_id: LocalId,
    device_id: DeviceId,
    at: UnixMs,
}

/// `Scene` of a forwarded message.
const FORWARDED: u8 = 2;

/// The receipt of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// The server's id of the message.
    pub msg_id: MsgId,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Request<'a> {
    base_request: BaseRequest<'a>,
    msg: Msg<'a>,
    scene: u8,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Msg<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<&'a str>,
    #[serde(rename = "AESKey", skip_serializing_if = "Option::is_none")]
    aes_key: Option<&'a str>,
    r#type: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    emoji_flag: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_id: Option<&'a str>,
    #[serde(rename = "EMoticonMd5", skip_serializing_if = "Option::is_none")]
    emoticon_md5: Option<Md5>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    msg_source: Option<&'a str>,
    from_user_name: &'a str,
    to_user_name: &'a str,
    #[serde(rename = "LocalID")]
    local_id: &'a str,
    client_msg_id: &'a str,
}

#[derive(Deserialize)]
struct Fields {
    #[serde(rename = "MsgID", default, deserialize_with = "lenient::text")]
    msg_id: String,
}

impl SendMsg {
    /// Sends `uploaded` to `to`.
    #[must_use]
    pub fn new(uploaded: &Uploaded, to: Recipient, seed: Seed) -> Self {
        let media_id = uploaded.media_id.clone();
        let call = match uploaded.kind {
            MediaKind::File => Self::file(media_id, &uploaded.name, uploaded.bytes, to, seed),
            kind => Self::with_kind(kind, media_id, String::new(), to, seed),
        };
        Self { ticket: uploaded.ticket.clone(), ..call }
    }

    /// Sends a text. The members that it [notifies](Text::notifying) have to be members of the room
    /// `to`. If `to` is not a room, nobody is notified.
    #[must_use]
    pub fn text(text: &Text, to: Recipient, seed: Seed) -> Self {
        let msg_source = (!text.notified().is_empty() && to.user_name().is_room())
            .then(|| msg_source(text.notified(), &to));
        let content = text.content().to_owned();
        Self { msg_source, ..Self::with_row(&media_kind::TEXT, None, content, to, seed) }
    }

    /// Sends content that needs no upload.
    #[must_use]
    pub fn inline(content: &InlineContent, to: Recipient, seed: Seed) -> Self {
        match content {
            InlineContent::Text(text) => Self::text(text, to, seed),
            InlineContent::Emoticon(emoticon) => Self::known_emoticon(*emoticon, to, seed),
            InlineContent::Forward(forward) => Self::forward(forward, to, seed),
        }
    }

    /// Sends an emoticon by its MD5 ([P84](crate::protocol#p84)).
    #[must_use]
    pub fn known_emoticon(emoticon: Emoticon, to: Recipient, seed: Seed) -> Self {
        Self::with_md5(&media_kind::KNOWN_EMOTICON, emoticon.md5(), to, seed)
    }

    /// Forwards a message ([P87](crate::protocol#p87)). The message of each recipient needs a seed
    /// of its own.
    #[must_use]
    pub fn forward(forward: &Forward, to: Recipient, seed: Seed) -> Self {
        const IMAGE: &MessageRow = &MediaKind::Image.row(Profile::Web).message;
        const VIDEO: &MessageRow = &MediaKind::Video.row(Profile::Web).message;
        let call = match forward.content() {
            ForwardContent::Text { content } => {
                Self::with_row(&media_kind::TEXT, None, content.clone(), to, seed)
            }
            ForwardContent::Location { content } => {
                Self::with_row(&media_kind::LOCATION, None, content.clone(), to, seed)
            }
            ForwardContent::Image { media_id, content } => {
                Self::with_row(IMAGE, media_id.clone(), content.clone(), to, seed)
            }
            ForwardContent::Video { is_short, media_id, content } => {
                let row = if *is_short { &media_kind::SHORT_VIDEO } else { VIDEO };
                Self::with_row(row, media_id.clone(), content.clone(), to, seed)
            }
            ForwardContent::Emoticon { md5 } => {
                Self::with_md5(&media_kind::FORWARDED_EMOTICON, *md5, to, seed)
            }
            ForwardContent::File { name, len, media_id, ticket } => {
                let call = Self::file(media_id.clone(), name, *len, to, seed);
                Self { ticket: ticket.clone(), ..call }
            }
        };
        Self { scene: FORWARDED, ..call }
    }

    /// Sends the upload `media_id` as an image.
    #[must_use]
    pub fn image(media_id: MediaId, to: Recipient, seed: Seed) -> Self {
        Self::with_kind(MediaKind::Image, media_id, String::new(), to, seed)
    }

    /// Sends the upload `media_id` as an emoticon.
    #[must_use]
    pub fn emoticon(media_id: MediaId, to: Recipient, seed: Seed) -> Self {
        Self::with_kind(MediaKind::Emoticon, media_id, String::new(), to, seed)
    }

    /// Sends the upload `media_id` as a video.
    #[must_use]
    pub fn video(media_id: MediaId, to: Recipient, seed: Seed) -> Self {
        Self::with_kind(MediaKind::Video, media_id, String::new(), to, seed)
    }

    /// Sends the upload `media_id` as a file with this name and `len` bytes.
    #[must_use]
    pub fn file(media_id: MediaId, name: &str, len: u64, to: Recipient, seed: Seed) -> Self {
        let app_msg = app_msg(&media_id, name, len);
        Self::with_kind(MediaKind::File, media_id, app_msg, to, seed)
    }

    fn with_kind(
        kind: MediaKind,
        media_id: MediaId,
        content: String,
        to: Recipient,
        seed: Seed,
    ) -> Self {
        // The call is the same for both profiles.
        let row = &kind.row(Profile::Web).message;
        Self::with_row(row, Some(media_id).filter(|_| row.has_media_id), content, to, seed)
    }

    fn with_md5(row: &'static MessageRow, md5: Md5, to: Recipient, seed: Seed) -> Self {
        Self { emoticon: Some(md5), ..Self::with_row(row, None, String::new(), to, seed) }
    }

    fn with_row(
        row: &'static MessageRow,
        media_id: Option<MediaId>,
        content: String,
        to: Recipient,
        seed: Seed,
    ) -> Self {
        let device_id = seed.device_id(Purpose::MessageDevice);
        let (local_id, at) = (seed.local_id(), seed.unix_ms);
        Self {
            row,
            media_id: media_id.map(Secret::new),
            emoticon: None,
            content: content.into(),
            msg_source: None,
            ticket: None,
            scene: 0,
            to,
            local_id,
            device_id,
            at,
        }
    }

    /// Whether this is a text without characters, which must not be sent
    /// ([P63](crate::protocol#p63)).
    fn is_empty_text(&self) -> bool {
        self.row.msg_type == media_kind::TEXT.msg_type && self.content.expose().is_empty()
    }

    /// Returns LocalID and ClientMsgId of this message, which are equal.
    #[must_use]
    pub fn local_id(&self) -> &LocalId {
        &self.local_id
    }
}

/// Returns the XML that requests notifications of members of a room ([P64](crate::protocol#p64)).
fn msg_source(members: &[UserName], room: &Recipient) -> String {
    let members: Vec<_> = members.iter().map(|name| entities::encode(name.as_str())).collect();
    let (members, room) = (members.join(","), entities::encode(room.as_str()));
    format!(
        "<msgsource><atusername>{members}</atusername><atchatroomname>{room}</atchatroomname>\
         </msgsource>"
    )
}

/// Returns the page's XML for a file ([§4.8](crate::protocol#s4-8)).
fn app_msg(media_id: &MediaId, name: &str, len: u64) -> String {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let [title, media_id, extension] = [name, media_id.as_str(), extension].map(entities::encode);
    format!(
        "<appmsg appid='wxeb7ec651dd0aefa9' sdkver=''><title>{title}</title><des></des>\
         <action></action><type>6</type><content></content><url></url><lowurl></lowurl>\
         <appattach><totallen>{len}</totallen><attachid>{media_id}</attachid>\
         <fileext>{extension}</fileext></appattach><extinfo></extinfo></appmsg>"
    )
}

impl Endpoint for SendMsg {
    const METHOD: Method = Method::POST;
    const HOST: HostRole = HostRole::Base;
    const ACCEPT: Accept = Accept::Json;
    type Reply = Receipt;

    fn name(&self) -> &'static str {
        self.row.call
    }

    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError> {
        session.check_sender()?;
        session.check_alive(self.at)?;
        if self.is_empty_text() {
            return Err(RequestError::EmptyText);
        }
        let row = self.row;
        let path = [cgi!(""), row.call].concat();
        let request = ApiRequest::builder(self, session, &path).cookies_at(self.at);
        let pairs = row.query.iter();
        let request = pairs.fold(request, |request, (key, value)| request.pair(key, value));
        let ticket = self.ticket.as_ref();
        // The page of web WeChat repeats only the signature.
        let is_file_helper = session.site().profile() == Profile::FileHelper;
        request.session_pairs().json(&Request {
            base_request: BaseRequest::new(session, &self.device_id),
            msg: Msg {
                signature: ticket.and_then(UploadTicket::signature),
                aes_key: ticket.filter(|_| is_file_helper).and_then(UploadTicket::aes_key),
                r#type: row.msg_type,
                emoji_flag: row.emoji_flag,
                // The official page sends an empty one with a message that it forwards.
                media_id: row
                    .has_media_id
                    .then(|| self.media_id.as_ref().map_or("", |id| id.expose().as_str())),
                emoticon_md5: self.emoticon,
                content: row.has_content.then(|| self.content.expose().as_str()),
                msg_source: self.msg_source.as_deref(),
                from_user_name: session.own_name()?.as_str(),
                to_user_name: self.to.as_str(),
                local_id: self.local_id.as_str(),
                client_msg_id: self.local_id.as_str(),
            },
            scene: self.scene,
        })
    }

    /// Only Ret 0 with a MsgID means sent ([P45](crate::protocol#p45)). A Ret counts whatever the
    /// HTTP status, because the server has decided. Without a Ret, the status is reported.
    fn read(reply: &Response<Bytes>) -> Result<Receipt, ReplyError> {
        let fields: Fields = match reply::open(reply, REPLY_LIMIT).and_then(Opened::accepted) {
            Ok(fields) => fields,
            Err(refused @ ReplyError::Refused { .. }) => return Err(refused),
            Err(error) => return reply::status(reply.status(), reply.headers()).and(Err(error)),
        };
        match MsgId::new(fields.msg_id) {
            Ok(msg_id) if msg_id.as_str().bytes().any(|digit| digit != b'0') => {
                Ok(Receipt { msg_id })
            }
            _ => Err(ReplyError::NoMsgId),
        }
    }
}

#[cfg(test)]
mod tests;
