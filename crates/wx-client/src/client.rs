//! The client of a login.

pub(crate) mod begin;
pub(crate) mod context;
mod request;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use wx_proto::endpoint::Endpoint;
use wx_proto::endpoint::revoke_msg::RevokeMsg;
use wx_proto::endpoint::status_notify::StatusNotify;
use wx_proto::flow::{
    Fetch, FetchAvatar, FetchImage, Flow, OneCall, ResumeError, ResumeOptions, SendMessage,
    Snapshot, Upload,
};
use wx_proto::{
    Attachment, Avatar, Error, ImageVariant, Media, MsgId, Policy, Recipient, Sent, Session,
    Uploaded, UserName,
};

use self::begin::Begin;
use self::context::Context;
use crate::clock::unix_ms;
use crate::outbound::Outbound;
use crate::pacer::Pacer;
use crate::seed::seed;
use crate::session_cell::SessionCell;
use crate::transport::Transport;

pub use self::request::Request;

/// Sends texts and media, fetches media, and waits for messages, for one login.
///
/// Clones are cheap and share their connections and the session; use them from any thread or task.
/// An asynchronous client may need a runtime: see its transport.
#[derive(Clone)]
pub struct Client<H> {
    pub(crate) context: Context<H>,
}

impl<H: Transport> Client<H> {
    pub(crate) fn from_parts(
        mut session: Session,
        policy: Policy,
        pace: Duration,
        http: H,
    ) -> Self {
        // The client that has received the outstanding batches is another one.
        session.rewind();
        let (session, policy) = (SessionCell::new(session), Arc::new(policy));
        Self { context: Context { session, policy, pacer: Pacer::new(pace), http } }
    }

    /// Returns a snapshot of the session. Replies of the server and acknowledgements change the
    /// session of the client and its clones, but not the snapshot. It can be saved at any time: it
    /// is positioned before the oldest batch of messages that is not
    /// [acknowledged](crate::Batch::acknowledge).
    #[must_use]
    pub fn session(&self) -> Session {
        self.context.session.get()
    }

    /// Returns the session that all clones of the client share, for [`drive`](crate::drive::drive).
    #[must_use]
    pub fn session_cell(&self) -> &SessionCell {
        &self.context.session
    }

    /// Returns the HTTP client, for [`drive`](crate::drive::drive) or to share it with
    /// [other sessions](crate::ClientBuilder::http).
    #[must_use]
    pub fn http(&self) -> &H {
        &self.context.http
    }

    /// Sends a text, media, an emoticon by its MD5, or a forwarded message to `to`.
    ///
    /// An image is sent as an image, a GIF as an emoticon, an MP4 whose name ends with `.mp4` as a
    /// video, and everything else as a file, unless [`kind`](Request::kind) is set. The source of
    /// the transport converts into [`Outbound`], as do `&str`, `String`, [`Text`](wx_proto::Text),
    /// [`Emoticon`](wx_proto::Emoticon) and [`Forward`](wx_proto::Forward).
    ///
    /// ```no_run
    /// # use wx_client::{BlockingTransport, Client};
    /// # use wx_proto::{Error, Forward, MediaKind, Message, Recipient};
    /// # fn send<H: BlockingTransport>(
    /// #     client: &Client<H>,
    /// #     to: &Recipient,
    /// #     invoice: H::Source,
    /// #     message: &Message,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// client.send(to, "here is the invoice").run()?;
    /// client.send(to, invoice).kind(MediaKind::File).run()?;
    /// client.send(to, message.forward()?).run()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn send<'a>(
        &self,
        to: &Recipient,
        what: impl Into<Outbound<H::Source>>,
    ) -> Request<'a, SendMessage, H> {
        let to = to.clone();
        match what.into() {
            Outbound::Inline(content) => self
                .plain(|session, policy| SendMessage::inline(session, content, to, seed()?, policy))
                .checkpointed_by(SendMessage::checkpointed),
            Outbound::Media(source) => {
                self.begin_send(source, SendMessage::checkpointed, |session, media, policy| {
                    SendMessage::media(session, media, to, seed()?, policy)
                })
            }
        }
    }

    /// Uploads an image and sends it to `to`, a GIF as an emoticon. Anything that is not an image
    /// is refused before anything is sent.
    ///
    /// ```no_run
    /// # use wx_client::{BlockingTransport, CancelToken, Client};
    /// # use wx_proto::Recipient;
    /// # fn send<H: BlockingTransport>(
    /// #     client: &Client<H>,
    /// #     to: &Recipient,
    /// #     cat: H::Source,
    /// #     stop: &CancelToken,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// let sent = client
    ///     .send_image(to, cat)
    ///     .progress(|now| println!("{} bytes", now.done))
    ///     .cancel(stop)
    ///     .run()?;
    /// println!("message {}", sent.msg_id);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// If the client is asynchronous, write `.await?` instead of `.run()?`.
    pub fn send_image<'a>(&self, to: &Recipient, source: H::Source) -> Request<'a, SendMessage, H> {
        let to = to.clone();
        self.begin_send(source, SendMessage::checkpointed, |session, media, policy| {
            SendMessage::media(session, media.require_image()?, to, seed()?, policy)
        })
    }

    /// Uploads media without sending it. The form names `to`; others can receive it too.
    pub fn upload<'a>(&self, to: &Recipient, source: H::Source) -> Request<'a, Upload, H> {
        let to = to.clone();
        self.begin_send(source, Upload::checkpointed, |session, media, policy| {
            Upload::new(session, media, to, seed()?, policy)
        })
    }

    /// Sends media that was already uploaded. One upload can be sent to any number of recipients.
    pub fn send_uploaded<'a>(
        &self,
        to: &Recipient,
        uploaded: &Uploaded,
    ) -> Request<'a, SendMessage, H> {
        let (to, uploaded) = (to.clone(), uploaded.clone());
        self.plain(move |session, policy| {
            SendMessage::uploaded(session, uploaded, to, seed()?, policy)
        })
        .checkpointed_by(SendMessage::checkpointed)
    }

    /// Continues a message from a state that was stored by
    /// [`checkpoint`](Request::checkpoint), in the same login. `source` is the same media; it is
    /// read only if the upload is not finished.
    ///
    /// A message in doubt is sent again within [`Policy::resend_within`] of its first try. After
    /// that it ends as uncertain, unless [`resend`](Request::resend) is set. Store the states of
    /// this request too: once it has sent the message, the old state is no longer true.
    ///
    /// # Errors
    /// [`ResumeError`]; nothing is sent in that case.
    pub fn resume<'a>(
        &self,
        snapshot: Snapshot,
        source: H::Source,
    ) -> Result<Request<'a, SendMessage, H>, ResumeError> {
        let source = Some(source).filter(|_| snapshot.needs_media());
        Ok(self
            .resumed(snapshot, source, SendMessage::resume)?
            .checkpointed_by(SendMessage::checkpointed))
    }

    /// Continues an [`upload`](Client::upload) from a stored state, in the same login, without
    /// sending a message. A state with [`uploaded`](Snapshot::uploaded) media is finished.
    ///
    /// # Errors
    /// [`ResumeError`]; nothing is sent in that case.
    pub fn resume_upload<'a>(
        &self,
        snapshot: Snapshot,
        source: H::Source,
    ) -> Result<Request<'a, Upload, H>, ResumeError> {
        Ok(self
            .resumed(snapshot, Some(source), Upload::resume)?
            .checkpointed_by(Upload::checkpointed))
    }

    /// Continues a message that needs no upload: a text, an emoticon by its MD5, a forwarded
    /// message, or media that was already [uploaded](Client::send_uploaded). Otherwise it is like
    /// [`resume`](Client::resume).
    ///
    /// # Errors
    /// [`ResumeError::OtherJob`] if the upload is not finished, or another [`ResumeError`]; nothing
    /// is sent in that case.
    pub fn resume_message<'a>(
        &self,
        snapshot: Snapshot,
    ) -> Result<Request<'a, SendMessage, H>, ResumeError> {
        if snapshot.needs_media() {
            return Err(ResumeError::OtherJob);
        }
        Ok(self
            .resumed(snapshot, None, SendMessage::resume)?
            .checkpointed_by(SendMessage::checkpointed))
    }

    /// Fetches the image of a message. On error the sink is left unchanged, except for
    /// [`Sink::writer`], which keeps the written bytes, and [`Sink::vec`], which is emptied.
    ///
    /// [`Sink::writer`]: crate::blocking::Sink::writer
    /// [`Sink::vec`]: crate::blocking::Sink::vec
    pub fn fetch_image<'a>(
        &self,
        id: &MsgId,
        variant: ImageVariant,
        sink: H::Sink<'a>,
    ) -> Request<'a, FetchImage, H> {
        let id = id.clone();
        let begin = move |session: &Session, restartable, policy| {
            FetchImage::new(session, id, variant, restartable, seed()?, policy)
        };
        Request::new(&self.context, Begin::Fetch(sink, Box::new(begin)))
    }

    /// Fetches the image, the video, the voice message or the file of a message. It succeeds only
    /// if the media is complete. [`Message::attachment`](wx_proto::Message::attachment) returns the
    /// attachment to fetch, and [`Attachment::file_name`] returns a safe name for it. On error, the
    /// sink is left as by [`fetch_image`](Client::fetch_image). To read the media while it arrives,
    /// use [`fetch_stream`](Client::fetch_stream).
    pub fn fetch<'a>(&self, attachment: &Attachment, sink: H::Sink<'a>) -> Request<'a, Fetch, H> {
        let attachment = attachment.clone();
        let begin = move |session: &Session, restartable, policy| {
            Fetch::new(session, attachment, restartable, seed()?, policy)
        };
        Request::new(&self.context, Begin::Fetch(sink, Box::new(begin)))
    }

    /// Fetches an avatar: of a [contact](wx_proto::Contact::avatar), of a
    /// [member](wx_proto::RoomDetails::avatar) of a room, or of anybody whose UserName is
    /// [known](Avatar::new). It ends with `None` if there is no picture. The sink is then left as
    /// if nothing had been written: a file is not created or changed, and a vector is empty. On
    /// error, the sink is left as by [`fetch_image`](Client::fetch_image).
    pub fn fetch_avatar<'a>(
        &self,
        avatar: &Avatar,
        sink: H::Sink<'a>,
    ) -> Request<'a, FetchAvatar, H> {
        let avatar = avatar.clone();
        let begin = move |session: &Session, restartable, policy| {
            FetchAvatar::new(session, avatar, restartable, seed()?, policy)
        };
        Request::new(&self.context, Begin::Fetch(sink, Box::new(begin)))
    }

    /// Revokes a message that was sent to `to`, so that it disappears from their conversation. The
    /// request is made only once: if no reply arrives, check the conversation.
    ///
    /// # Errors
    /// [`RequestError::TooOldToRevoke`](wx_proto::RequestError::TooOldToRevoke) two minutes after
    /// the server accepted it, and
    /// [`RequestError::NotRevocable`](wx_proto::RequestError::NotRevocable) for the File Transfer
    /// Helper; nothing is sent in these cases ([P89](wx_proto::protocol#p89)).
    pub fn revoke<'a>(&self, sent: &Sent, to: &Recipient) -> Request<'a, OneCall<RevokeMsg>, H> {
        let (sent, to) = (sent.clone(), to.clone());
        self.plain(move |session, policy| {
            let seed = seed()?;
            let mut call = RevokeMsg::new(sent.msg_id, sent.local_id, to, seed);
            if let Some(at) = sent.accepted_at {
                call = call.sent_at(at);
            }
            Ok(OneCall::new(call, session, seed, policy).once())
        })
    }

    /// Revokes a message that was sent to `to` and of which only the MsgID is known. Like
    /// [`revoke`](Client::revoke), but the age of the message is not checked: the server decides.
    ///
    /// # Errors
    /// [`RequestError::NotRevocable`](wx_proto::RequestError::NotRevocable) for the File Transfer
    /// Helper; nothing is sent in this case.
    pub fn revoke_by_id<'a>(
        &self,
        msg_id: &MsgId,
        to: &Recipient,
    ) -> Request<'a, OneCall<RevokeMsg>, H> {
        let (msg_id, to) = (msg_id.clone(), to.clone());
        self.plain(move |session, policy| {
            let seed = seed()?;
            Ok(OneCall::new(RevokeMsg::by_id(msg_id, to, seed), session, seed, policy).once())
        })
    }

    /// Marks the conversation with `user`, a person or a room, as read on the phone
    /// ([P90](wx_proto::protocol#p90)). No other method does that.
    pub fn mark_read<'a>(&self, user: &UserName) -> Request<'a, OneCall<StatusNotify>, H> {
        let user = user.clone();
        self.plain(move |session, policy| {
            let seed = seed()?;
            Ok(OneCall::new(StatusNotify::mark_read(user, seed), session, seed, policy))
        })
    }

    /// Makes one call with any [`Endpoint`], of [`wx_proto`] or a custom one. Failed tries are
    /// retried as [`OneCall`] describes. If the call must not reach the server twice,
    /// [run](Client::run) a [`OneCall::once`].
    pub fn call<'a, E: Endpoint + Send + 'static>(&self, endpoint: E) -> Request<'a, OneCall<E>, H>
    where
        E::Reply: Clone,
    {
        self.plain(move |session, policy| Ok(OneCall::new(endpoint, session, seed()?, policy)))
    }

    /// Runs any flow that neither reads nor writes media. If the flow saves its states, set a
    /// store with [`options`](Request::options). To keep the flow, or to run one that reads or
    /// writes media, use [`drive`](crate::drive::drive).
    pub fn run<'a, F: Flow + Send + 'static>(&self, flow: F) -> Request<'a, F, H> {
        self.plain(move |_, _| Ok(flow))
    }

    pub(crate) fn plain<'a, F>(
        &self,
        begin: impl FnOnce(&Session, Policy) -> Result<F, Error> + Send + 'static,
    ) -> Request<'a, F, H> {
        Request::new(&self.context, Begin::Plain(Box::new(begin)))
    }

    fn begin_send<'a, F>(
        &self,
        source: H::Source,
        checkpointed: fn(F) -> F,
        begin: impl FnOnce(&Session, Media, Policy) -> Result<F, Error> + Send + 'static,
    ) -> Request<'a, F, H> {
        Request::new(&self.context, Begin::Send(source, Box::new(begin)))
            .checkpointed_by(checkpointed)
    }

    /// Checks that `snapshot` can be resumed. The flow is created only when the request is run,
    /// because that determines the age of a message in doubt.
    fn resumed<'a, F: 'static>(
        &self,
        snapshot: Snapshot,
        source: Option<H::Source>,
        resume: fn(&Session, Snapshot, Policy, ResumeOptions) -> Result<F, ResumeError>,
    ) -> Result<Request<'a, F, H>, ResumeError> {
        let at = ResumeOptions { unix_ms: Some(unix_ms()), resend: false };
        resume(&self.session(), snapshot.clone(), self.context.policy(), at)?;
        let begin = move |session: &Session, policy, at| resume(session, snapshot, policy, at);
        Ok(Request::new(&self.context, Begin::Resume(source, Box::new(begin))))
    }

    /// Returns the policy of the client.
    #[must_use]
    pub fn policy(&self) -> Policy {
        self.context.policy()
    }
}

impl<H: Transport> fmt::Debug for Client<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("session", &self.session())
            .field("policy", &self.context.policy)
            .finish_non_exhaustive()
    }
}
