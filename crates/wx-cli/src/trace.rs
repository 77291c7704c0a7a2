//! `--trace`: records the details that a bug report needs, but no value that was sent or received.

use std::collections::hash_map::RandomState;
use std::fs::File;
use std::hash::BuildHasher;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde_json::{Value, json};
use wx_client::creation;
// `RunOptions::trace` takes an `ExchangeSummary`.
use wx_proto::flow::ExchangeSummary;
use wx_proto::{HostRole, ImageFormat, Site};

use crate::args::Transport;
use crate::event::Subject;
use crate::problem::Problem;
use crate::withhold;

/// A trace file of JSON lines. People, files and ids are replaced by hashes under a random key,
/// which is not stored. The hashes only show whether two values are equal.
pub(crate) struct Trace {
    file: Mutex<File>,
    key: RandomState,
    begun: Instant,
}

impl Trace {
    /// Creates the file, which only the user can read.
    pub(crate) fn create(
        path: &Path,
        site: &Site,
        uin: Option<u32>,
        transport: Transport,
    ) -> io::Result<Self> {
        let mut options = File::options();
        options.create_new(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = Mutex::new(options.open(path).map_err(|error| creation::explain(path, error))?);
        let trace = Self { file, key: RandomState::new(), begun: Instant::now() };
        let base = site.hosts().origin(HostRole::Base);
        // The known hosts are public. Any other host is private to the user.
        let host = if site.hosts().is_loopback() {
            trace.hash(base.host())
        } else {
            base.host().to_owned()
        };
        trace.write(json!({
            "event": "begin", "version": env!("CARGO_PKG_VERSION"),
            "transport": format!("{transport:?}").to_lowercase(),
            "host": host, "uin": uin.map(|uin| trace.hash(&uin.to_string())),
        }))?;
        Ok(trace)
    }

    pub(crate) fn exchange(&self, it: &ExchangeSummary) {
        self.line(json!({
            "event": "exchange", "step": it.step.name(), "endpoint": it.endpoint,
            "method": it.method.as_str(),
            "chunk": it.chunk.map(|chunk| chunk.index), "chunks": it.chunk.map(|chunk| chunk.of),
            "try": it.attempt.unwrap_or(0), "request_bytes": it.request_bytes, "status": it.status,
            "reply_bytes": it.reply_bytes, "ret": it.ret.map(|ret| ret.0),
            "failure": it.error.map(|error| error.kind.name()),
            "delivered":
                it.error.map(|error| format!("{:?}", error.delivery).to_lowercase()),
            "took_ms": ms(it.duration),
        }));
    }

    /// Records that a message was sent.
    pub(crate) fn sent(&self, subject: &Subject, sent: &wx_proto::Sent) {
        let uploaded = sent.uploaded.as_ref();
        self.end(
            "sent",
            subject,
            json!({
                "bytes": uploaded.map(|uploaded| uploaded.bytes),
                "chunks": uploaded.map(|uploaded| uploaded.chunks),
                "sent_msg_id": self.hash(sent.msg_id.as_str()),
                "local_id": self.hash(sent.local_id.as_str()),
                "media_id": uploaded.map(|uploaded| self.hash(uploaded.media_id.as_str())),
            }),
        );
    }

    pub(crate) fn fetched(&self, subject: &Subject, fetched: &wx_proto::Fetched) {
        self.end(
            "fetched",
            subject,
            json!({ "bytes": fetched.bytes, "format": fetched.format.map(ImageFormat::name) }),
        );
    }

    pub(crate) fn revoked(&self, subject: &Subject) {
        self.end("revoked", subject, json!({}));
    }

    /// Records that there is no picture.
    pub(crate) fn no_picture(&self, subject: &Subject) {
        self.end("no_picture", subject, json!({}));
    }

    pub(crate) fn problem(&self, subject: &Subject, problem: &Problem) {
        self.end(
            problem.event(),
            subject,
            json!({
                "step": problem.step, "chunk": problem.chunk, "ret": problem.ret,
                "advice": problem.advice(),
                "local_id": problem.local_id.as_deref().map(|id| self.hash(id)),
                "media_id": problem.media_id.as_deref().map(|id| self.hash(id)),
            }),
        );
    }

    fn end(&self, event: &str, subject: &Subject, more: Value) {
        let mut line = json!({ "event": event });
        let names = match subject {
            Subject::Outbound { file, forwarded, to, .. } => json!({
                "file": file.as_deref().map(|file| self.hash(file)),
                "forwarded": forwarded.as_ref().map(|id| self.hash(id.as_str())),
                "to": self.hash(to),
            }),
            Subject::Message { msg_id, .. } => json!({ "msg_id": self.hash(msg_id.as_str()) }),
            Subject::Revocation { msg_id, to, .. } => json!({
                "msg_id": msg_id.as_ref().map(|id| self.hash(id.as_str())), "to": self.hash(to),
            }),
            Subject::Avatar { user_name, .. } => {
                json!({ "user_name": user_name.as_deref().map(|name| self.hash(name)) })
            }
            Subject::Login { .. } => json!({}),
        };
        for part in [names, more] {
            if let (Value::Object(line), Value::Object(part)) = (&mut line, part) {
                line.extend(part);
            }
        }
        self.line(line);
    }

    fn hash(&self, value: &str) -> String {
        format!("#{:016x}", self.key.hash_one(value))
    }

    /// Writes a line. The command continues if the trace can no longer be written.
    fn line(&self, line: Value) {
        let _ = self.write(line);
    }

    fn write(&self, mut line: Value) -> io::Result<()> {
        if let Value::Object(line) = &mut line {
            line.insert("at_ms".to_owned(), ms(self.begun.elapsed()).into());
        }
        let line = format!("{}\n", withhold::in_json(&line));
        self.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes())
    }
}

fn ms(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
