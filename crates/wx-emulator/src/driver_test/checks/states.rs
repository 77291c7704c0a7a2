//! Saved states, and drivers that are stopped.

use std::thread;
use std::time::{Duration, Instant};

use super::requests::{check_success, image, sent, uploaded};
use crate::driver_test::bench::{Bench, Checked, JobRun, SLACK, count};
use crate::driver_test::job::{ExchangeEnd, Operation, Stop};
use crate::driver_test::report::Finding;
use crate::driver_test::scripted_server::{Step, reply};

pub(super) fn an_unsaved_message_does_not_leave(bench: &Bench<'_>) -> Checked {
    for store_fails in [true, false] {
        let script = vec![uploaded(), sent()];
        let send = Operation::SendMessage { checkpointed: true };
        let ran = bench.run(send, script, |job| {
            job.io.image = image(1000);
            job.io.store.set_failing(store_fails);
        })?;
        let (saved, messages) = (ran.job.io.store.saves(), ran.messages());
        // A driver that cannot save states must not send the messages of such a job.
        if messages > 0 && (store_fails || saved == 0) {
            let expected = "a message leaves only after its state was stored";
            let seen = if saved == 0 {
                "the message left, and the store was never called"
            } else {
                "the message left, although the store had failed"
            };
            return Err(Finding::new(expected, seen));
        }
        if messages == 0 && matches!(ran.job.record.result, Some(Ok(()))) {
            return Err(Finding::new("the flow fails", "the flow succeeded without a message"));
        }
    }
    Ok(())
}

/// The driver returns once it has passed on the head, and is then run again with the same flow.
pub(super) fn another_driver_can_continue(bench: &Bench<'_>) -> Checked {
    let original = image(5000);
    let script = vec![reply("200 OK\r\nConnection: close", &original)];
    let ran = bench.run(Operation::FetchImage, script, |job| {
        (job.tries, job.record.stop) = (2, Some(Stop::AtHead));
    })?;
    let expected = "a failure as the first answer, and then a retry that fetches the image";
    let answer = ran.job.record.first_end;
    if !matches!(answer, Some(ExchangeEnd::Failed { .. })) {
        let seen = answer.map_or("no answer".to_owned(), |answer| answer.to_string());
        return Err(Finding::new(expected, seen));
    }
    check_success(&ran)?;
    if ran.job.io.sink != original {
        return Err(Finding::new(expected, "another image"));
    }
    Ok(())
}

/// The driver is stopped while the server has the message and does not reply. On a busy computer
/// the message may not have left by then, so the check is repeated with more time.
pub(super) fn a_stopped_driver_leaves_nothing_running(bench: &Bench<'_>) -> Checked {
    let mut stop_after = Duration::from_millis(200);
    loop {
        let ran = run_stopped(bench, stop_after)?;
        if ran.messages() > 0 || stop_after > Duration::from_millis(500) {
            return check_stopped(&ran);
        }
        stop_after *= 3;
    }
}

fn run_stopped(bench: &Bench<'_>, stop_after: Duration) -> Result<JobRun, Finding> {
    let script = vec![uploaded(), vec![Step::Hold]];
    bench.run(Operation::SendMessage { checkpointed: false }, script, |job| {
        (job.io.image, job.io.stop_after) = (image(1000), Some(stop_after));
        job.stall = 3 * stop_after;
    })
}

fn check_stopped(ran: &JobRun) -> Checked {
    if ran.elapsed > ran.job.stall + SLACK {
        let seen = format!("the driver returned after {} ms", ran.elapsed.as_millis());
        return Err(Finding::new("the driver returns once it is stopped or has stalled", seen));
    }
    let began = Instant::now();
    while ran.server.log().abandoned == 0 && began.elapsed() < Duration::from_secs(1) {
        thread::sleep(Duration::from_millis(10));
    }
    match (ran.messages(), ran.server.log().abandoned) {
        (1, 0) => Err(Finding::new(
            "the connection of the message is closed",
            "the connection was still open a second later",
        )),
        (1, _) => Ok(()),
        (more, _) => Err(Finding::new(
            "the message of the flow, once",
            format!("the server received {}", count(more, "message")),
        )),
    }
}
