//! Cookies that replies set are saved in the session file for the next command.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

use serde_json::Value;

use crate::support::{Place, Ran, TRANSPORTS, fetch, jpeg, send};

/// A server in front of the emulator that adds a cookie to each successful reply.
fn that_sets_a_cookie(server: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (client.unwrap(), TcpStream::connect(server).unwrap());
            let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || {
                let _ = io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Write);
            });
            thread::spawn(move || replies(server, client));
        }
    });
    address
}

fn replies(mut from: TcpStream, mut to: TcpStream) {
    const GOOD: &[u8] = b"HTTP/1.1 200 OK\r\n";
    let mut bytes = [0; 65_536];
    while let Ok(len @ 1..) = from.read(&mut bytes) {
        let written = match bytes[..len].strip_prefix(GOOD) {
            Some(rest) => {
                let head = [GOOD, b"set-cookie: new=4711; path=/\r\n", rest].concat();
                to.write_all(&head)
            }
            None => to.write_all(&bytes[..len]),
        };
        if written.is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

/// A `Place` whose session file leads to such a server.
fn place() -> Place {
    let place = Place::build(&[], &[&jpeg(1000, 1)]);
    let address = that_sets_a_cookie(place.emulator.addr());
    place.session(|session| session["base"] = format!("http://{address}").into());
    place.file("a.jpg", &jpeg(100, 1));
    place
}

fn session(place: &Place) -> Value {
    serde_json::from_slice(&fs::read(place.path("session.json")).unwrap()).unwrap()
}

fn has_new_cookie(place: &Place) -> bool {
    session(place)["cookies"].as_array().unwrap().iter().any(|cookie| cookie["value"] == "4711")
}

/// Commands that do not lock the session file while they work.
fn commands(place: &Place, transport: &'static str) -> Vec<Vec<String>> {
    let id = place.emulator.incoming().remove(0);
    let owned = |args: &[&str]| args.iter().map(|arg| (*arg).to_owned()).collect();
    let contacts = ["contacts", "--session", "session.json", "--transport", transport];
    vec![
        owned(&send(transport, &["a.jpg"])),
        owned(&fetch(transport, &["--out", "got.jpg", &id])),
        owned(&contacts),
    ]
}

fn run(place: &Place, args: &[String]) -> Ran {
    place.wx(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn what_replies_set_is_in_the_file() {
    for transport in TRANSPORTS {
        for nth in 0..3 {
            let place = place();
            let mut before = session(&place);
            before["later"] = "kept".into();
            place.file("session.json", before.to_string().as_bytes());
            let args = commands(&place, transport).remove(nth);
            let ran = run(&place, &args);
            assert_eq!(ran.code, 0, "{args:?}: {}", ran.err);
            assert!(has_new_cookie(&place), "{args:?}");
            let after = session(&place);
            for (key, value) in before.as_object().unwrap() {
                assert!(key == "cookies" || after[key] == *value, "{args:?}: {key}");
            }
            // A session that has not changed is not written.
            let file = || fs::metadata(place.path("session.json")).unwrap().modified().unwrap();
            let written = file();
            let _ = run(&place, &commands(&place, transport).remove(2));
            assert_eq!(file(), written, "{args:?}");
        }
    }
}

#[test]
fn a_file_that_cannot_be_written_costs_a_line_and_no_more() {
    for transport in TRANSPORTS {
        let place = place();
        let contacts = commands(&place, transport).remove(2);
        let contacts: Vec<_> = contacts.iter().map(String::as_str).collect();
        let before = session(&place);
        let ran = place.wx_with_room(0, &contacts);
        assert_eq!(ran.code, 0, "{}", ran.err);
        let words = "wx: session.json: the changes that the server made were not saved: ";
        assert!(ran.one_line().starts_with(words), "{}", ran.err);
        assert_eq!(session(&place), before);
    }
}

/// Another command has continued the login, another account has logged in, or the file is gone.
#[test]
fn a_file_that_has_changed_meanwhile_is_left_alone() {
    for transport in TRANSPORTS {
        for nth in 0..3 {
            let place = place();
            let mut other = session(&place);
            other["uin"] = 4711.into();
            place.emulator.add_fault("delay=400@webwxgetcontact".parse().unwrap());
            let args = commands(&place, transport).remove(2);
            let child = place.spawn(&args.iter().map(String::as_str).collect::<Vec<_>>());
            place.wait_for("webwxgetcontact", 1);
            match nth {
                0 => drop(place.file("session.json", other.to_string().as_bytes())),
                1 => fs::remove_file(place.path("session.json")).unwrap(),
                _ => drop(place.file("session.json", b"dear diary")),
            }
            let left = fs::read(place.path("session.json")).ok();
            let ran = place.wait(child);
            assert_eq!((ran.code, ran.err.lines().count()), (0, 1), "{}", ran.err);
            assert_eq!(fs::read(place.path("session.json")).ok(), left);
        }
    }
}
