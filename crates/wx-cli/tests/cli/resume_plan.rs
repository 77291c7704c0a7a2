//! What `wx resume` takes over from the command that began the job: files, names and the session.

use std::fs;

use wx_emulator::Emulator;

use crate::resume::{job, killed, resume};
use crate::support::{Place, TRANSPORTS, jpeg};

#[test]
fn a_picture_whose_turn_had_not_come_must_not_have_changed() {
    for transport in TRANSPORTS {
        let place = Place::with(&["delay=60000@webwxsendmsgimg#1"]);
        let names = ["a.jpg", "b.jpg", "c.jpg", "d.jpg"];
        names.iter().zip(1..).for_each(|(name, mark)| drop(place.file(name, &jpeg(100, mark))));
        let planned = fs::metadata(place.path("b.jpg")).unwrap().modified().unwrap();
        killed(&place, &job(transport, &names), "webwxsendmsgimg", 1);
        // A file of the same length, with the same time.
        place.file("b.jpg", &jpeg(100, 7));
        place.file("c.jpg", &[&jpeg(100, 3)[..], b"x"].concat());
        let time = fs::metadata(place.path("d.jpg")).unwrap().modified().unwrap();
        fs::File::options()
            .write(true)
            .open(place.path("c.jpg"))
            .unwrap()
            .set_modified(time)
            .unwrap();
        for (files, kinds) in
            [(&["a", "b", "c", "d"][..], "sent failed failed sent"), (&["b", "c"], "failed failed")]
        {
            let ran = resume(&place, transport, &[]);
            assert_eq!((ran.code, ran.kinds().join(" ")), (1, kinds.to_owned()), "{}", ran.err);
            let told = ran.column("file");
            let ends = |(file, name): (&String, &&str)| file.ends_with(&format!("/{name}.jpg"));
            assert!(told.len() == files.len() && told.iter().zip(files).all(ends), "{told:?}");
            for name in ["b.jpg", "c.jpg"] {
                let path = fs::canonicalize(place.path(name)).unwrap();
                let line = format!(
                    "wx: {}: to filehelper: changed after the job was begun; ",
                    path.display()
                );
                let told = ran
                    .err
                    .lines()
                    .find(|told| told.starts_with(&line))
                    .unwrap_or_else(|| panic!("{}", ran.err));
                assert!(
                    told.contains("restore the former file") && told.contains("another job"),
                    "{told}"
                );
            }
        }
        assert_eq!(place.emulator.requests_to("webwxuploadmedia"), 2);
        // The original file is sent.
        let former = place.file("b.jpg", &jpeg(100, 2));
        fs::File::options().write(true).open(former).unwrap().set_modified(planned).unwrap();
        assert_eq!(resume(&place, transport, &[]).kinds(), ["sent", "failed"]);
        let pictures: Vec<_> =
            place.emulator.messages().into_iter().map(|message| message.media).collect();
        assert!(pictures == [jpeg(100, 1), jpeg(100, 4), jpeg(100, 2)]);
    }
}

#[test]
fn the_session_of_the_job_is_looked_at_unless_another_is_named() {
    let place = Place::with(&["ret=1205@webwxuploadmedia#1", "ret=1205@webwxuploadmedia#2"]);
    place.file("a.jpg", &jpeg(100, 1));
    fs::create_dir_all(place.path("home/elsewhere")).unwrap();
    assert_eq!(place.wx(&job("ureq", &["a.jpg"])).code, 1);
    let resume = |more: &[&str]| {
        let mut command = place.command(&[&["resume", "../../job"], more].concat());
        let home = place.path("home");
        command.current_dir(home.join("elsewhere")).env("XDG_STATE_HOME", &home).env("HOME", &home);
        place.ran(command.output().unwrap())
    };
    let ran = resume(&["--session", "none.json"]);
    assert!(ran.code == 3 && ran.err.contains("none.json: there is no such file"), "{}", ran.err);
    assert_eq!(place.emulator.requests_to("webwxuploadmedia"), 1);
    for code in [1, 0] {
        let ran = resume(&[]);
        assert_eq!(ran.code, code, "{}", ran.err);
    }
    assert_eq!(place.emulator.messages().len(), 1);
}

#[test]
fn recipients_are_shown_as_they_were_given() {
    let faults = ["ret=1204@webwxsendmsgimg#1", "ret=1204@webwxsendmsgimg#2"];
    let faults = faults.map(|fault| fault.parse().unwrap());
    let builder = Emulator::builder().contact("Anna", "").contact("Bert", "");
    let place = Place::with_emulator(
        faults.into_iter().fold(builder, |builder, fault| builder.fault(fault)),
    );
    place.file("a.jpg", &jpeg(100, 1));
    let args =
        ["send-image", "--session", "session.json", "--to", "name:Anna", "--to", "name:Bert"];
    let ran = place.wx(&[&args[..], &["--resume-dir", "job", "a.jpg"]].concat());
    assert_eq!(ran.code, 1);
    for name in ["Anna", "Bert"] {
        assert!(ran.err.contains(&format!("wx: a.jpg: to name:{name}: ")), "{}", ran.err);
    }
    let ran = place.wx(&["resume", "job"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let lines: Vec<_> = ran.out.lines().collect();
    for (line, name) in lines.iter().zip(["Anna", "Bert"]) {
        assert!(line.contains(&format!("/a.jpg to name:{name}: MsgID ")), "{line}");
    }
    assert!(lines.len() == 2 && !format!("{}{}", ran.out, ran.err).contains("to @"), "{ran:?}");
    // JSON events contain the UserNames.
    let ran = place.wx(&[&args[..], &["--json", "a.jpg"]].concat());
    assert!(ran.column("to").iter().all(|to| to.starts_with('@')), "{ran:?}");
    assert_eq!(ran.column("to_name"), ["Anna", "Bert"]);
}

#[test]
fn a_resumed_job_names_its_recipients_unless_its_record_is_too_old() {
    let fault = "ret=1204@webwxsendmsgimg#1".parse().unwrap();
    for old in [false, true] {
        let fault = wx_emulator::Fault::clone(&fault);
        let place = Place::with_emulator(Emulator::builder().contact("Anna", "").fault(fault));
        place.file("a.jpg", &jpeg(100, 1));
        let args = ["send-image", "--session", "session.json", "--to", "name:Anna", "--json"];
        let ran = place.wx(&[&args[..], &["--resume-dir", "job", "a.jpg"]].concat());
        assert_eq!((ran.code, ran.column("to_name")), (1, vec!["Anna".to_owned()]));
        if old {
            let record = fs::read_to_string(place.path("job/outbox.jsonl")).unwrap();
            let older = record.replace(r#""given":["name:Anna"],"#, "");
            assert_ne!(older, record);
            place.file("job/outbox.jsonl", older.as_bytes());
        }
        let ran = place.wx(&["resume", "job", "--json"]);
        let name = if old { "null" } else { "Anna" };
        assert_eq!((ran.code, ran.column("to_name")), (0, vec![name.to_owned()]), "{}", ran.err);
        assert_eq!(ran.column("kind"), ["image"]);
    }
}
