//! `wx logout`: which sessions it accepts, and what it leaves in the file.

use std::fs;

use serde_json::Value;

use crate::life::about;
use crate::support::{Place, TRANSPORTS};

#[test]
fn a_refused_logout_is_none_and_a_good_one_leaves_no_live_secret() {
    for transport in TRANSPORTS {
        for fault in ["ret=1", "ret=1101", "status=403", "status=404"] {
            let place = Place::with(&[&format!("{fault}@webwxlogout#1")]);
            let before = fs::read(place.path("session.json")).unwrap();
            let ran = place.wx(&about("logout", transport, &["--json"]));
            assert!(ran.code != 0, "{fault}");
            assert_eq!(ran.kinds(), ["failed"], "{fault}: {}", ran.err);
            assert!(fs::read(place.path("session.json")).unwrap() == before, "{fault}");
            assert!(place.emulator.is_logged_in());
            let ran = place.wx(&about("logout", transport, &["--json"]));
            assert_eq!((ran.code, ran.kinds()), (0, vec!["logged_out".to_owned()]), "{}", ran.err);
            assert!(!place.emulator.is_logged_in());

            let [before, after]: [Value; 2] =
                [&before[..], &fs::read(place.path("session.json")).unwrap()]
                    .map(|text| serde_json::from_slice(text).unwrap());
            let text = after.to_string();
            for key in ["sid", "skey", "pass_ticket"] {
                assert!(!text.contains(before[key].as_str().unwrap()), "{key}");
            }
            for cookie in before["cookies"].as_array().unwrap() {
                let (name, value) =
                    (cookie["name"].as_str().unwrap(), cookie["value"].as_str().unwrap());
                let lives_on = !matches!(name, "wxsid" | "webwx_data_ticket");
                assert_eq!(text.contains(value), lives_on, "{name}");
            }
            assert_eq!(place.wx(&about("whoami", transport, &[])).code, 3);
            let ran = place.wx(&about("login", transport, &["--push", "--json"]));
            assert_eq!((ran.code, ran.kinds()[0].as_str()), (0, "asked"), "{}", ran.err);
        }
    }
}
