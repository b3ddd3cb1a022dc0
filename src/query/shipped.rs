//! The queries that come with the program: the files of `queries/`.

use super::{Header, Query};

/// File name without its end, and text; in the order of the names.
const FILES: &[(&str, &str)] = &[
    ("accelerator_class_jump", include_str!("../../queries/accelerator_class_jump.sql")),
    ("alert_threshold_changed", include_str!("../../queries/alert_threshold_changed.sql")),
    ("approval_by_unusual_principal", include_str!("../../queries/approval_by_unusual_principal.sql")),
    ("artifact_overwrite_then_deploy", include_str!("../../queries/artifact_overwrite_then_deploy.sql")),
    ("attack_tool_user_agent", include_str!("../../queries/attack_tool_user_agent.sql")),
    ("bedrock_access_enabled", include_str!("../../queries/bedrock_access_enabled.sql")),
    ("bedrock_logging_removed", include_str!("../../queries/bedrock_logging_removed.sql")),
    ("bedrock_new_model_or_caller", include_str!("../../queries/bedrock_new_model_or_caller.sql")),
    ("bulk_model_reads", include_str!("../../queries/bulk_model_reads.sql")),
    ("canvas_cross_account", include_str!("../../queries/canvas_cross_account.sql")),
    ("capacity_probing", include_str!("../../queries/capacity_probing.sql")),
    ("console_without_mfa", include_str!("../../queries/console_without_mfa.sql")),
    ("copy_through_processing", include_str!("../../queries/copy_through_processing.sql")),
    ("core_dump_enabled", include_str!("../../queries/core_dump_enabled.sql")),
    ("cross_account_assume", include_str!("../../queries/cross_account_assume.sql")),
    ("cross_service_hop", include_str!("../../queries/cross_service_hop.sql")),
    ("denied_burst", include_str!("../../queries/denied_burst.sql")),
    ("denied_by_role", include_str!("../../queries/denied_by_role.sql")),
    ("denied_passrole", include_str!("../../queries/denied_passrole.sql")),
    ("deployment_by_newcomer", include_str!("../../queries/deployment_by_newcomer.sql")),
    ("destruction", include_str!("../../queries/destruction.sql")),
    ("domain_opened_to_internet", include_str!("../../queries/domain_opened_to_internet.sql")),
    ("emr_roles_for_studio", include_str!("../../queries/emr_roles_for_studio.sql")),
    ("endpoint_foreign_caller", include_str!("../../queries/endpoint_foreign_caller.sql")),
    ("endpoint_new_caller", include_str!("../../queries/endpoint_new_caller.sql")),
    ("enumeration_burst", include_str!("../../queries/enumeration_burst.sql")),
    ("execution_role_changes_identity", include_str!("../../queries/execution_role_changes_identity.sql")),
    ("execution_role_outside_aws", include_str!("../../queries/execution_role_outside_aws.sql")),
    ("execution_role_swap", include_str!("../../queries/execution_role_swap.sql")),
    ("first_seen_action_by_principal", include_str!("../../queries/first_seen_action_by_principal.sql")),
    ("first_seen_action_in_account", include_str!("../../queries/first_seen_action_in_account.sql")),
    ("first_use_of_region", include_str!("../../queries/first_use_of_region.sql")),
    ("foreign_container_image", include_str!("../../queries/foreign_container_image.sql")),
    ("guardrail_removed", include_str!("../../queries/guardrail_removed.sql")),
    ("iam_changes", include_str!("../../queries/iam_changes.sql")),
    ("identity_trail_changed", include_str!("../../queries/identity_trail_changed.sql")),
    ("inline_code_in_job", include_str!("../../queries/inline_code_in_job.sql")),
    ("job_burst", include_str!("../../queries/job_burst.sql")),
    ("key_for_another_user", include_str!("../../queries/key_for_another_user.sql")),
    ("lifecycle_attach_chain", include_str!("../../queries/lifecycle_attach_chain.sql")),
    ("lifecycle_for_everybody", include_str!("../../queries/lifecycle_for_everybody.sql")),
    ("lifecycle_script_by_hand", include_str!("../../queries/lifecycle_script_by_hand.sql")),
    ("lifecycle_script_indicators", include_str!("../../queries/lifecycle_script_indicators.sql")),
    ("long_term_key_on_ai_service", include_str!("../../queries/long_term_key_on_ai_service.sql")),
    ("many_profiles_opened", include_str!("../../queries/many_profiles_opened.sql")),
    ("mining_words", include_str!("../../queries/mining_words.sql")),
    ("model_data_from_new_bucket", include_str!("../../queries/model_data_from_new_bucket.sql")),
    ("model_group_shared", include_str!("../../queries/model_group_shared.sql")),
    ("monitoring_removed", include_str!("../../queries/monitoring_removed.sql")),
    ("new_app_link", include_str!("../../queries/new_app_link.sql")),
    ("new_network_on_ai_service", include_str!("../../queries/new_network_on_ai_service.sql")),
    ("new_output_bucket", include_str!("../../queries/new_output_bucket.sql")),
    ("new_region_for_ai_writes", include_str!("../../queries/new_region_for_ai_writes.sql")),
    ("package_born_approved", include_str!("../../queries/package_born_approved.sql")),
    ("passrole_new_pair", include_str!("../../queries/passrole_new_pair.sql")),
    ("passrole_new_role", include_str!("../../queries/passrole_new_role.sql")),
    ("pipeline_edited_and_run", include_str!("../../queries/pipeline_edited_and_run.sql")),
    ("presigned_notebook_of_other", include_str!("../../queries/presigned_notebook_of_other.sql")),
    ("presigned_url_for_other_profile", include_str!("../../queries/presigned_url_for_other_profile.sql")),
    ("profile_made_and_opened", include_str!("../../queries/profile_made_and_opened.sql")),
    ("region_sweep", include_str!("../../queries/region_sweep.sql")),
    ("remote_access", include_str!("../../queries/remote_access.sql")),
    ("role_of_other_account", include_str!("../../queries/role_of_other_account.sql")),
    ("role_swapped_and_back", include_str!("../../queries/role_swapped_and_back.sql")),
    ("root_on_ai_service", include_str!("../../queries/root_on_ai_service.sql")),
    ("root_use", include_str!("../../queries/root_use.sql")),
    ("sagemaker_logs_removed", include_str!("../../queries/sagemaker_logs_removed.sql")),
    ("trail_weakened", include_str!("../../queries/trail_weakened.sql")),
    ("training_container_shell", include_str!("../../queries/training_container_shell.sql")),
    ("wide_grants_without_use", include_str!("../../queries/wide_grants_without_use.sql")),
    ("workforce_opened", include_str!("../../queries/workforce_opened.sql")),
];

/// All of them, in the order of their names.
pub fn all() -> Vec<Query> {
    let query = |(name, sql): &(&str, &str)| {
        // A test reads every header.
        let header = Header::parse(sql).unwrap_or_default();
        Query { name: (*name).to_owned(), header, sql: (*sql).to_owned() }
    };
    FILES.iter().map(query).collect()
}
