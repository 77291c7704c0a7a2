//! The scenarios at a loopback address.

/// Generates a test for each scenario. Scenarios with the number of a rule in their name are
/// written out here.
macro_rules! scenarios {
    ($transport:ty) => {
        scenarios! { $transport:
            images_arrive_byte_for_byte fan_out everything_arrives_as_it_was_sent
            large_files_are_announced_and_signed
            a_parallel_upload_survives_lost_and_refused_chunks an_outbox_sends_a_text_once
            a_text_in_doubt_stays_in_doubt fetches_into_every_sink headers_on_the_wire
            progress_is_reported_in_time faults_while_sending
            odd_answers_to_an_upload_are_reported an_appended_repeat_starts_over
            faults_while_fetching failures_leave_no_file a_slow_reply_is_not_a_stall
            files_arrive_byte_for_byte faults_while_receiving_files
            content_in_place_of_a_file_is_reported
            a_stream_ends_in_an_error_unless_the_media_is_complete
            an_outstanding_batch_is_received_by_the_next_client
            videos_and_voice_messages_arrive_byte_for_byte faults_while_receiving_videos
            a_forward_has_an_id_of_its_own_for_each_recipient a_forward_in_doubt_stays_in_doubt
            an_outbox_sends_a_forward_and_an_emoticon_once
            what_cannot_be_forwarded_is_refused_before_any_request
            p86_avatars_arrive_byte_for_byte p86_faults_while_fetching_avatars
            a_message_is_revoked_once_and_never_twice a_conversation_is_marked_as_read
            an_answer_that_stops_halfway_stalls an_early_refusal_is_read no_server_listens
            no_connection_in_time no_http cookies_of_answers_are_not_kept
            no_tls_there faults_of_a_proxy_are_named a_closed_reused_connection_costs_no_try
            the_repeat_is_on_a_new_connection_whatever_else_is_idle
            a_reused_connection_that_stalls_is_not_closed
            a_reused_connection_that_answers_is_not_closed
            a_new_connection_that_is_closed_costs_a_try a_message_is_never_sent_twice_by_the_client
            loopback_needs_no_proxy
            proxy_of_the_environment nothing_shows_secrets
            a_complete_login p92_rooms_come_from_every_source_with_their_members
            a_login_on_a_computer_whose_clock_is_wrong
            the_session_moves_on_and_clones_share_it
            network_faults_neither_lose_nor_repeat_messages the_end_of_a_login_ends_the_messages
            faults_while_logging_in two_that_wait_share_the_messages
            a_record_that_fails_at_any_call_loses_and_doubles_nothing the_same_key_is_sent_once
            a_key_of_another_message_sends_nothing
            a_key_whose_upload_was_begun_accepts_no_other_image
            an_error_says_what_the_record_says a_refusal_that_is_not_on_record_is_not_reported
            a_sent_key_accepts_no_other_image
            an_uploaded_key_accepts_no_other_image
            messages_at_once_share_one_upload a_message_that_waits_for_an_upload_takes_it_over
            a_record_whose_rewriting_fails_at_any_call_loses_and_doubles_nothing
            a_record_that_cannot_be_cleared_or_removed_lets_nothing_more_leave
            nothing_more_leaves_after_the_record_is_removed
            a_message_in_doubt_is_never_reported_as_not_sent
            a_message_that_was_given_up_is_never_sent_again
            odd_bytes_of_strangers_stop_nothing a_damaged_id_costs_its_element_alone
            a_login_whose_webwxinit_fails_is_kept a_question_that_cannot_be_asked_becomes_a_code
            only_a_good_logout_is_one
            no_answer_is_endless malformed_chunks_are_no_http
            a_request_that_is_read_too_slowly_stalls
            a_slow_answer_stalls_only_below_the_rate a_long_poll_is_given_up_in_time
            heads_have_a_limit
            images_keep_their_distance only_images_to_be_uploaded_keep_their_distance
        }
        #[cfg(target_os = "linux")]
        scenarios! { $transport:
            the_platforms_store_decides_who_is_trusted tls_that_fails_after_the_request_is_in_doubt
            a_closed_reused_tls_connection_costs_no_try
        }
        #[cfg(feature = "tracing")]
        scenarios! { $transport:
            a_span_for_each_exchange_of_a_send
            spans_show_how_an_exchange_failed_and_nothing_of_the_login
        }
    };
    ($transport:ty: $($name:ident)*) => {
        $(#[test] fn $name() { crate::$name::<$transport>(); })*
    };
}

mod ureq {
    use crate::ureq_transport::Ureq;

    scenarios!(Ureq);

    #[test]
    fn p2_a_login_page_on_a_foreign_host_is_refused() {
        crate::a_login_page_on_a_foreign_host_is_refused::<Ureq>();
    }

    #[test]
    fn p3_a_certificate_that_nobody_signed_is_refused() {
        crate::a_certificate_that_nobody_signed_is_refused::<Ureq>();
    }

    #[test]
    fn p40_a_server_that_does_not_read_stalls() {
        crate::a_server_that_does_not_read_stalls::<Ureq>();
    }

    #[test]
    fn p84_an_emoticon_is_sent_by_the_md5_that_the_server_knows() {
        crate::an_emoticon_is_sent_by_the_md5_that_the_server_knows::<Ureq>();
    }

    #[test]
    fn p85_an_emoticon_is_fetched_from_outside_only_if_that_is_allowed() {
        crate::an_emoticon_is_fetched_from_outside_only_if_that_is_allowed::<Ureq>();
    }

    #[test]
    fn p87_p88_everything_that_can_be_forwarded_arrives_again() {
        crate::everything_that_can_be_forwarded_arrives_again::<Ureq>();
    }

    #[test]
    fn p57_a_batch_comes_again_after_a_kill_unless_it_was_acknowledged() {
        crate::p57_a_batch_comes_again_after_a_kill_unless_it_was_acknowledged::<Ureq>();
    }

    #[test]
    fn p97_copies_of_own_messages_are_dropped() {
        crate::p97_copies_of_own_messages_are_dropped::<Ureq>();
    }

    #[test]
    fn p102_a_login_that_is_synced_in_time_outlives_its_cookies() {
        crate::p102_a_login_that_is_synced_in_time_outlives_its_cookies::<Ureq>();
    }
}

mod reqwest {
    use crate::reqwest_transport::Reqwest;

    scenarios!(Reqwest);

    #[test]
    fn p2_a_login_page_on_a_foreign_host_is_refused() {
        crate::a_login_page_on_a_foreign_host_is_refused::<Reqwest>();
    }

    #[test]
    fn p3_a_certificate_that_nobody_signed_is_refused() {
        crate::a_certificate_that_nobody_signed_is_refused::<Reqwest>();
    }

    #[test]
    fn p40_a_server_that_does_not_read_stalls() {
        crate::a_server_that_does_not_read_stalls::<Reqwest>();
    }

    #[test]
    fn p84_an_emoticon_is_sent_by_the_md5_that_the_server_knows() {
        crate::an_emoticon_is_sent_by_the_md5_that_the_server_knows::<Reqwest>();
    }

    #[test]
    fn p85_an_emoticon_is_fetched_from_outside_only_if_that_is_allowed() {
        crate::an_emoticon_is_fetched_from_outside_only_if_that_is_allowed::<Reqwest>();
    }

    #[test]
    fn p87_p88_everything_that_can_be_forwarded_arrives_again() {
        crate::everything_that_can_be_forwarded_arrives_again::<Reqwest>();
    }

    #[test]
    fn p57_a_batch_comes_again_after_a_kill_unless_it_was_acknowledged() {
        crate::p57_a_batch_comes_again_after_a_kill_unless_it_was_acknowledged::<Reqwest>();
    }

    #[test]
    fn p97_copies_of_own_messages_are_dropped() {
        crate::p97_copies_of_own_messages_are_dropped::<Reqwest>();
    }

    #[test]
    fn p102_a_login_that_is_synced_in_time_outlives_its_cookies() {
        crate::p102_a_login_that_is_synced_in_time_outlives_its_cookies::<Reqwest>();
    }
}
