//! `kill -9` of `wx fetch` and `wx watch --save-images`: no part of a download counts as the whole,
//! and what is left of it goes with the next run.

use std::fs;
use std::path::Path;

use wx_emulator::{Emulator, Incoming};

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
fn a_killed_fetch_leaves_no_file_and_replaces_none() {
    for (transport, is_forced) in TRANSPORTS.into_iter().zip([false, true]) {
        let files = [
            (Incoming::image(jpeg(2_000_000, 1)), jpeg(2_000_000, 1)),
            (Incoming::file("a.bin", jpeg(2_000_000, 2)), jpeg(2_000_000, 2)),
        ];
        let place = place(&["webwxgetmsgimg#1", "webwxgetmedia#1"]);
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
