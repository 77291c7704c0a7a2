//! The form writer: an independent parser must read every name and every image back unchanged.

use wx_proto::bytes::Bytes;
use wx_proto::endpoint::Endpoint;
use wx_proto::endpoint::upload_media::UploadMedia;
use wx_proto::{Md5, Media};

use crate::harness::{SEED, SOI, session, to};

/// The input is the name, a zero byte, and the image.
pub fn check(data: &[u8]) {
    let zero = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let Ok(name) = std::str::from_utf8(&data[..zero]) else { return };
    let content = [&SOI[..], data.get(zero + 1..).unwrap_or(b"")].concat();
    let image = Media::new(name, content.len() as u64, &content).unwrap();
    let mut name_in_form = image.name().to_owned();
    if !name_in_form.contains('.') {
        name_in_form.push('.');
    }
    let upload = UploadMedia::new(image, Md5::digest(b""), to(), SEED);
    let request = upload.chunk(0, Bytes::from(content.clone())).request(&session()).unwrap();
    let content_type = request.http().headers()["content-type"].to_str().unwrap().to_owned();
    let boundary = multer::parse_boundary(content_type).unwrap();
    let body = Bytes::from(request.http().body().to_vec());
    let parts = parts(body, boundary);

    let names: Vec<_> = parts.iter().map(|part| part.0.as_str()).collect();
    let expected = [
        "id",
        "name",
        "type",
        "lastModifiedDate",
        "size",
        "mediatype",
        "uploadmediarequest",
        "webwx_data_ticket",
        "pass_ticket",
        "filename",
    ];
    assert_eq!(names, expected, "a part was lost or added");
    assert_eq!(parts[9].2, content, "the image is unchanged");
    // Line breaks in the plain field become CRLF. In the file part they are escaped.
    let unified = name_in_form.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n");
    assert_eq!(String::from_utf8_lossy(&parts[1].2), unified);
    let escaped = name_in_form.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
    // The parser has its own rules for backslashes and special characters, so only plain names must
    // be unchanged.
    if name_in_form.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '\\' | ';' | '=' | '\'')) {
        assert_eq!(parts[9].1.as_deref(), Some(escaped.as_str()));
    }
}

type Part = (String, Option<String>, Vec<u8>);

fn parts(body: Bytes, boundary: String) -> Vec<Part> {
    let stream = std::iter::once(Ok::<_, std::convert::Infallible>(body));
    let mut form = multer::Multipart::new(Once(stream), boundary);
    let mut parts = Vec::new();
    while let Some(field) = ready(form.next_field()).expect("a form that can be read") {
        let name = field.name().unwrap_or_default().to_owned();
        let file_name = field.file_name().map(str::to_owned);
        parts.push((name, file_name, ready(field.bytes()).unwrap().to_vec()));
    }
    parts
}

/// Turns an iterator into a stream that is always ready.
struct Once<I>(I);

impl<I: Iterator + Unpin> futures_core::Stream for Once<I> {
    type Item = I::Item;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<I::Item>> {
        std::task::Poll::Ready(self.0.next())
    }
}

fn ready<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    for _ in 0..100 {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
    panic!("nothing here has to wait");
}
