//! The fault matrix as data.

use std::fmt;

use crate::job::End;

/// The place of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    First,
    Middle,
    Last,
    Check,
    Message,
    Download,
    File,
}

pub(crate) const PLACES: [Place; 7] = [
    Place::First,
    Place::Middle,
    Place::Last,
    Place::Check,
    Place::Message,
    Place::Download,
    Place::File,
];

impl Place {
    pub(crate) fn is_download(self) -> bool {
        matches!(self, Self::Download | Self::File)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::First => "first chunk",
            Self::Middle => "middle chunk",
            Self::Last => "last chunk",
            Self::Check => "check",
            Self::Message => "message",
            Self::Download => "download",
            Self::File => "download of a file",
        }
    }

    /// The wire name of the call, and the index of the request among its requests.
    pub(crate) fn request(self) -> (&'static str, usize) {
        match self {
            Self::First => ("webwxuploadmedia", 1),
            Self::Middle => ("webwxuploadmedia", 2),
            Self::Last => ("webwxuploadmedia", 3),
            Self::Check => ("webwxcheckupload", 1),
            Self::Message => ("webwxsendmsgimg", 1),
            Self::Download => ("webwxgetmsgimg", 1),
            Self::File => ("webwxgetmedia", 1),
        }
    }
}

/// A fault of the server or the network.
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    /// The fault in the emulator's notation. `URL` stands for a foreign address.
    action: &'static str,
    /// The same for what is fetched, where it differs.
    of_a_download: Option<&'static str>,
}

impl Fault {
    pub(crate) fn at(&self, place: Place, always: bool, elsewhere: &str) -> String {
        let action = self.of_a_download.filter(|_| place.is_download()).unwrap_or(self.action);
        let (endpoint, nth) = place.request();
        let later = if always { "+" } else { "" };
        format!("{}@{endpoint}#{nth}{later}", action.replace("URL", elsewhere))
    }
}

const fn fault(name: &'static str, action: &'static str) -> Fault {
    Fault { name, action, of_a_download: None }
}

/// The result if the fault happens once, and if it happens from then on.
#[derive(Clone, Copy)]
pub(crate) struct Ends {
    pub(crate) once: End,
    pub(crate) always: End,
}

impl fmt::Display for Ends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} · {}", self.once, self.always)
    }
}

pub(crate) struct Row {
    pub(crate) fault: Fault,
    /// In the order of [`PLACES`]; `None` where there is no such fault.
    pub(crate) ends: [Option<Ends>; 7],
}

const fn row(
    fault: Fault,
    chunk: Option<Ends>,
    check: Option<Ends>,
    message: Option<Ends>,
    download: Option<Ends>,
) -> Row {
    Row { fault, ends: [chunk, chunk, chunk, check, message, download, download] }
}

/// A row that is another one for a file.
const fn with_file(row: Row, file: Option<Ends>) -> Row {
    let [first, middle, last, check, message, download, _] = row.ends;
    Row { ends: [first, middle, last, check, message, download, file], ..row }
}

const fn ends(once: End, always: End) -> Option<Ends> {
    Some(Ends { once, always })
}

/// Retried, with success in the end.
const MENDED: Option<Ends> = ends(End::Sent, End::NotSent);
/// Not retried, because a retry would not help.
const FINAL: Option<Ends> = ends(End::NotSent, End::NotSent);
/// Not a failure for a careful client.
const BORNE: Option<Ends> = ends(End::Sent, End::Sent);
/// The message was not delivered, but the client cannot know that.
const LOST: Option<Ends> = ends(End::Sent, End::Unknown(0));
/// The message was delivered, but its reply was lost.
const SWALLOWED: Option<Ends> = ends(End::Sent, End::Unknown(1));

pub(crate) const ROWS: [Row; 21] = [
    row(fault("connection closed before the body", "drop=before"), MENDED, MENDED, LOST, MENDED),
    row(
        fault("connection closed in the middle of the body", "drop=100"),
        MENDED,
        MENDED,
        LOST,
        MENDED,
    ),
    row(fault("connection closed after the body", "drop=after"), MENDED, MENDED, SWALLOWED, MENDED),
    row(
        fault("a pooled connection closed before the request", "close-idle"),
        BORNE,
        BORNE,
        BORNE,
        BORNE,
    ),
    row(fault("status 500", "status=500"), FINAL, FINAL, LOST, FINAL),
    row(fault("status 502", "status=502"), MENDED, MENDED, LOST, MENDED),
    row(fault("status 503", "status=503"), MENDED, MENDED, LOST, MENDED),
    row(fault("Ret 1", "ret=1"), FINAL, FINAL, FINAL, FINAL),
    row(fault("Ret −1", "ret=-1"), FINAL, FINAL, FINAL, FINAL),
    row(fault("Ret 1100", "ret=1100"), FINAL, FINAL, FINAL, FINAL),
    row(fault("Ret 1101", "ret=1101"), FINAL, FINAL, FINAL, FINAL),
    row(
        fault("Ret 1205 and somebody else's MediaId", "foreign-media-id"),
        FINAL,
        FINAL,
        FINAL,
        FINAL,
    ),
    row(fault("a page of HTML", "html"), FINAL, FINAL, SWALLOWED, FINAL),
    row(fault("an empty reply", "empty"), MENDED, MENDED, SWALLOWED, MENDED),
    row(
        Fault { of_a_download: Some("cut=600"), ..fault("a truncated reply", "cut=20") },
        MENDED,
        MENDED,
        SWALLOWED,
        MENDED,
    ),
    row(
        Fault {
            of_a_download: Some("trickle=65536"),
            ..fault("a reply in small pieces", "trickle=40")
        },
        BORNE,
        BORNE,
        BORNE,
        BORNE,
    ),
    row(fault("StartPos 7", "start-pos=7"), BORNE, None, None, None),
    row(fault("a redirect to a foreign host", "redirect=URL"), FINAL, FINAL, LOST, FINAL),
    // It is not as long as the file.
    with_file(
        row(fault("a reply of 100 MB", "big=100000000"), FINAL, FINAL, SWALLOWED, FINAL),
        MENDED,
    ),
    row(fault("a gzipped reply", "gzip"), BORNE, BORNE, BORNE, BORNE),
    row(fault("a reply with chunked encoding", "chunked"), BORNE, BORNE, BORNE, BORNE),
];
