//! The part of the driver test that uses the core. It is a macro that is expanded in the crate of
//! the test, because this crate must not depend on the core.

/// Creates a [driver test](mod@crate::driver_test) of a driver, as a
/// [`DriverTest`](crate::driver_test::DriverTest). Use it in the test function that runs the test.
///
/// The argument is the path of a function that runs any flow of wx-proto with the driver. The
/// function returns `None` if the driver was [stopped](crate::driver_test::Io::stop_after) before
/// the flow was done. The calling crate has to depend on wx-proto under that name.
///
/// ```ignore
/// fn drive<F: wx_proto::flow::Flow>(
///     session: &mut wx_proto::Session,
///     flow: &mut F,
///     io: &mut wx_emulator::driver_test::Io,
/// ) -> Option<F::Output>;
///
/// let report = wx_emulator::driver_test!(drive).run();
/// assert!(report.passed(), "{report}");
/// ```
#[macro_export]
macro_rules! driver_test {
    ($drive:path) => {{
        // The module of the test may define other items of these names.
        use ::std::{option::Option, result::Result};

        use ::wx_proto::flow::{
            Action, Delivery, FetchImage, Flow, Input, ListContacts, NextMessages, Progress,
            SendMessage, Snapshot, UnexpectedInput,
        };
        use ::wx_proto::{
            Error, ImageVariant, Media, MsgId, Policy, Recipient, Seed, Session, UnixMs,
        };
        use $crate::driver_test::{Driver, DriverTest, Io, Job, Operation, Record};

        struct Adapter;

        impl Driver for Adapter {
            fn run(&self, job: &mut Job) {
                let session = Session::from_json_allow_loopback(&job.session_json.0);
                let session = &mut session.expect("a session file of the emulator");
                let seed = Seed { unix_ms: UnixMs::new(job.unix_ms), entropy: [7; 16] };
                let policy = policy(job);
                match job.operation {
                    Operation::ListContacts => {
                        run(job, session, ListContacts::new(session, seed, policy));
                    }
                    Operation::NextMessages => {
                        run(job, session, NextMessages::new(session, seed, policy));
                    }
                    Operation::FetchImage => {
                        let id = MsgId::new("1").expect("an id");
                        let variant = ImageVariant::Original;
                        run(
                            job,
                            session,
                            FetchImage::new(session, id, variant, true, seed, policy),
                        );
                    }
                    Operation::SendMessage { checkpointed } => {
                        let (image, to) = (job.io.image(), Recipient::file_helper());
                        let media = Media::new("a.jpg", image.len() as u64, image);
                        let media = media.expect("an image");
                        let flow = SendMessage::media(session, media, to, seed, policy);
                        run(
                            job,
                            session,
                            flow.map(|flow| if checkpointed { flow.checkpointed() } else { flow }),
                        );
                    }
                    _ => unreachable!("an unknown operation"),
                }
            }
        }

        fn policy(job: &Job) -> Policy {
            let mut policy = Policy::default().with_stall(job.stall);
            (policy.chunk_tries, policy.fetch_tries) = (job.tries, job.tries);
            policy.message_tries = job.tries;
            (policy.slow_after, policy.min_rate) = (job.slow_after, job.min_rate);
            (policy.poll_stall, policy.poll_limit) = (job.stall, job.poll_limit);
            policy.back_off = ::std::time::Duration::from_millis(1);
            policy.message_wait = policy.back_off;
            policy
        }

        fn run<F, T>(job: &mut Job, session: &mut Session, flow: Result<F, Error>)
        where
            F: Flow<Output = Result<T, Error>>,
        {
            let mut flow = flow.expect("the session of the emulator is logged in");
            loop {
                let mut recorded = Recorded { flow: &mut flow, record: &mut job.record };
                let output = $drive(session, &mut recorded, &mut job.io);
                if let Some(output) = output.flatten() {
                    let result = output.map(drop).map_err(|error| error.chain().to_string());
                    return job.record.ended(result);
                }
                if !job.record.restart() {
                    return;
                }
            }
        }

        /// A flow that records its driver. Its output is `None` if the test makes the driver return
        /// early.
        struct Recorded<'a, F> {
            flow: &'a mut F,
            record: &'a mut Record,
        }

        impl<F: Flow> Flow for Recorded<'_, F> {
            type Output = Option<F::Output>;

            fn poll(
                &mut self,
                session: &mut Session,
                now: ::std::time::Duration,
            ) -> Action<Self::Output> {
                if self.record.is_stopped() {
                    return Action::Done(None);
                }
                match self.flow.poll(session, now).into_done() {
                    Ok(output) => Action::Done(Some(output)),
                    Err(action) => {
                        if let Action::Send(_, request) = &action {
                            let http = request.http();
                            self.record.sent(
                                http.method(),
                                http.uri(),
                                http.headers(),
                                http.body().segments(),
                                request.limits().new_connection,
                            );
                        }
                        action
                    }
                }
            }

            fn handle(
                &mut self,
                input: Input,
                now: ::std::time::Duration,
            ) -> Result<(), UnexpectedInput> {
                match &input {
                    Input::Head(_, head) => self.record.head(head.status, &head.headers),
                    Input::Body(_, bytes) => self.record.body(bytes),
                    Input::End(_) => self.record.end(),
                    Input::Failed(_, error) => {
                        self.record.failed(error.kind.name(), error.delivery == Delivery::Never);
                    }
                    Input::Read(_) | Input::Written | Input::Saved | Input::Local(_) => {}
                }
                self.flow.handle(input, now)
            }

            fn progress(&self) -> Progress {
                self.flow.progress()
            }

            fn snapshot(&self) -> Option<Snapshot> {
                self.flow.snapshot()
            }

            fn cancel(&mut self) {
                self.flow.cancel();
            }
        }

        fn here() {}

        DriverTest::new(Adapter, ::std::any::type_name_of_val(&here))
    }};
}
