use std::os::unix::fs::{PermissionsExt, symlink};

use wx_proto::ErrorChain;

use super::*;

fn session(skey: &str) -> Session {
    let text = serde_json::json!({
        "version": 1, "base": "https://wx.qq.com", "uin": 1, "sid": "sid", "skey": skey,
        "pass_ticket": "ticket", "user_name": "@me", "cookies": [],
    });
    Session::from_json(text.to_string()).expect("a session")
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

#[test]
fn a_login_is_kept_for_its_owner_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("session.json");
    let file = SessionFile::open_or_create(&path).unwrap();
    for skey in ["first", "second"] {
        file.save(&session(skey)).unwrap();
        assert_eq!(file.load().unwrap(), session(skey));
    }
    assert_eq!(mode(&path), 0o600);
    assert_eq!(SessionFile::read(&path).unwrap(), session("second"));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn what_a_later_version_wrote_goes_on_with_the_account() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("session.json");
    let later = || {
        let text = fs::read(&path).unwrap();
        let file: serde_json::Value = serde_json::from_slice(&text).unwrap();
        file["later"].clone()
    };
    let mut text: serde_json::Value =
        serde_json::from_str(session("first").to_json().expose()).unwrap();
    text["later"] = serde_json::json!([1.0, {"a": null}]);
    let file = SessionFile::open_or_create(&path).unwrap();
    file.save_json(&text.to_string()).unwrap();
    file.save(&session("next login")).unwrap();
    assert_eq!(
        (file.load().unwrap().skey(), later()),
        (session("next login").skey(), text["later"].clone())
    );
    text["uin"] = 2.into();
    file.save_json(&text.to_string()).unwrap();
    file.save(&session("another account")).unwrap();
    assert_eq!(later(), serde_json::Value::Null);
}

#[test]
fn a_copy_that_a_killed_program_left_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("session.json");
    fs::write(&path, session("kept").to_json().expose()).unwrap();
    fs::write(dir.path().join(".wx-0123456789ab.tmp"), "half").unwrap();
    SessionFile::open(&path).unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn an_exposed_file_is_detected_and_made_private_by_a_save() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("session.json");
    fs::write(&path, session("secret").to_json().expose()).unwrap();
    for exposed in [0o644, 0o640, 0o602] {
        fs::set_permissions(&path, fs::Permissions::from_mode(exposed)).unwrap();
        assert!(SessionFile::is_exposed(&path), "{exposed:o}");
    }
    let file = SessionFile::open(&path).unwrap();
    file.save(&file.load().unwrap()).unwrap();
    assert!(!SessionFile::is_exposed(&path));
}

#[test]
fn a_link_is_written_through_and_is_the_same_lock() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("real")).unwrap();
    let (target, link) = (dir.path().join("real/session.json"), dir.path().join("link.json"));
    fs::write(&target, session("old").to_json().expose()).unwrap();
    symlink("real/session.json", &link).unwrap();
    let file = SessionFile::open(&link).unwrap();
    for _ in 0..2 {
        file.save(&session("new")).unwrap();
        for name in [&target, &link] {
            let error = SessionFile::open(name).unwrap_err();
            assert!(matches!(error.kind(), SessionFileErrorKind::Busy(_)), "{error}");
        }
    }
    assert!(link.is_symlink());
    assert_eq!((mode(&target), SessionFile::read(&target).unwrap()), (0o600, session("new")));
    // A link that meanwhile leads to another file is not followed.
    fs::write(dir.path().join("other.json"), "").unwrap();
    fs::remove_file(&link).unwrap();
    symlink("other.json", &link).unwrap();
    file.save(&session("lost")).unwrap_err();
    assert_eq!(fs::read_to_string(dir.path().join("other.json")).unwrap(), "");
}

#[test]
fn an_erased_file_holds_nothing_and_what_took_its_place_is_not_erased() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("session.json");
    fs::write(&path, session("ended").to_json().expose()).unwrap();
    let file = SessionFile::open(&path).unwrap();
    file.erase().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"");
    assert!(matches!(SessionFile::open(&path).unwrap_err().kind(), SessionFileErrorKind::Busy(_)));
    file.save(&session("next")).unwrap();
    // Another login in a new file of the same name.
    fs::remove_file(&path).unwrap();
    fs::write(&path, session("other").to_json().expose()).unwrap();
    file.erase().unwrap_err();
    assert_eq!(SessionFile::read(&path).unwrap(), session("other"));
}

#[test]
fn a_link_to_nothing_creates_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let link = dir.path().join("link.json");
    symlink("elsewhere.json", &link).unwrap();
    for error in [
        SessionFile::open(&link).unwrap_err(),
        SessionFile::open_or_create(&link).unwrap_err(),
        SessionFile::read(&link).unwrap_err(),
    ] {
        let shown = ErrorChain(&error).to_string();
        assert!(shown.contains("is a symbolic link to a file that does not exist"), "{shown}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn without_a_login_no_file_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("session.json");
    let file = SessionFile::open_or_create(&path).unwrap();
    assert!(matches!(file.load().unwrap_err().kind(), SessionFileErrorKind::NoLogin));
    drop(file);
    assert!(!path.exists());
    assert!(matches!(SessionFile::open(&path).unwrap_err().kind(), SessionFileErrorKind::NotFound));
    // A file that existed before is kept.
    fs::write(&path, "").unwrap();
    drop(SessionFile::open_or_create(&path).unwrap());
    assert!(path.exists());
    // So is a file that another process has put there, before or after a login was saved.
    for saved in [false, true] {
        fs::remove_file(&path).unwrap();
        let file = SessionFile::open_or_create(&path).unwrap();
        if saved {
            file.save(&session("new")).unwrap();
        }
        fs::remove_file(&path).unwrap();
        fs::write(&path, "").unwrap();
        drop(file);
        assert!(path.exists());
    }
}

#[test]
fn errors_name_the_file_and_what_to_do_and_show_nothing_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("session.json");
    fs::write(&path, r#"{"version": 1, "skey": "@crypt_secret""#).unwrap();
    let error = SessionFile::read(&path).unwrap_err();
    let name = path.display();
    assert_eq!(
        ErrorChain(&error).to_string(),
        format!("the session file {name} cannot be used: the session is not a JSON object")
    );
    assert!(!format!("{error:?}").contains("secret"));
    File::create(&path).unwrap().set_len(LIMIT + 1).unwrap();
    let error = SessionFile::open(&path).unwrap().load().unwrap_err();
    assert!(matches!(error.kind(), SessionFileErrorKind::TooLarge));
    let fifo = dir.path().join("fifo");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    symlink("fifo", dir.path().join("link")).unwrap();
    for path in [fifo, dir.path().join("link")] {
        for error in
            [SessionFile::read(&path).unwrap_err(), SessionFile::open_or_create(&path).unwrap_err()]
        {
            assert!(ErrorChain(&error).to_string().contains("leads to a FIFO"), "{error:?}");
        }
    }
    let nowhere = SessionFile::open_or_create(dir.path().join("none/session.json")).unwrap_err();
    assert!(matches!(nowhere.kind(), SessionFileErrorKind::Io(_)), "{nowhere}");
    let shown = ErrorChain(&nowhere).to_string();
    let missing = format!("used: the directory {}/none does not exist", dir.path().display());
    assert!(shown.ends_with(&missing), "{shown}");
}

#[test]
fn a_lock_is_seen_without_a_change() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("session.json");
    let link = dir.path().join("link.json");
    symlink("session.json", &link).unwrap();
    let kind = |path: &Path| SessionFile::check_free(path).unwrap_err();
    assert!(matches!(kind(&path).kind(), SessionFileErrorKind::NotFound));
    assert!(!path.exists(), "nothing is created");
    let file = SessionFile::open_or_create(&path).unwrap();
    file.save(&session("kept")).unwrap();
    fs::write(dir.path().join(".wx-0123456789ab.tmp"), "half").unwrap();
    for path in [&path, &link] {
        let error = kind(path);
        let SessionFileErrorKind::Busy(holder) = error.kind() else { panic!("{error}") };
        if cfg!(target_os = "linux") {
            let holder = holder.as_ref().unwrap();
            assert_eq!((holder.process(), holder.command()), (std::process::id(), None));
            assert!(!holder.program().is_empty());
        }
    }
    file.save(&session("second")).unwrap();
    drop(file);
    for path in [&path, &link] {
        SessionFile::check_free(path).unwrap();
        SessionFile::check_free(path).unwrap();
    }
    assert_eq!(SessionFile::read(&path).unwrap(), session("second"));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3, "nothing is removed");
    assert!(matches!(kind(dir.path()).kind(), SessionFileErrorKind::Io(_)));
}
