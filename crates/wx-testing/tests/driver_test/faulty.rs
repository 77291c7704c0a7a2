//! A driver that reuses its connection, and that can break one duty at a time.

mod wire;

use std::io::{self, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use wx_emulator::driver_test::Io;
use wx_proto::flow::{Action, Flow, Input, TransportError, TransportErrorKind};
use wx_proto::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, COOKIE, LOCATION, SET_COOKIE};
use wx_proto::http::response::{Builder, Parts};
use wx_proto::{ApiRequest, Limits, Session};

use self::wire::{Left, Line, Reply, invalid, read_line};

/// The duty that the driver breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    AddsHeader,
    OffersGzip,
    ChangesBody,
    Resends,
    DeniesDelivery,
    KeepsClosedConnection,
    FollowsRedirects,
    FollowsRedirectsOfMessages,
    FollowsRedirectsToSameHost,
    KeepsCookies,
    RefusesStatuses,
    DropsBodyOfStatuses,
    PassesOnInformational,
    JoinsHeaders,
    ReadsAnyHead,
    Inflates,
    PassesOnChunks,
    IgnoresTruncation,
    WaitsForever,
    StallsInAll,
    IgnoresRate,
    CountsAllBytes,
    IgnoresTotal,
    SavesNothing,
    SavesInSpiteOfErrors,
    EndsForeignReplies,
    LeavesConnectionOpen,
    SendsAfterStall,
    UsesProxies,
    Panics,
}

/// Runs a flow with a driver that breaks the duty of the [`Fault`] with this number.
pub(super) fn drive<const FAULT: usize, F: Flow>(
    session: &mut Session,
    flow: &mut F,
    io: &mut Io,
) -> Option<F::Output> {
    let start = Instant::now();
    let mut http = Http { fault: FAULT, connection: None, cookies: String::new() };
    let mut held: Option<Reply> = None;
    Some(loop {
        let input = match flow.poll(session, start.elapsed()) {
            Action::Done(output) => break output,
            Action::Wait(until) => {
                std::thread::sleep(until.saturating_sub(start.elapsed()));
                continue;
            }
            Action::Read(span) => Input::Read(io.read(span)),
            Action::Write(at, bytes) => {
                io.write(at, &bytes);
                Input::Written
            }
            Action::Save(_) if http.has(Fault::SavesNothing) => Input::Saved,
            Action::Save(_) => match io.store().save() {
                Err(error) if !http.has(Fault::SavesInSpiteOfErrors) => Input::Local(error.into()),
                _ => Input::Saved,
            },
            Action::Send(id, request) => match http.send(&request) {
                Ok((head, reply)) => {
                    held = Some(reply);
                    Input::Head(id, head)
                }
                Err(error) => Input::Failed(id, error),
            },
            Action::Receive(id) => match held.take() {
                Some(mut reply) => match reply.next(http.has(Fault::IgnoresTruncation)) {
                    Ok(bytes) if bytes.is_empty() => {
                        http.connection = reply.into_connection();
                        Input::End(id)
                    }
                    Ok(bytes) => {
                        held = Some(reply);
                        Input::Body(id, bytes)
                    }
                    Err(error) => {
                        http.close(reply);
                        Input::Failed(id, on_the_way(&error))
                    }
                },
                None if http.has(Fault::EndsForeignReplies) => Input::End(id),
                None => Input::Failed(id, TransportError::on_the_way(TransportErrorKind::Dropped)),
            },
        };
        flow.handle(input, start.elapsed()).unwrap();
    })
}

struct Http {
    fault: usize,
    /// The connection of the last reply that was read completely.
    connection: Option<BufReader<Line>>,
    /// The driver's own cookie jar.
    cookies: String,
}

impl Http {
    fn has(&self, fault: Fault) -> bool {
        self.fault == fault as usize
    }

    fn send(&mut self, request: &ApiRequest) -> Result<(Parts, Reply), TransportError> {
        assert!(!self.has(Fault::Panics), "this driver panics");
        let http = request.http();
        let body: Vec<u8> = http.body().segments().concat();
        let uri = http.uri().to_string();
        let mut headers = String::new();
        for (name, value) in http.headers() {
            let mut value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            if name == COOKIE && !self.cookies.is_empty() {
                value = format!("{value}; {}", self.cookies);
            }
            if name == "accept-encoding" && self.has(Fault::OffersGzip) {
                value = "gzip".to_owned();
            }
            headers += &format!("{name}: {value}\r\n");
        }
        if self.has(Fault::AddsHeader) {
            headers += "accept-language: en\r\n";
        }
        let mut message = Message { method: http.method().to_string(), uri, headers, body };
        if self.has(Fault::ChangesBody) {
            message.body.iter_mut().take(1).for_each(|byte| *byte ^= 1);
        }
        let mut first = self.exchange(&message, request.limits());
        let is_again = match &first {
            Err(error) if error.kind == TransportErrorKind::Stalled => {
                self.has(Fault::SendsAfterStall)
            }
            Err(_) => self.has(Fault::Resends),
            Ok(_) => false,
        };
        if is_again {
            first = self.exchange(&message, request.limits());
        }
        let (head, reply) = first?;
        let location = head.headers.get(LOCATION).and_then(|value| value.to_str().ok());
        let is_followed = location.is_some_and(|location| {
            self.has(Fault::FollowsRedirects)
                || (self.has(Fault::FollowsRedirectsOfMessages) && !message.body.is_empty())
                || (self.has(Fault::FollowsRedirectsToSameHost) && location.starts_with('/'))
        });
        let Some(location) = location.filter(|_| is_followed) else { return Ok((head, reply)) };
        message.uri = match location.strip_prefix('/') {
            Some(path) => format!("{}/{path}", origin(&message.uri)),
            None => location.to_owned(),
        };
        self.exchange(&message, request.limits())
    }

    /// Sends a request and reads the head of its reply.
    fn exchange(
        &mut self,
        message: &Message,
        mut limits: Limits,
    ) -> Result<(Parts, Reply), TransportError> {
        if self.has(Fault::WaitsForever) {
            limits.stall = Duration::from_secs(60);
        }
        if self.has(Fault::IgnoresTotal) {
            limits.total = None;
        }
        if self.has(Fault::IgnoresRate) {
            limits.min_rate = 0;
        }
        if self.has(Fault::StallsInAll) {
            limits.total = Some(limits.stall);
        }
        let (_, rest) = message.uri.split_once("://").unwrap();
        let (authority, path) = rest.split_once('/').unwrap();
        let proxy = std::env::var("HTTP_PROXY").ok().filter(|_| self.has(Fault::UsesProxies));
        let to = proxy.as_deref().and_then(|proxy| proxy.strip_prefix("http://"));
        let kept = self.connection.take();
        let is_new_due = limits.new_connection && !self.has(Fault::KeepsClosedConnection);
        let is_reused = kept.is_some() && !is_new_due;
        let mut reader = match kept.filter(|_| is_reused) {
            Some(mut reader) => {
                reader.get_mut().begin(limits);
                reader
            }
            None => {
                let stream = TcpStream::connect(to.unwrap_or(authority))
                    .map_err(|_| TransportError::never_connected(TransportErrorKind::Connect))?;
                let is_counting = self.has(Fault::CountsAllBytes);
                BufReader::new(Line::new(stream, limits, is_counting))
            }
        };
        let sent = write_request(reader.get_mut(), authority, path, message);
        match sent.and_then(|()| self.read_head(&mut reader, limits)) {
            Ok(head) => {
                let left = Left::announced(&head, self.has(Fault::PassesOnChunks));
                self.finish(head, Reply { reader, left })
            }
            Err(error) => {
                let error = on_the_way(&error);
                let is_closed = error.kind == TransportErrorKind::Dropped;
                if self.has(Fault::KeepsClosedConnection) {
                    self.connection = Some(reader);
                } else {
                    self.close(Reply { reader, left: Left::Unknown });
                }
                Err(if self.has(Fault::DeniesDelivery) {
                    TransportError::never_connected(error.kind)
                } else if is_closed && is_reused {
                    TransportError::on_reused_connection()
                } else {
                    error
                })
            }
        }
    }

    /// Alters a head and its body before the flow receives them, depending on the fault.
    fn finish(
        &mut self,
        mut head: Parts,
        mut reply: Reply,
    ) -> Result<(Parts, Reply), TransportError> {
        let status = head.status;
        if self.has(Fault::RefusesStatuses) && !status.is_success() {
            return Err(TransportError::on_the_way(TransportErrorKind::Other));
        }
        if self.has(Fault::DropsBodyOfStatuses) && !status.is_success() {
            reply.left = Left::Bytes(0);
        }
        if self.has(Fault::KeepsCookies) {
            for cookie in head.headers.get_all(SET_COOKIE) {
                let cookie = cookie.to_str().unwrap_or_default();
                self.cookies = cookie.split(';').next().unwrap_or_default().to_owned();
            }
        }
        if self.has(Fault::JoinsHeaders) {
            let values: Vec<_> = head.headers.get_all(SET_COOKIE).iter().cloned().collect();
            let joined =
                values.iter().map(|value| value.as_bytes()).collect::<Vec<_>>().join(&b", "[..]);
            if !values.is_empty() {
                head.headers.insert(SET_COOKIE, joined.try_into().unwrap());
            }
        }
        let is_gzip = head.headers.get(CONTENT_ENCODING).is_some_and(|value| value == "gzip");
        if is_gzip && self.has(Fault::Inflates) {
            let (mut packed, mut plain) = (Vec::new(), Vec::new());
            while let Ok(bytes) = reply.next(false) {
                if bytes.is_empty() {
                    break;
                }
                packed.extend_from_slice(&bytes);
            }
            let _ = GzDecoder::new(&packed[..]).read_to_end(&mut plain);
            head.headers.remove(CONTENT_ENCODING);
            head.headers.insert(CONTENT_LENGTH, plain.len().into());
            reply.left = Left::Inflated(plain);
        }
        Ok((head, reply))
    }

    fn read_head(&self, reader: &mut BufReader<Line>, limits: Limits) -> io::Result<Parts> {
        let max = if self.has(Fault::ReadsAnyHead) { u64::MAX } else { limits.max_head as u64 * 2 };
        loop {
            let mut reader = (&mut *reader).take(max);
            let line = read_line(&mut reader)?;
            let status = line.strip_prefix("HTTP/1.").and_then(|line| line.split(' ').nth(1));
            let mut head = Builder::new().status(status.ok_or_else(invalid)?);
            loop {
                let line = read_line(&mut reader)?;
                let Some((name, value)) = line.split_once(':') else { break };
                head = head.header(name, value.trim());
            }
            let head = head.body(()).map_err(|_| invalid())?.into_parts().0;
            if !head.status.is_informational() || self.has(Fault::PassesOnInformational) {
                return Ok(head);
            }
        }
    }

    /// Closes the connection of a reply that is no longer needed.
    fn close(&self, reply: Reply) {
        if self.has(Fault::LeavesConnectionOpen) {
            std::mem::forget(reply);
        }
    }
}

fn origin(uri: &str) -> String {
    uri.split('/').take(3).collect::<Vec<_>>().join("/")
}

struct Message {
    method: String,
    uri: String,
    headers: String,
    body: Vec<u8>,
}

fn write_request(
    line: &mut Line,
    authority: &str,
    path: &str,
    message: &Message,
) -> io::Result<()> {
    let Message { method, headers, body, .. } = message;
    let head = format!("{method} /{path} HTTP/1.1\r\nHost: {authority}\r\n{headers}\r\n");
    line.stream.set_write_timeout(Some(line.patience()?))?;
    line.stream.write_all(&[head.as_bytes(), body].concat())?;
    line.body_bytes += body.len() as u64;
    Ok(())
}

fn on_the_way(error: &io::Error) -> TransportError {
    TransportError::on_the_way(match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => TransportErrorKind::Stalled,
        io::ErrorKind::InvalidData => TransportErrorKind::Protocol,
        _ => TransportErrorKind::Dropped,
    })
}
