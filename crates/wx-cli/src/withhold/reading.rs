//! A text with its escapes undone, and the original position of each byte.

use std::ops::Range;

/// Shorter runs of base64 are ignored.
const SHORTEST: usize = 8;

pub(super) struct Reading {
    bytes: Vec<u8>,
    /// The position of each byte in the text, followed by the length of the text. `None` if nothing
    /// was unescaped.
    places: Option<Vec<usize>>,
}

impl Reading {
    /// Returns the text itself.
    pub(super) fn verbatim(text: &str) -> Self {
        Self { bytes: text.into(), places: None }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the range of the text that contains these bytes.
    pub(super) fn place(&self, bytes: Range<usize>) -> Range<usize> {
        match &self.places {
            Some(places) => places[bytes.start]..places[bytes.end],
            None => bytes,
        }
    }

    /// Undoes one layer of escapes. Returns `None` if there are none.
    pub(super) fn unescaped(&self) -> Option<Self> {
        let mut bytes = Vec::with_capacity(self.bytes.len());
        let mut places = Vec::with_capacity(self.bytes.len() + 1);
        let mut at = 0;
        while at < self.bytes.len() {
            let (len, byte) = escape(&self.bytes[at..]).unwrap_or((1, self.bytes[at]));
            bytes.push(byte);
            places.push(self.place(at..at).start);
            at += len;
        }
        places.push(self.place(at..at).start);
        (bytes.len() < self.bytes.len()).then_some(Self { bytes, places: Some(places) })
    }

    /// Decodes each run of base64, starting at each of its first four characters. Returns the bytes
    /// and a function that maps a range of them to the text.
    pub(super) fn base64(
        &self,
    ) -> impl Iterator<Item = (Vec<u8>, impl Fn(Range<usize>) -> Range<usize>)> {
        let mut start = 0;
        let runs = self.bytes.split(|byte| sextet(*byte).is_none()).map(move |run| {
            let from = start;
            start += run.len() + 1;
            (from, run)
        });
        let long = runs.filter(|(_, run)| run.len() >= SHORTEST);
        long.flat_map(move |(from, run)| {
            (0..4).map(move |skipped| {
                let from = from + skipped;
                let place = move |bytes: Range<usize>| {
                    self.place(from + bytes.start * 4 / 3..from + (bytes.end * 4).div_ceil(3))
                };
                (decoded(&run[skipped..]), place)
            })
        })
    }
}

/// Returns the length of the escape at the beginning of `bytes`, and the byte that it encodes.
fn escape(bytes: &[u8]) -> Option<(usize, u8)> {
    match bytes {
        [b'%', hex @ ..] => Some((3, number(hex.get(..2)?, 16)?)),
        [b'\\', b'u', hex @ ..] => Some((6, number(hex.get(..4)?, 16)?)),
        [b'\\', b'x', hex @ ..] => Some((4, number(hex.get(..2)?, 16)?)),
        [b'\\', byte @ (b'/' | b'"' | b'\'' | b'\\'), ..] => Some((2, *byte)),
        [b'&', rest @ ..] => {
            let len = rest.iter().take(10).position(|byte| *byte == b';')?;
            let byte = match &rest[..len] {
                b"amp" => b'&',
                b"lt" => b'<',
                b"gt" => b'>',
                b"quot" => b'"',
                b"apos" => b'\'',
                [b'#', b'x' | b'X', hex @ ..] => number(hex, 16)?,
                [b'#', digits @ ..] => number(digits, 10)?,
                _ => return None,
            };
            Some((len + 2, byte))
        }
        _ => None,
    }
}

fn number(digits: &[u8], radix: u32) -> Option<u8> {
    let is_number = digits.iter().all(|digit| char::from(*digit).is_digit(radix));
    let text = std::str::from_utf8(digits).ok().filter(|_| is_number)?;
    u8::from_str_radix(text, radix).ok()
}

/// Decodes a run of base64 in either alphabet, and drops an incomplete byte at its end.
fn decoded(run: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(run.len() * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0);
    for sextet in run.iter().filter_map(|byte| sextet(*byte)) {
        bits = bits << 6 | u32::from(sextet);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    bytes
}

fn sextet(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}
