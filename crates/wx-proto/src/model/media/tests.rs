use super::*;

fn new(name: &str, first: &[u8]) -> Result<Media, MediaError> {
    Media::new(name, first.len() as u64, first)
}

const JPEG: &[u8] = b"\xff\xd8\xff\xfe\0\x02\xff\xfe\0\x02\0\0";

#[test]
fn p31_the_bytes_decide_not_the_name() {
    let vector: serde_json::Value =
        serde_json::from_str(include_str!("../../../tests/vectors/mediatype.json")).unwrap();
    for row in vector["rows"].as_array().unwrap() {
        let name = row["name"].as_str().unwrap();
        let first: &[u8] = match name.rsplit('.').next().unwrap().to_ascii_lowercase().as_str() {
            "jpg" | "jpeg" => JPEG,
            "png" => b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01",
            "bmp" => b"BM\x99\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0",
            "gif" => b"GIF89a\0\0\0\0\0\0\0",
            "webp" => b"RIFF\0\0\0\0WEBP",
            "mp4" => b"\0\0\0\x10ftypisom\0\0\0\0",
            _ => continue,
        };
        let expected = row["mediatype"].as_str().unwrap();
        let media_type = |kind: MediaKind| kind.row(Profile::Web).media_type;
        // Only a video needs its name too.
        let named = if expected == "video" { name } else { "named.pdf" };
        let media = new(named, first).unwrap();
        assert_eq!((media.name(), media_type(media.kind())), (named, expected), "{name}");
    }
}

#[test]
fn p23_what_cannot_be_sent_is_refused_at_once() {
    assert_eq!(new("a.jpg", b""), Err(MediaError::Empty));
    for (first, format) in
        [(&b"just some text"[..], MediaFormat::Other), (b"RIFF....WEBPVP8 ", MediaFormat::Webp)]
    {
        let file = new("a.jpg", first).unwrap();
        assert_eq!((file.format(), file.kind()), (format, MediaKind::File));
        let refused = Err(MediaError::NotAnImage(format));
        assert_eq!(file.clone().require_image(), refused);
        assert_eq!(file.sent_as(MediaKind::Image), refused);
    }
    let policy = Policy::default();
    let (limit, plain) = (policy.max_upload, policy.check_above);
    assert_eq!((limit, plain), (20_971_520, 26_214_400));
    let check = |len, kind, profile| {
        Media::new("a", len, JPEG).unwrap().sent_as(kind).unwrap().check(profile, &policy)
    };
    let (image, file) = (MediaKind::Image, MediaKind::File);
    for profile in [Profile::Web, Profile::FileHelper] {
        assert_eq!(check(limit, image, profile), Ok(()));
        let refused = Err(MediaError::TooLargeForKind { kind: image, len: limit + 1, limit });
        assert_eq!(check(limit + 1, image, profile), refused);
        assert_eq!(check(policy.max_file, file, profile), Ok(()));
        let (len, limit) = (policy.max_file + 1, policy.max_file);
        assert_eq!(check(len, file, profile), Err(MediaError::TooLarge { len, limit }));
    }
    let policy = Policy { max_upload: u64::MAX, ..policy };
    let large = Media::new("a", plain + 1, JPEG).unwrap();
    assert_eq!(large.check(Profile::Web, &policy), Ok(()));
    let refused = Err(MediaError::TooLargeForProfile { len: plain + 1, limit: plain });
    assert_eq!(large.check(Profile::FileHelper, &policy), refused);
    let bare = new("noext", JPEG).unwrap();
    assert_eq!((bare.name(), &*bare.form_name()), ("noext", "noext."));
    assert_eq!(new("", JPEG).unwrap().name(), "image.jpg");
    assert_eq!(new("\x1b[31m\t\x7f\0\r\n.jpg", JPEG).unwrap().name(), "_[31m___\r\n.jpg");
}

#[test]
fn p80_a_video_is_an_mp4_by_its_bytes_and_its_name() {
    let mp4 = b"\0\0\0\x18ftypmp42\0\0\0\0isommp42 and so on";
    for (name, sent) in [
        ("clip.mp4", "clip.mp4"),
        ("图.MP4", "图.MP4"),
        ("a.mov", "a.mov.mp4"),
        ("mp4", "mp4.mp4"),
        ("memo.m4a", "memo.m4a.mp4"),
    ] {
        let media = new(name, mp4).unwrap();
        let is_named = name == sent;
        let kind = if is_named { MediaKind::Video } else { MediaKind::File };
        assert_eq!((media.kind(), media.name()), (kind, name));
        assert_eq!(media.sent_as(MediaKind::Video).unwrap().form_name(), sent, "{name}");
    }
    assert_eq!(new("", mp4).unwrap().form_name(), "file.mp4");
    let as_video = |first| new("a.mp4", first).unwrap().sent_as(MediaKind::Video);
    for (first, format) in [(JPEG, MediaFormat::Jpeg), (b"text", MediaFormat::Other)] {
        let kind = MediaKind::Video;
        assert_eq!(as_video(first), Err(MediaError::WrongKind { format, kind }));
    }
    let as_image = new("a.mp4", mp4).unwrap().sent_as(MediaKind::Image);
    assert_eq!(as_image, Err(MediaError::NotAnImage(MediaFormat::Mp4)));
}

#[test]
fn p80_a_video_of_20_mib_is_refused_unless_the_policy_allows_it() {
    let vector: serde_json::Value =
        serde_json::from_str(include_str!("../../../tests/vectors/sendvideomsg.json")).unwrap();
    let mp4 = b"\0\0\0\x18ftypmp42\0\0\0\0isommp42";
    assert_eq!(vector["limit"]["refuse_from"], Policy::default().max_video + 1);
    for row in vector["limit"]["rows"].as_array().unwrap() {
        let len = row["size"].as_u64().unwrap();
        let media = Media::new("a.mp4", len, mp4).unwrap();
        for profile in [Profile::Web, Profile::FileHelper] {
            let checked = media.check(profile, &Policy::default());
            match row["expect"] == "send" {
                true => assert_eq!(checked, Ok(())),
                false => {
                    let advice = checked.unwrap_err().to_string();
                    assert!(advice.ends_with("; send it as file"), "{advice}");
                }
            }
            let policy = Policy { max_video: len, ..Policy::default() };
            assert_eq!(media.check(profile, &policy), Ok(()));
            let file = media.clone().sent_as(MediaKind::File).unwrap();
            assert_eq!(file.check(profile, &Policy::default()), Ok(()));
        }
    }
}

#[test]
fn a_jpeg_with_a_long_first_segment_is_told_by_as_many_bytes_as_there_are() {
    let mut jpeg = b"\xff\xd8\xff\xe1\x80\0Exif".to_vec();
    jpeg.resize(4 + 0x8000, b' ');
    let new = |len: usize, first: &[u8]| Media::new("a", len as u64, first);
    let is_image = |media: Result<Media, MediaError>| media.unwrap().format().is_image();
    assert!(is_image(new(40_000, &jpeg[..64])));
    assert!(!is_image(new(64, &jpeg[..64])), "it ends there");
    assert!(!is_image(new(40_000, &jpeg[..3])));
    jpeg.extend(b"no marker");
    assert!(!is_image(new(jpeg.len(), &jpeg)));
}

#[test]
fn p83_a_sound_is_sent_as_a_file_and_as_nothing_else() {
    let m4a = b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42";
    for sound in [&b"ID3\x04 and so on"[..], b"\xff\xfb\x90\0", b"#!SILK_V3", b"#!AMR\n", m4a] {
        let media = new("memo.mp3", sound).unwrap();
        assert_eq!(media.kind(), MediaKind::File);
        for kind in [MediaKind::Image, MediaKind::Emoticon, MediaKind::Video] {
            let instead = media.clone().sent_as(kind).unwrap_err().to_string();
            assert!(instead.ends_with("; send it as file"), "{instead}");
        }
    }
}

#[test]
fn a_format_that_is_not_sent_is_named() {
    let first: [(&[u8], &str, &str); 4] = [
        (b"RIFF\0\0\0\0WEBP", "webp", "image/webp"),
        (b"\0\0\0\x18ftypheic", "heif", "image/heif"),
        (b"II*\0\x08\0\0\0", "tiff", "image/tiff"),
        (b"MM\0*\0\0\0\x08", "tiff", "image/tiff"),
    ];
    for (first, name, mime) in first {
        let media = Media::new("a", first.len() as u64, first).unwrap();
        let format = media.format();
        let refused = media.require_image().unwrap_err();
        assert_eq!((&*format.to_string(), format.mime()), (name, mime));
        assert!(refused.to_string().contains(&format!(" {name} ")), "{refused}");
    }
}
