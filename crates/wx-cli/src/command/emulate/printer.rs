//! Prints lines on a thread of its own, so that a reader that is slow, or does not read at all,
//! does not stop the server.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

/// Prints one thing after the other.
pub(super) struct Printer {
    jobs: Sender<Option<Job>>,
    done: Receiver<()>,
}

type Job = Box<dyn FnOnce() + Send>;

/// How long the end of the process waits for the reader.
const LONGEST: Duration = Duration::from_secs(1);

impl Printer {
    pub(super) fn start() -> io::Result<Self> {
        let (jobs, received) = channel::<Option<Job>>();
        let (end, done) = channel();
        // The thread ends with the process.
        thread::Builder::new().name("printer".into()).spawn(move || {
            while let Ok(Some(print)) = received.recv() {
                print();
            }
            drop(end);
        })?;
        Ok(Self { jobs, done })
    }

    /// Returns an observer that has `print` called with each thing that it is called with.
    pub(super) fn observer<T: ToOwned + ?Sized>(
        &self,
        print: impl Fn(T::Owned) + Copy + Send + Sync + 'static,
    ) -> impl Fn(&T) + Send + Sync + 'static
    where
        T::Owned: Send + 'static,
    {
        let jobs = self.jobs.clone();
        move |thing| {
            let thing = thing.to_owned();
            // After the end, nothing is printed any more.
            let _ = jobs.send(Some(Box::new(move || print(thing))));
        }
    }

    /// Waits until everything so far is printed, unless the reader takes too long.
    pub(super) fn finish(self) {
        let _ = self.jobs.send(None);
        let _ = self.done.recv_timeout(LONGEST);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn a_reader_that_does_not_read_stops_nobody() {
        let (release, blocked) = channel::<()>();
        let (blocked, printed) = (Mutex::new(blocked), Mutex::new(Vec::new()));
        let shared: &'static _ = Box::leak(Box::new((blocked, printed)));
        let printer = Printer::start().unwrap();
        let observe = printer.observer::<str>(|line| {
            let _ = shared.0.lock().unwrap().recv();
            shared.1.lock().unwrap().push(line);
        });
        observe("one");
        observe("two");
        assert!(shared.1.lock().unwrap().is_empty());
        drop(release);
        printer.finish();
        assert_eq!(*shared.1.lock().unwrap(), ["one", "two"]);
    }
}
