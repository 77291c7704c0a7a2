//! The messages that `wx emulate` delivers, and the conversations in which they arrive.

use std::path::Path;

use wx_emulator::{Bytes, Emulator, Incoming};
use wx_proto::{ImageFormat, Media, MediaFormat, RecordingFormat};

use super::on;
use crate::args::Emulate;
use crate::files;

/// The largest file that is accepted.
const LIMIT: u64 = 256 * 1024 * 1024;

/// Messages, which can be delivered any number of times.
pub(super) struct Deliveries {
    messages: Vec<Incoming>,
    /// The number of messages that were delivered.
    delivered: usize,
}

impl Deliveries {
    /// Reads the messages: the texts, then the pictures, the videos, the voice messages and the
    /// files.
    pub(super) fn read(args: &Emulate) -> Result<Self, String> {
        let mut messages: Vec<_> =
            args.texts.iter().map(|text| Incoming::plain_text(text)).collect();
        for image in &args.images {
            let bytes = read(image)?;
            if !matches!(
                ImageFormat::from_first_bytes(&bytes),
                Some(ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::Gif | ImageFormat::Bmp)
            ) {
                return Err(on(image, "not a picture: JPEG, PNG, GIF and BMP can arrive"));
            }
            messages.push(Incoming::image(bytes));
        }
        for video in &args.videos {
            let bytes = read(video)?;
            // A real server sends no other format, whatever a phone has recorded.
            if !Media::new("", bytes.len() as u64, &bytes)
                .is_ok_and(|media| media.format() == MediaFormat::Mp4)
            {
                return Err(on(video, "not a video: only an MP4 can arrive"));
            }
            messages.push(Incoming::video(bytes));
        }
        for voice in &args.voices {
            let bytes = read(voice)?;
            if RecordingFormat::from_first_bytes(&bytes) != Some(RecordingFormat::Mp3) {
                return Err(on(voice, "not a voice message: only an MP3 can arrive as one"));
            }
            messages.push(Incoming::voice(bytes));
        }
        for file in &args.files {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            messages.push(Incoming::file(name, read(file)?));
        }
        Ok(Self { messages, delivered: 0 })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Delivers each message once.
    pub(super) fn deliver_all(&mut self, emulator: &Emulator) {
        for _ in 0..self.messages.len() {
            self.deliver_next(emulator);
        }
    }

    /// Delivers the next message, in the next conversation.
    pub(super) fn deliver_next(&mut self, emulator: &Emulator) {
        let message = self.messages[self.delivered % self.messages.len()].clone();
        emulator.deliver(addressed(message, self.delivered, emulator));
        self.delivered += 1;
    }
}

/// Returns the message of this number in its conversation. The conversations take turns: one with
/// each contact, and then the rooms, in which the members take turns.
fn addressed(message: Incoming, number: usize, emulator: &Emulator) -> Incoming {
    let mut contacts: Vec<_> = emulator.contacts().collect();
    if contacts.is_empty() {
        contacts.push(emulator.friend());
    }
    let conversations = contacts.len() + emulator.rooms().len();
    let (round, turn) = (number / conversations, number % conversations);
    match turn.checked_sub(contacts.len()).map(|room| &emulator.rooms()[room]) {
        None => message.sender(contacts[turn]),
        Some(room) => {
            message.sender(&room.members[round % room.members.len()]).room(&room.user_name)
        }
    }
}

fn read(path: &Path) -> Result<Bytes, String> {
    let bytes = files::read(path, LIMIT).map_err(|problem| on(path, problem.sentence()))?;
    Ok(bytes.into())
}
