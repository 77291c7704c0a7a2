//! `wx demo`: sends an image to an emulator and fetches it back.

use std::process::ExitCode;

use wx_emulator::Emulator;
use wx_proto::{
    Advice, Attachment, Dimensions, Fetched, ImageFormat, ImageVariant, MediaKind, Recipient, Sent,
    Session, Step,
};

use crate::args::{self, Global};
use crate::client::{Client, Output};
use crate::event::Subject;
use crate::files::{self, Input};
use crate::out;
use crate::problem::{Problem, short};
use crate::report::Report;
use crate::worker;

/// An image of over 1 MiB, which is uploaded in three chunks.
const BUNDLED: &[u8] = include_bytes!("../../assets/demo.jpg");

/// The subject of the only message.
const SENT: usize = 0;

pub(crate) fn run(args: args::Demo, global: Global) -> ExitCode {
    let started =
        Emulator::start().map_err(|error| out::error_chain(&error)).and_then(|emulator| {
            let to = Recipient::new(emulator.friend()).map_err(|error| out::error_chain(&error))?;
            Ok((emulator, to))
        });
    let (emulator, to) = match started {
        Ok(started) => started,
        Err(why) => {
            out::error(&format!("the emulator: {why}"));
            return ExitCode::FAILURE;
        }
    };
    let file =
        args.image.as_ref().map_or("demo.jpg".into(), |path| path.to_string_lossy()).into_owned();
    let (to_text, given) = (to.to_string(), to.to_string());
    let subject = Subject::Outbound {
        file: Some(file),
        label: None,
        forwarded: None,
        kind: None,
        to: to_text,
        given,
    };
    let report = Report::new(&global, vec![subject]);
    worker::run(report, move |report| {
        report.begin(SENT..SENT + 1, None);
        if let Err((subject, problem)) = (Run { args, global, emulator, to, report }).all() {
            let _ = report.problem(subject..subject + 1, &problem);
        }
    })
}

struct Run<'a> {
    args: args::Demo,
    global: Global,
    emulator: Emulator,
    to: Recipient,
    report: &'a Report,
}

impl Run<'_> {
    fn all(&self) -> Result<(), (usize, Problem)> {
        let at_sending = |problem| (SENT, problem);
        let policy = self.global.policy();
        let (name, original) = self.picture(policy.max_upload).map_err(at_sending)?;
        self.say("emulator", &format!("listening on {}", self.emulator.addr()));
        let session = Session::from_json_allow_loopback(self.emulator.session_json());
        let session = session.map_err(|error| at_sending(error.into()))?;
        if self.report.trace(&self.global, session.site(), session.uin()).is_none() {
            return Ok(());
        }
        let client = Client::new(self.global.transport(), session, policy).map_err(at_sending)?;

        let sent = self.send(&client, name, original.clone()).map_err(at_sending)?;
        let no_upload = || at_sending(Problem::local("nothing was uploaded", Advice::Report));
        let uploaded = sent.uploaded.as_ref().ok_or_else(no_upload)?;
        self.report.sent(SENT, &sent);

        let variant = match uploaded.kind {
            MediaKind::Emoticon => ImageVariant::Emoticon,
            _ => ImageVariant::Original,
        };
        let attachment = |variant| Attachment::image(sent.msg_id.clone(), variant);
        let subject = self.report.add(Subject::attachment(&attachment(variant), None));
        self.report.begin(subject..subject + 1, None);
        let at_fetching = |problem| (subject, problem);
        let fetch = |variant| {
            let attachment = attachment(variant);
            let mut bytes = Vec::new();
            let (target, options) = (Output::Memory(&mut bytes), self.report.options());
            let fetched = client.fetch(&attachment, target, options);
            fetched.map(|fetched| (fetched, bytes)).map_err(at_fetching)
        };
        let (fetched, back) = fetch(variant)?;
        self.say("original", &format!("{} bytes, {}", fetched.bytes, format_of(&fetched)));
        let (thumbnail, small) = fetch(ImageVariant::Thumbnail)?;
        let measured = measure(&small).map_err(at_fetching)?;
        self.say(
            "thumbnail",
            &format!(
                "{} bytes, {}, measured {}",
                thumbnail.bytes,
                format_of(&thumbnail),
                size_of(measured)
            ),
        );

        let stored = self.emulator.messages().pop().map(|message| message.md5).unwrap_or_default();
        self.say("MD5 sent", &uploaded.md5.to_string());
        self.say("MD5 stored", &stored);
        self.say("MD5 back", &fetched.md5.to_string());
        let checks = [
            ("the picture that was fetched has other bytes", back == original),
            ("the MD5 of what was sent and what came back differ", fetched.md5 == uploaded.md5),
            (
                "the MD5 of what was sent and what the server stored differ",
                stored == uploaded.md5.to_string(),
            ),
            ("the thumbnail has another size than announced", uploaded.thumbnail == Some(measured)),
        ];
        if let Some((differs, _)) = checks.iter().find(|(_, equal)| !equal) {
            return Err(at_fetching(Problem::local(*differs, Advice::Report)));
        }
        self.report.fetched(subject, &fetched);
        self.say("equal", "the same bytes came back, and the thumbnail is as announced");
        Ok(())
    }

    /// Returns the name and the bytes of the image.
    fn picture(&self, limit: u64) -> Result<(String, Vec<u8>), Problem> {
        let Some(path) = &self.args.image else {
            return Ok(("demo.jpg".to_owned(), BUNDLED.to_vec()));
        };
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        Ok((name.unwrap_or_default(), files::read(path, limit)?))
    }

    /// Uploads and sends the image, and reports each chunk.
    fn send(&self, client: &Client, name: String, bytes: Vec<u8>) -> Result<Sent, Problem> {
        let mut told = None;
        let options = self.report.options().progress(|progress| {
            self.report.progress(progress);
            if let (Step::Upload, Some(chunk)) = (progress.step, progress.chunk)
                && told.replace(chunk) != Some(chunk)
            {
                self.say("upload", &format!("chunk {} of {}", chunk.index + 1, chunk.of));
            }
        });
        let sent = client.send_image(&self.to, Input::Bytes(name, bytes), options)?;
        if let Some(uploaded) = &sent.uploaded {
            self.say("MediaId", &short(uploaded.media_id.as_str()));
            let announced = uploaded.thumbnail.map_or("no size".to_owned(), size_of);
            self.say("thumbnail", &format!("announced {announced}"));
        }
        Ok(sent)
    }

    fn say(&self, what: &str, line: &str) {
        self.report.say(&format!("{what:<10} {line}"));
    }
}

fn format_of(fetched: &Fetched) -> ImageFormat {
    fetched.format.unwrap_or(ImageFormat::Unknown)
}

fn size_of(size: Dimensions) -> String {
    format!("{size} pixels")
}

/// Decodes an image and returns its dimensions.
fn measure(picture: &[u8]) -> Result<Dimensions, Problem> {
    let decoded = image::load_from_memory(picture).ok();
    decoded
        .and_then(|picture| Dimensions::new(picture.width(), picture.height()))
        .ok_or_else(|| Problem::local("the fetched thumbnail cannot be decoded", Advice::Report))
}
