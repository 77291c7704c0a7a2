//! The public flows: each a newtype of a [`Runner`](super::runner::Runner).

/// Defines a public flow of a private job; with `saved`, one that can be resumed.
macro_rules! flow {
    ($name:ident($job:ty) -> $output:ty, saved) => {
        impl $name {
            /// Makes the job save each new state with [`Action::Save`](crate::flow::Action::Save),
            /// before any action that the state records: before its message leaves, and after a
            /// refusal or an unknown end. A finished upload is saved as a message that has not
            /// left. A sent message has no state to save, because the output of the job says
            /// everything: record the output, then delete the last state. If the program is killed
            /// in between, the saved state is in doubt and can be resumed like any other.
            #[must_use]
            pub fn checkpointed(self) -> Self {
                Self(self.0.checkpointed())
            }
        }

        $crate::flow::newtype::flow!($name($job) -> $output);
    };
    ($(<$endpoint:ident>)? $name:ident($job:ty) -> $output:ty) => {
        impl$(<$endpoint: $crate::endpoint::Endpoint>)? $crate::flow::Flow for $name$(<$endpoint>)?
        where
            $output: Clone,
        {
            type Output = Result<$output, $crate::model::error::Error>;

            fn poll(
                &mut self,
                session: &mut $crate::session::Session,
                now: std::time::Duration,
            ) -> $crate::flow::Action<Self::Output> {
                self.0.poll(session, now)
            }

            fn handle(
                &mut self,
                input: $crate::flow::Input,
                now: std::time::Duration,
            ) -> Result<(), $crate::flow::UnexpectedInput> {
                self.0.handle(input, now)
            }

            fn progress(&self) -> $crate::flow::Progress {
                self.0.progress()
            }

            fn snapshot(&self) -> Option<$crate::flow::Snapshot> {
                self.0.snapshot()
            }

            fn cancel(&mut self) {
                self.0.cancel();
            }
        }
    };
}
pub(super) use flow;
