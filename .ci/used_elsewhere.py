"""Names that vulture finds unused though something uses them; see `make lint`.

vulture takes what this file mentions as used. Each group says who uses it.
"""
# ruff: noqa: B018, F821

# moto's and LocalStack's objects: the plug-in sets these attributes, their APIs answer with them.
_.active_services_count
_.agent_connected
_.calculate_alarm_state
_.capacity_provider_name
_.compatibilities
_.create_alarms
_.deployments_changed
_.exitCode
_.health_status
_.launch_type
_.lifecycle
_.lifecycle_state
_.network_configuration
_.notify_terminate_instances
_.pending_count
_.pending_tasks_count
_.protected_from_scale_in
_.record_cw_metric_error
_.record_cw_metric_invocation
_.registered_container_instances_count
_.registered_resources
_.remaining_resources
_.run_log_loop
_.running_count
_.running_tasks_count
_.start_worker_thread
_.schedule_metric_alarm
_.stopped_reason
_.update_service
_._wait_interval
_._eval_body
_._eval_service_task
_._get_evaluation_entrypoint
_.dispatch_sqs_metric
_.find_clauses
_.service_response
_.traverse

# The interface of LocalStack's runtime executors, servers and plug-ins, which LocalStack calls.
_.cleanup_version
_.get_address
_.get_endpoint_from_executor
_.get_logs
_.get_runtime_endpoint
_.prepare_version
ProcessRuntimeExecutorPlugin
send_event
StrictServerPlugin
ssl_creds
trace_header

# LocalStack's providers, which the plug-in's entry points name.
application_autoscaling
ce
dynamodb
fis
service_quotas
sqs

# What socketserver and http.server read and call.
block_on_close
request_queue_size
_.handle_error
_.handle_expect_100
_.do_DELETE
_.do_HEAD
_.do_OPTIONS
_.do_PATCH
_.do_PUT

# The interface of an importlib.abc.Loader.
_.exec_module

# The interface of AWS's runtime client, which awslambdaric calls.
initialize_client
post_error
post_invocation_result

# The interface of discord_stand_in.testing and ecs_fleet_emulator.testing for the tests of
# strangers, and of pytest's plug-ins.
_.change_fleet
_.running_tasks
_.may_reconnect
_.switch_chaos
_.wait_for_command
_.wait_for_message
fixture_name
pytest_addoption

# Options and methods of http.server, html.parser, Twisted, Starlette, zipfile, tokenizers, torch,
# RE2, botocore, Pillow.
_.FILE_LOADER_CLASS
_.benchmark
_.case_sensitive
_.close_connection
_.compress_type
_.create_system
daemon_threads
disable_nagle_algorithm
_.external_attr
fmt
_.handle_starttag
_.list_available_services
_.LOAD_TRUNCATED_IMAGES
_.log_errors
_.log_message
_.MAX_IMAGE_PIXELS
_.max_mem
_.never_capture
_.pre_tokenizer
protocol_version
_.redirect_slashes
_.threadFactory
type_name
wbufsize

# The parameters of a context manager's end.
traceback

# Imported for the type checker, and used in annotations that are text.
Axes
ContainerInstanceStatusType
ContainerInstanceTypeDef
Metric
QueueAttributeNameType
ServiceTypeDef
TaskTypeDef

# Fields that are read by `asdict`, `vars`, `fields` or `getattr`.
aws_access_key_id
aws_secret_access_key
dead
discord_public_key
interactions_function_name
jobs_table_name
nonce
_.nonce
schema_version
wholly

# Members of enumerations that are complete on purpose: Discord's, AWS's, and a figure's origins.
ASSUMED
AUTO_MODERATION_CONFIGURATION
AUTO_MODERATION_EXECUTION
BOT_DM
CHANGE
DERIVED
DIRECT_MESSAGE_POLLS
DURABLE
EXCERPT
GUILD_EXPRESSIONS
GUILD_INTEGRATIONS
GUILD_INVITES
GUILD_MESSAGE_POLLS
GUILD_MODERATION
GUILD_SCHEDULED_EVENTS
MEASURED
MESSAGE_COMMAND
PRIVATE_CHANNEL
READ
UNVERIFIED
VOICE

# `make policy`, whose checks are tests.
Tools
_.checkov
skipped
unparsed

# Fields of the Gateway's payloads, which are checked, and of an event, which is shown.
afk
delivered
large_threshold
presence
presences

# What tests read to prove a behaviour that nothing else shows.
TESTS
_.is_sending
_.group_id
_.wait_for_pid
_.health_url
_.loaded_names

# Tests of weights in 8 bits set up torchao, which no environment has.
_.quantization_plan
