use std::fs;

use serde_json::json;

use super::*;

const DAY: u64 = 24 * 3600;

fn account(uin: u32) -> Account {
    let session = wx_proto::Session::builder("https://wx.qq.com").uin(uin).user_name("@me");
    Account::new(&session.build().unwrap())
}

/// Opens the files. A process that another test has just started keeps them locked for a moment.
fn open(dir: &tempfile::TempDir) -> HookQueue {
    open_of(1, dir)
}

fn open_of(uin: u32, dir: &tempfile::TempDir) -> HookQueue {
    let open = || HookQueue::open(&dir.path().join("s.json"), account(uin));
    let again = || {
        std::thread::sleep(std::time::Duration::from_millis(20));
        open().ok()
    };
    open().ok().or_else(|| (0..500).find_map(|_| again())).unwrap()
}

fn event(id: &str) -> Value {
    json!({ "msg_id": id })
}

fn add(queue: &mut HookQueue, id: &str, path: Option<&str>) {
    queue.add(event(id), path.map(Into::into), 1, 1000).unwrap();
}

fn ids(queue: &HookQueue) -> Vec<&str> {
    queue.failed().iter().map(|failed| failed.event["msg_id"].as_str().unwrap()).collect()
}

#[test]
fn what_is_stored_is_read_again_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let mut queue = open(&dir);
    add(&mut queue, "1", None);
    add(&mut queue, "2", Some("/a/\u{202e}b"));
    add(&mut queue, "3", None);
    let second = queue.failed()[1].clone();
    assert!(!queue.fail_again(&second, 1060).unwrap());
    queue.set_path(&event("3"), Path::new("/c")).unwrap();
    drop(queue);
    let mut queue = open(&dir);
    assert_eq!(ids(&queue), ["1", "2", "3"]);
    let second = &queue.failed()[1];
    assert_eq!(second.path, Some("/a/\u{202e}b".into()));
    assert_eq!((second.failures, second.first_at, second.last_at), (2, 1000, 1060));
    queue.succeed(queue.failed()[0].number).unwrap();
    queue.set_handled(&event("9"), true).unwrap();
    drop(queue);
    let mut queue = open(&dir);
    let had_path = |queue: &HookQueue, id: &str| queue.find(&event(id)).map(|known| known.had_path);
    let found = |queue: &HookQueue| ["1", "2", "3", "4", "9"].map(|id| had_path(queue, id));
    assert_eq!(found(&queue), [Some(false), Some(true), Some(true), None, Some(true)]);
    queue.forget_handled().unwrap();
    let left = [None, Some(true), Some(true), None, None];
    assert_eq!(found(&queue), left);
    drop(queue);
    let mut queue = open(&dir);
    assert_eq!(found(&queue), left);
    queue.succeed(queue.failed()[1].number).unwrap();
    queue.succeed(queue.failed()[0].number).unwrap();
    queue.forget_handled().unwrap();
    assert!(!dir.path().join("s.json.hooks").exists());
}

#[test]
fn a_message_that_was_given_up_is_kept_and_can_be_taken_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut queue = open(&dir);
    add(&mut queue, "1", Some("/a"));
    add(&mut queue, "2", None);
    for (at, is_given_up) in [(1, false), (2, false), (DAY - 1, false), (DAY, true)] {
        let first = queue.failed()[0].clone();
        assert_eq!(queue.fail_again(&first, 1000 + at).unwrap(), is_given_up, "{at}");
    }
    assert_eq!(ids(&queue), ["2"]);
    drop(queue);
    let mut queue = open(&dir);
    let left: Vec<_> =
        queue.left().unwrap().map(|(path, count)| (path.file_name().unwrap(), count)).collect();
    assert_eq!(left, [("s.json.hooks".as_ref(), 1), ("s.json.hooks.failed".as_ref(), 1)]);
    assert_eq!(queue.take_back(5000, 9).unwrap(), 0);
    assert_eq!(ids(&queue), ["2", "1"]);
    let first = &queue.failed()[1];
    assert_eq!(first.path, Some("/a".into()));
    assert_eq!((first.failures, first.first_at), (0, 5000));
    assert!(!dir.path().join("s.json.hooks.failed").exists());
}

/// The same message is in both files after a kill in between.
#[test]
fn a_message_is_taken_back_only_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut queue = open(&dir);
    add(&mut queue, "1", None);
    drop(queue);
    fs::copy(dir.path().join("s.json.hooks"), dir.path().join("s.json.hooks.failed")).unwrap();
    let mut queue = open(&dir);
    queue.take_back(0, 9).unwrap();
    assert_eq!(ids(&queue), ["1"]);
}

/// With more of them, the queue would end the watch.
#[test]
fn only_as_many_messages_are_taken_back_as_the_queue_may_hold() {
    let dir = tempfile::tempdir().unwrap();
    let mut queue = open(&dir);
    ["1", "2", "3"].iter().for_each(|id| add(&mut queue, id, None));
    drop(queue);
    fs::rename(dir.path().join("s.json.hooks"), dir.path().join("s.json.hooks.failed")).unwrap();
    let mut queue = open(&dir);
    add(&mut queue, "4", None);
    assert_eq!(queue.take_back(0, 3).unwrap(), 1);
    assert_eq!(ids(&queue), ["4", "1", "2"]);
    drop(queue);
    let mut queue = open(&dir);
    assert_eq!(queue.take_back(0, 9).unwrap(), 0);
    assert_eq!(ids(&queue), ["4", "1", "2", "3"]);
}

/// Wherever a kill ends it.
#[test]
fn a_message_is_given_up_only_once() {
    for kept in 1..=3 {
        let dir = tempfile::tempdir().unwrap();
        let mut queue = open(&dir);
        add(&mut queue, "1", None);
        for at in [1, 2, 3, DAY] {
            let first = queue.failed()[0].clone();
            assert_eq!(queue.fail_again(&first, 1000 + at).unwrap(), at == DAY);
        }
        drop(queue);
        // The last line says that the message is in the other file, and the one before that it is
        // to be moved there.
        let path = dir.path().join("s.json.hooks");
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.split_inclusive('\n').collect();
        if kept < 3 {
            fs::write(&path, lines[..lines.len() - 1].concat()).unwrap();
        }
        if kept < 2 {
            fs::remove_file(dir.path().join("s.json.hooks.failed")).unwrap();
        }
        let mut queue = open(&dir);
        assert_eq!(ids(&queue), [""; 0], "{kept}");
        assert_eq!(queue.left().unwrap().map(|(_, count)| count).sum::<usize>(), 1, "{kept}");
    }
}

/// It may be large.
#[test]
fn messages_that_were_given_up_are_read_only_when_they_are_needed() {
    let dir = tempfile::tempdir().unwrap();
    let mut queue = open(&dir);
    add(&mut queue, "1", None);
    drop(queue);
    let path = dir.path().join("s.json.hooks");
    let text = fs::read_to_string(&path).unwrap() + "dear diary\n";
    fs::rename(&path, dir.path().join("s.json.hooks.failed")).unwrap();
    fs::write(dir.path().join("s.json.hooks.failed"), text).unwrap();
    let mut queue = open(&dir);
    add(&mut queue, "2", None);
    assert!(queue.take_back(0, 9).is_err());
}

#[test]
fn messages_without_an_id_are_never_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let mut queue = open(&dir);
    for id in ["0", "…", "72…", ""] {
        add(&mut queue, id, None);
        queue.set_handled(&event(id), false).unwrap();
        assert_eq!(queue.find(&event(id)), None, "{id}");
    }
    // Each of them is counted and removed by itself.
    let second = queue.failed()[1].clone();
    queue.fail_again(&second, 1060).unwrap();
    queue.succeed(queue.failed()[0].number).unwrap();
    assert_eq!((ids(&queue), queue.failed()[0].failures), (vec!["…", "72…", ""], 2));
}

/// A write that was interrupted never happened, wherever it ended.
#[test]
fn an_incomplete_line_is_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.json.hooks");
    let mut queue = open(&dir);
    add(&mut queue, "1", None);
    let one = fs::read(&path).unwrap().len();
    add(&mut queue, "2", None);
    drop(queue);
    let all = fs::read(&path).unwrap();
    let first = all.iter().position(|byte| *byte == b'\n').unwrap();
    for len in [0, 1, FIRST_WORDS, first, first + 1, one - 1, one, one + 1, all.len() - 1] {
        fs::write(&path, &all[..len]).unwrap();
        let mut queue = open(&dir);
        let expected: &[&str] = if len < one { &[] } else { &["1"] };
        assert_eq!(ids(&queue), expected, "{len}");
        add(&mut queue, "3", None);
        drop(queue);
        assert_eq!(ids(&open(&dir)), [expected, &["3"]].concat(), "{len}");
    }
}

const FIRST_WORDS: usize = 20;

#[test]
fn a_damaged_file_is_not_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let refused = || {
        let opened = HookQueue::open(&dir.path().join("s.json"), account(1));
        opened.and_then(|mut queue| queue.take_back(0, 9)).expect_err("a refusal").sentence()
    };
    let mut queue = open(&dir);
    add(&mut queue, "1", None);
    drop(queue);
    let good = fs::read_to_string(dir.path().join("s.json.hooks")).unwrap();
    let no_hooks = "does not hold messages whose command has failed; move the file away";
    for (text, words) in [
        ("{}", no_hooks),
        ("[]\n", no_hooks),
        ("dear diary", no_hooks),
        (&good.replacen(":2,", ":3,", 1), "has the unknown version 3"),
        (&good.replace("failed", "fail"), no_hooks),
        (&format!("{good}dear diary\n"), no_hooks),
    ] {
        for name in ["s.json.hooks", "s.json.hooks.failed"] {
            fs::remove_file(dir.path().join("s.json.hooks")).unwrap_or_default();
            let path = dir.path().join(name);
            fs::write(&path, text).unwrap();
            let said = refused();
            assert!(said.contains(&format!("{name}: {words}")), "{said}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            fs::remove_file(path).unwrap();
        }
    }
    fs::create_dir(dir.path().join("s.json.hooks")).unwrap();
    assert!(refused().contains("instead of a regular file"), "{}", refused());
}

#[test]
fn another_account_has_other_messages() {
    let dir = tempfile::tempdir().unwrap();
    add(&mut open(&dir), "1", None);
    let other = HookQueue::open(&dir.path().join("s.json"), account(2)).err().unwrap();
    assert!(other.sentence().contains("holds messages of another account; move the file away"));
    assert_eq!(ids(&open(&dir)), ["1"]);
}

/// After a kill, the file can hold messages that are handled, and nothing else.
#[test]
fn handled_messages_of_another_account_are_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.json.hooks");
    for is_cut in [false, true] {
        let mut queue = open(&dir);
        add(&mut queue, "1", None);
        let number = queue.failed()[0].number;
        queue.succeed(number).unwrap();
        queue.set_handled(&event("2"), false).unwrap();
        drop(queue);
        if is_cut {
            let text = fs::read_to_string(&path).unwrap();
            fs::write(&path, format!("{text}{{\"handled\"")).unwrap();
        }
        assert!(open_of(2, &dir).failed().is_empty() && !path.exists());
    }
}

/// The file stays small however many messages are handled while one is in the queue.
#[test]
fn entries_that_are_not_needed_are_removed() {
    let dir = tempfile::tempdir().unwrap();
    let mut queue = open(&dir);
    add(&mut queue, "1", Some("/a"));
    for id in 2..500 {
        queue.set_handled(&event(&id.to_string()), false).unwrap();
        queue.forget_handled().unwrap();
    }
    drop(queue);
    let text = fs::read_to_string(dir.path().join("s.json.hooks")).unwrap();
    assert!(text.lines().count() <= SPARE + 5, "{}", text.lines().count());
    assert_eq!(open(&dir).failed()[0].path, Some("/a".into()));
}
