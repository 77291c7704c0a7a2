//! `kill -9` of `wx fetch` and `wx watch --save-images`: no part of a download counts as the whole,
//! and what is left of it goes with the next run.

use std::fs;
use std::path::Path;

use wx_emulator::{Emulator, Incoming};
use wx_testing::samples::TINY_MP4;

use crate::fetch_message::messages;
use crate::support::{Place, TRANSPORTS, gif, jpeg, signal, wait_until};

/// Returns a place whose downloads with these numbers take very long.
fn place(slow: &[&str]) -> Place {
    let builder = Emulator::builder().hold(std::time::Duration::from_millis(50));
    let faults = slow.iter().map(|download| format!("trickle=1000@{download}").parse().unwrap());
    Place::with_emulator(faults.fold(builder, |builder, fault| builder.fault(fault)))
}

/// Returns the names in a directory: of files that count as whole, and of temporary ones.
fn names(dir: &Path) -> [Vec<String>; 2] {
    let entries = fs::read_dir(dir).into_iter().flatten();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let (mut temporary, mut whole): (Vec<_>, _) = names.partition(|name| name.starts_with(".wx-"));
    temporary.sort();
    whole.sort();
    [whole, temporary]
}

/// Returns whether a part of a download is in a temporary file of `dir`, or in one of a temporary
/// directory.
fn has_part(dir: &Path) -> bool {
    let len = |path: &Path| fs::metadata(path).map_or(0, |data| data.len());
    let [_, temporary] = names(dir);
    temporary.iter().map(|name| dir.join(name)).any(|path| match fs::read_dir(&path) {
        Ok(entries) => entries.flatten().any(|entry| len(&entry.path()) > 0),
        Err(_) => len(&path) > 0,
    })
}

#[test]
fn p81_a_killed_fetch_leaves_no_file_and_replaces_none() {
    for (transport, is_forced) in TRANSPORTS.into_iter().zip([false, true]) {
        let video = [TINY_MP4, &jpeg(2_000_000, 3)].concat();
        let files = [
            (Incoming::video(video.clone()), video),
            (Incoming::image(jpeg(2_000_000, 1)), jpeg(2_000_000, 1)),
            (Incoming::file("a.bin", jpeg(2_000_000, 2)), jpeg(2_000_000, 2)),
        ];
        let place = place(&["webwxgetmsgimg#1", "webwxgetmedia#1", "webwxgetvideo#1"]);
        for (message, _) in &files {
            place.emulator.deliver(message.clone());
        }
        let lines = messages(&place, transport);
        for (line, (_, bytes)) in lines.iter().zip(&files) {
            place.file("line.json", line.to_string().as_bytes());
            let fetch = ["fetch", "--session", "../session.json", "--transport", transport];
            let out = ["--message", "../line.json", "--out", "copy"];
            let force: &[&str] = if is_forced { &["--force"] } else { &[] };
            let dir = place.path("downloads");
            fs::create_dir(&dir).unwrap();
            if is_forced {
                fs::write(dir.join("copy"), b"precious").unwrap();
            }
            let command = || {
                let mut command = place.command(&[&fetch[..], &out, force].concat());
                command.current_dir(&dir);
                command
            };
            let mut child = command().spawn().unwrap();
            wait_until(|| has_part(&dir));
            child.kill().unwrap();
            place.wait(child);
            let old = if is_forced { vec!["copy".to_owned()] } else { vec![] };
            let [whole, temporary] = names(&dir);
            assert_eq!((whole, temporary.len()), (old, 1));
            assert!(!is_forced || fs::read(dir.join("copy")).unwrap() == b"precious");
            let ran = place.ran(command().output().unwrap());
            assert_eq!(ran.code, 0, "{}", ran.err);
            assert!(fs::read(dir.join("copy")).unwrap() == *bytes, "other bytes");
            assert_eq!(names(&dir), [vec!["copy".to_owned()], vec![]]);
            fs::remove_dir_all(&dir).unwrap();
        }
    }
}

/// What was saved before stays, and is not fetched again.
#[test]
fn a_killed_watch_leaves_no_part_among_its_pictures() {
    for transport in TRANSPORTS {
        let place = place(&["webwxgetmsgimg#2"]);
        let pictures = [gif(), jpeg(2_000_000, 1), jpeg(3000, 2)];
        let ids = pictures.clone().map(|picture| place.emulator.deliver(picture));
        let watch = ["watch", "--session", "session.json", "--save-images", "kept"];
        let watch = [&watch[..], &["--transport", transport]].concat();
        let (kept, first) = (place.path("kept"), format!("{}.gif", ids[0]));
        let mut child = place.spawn(&watch);
        wait_until(|| names(&kept)[0].len() == 1 && has_part(&kept));
        child.kill().unwrap();
        place.wait(child);
        let [whole, temporary] = names(&kept);
        assert_eq!((&whole, temporary.len()), (&vec![first], 1));
        let child = place.spawn(&watch);
        wait_until(|| names(&kept)[0].len() == 3);
        signal(&child, "TERM");
        place.wait(child);
        let [whole, temporary] = names(&kept);
        let mut expected: Vec<_> =
            ids.iter().zip(["gif", "jpg", "jpg"]).map(|(id, end)| format!("{id}.{end}")).collect();
        for (name, picture) in expected.iter().zip(&pictures) {
            assert!(fs::read(kept.join(name)).unwrap() == *picture, "{name}");
        }
        expected.sort();
        assert_eq!((whole, temporary), (expected, vec![]));
        assert_eq!(place.emulator.requests_to("webwxgetmsgimg"), 4);
    }
}

/// A video is saved like a picture: what was saved before stays, and its cover is another file.
#[test]
fn p81_a_killed_watch_leaves_no_part_of_a_video() {
    for transport in TRANSPORTS {
        let place = place(&["webwxgetvideo#2"]);
        let videos = [1, 2].map(|mark| [TINY_MP4, &jpeg(2_000_000, mark)].concat());
        let ids = videos.clone().map(|video| place.emulator.deliver(Incoming::video(video)));
        let names_of = [0, 1].map(|at: usize| format!("{}.mp4", ids[at]));
        let watch = ["watch", "--session", "session.json", "--save", "kept"];
        let watch = [&watch[..], &["--transport", transport]].concat();
        let kept = place.path("kept");
        let mut child = place.spawn(&watch);
        wait_until(|| names(&kept)[0].len() == 1 && has_part(&kept));
        child.kill().unwrap();
        place.wait(child);
        let [whole, temporary] = names(&kept);
        assert_eq!((&whole[..], temporary.len()), (&names_of[..1], 1));
        let ran = place.wx(&[&watch[..], &["--once"]].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        let [whole, temporary] = names(&kept);
        let mut expected = names_of.to_vec();
        expected.sort();
        assert_eq!((whole, temporary), (expected, vec![]));
        for (name, video) in names_of.iter().zip(&videos) {
            assert!(fs::read(kept.join(name)).unwrap() == *video, "{name}");
        }
        assert_eq!(place.emulator.requests_to("webwxgetvideo"), 3);
    }
}
