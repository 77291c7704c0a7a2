//! The scenarios under the real host names, on both pages.

/// Runs scenarios on both pages. Scenarios without an emulator, and scenarios that need uploads and
/// messages on the same connection, are left out.
macro_rules! on_both_pages {
    ($transport:ty: $($name:ident)*) => { $(
        #[test]
        fn $name() {
            for profile in [Profile::Web, Profile::FileHelper] {
                place::run_on(profile, crate::$name::<$transport>);
            }
        }
    )* };
    ($transport:ty) => {
        on_both_pages! { $transport:
            everything_arrives_as_it_was_sent large_files_are_announced_and_signed
            images_arrive_byte_for_byte fetches_into_every_sink progress_is_reported_in_time
            files_arrive_byte_for_byte faults_while_receiving_files
            content_in_place_of_a_file_is_reported
            videos_and_voice_messages_arrive_byte_for_byte
            everything_that_can_be_forwarded_arrives_again
            an_emoticon_is_sent_by_the_md5_that_the_server_knows
            an_emoticon_is_fetched_from_outside_only_if_that_is_allowed
            faults_while_sending odd_answers_to_an_upload_are_reported
            an_appended_repeat_starts_over faults_while_fetching failures_leave_no_file
            a_slow_reply_is_not_a_stall a_slow_answer_stalls_only_below_the_rate
            the_repeat_is_on_a_new_connection_whatever_else_is_idle
            a_reused_connection_that_stalls_is_not_closed nothing_shows_secrets
            a_complete_login the_session_moves_on_and_clones_share_it
            network_faults_neither_lose_nor_repeat_messages
            the_end_of_a_login_ends_the_messages faults_while_logging_in
            two_that_wait_share_the_messages odd_bytes_of_strangers_stop_nothing
            images_keep_their_distance
            only_images_to_be_uploaded_keep_their_distance
        }

        /// The File Transfer Helper has only one recipient.
        #[test]
        fn fan_out() {
            place::run_on(Profile::Web, crate::fan_out::<$transport>);
        }
    };
}
mod ureq {
    use wx_emulator::Profile;

    use crate::ureq_transport::Ureq;
    use crate::{place, tunnel_faults};

    on_both_pages!(Ureq);

    #[test]
    fn tunnel_faults_are_retried() {
        place::run_on(Profile::Web, tunnel_faults::tunnel_faults_are_retried::<Ureq>);
    }

    #[test]
    fn nothing_before_a_request_is_endless() {
        place::run_on(Profile::Web, tunnel_faults::nothing_before_a_request_is_endless::<Ureq>);
    }

    #[test]
    fn a_truncated_handshake_is_no_certificate_error() {
        place::run_on(
            Profile::Web,
            tunnel_faults::a_truncated_handshake_is_no_certificate_error::<Ureq>,
        );
    }

    #[test]
    fn a_certificate_that_does_not_verify_is_final() {
        place::run_on(
            Profile::Web,
            tunnel_faults::a_certificate_that_does_not_verify_is_final::<Ureq>,
        );
    }
}

mod reqwest {
    use wx_emulator::Profile;

    use crate::reqwest_transport::Reqwest;
    use crate::{place, tunnel_faults};

    on_both_pages!(Reqwest);

    #[test]
    fn tunnel_faults_are_retried() {
        place::run_on(Profile::Web, tunnel_faults::tunnel_faults_are_retried::<Reqwest>);
    }

    #[test]
    fn nothing_before_a_request_is_endless() {
        place::run_on(Profile::Web, tunnel_faults::nothing_before_a_request_is_endless::<Reqwest>);
    }

    #[test]
    fn a_truncated_handshake_is_no_certificate_error() {
        place::run_on(
            Profile::Web,
            tunnel_faults::a_truncated_handshake_is_no_certificate_error::<Reqwest>,
        );
    }

    #[test]
    fn a_certificate_that_does_not_verify_is_final() {
        place::run_on(
            Profile::Web,
            tunnel_faults::a_certificate_that_does_not_verify_is_final::<Reqwest>,
        );
    }
}
