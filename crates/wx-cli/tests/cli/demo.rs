//! `wx demo`.

use crate::support::{CHUNK, Place, TRANSPORTS, gif, jpeg};

#[test]
fn the_bundled_picture_goes_there_and_back() {
    for transport in TRANSPORTS {
        let place = Place::new();
        let ran = place.wx(&["demo", "--transport", transport]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
        for words in
            ["chunk 1 of 3", "chunk 2 of 3", "chunk 3 of 3", "MediaId    @crypt_", "equal "]
        {
            assert!(ran.out.contains(words), "{words:?} is not in {}", ran.out);
        }
        let after = |words: &str| {
            let line = ran
                .out
                .lines()
                .find_map(|line| line.split_once(words))
                .unwrap_or_else(|| panic!("{}", ran.out));
            line.1.trim().to_owned()
        };
        assert_eq!(after("announced "), after("measured "));
        assert_eq!(after("MD5 sent").len(), 32);
        assert_eq!(after("MD5 sent"), after("MD5 stored"));
        assert_eq!(after("MD5 sent"), after("MD5 back"));
        place.assert_silence();
        assert_eq!(place.names(), [""; 0]);
    }
}

#[test]
fn pictures_of_ones_own() {
    let place = Place::new();
    place.file("five.jpg", &jpeg(9 * CHUNK + 5, 3));
    place.file("moving.gif", &gif());
    for transport in TRANSPORTS {
        let ran = place.wx(&["demo", "five.jpg", "--transport", transport]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(
            ran.out.contains("chunk 10 of 10") && ran.out.contains("sent five.jpg to @"),
            "{}",
            ran.out
        );
        let ran = place.wx(&["demo", "moving.gif", "--transport", transport]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.out.contains("gif"), "{}", ran.out);
    }
}

#[test]
fn events_on_standard_output_and_steps_aside() {
    let place = Place::new();
    let ran = place.wx(&["demo", "--json"]);
    assert_eq!((ran.code, ran.kinds()), (0, vec!["sent".into(), "fetched".into()]), "{}", ran.err);
    let md5 = ran.column("md5");
    assert_eq!(md5[0], md5[1]);
    assert_eq!(ran.column("msg_id")[0], ran.column("msg_id")[1]);
    assert!(ran.err.contains("chunk 3 of 3") && ran.err.contains("MD5 back"), "{}", ran.err);
}

#[test]
fn what_is_not_a_picture() {
    let place = Place::new();
    place.file("text.jpg", b"just some text");
    for (file, words) in [("text.jpg", "not an image"), ("none.jpg", "o such file")] {
        let ran = place.wx(&["demo", "--json", file]);
        assert_eq!((ran.code, ran.kinds()), (1, vec!["failed".to_owned()]));
        let line = ran.err.lines().last().unwrap();
        assert!(line.starts_with(&format!("wx: {file}: ")) && line.contains(words), "{}", ran.err);
    }
}
