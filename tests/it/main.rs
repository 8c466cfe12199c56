//! Behaviour through the real interfaces, in one binary.

#![allow(
    clippy::cast_possible_truncation,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::large_futures,
    clippy::large_stack_arrays,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod account_mails;
mod accounts;
mod accounts_of_the_instance;
mod acme;
mod analytics;
mod api_keys;
mod arbitrary_requests;
mod audit;
mod audit_of_accounts;
mod audit_of_domains;
mod audit_of_links;
mod audit_of_people;
mod audit_of_programs;
mod audit_of_views;
mod audit_verification;
mod backups;
mod browser_sessions;
mod bulk_edits;
mod bus;
mod caddy;
mod click_bus;
mod click_bus_faults;
mod click_exports;
mod click_packing;
mod click_policies;
mod clickhouse;
mod command_line;
mod command_line_links;
mod command_line_people;
mod connections;
mod dashboard;
mod data_folder;
mod destinations;
mod dns_attacks;
mod documented_forms;
mod domain_clients;
mod domain_races;
mod domains;
mod domains_at_the_edge;
mod edges;
mod enumeration;
mod event_archive;
mod event_failures;
mod events;
mod evidence;
mod first_steps;
mod folders;
mod freeze_windows;
mod fuzz_seeds;
mod grpc_accounts;
mod grpc_analytics;
mod grpc_audit;
mod grpc_filing;
mod grpc_idempotency;
mod grpc_link_batches;
mod grpc_link_explanations;
mod grpc_link_history;
mod grpc_link_work;
mod grpc_links;
mod grpc_operators;
mod grpc_origin;
mod grpc_people;
mod grpc_tls;
mod guarded_links;
mod guessing;
mod history;
mod idempotency;
mod imports_again;
mod invitations;
mod jobs;
mod jobs_of_operators;
mod journal;
mod journal_copies;
mod key_races;
mod known_devices;
mod link_approvals;
mod link_ends;
mod link_extras;
mod link_history;
mod link_lookups;
mod link_moves;
mod links;
mod links_by_external_id;
mod list_plans;
mod live_clicks;
mod mail;
mod names;
mod nothing_is_fetched;
mod oauth_attacks;
mod oauth_clients;
mod oauth_flow;
mod objects;
mod ory;
mod ory_away;
mod people;
mod permissions;
mod printed_clients;
mod printed_links;
mod provider_attacks;
mod provider_sign_in;
mod provider_tokens;
mod purged_workspaces;
mod qr_codes;
mod query_limits;
mod races;
mod recorded;
mod redirects;
mod redis;
mod report_schedules;
mod report_webhooks;
mod second_factor;
mod selftest;
mod slugs_of_domains;
mod sparklines;
mod startup;
mod store;
mod support;
mod tls;
mod user_agents;
mod views_and_shares;
mod what_visitors_send;
mod workspaces;

/// The allocator of the executable.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
