"""Values of the root module's variables: those that its validations refuse, and the limits of
those that they accept."""

from typing import Any

Values = dict[str, Any]

VALID: Values = {
    "target": "aws",
    "environment": "test",
    "discord_public_key": "00112233445566778899aabbccddeeff" * 2,
    "discord_application_id": "123456789012345678",
    "lambda_package": "package.txt",
}
"""The variables that have no default, and a package that exists; each case changes some."""

REFUSED: dict[str, list[Values]] = {
    "target must be": [{"target": "gcp"}],
    "emulator_endpoint must be": [{"emulator_endpoint": "http://127.0.0.1:4566/"}],
    "region must be": [{"region": "Frankfurt"}],
    "project must be": [{"project": "DiscordBot"}, {"project": "a-project-of-21-lettrs"}],
    "environment must be": [{"environment": "dev-"}, {"environment": "pre-productio"}],
    "discord_public_key must be": [
        {"discord_public_key": "00112233"},
        {"discord_public_key": "zz" + 62 * "0"},
    ],
    "discord_application_id must be": [{"discord_application_id": "my-bot"}],
    "discord_api_url must be http(s)://host/path": [
        {"target": "aws", "discord_api_url": "https://discord.com/api/v10/"}
    ],
    "discord_api_url must be https with": [
        {"target": "aws", "discord_api_url": f"http://{host}/api/v10"}
        for host in ("discord.com", "127.0.0.1.example.com")
    ],
    "log_level must be": [{"log_level": "VERBOSE"}],
    "log_retention_days must be": [{"log_retention_days": 10}],
    "lambda_package must name": [{"lambda_package": "build/nothing.zip"}],
    "lambda_architecture must be": [{"lambda_architecture": "riscv"}],
    "hot_reload_folder must be an absolute path": [
        {"target": "localstack", "hot_reload_folder": "src"}
    ],
    "hot_reload_folder must be null with": [{"target": "aws", "hot_reload_folder": "/srv/code"}],
    "interactions_function.memory_mb must be": [
        {"interactions_function": {"memory_mb": 64}},
        {"interactions_function": {"memory_mb": 10241}},
    ],
    "interactions_function.timeout_seconds must be": [
        {"interactions_function": {"timeout_seconds": 2}},
        {"interactions_function": {"timeout_seconds": 30}},
    ],
    "interactions_function.reserved_concurrency must be": [
        {"interactions_function": {"reserved_concurrency": value}} for value in (0, -2, 1.5, 1001)
    ],
    "replay_window_seconds must be": [
        {"replay_window_seconds": value} for value in (-1, 0.5, 86401)
    ],
    "generation_defaults.steps must be": [
        {"generation_defaults": {"steps": value}} for value in (0, 1.5, 101)
    ],
    "generation_defaults.guidance must be": [
        {"generation_defaults": {"guidance": value}} for value in (-0.5, 30.5)
    ],
    "generation_defaults.width and height must be": [
        {"generation_defaults": {side: value}}
        for side in ("width", "height")
        for value in (56, 500, 2056)
    ],
    "generation_defaults.images must be": [
        {"generation_defaults": {"images": value}} for value in (0, 5)
    ],
    "throttling.rate_per_second must be": [
        {"throttling": {"rate_per_second": value}} for value in (0, 10001)
    ],
    "throttling.per_source_and_minute must be null or": [
        {"throttling": {"per_source_and_minute": value}} for value in (9, 10.5, 2_000_000_001)
    ],
    "throttling.burst must be": [{"throttling": {"burst": value}} for value in (0, 1.5, 5001)],
    "visibility_timeout_seconds must be": [
        {"visibility_timeout_seconds": value} for value in (2, 3.5, 901)
    ],
    "max_receive_count must be": [{"max_receive_count": value} for value in (0, 101)],
    "message_retention_seconds must be": [
        {"message_retention_seconds": value} for value in (899, 1209601)
    ],
    "dead_letter_retention_seconds must be": [
        {"dead_letter_retention_seconds": value} for value in (60, 3599, 1209601)
    ],
    "network.vpc_id must be a VPC's id": [{"network": {"vpc_id": "main"}}],
    "network.vpc_id must be null with": [
        {"network": {"vpc_id": "vpc-0123456789abcdef0", "create_vpc": True}}
    ],
    "network.cidr_block must be": [
        {"network": {"cidr_block": block}}
        for block in ("10.0.0.0/26", "10.0.0.0/25", "10.0.0.0/15", "10.0.0.0", "fd00::/20")
    ],
    "fleet.instance_types must name 1 to 20": [
        {"fleet": {"instance_types": types}} for types in ([], ["g5.xlarge", "g5.xlarge"])
    ],
    # Four GPUs; and a GPU of a generation that CUDA 13 no longer supports.
    "fleet.instance_types must be types": [
        {"fleet": {"instance_types": [name]}} for name in ("g4dn.12xlarge", "p3.2xlarge")
    ],
    "fleet.ami must be": [{"fleet": {"ami": "ubuntu"}}],
    "fleet.spot_percentage must be": [
        {"fleet": {"spot_percentage": value}} for value in (-1, 50.5, 101)
    ],
    "fleet.on_demand_base must be": [{"fleet": {"on_demand_base": value}} for value in (-1, 201)],
    "fleet.maximum_tasks must be": [{"fleet": {"maximum_tasks": value}} for value in (1.5, 201)],
    "fleet.warm_pool_size must be a whole": [
        {"fleet": {"warm_pool_size": value, "spot_percentage": 0}} for value in (-1, 1.5, 21)
    ],
    "fleet.warm_pool_size must be 0 unless": [
        {"fleet": {"warm_pool_size": 1}},
        {"fleet": {"warm_pool_size": 1, "spot_percentage": 1, "on_demand_base": 200}},
    ],
    "fleet.minimum_tasks must be": [{"fleet": {"minimum_tasks": value}} for value in (-1, 5)],
    "fleet.task_memory_mb must be": [
        {"fleet": {"task_memory_mb": value}} for value in (512, 1024.5)
    ],
    "fleet.root_volume.size_gb must be": [
        {"fleet": {"root_volume": {"size_gb": value}}} for value in (20, 16385)
    ],
    "fleet.root_volume must have": [
        {"fleet": {"root_volume": volume}}
        for volume in (
            {"throughput_mb_per_second": 800},
            {"throughput_mb_per_second": 124},
            {"throughput_mb_per_second": 1001, "iops": 16000},
            {"iops": 2999},
            {"iops": 16001},
        )
    ],
    "fleet.instance_warmup_seconds must be": [
        {"fleet": {"instance_warmup_seconds": value}} for value in (-1, 0.5, 10001)
    ],
    "fleet.container_insights must be": [{"fleet": {"container_insights": "on"}}],
    "worker_image must be": [{"worker_image": "my worker"}],
    "scaling.seconds_per_job must be": [
        {"scaling": {"seconds_per_job": value}} for value in (0, 901)
    ],
    "scaling.jobs_at_once must be": [{"scaling": {"jobs_at_once": value}} for value in (0, 65)],
    "scaling.target_wait_seconds must be": [
        {"scaling": {"target_wait_seconds": value}} for value in (-1, 901)
    ],
    "scaling.scale_in_hold_seconds must be": [
        {"scaling": {"scale_in_hold_seconds": value}} for value in (0, 90, 3660)
    ],
    "scaling.boot_instance_seconds, boot_pull_seconds and": [
        {"scaling": {f"boot_{part}_seconds": value}}
        for part in ("instance", "pull", "load")
        for value in (-1, 3601)
    ],
    "limits.user_units_per_day, guild_units_per_day and": [
        {"limits": {f"{whose}units_per_day": value}}
        for whose in ("user_", "guild_", "")
        for value in (-1, 0.5, 1000001)
    ],
    "limits.cooldown_seconds must be": [
        {"limits": {"cooldown_seconds": value}} for value in (-1, 0.5, 3601, 7200)
    ],
    "limits.jobs_in_flight must be": [{"limits": {"jobs_in_flight": value}} for value in (0, 101)],
    "audit_days must be": [{"audit_days": value} for value in (0, 1.5, 3651)],
    "alarm_email must be": [{"alarm_email": "me"}],
    "alarms.oldest_job_seconds must be": [
        {"alarms": {"oldest_job_seconds": value}} for value in (9, 901)
    ],
    "alarms.no_capacity_minutes must be": [
        {"alarms": {"no_capacity_minutes": value}} for value in (0, 61)
    ],
    "alarms.idle_instances_minutes must be": [
        {"alarms": {"idle_instances_minutes": value}} for value in (15, 121)
    ],
    "safeguards.join_seconds must be": [
        {"safeguards": {"join_seconds": value}} for value in (0, 3601)
    ],
    "safeguards.failed_starts must be": [
        {"safeguards": {"failed_starts": value}} for value in (0, 1.5, 11)
    ],
    "safeguards.retry_pause_seconds must be": [
        {"safeguards": {"retry_pause_seconds": value}} for value in (0, 7201)
    ],
    "safeguards.instance_hours_a_day and instance_hours_a_month must be": [
        {"safeguards": {f"instance_hours_a_{name}": value}}
        for name in ("day", "month")
        for value in (-1, 1000001)
    ],
    "monthly_budget_usd must be": [{"monthly_budget_usd": 0}],
    "worker.model and worker.model_lora must name": [
        {"worker": {name: " "}} for name in ("model", "model_lora")
    ],
    "quality must be": [{"quality": value} for value in ("", "slow")],
    "worker.device must be": [{"worker": {"device": "gpu"}}],
    "worker.safety_checker must be": [
        {"worker": {"safety_checker": value}} for value in ("", "a model")
    ],
    "styles must have names": [{"styles": {"My Style": {"prompt": "x"}}}],
    "styles must have a prompt and": [
        {"styles": {"x": {field: "x" * 501}}} for field in ("prompt", "negative_prompt")
    ],
    "styles must have something": [{"styles": {"x": {}}}, {"styles": {"x": {"prompt": ""}}}],
    "styles must have steps": [{"styles": {"x": {"steps": steps}}} for steps in (0, 101, 1.5)],
    "styles must have a guidance": [{"styles": {"x": {"guidance": one}}} for one in (-0.1, 30.1)],
    "styles must have a scheduler": [
        {"styles": {"x": {"steps": 1, "scheduler": value}}} for value in ("ddim", "")
    ],
    "styles must be at most": [
        {"styles": {f"s{number}": {"steps": 1} for number in range(26)}},
        {"styles": {f"s{number}": {"prompt": "x" * 450} for number in range(5)}},
    ],
    "worker.models must have names": [{"worker": {"models": {"My Model": {"model": "x"}}}}],
    "worker.models must have a relative_cost": [
        {"worker": {"models": {"x": {"model": "x", "relative_cost": value}}}}
        for value in (0, 0.009, 1001)
    ],
    "worker.hub_token must be": [
        {"worker": {"hub_token": value}}
        for value in (
            "hf_token",
            "arn:aws:ssm:us-east-1:123456789012:parameter/a b",
            "arn:aws:s3:::bucket",
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:token:key::",
        )
    ],
    "worker.models must have a precision": [
        {"worker": {"models": {"x": {"model": "x", "precision": "fp8"}}}}
    ],
    "worker.loras must have names": [{"worker": {"loras": {"My LoRA": {"lora": "x"}}}}],
    "worker.loras must have a weight": [
        {"worker": {"loras": {"x": {"lora": "x", "weight": value}}}} for value in (-2.1, 2.1)
    ],
    "worker.loras must have a trigger": [
        {"worker": {"loras": {"x": {"lora": "x", "trigger": "x" * 201}}}}
    ],
    "worker.loras and worker.embeddings must have nothing": [
        {"worker": {"loras": {"x": {"lora": ""}}}},
        {"worker": {"loras": {"x": {"lora": "x", "trigger": ""}}}},
        {"worker": {"loras": {"x": {"lora": "x", "models": []}}}},
        {"worker": {"embeddings": {"<x>": {"embedding": "x", "revision": ""}}}},
    ],
    "worker.loras and worker.embeddings must have a file": [
        {"worker": {"loras": {"x": {"lora": "x", "file": "a/b.safetensors"}}}},
        {"worker": {"embeddings": {"<x>": {"embedding": "x", "file": "x.pt"}}}},
    ],
    "worker.loras and worker.embeddings must name models": [
        {"worker": {"loras": {"x": {"lora": "x", "models": ["xl"]}}}},
        {"worker": {"embeddings": {"<x>": {"embedding": "x", "models": ["xl"]}}}},
    ],
    "worker.embeddings must have words": [
        {"worker": {"embeddings": {"two words": {"embedding": "x"}}}}
    ],
    "worker.precision must be": [{"worker": {"precision": "fp8"}}],
    "worker.compile must be": [{"worker": {"compile": "yes"}}],
    "worker.max_batch must be": [{"worker": {"max_batch": value}} for value in (0, 65)],
    "worker.max_pixels must be": [{"worker": {"max_pixels": value}} for value in (100, 4194305)],
    "worker.otlp_endpoint must be": [{"worker": {"otlp_endpoint": "collector:4318"}}],
    "worker.discord_cdn_hosts must be": [
        {"worker": {"discord_cdn_hosts": ["https://cdn.example.com/"]}}
    ],
    "worker.receive_wait_seconds must be": [
        {"worker": {"receive_wait_seconds": value}} for value in (-1, 21)
    ],
    "worker.picture_format must be": [{"worker": {"picture_format": "gif"}}],
    "worker.picture_scale must be": [{"worker": {"picture_scale": value}} for value in (0, 17)],
    "worker.torch_threads must be": [
        {"worker": {"torch_threads": value}} for value in (-1, 0.5, 1025)
    ],
    "worker.stop_timeout_seconds must be": [
        {"worker": {"stop_timeout_seconds": value}} for value in (-1, 0.5, 7201)
    ],
}
"""Wrong values, by the beginning of the one message that refuses each.

What a validation reads of another variable stands here too, so that no other case changes it.
"""

SMALLEST: Values = {
    "project": "bot",
    "environment": "me",
    "log_retention_days": 1,
    "interactions_function": {"memory_mb": 128, "timeout_seconds": 3, "reserved_concurrency": -1},
    "replay_window_seconds": 0,
    "generation_defaults": {"steps": 1, "guidance": 0, "width": 64, "height": 64, "images": 1},
    "throttling": {"rate_per_second": 0.1, "burst": 1, "per_source_and_minute": 10},
    "visibility_timeout_seconds": 3,
    "max_receive_count": 1,
    "message_retention_seconds": 900,
    "dead_letter_retention_seconds": 3600,
    "network": {"cidr_block": "10.0.0.0/24"},
    "fleet": {
        "instance_types": ["p5.4xlarge"],
        "spot_percentage": 0,
        "warm_pool_size": 20,
        "minimum_tasks": 0,
        "maximum_tasks": 0,
        "task_memory_mb": 1024,
        "root_volume": {"size_gb": 30, "iops": 3000, "throughput_mb_per_second": 125},
        "instance_warmup_seconds": 0,
    },
    "scaling": {
        "seconds_per_job": 0.1,
        "jobs_at_once": 1,
        "target_wait_seconds": 0,
        "scale_in_hold_seconds": 60,
        **{f"boot_{part}_seconds": 0 for part in ("instance", "pull", "load")},
    },
    "limits": {
        **{f"{whose}units_per_day": 0 for whose in ("user_", "guild_", "")},
        "cooldown_seconds": 0,
        "jobs_in_flight": 1,
    },
    "audit_days": 1,
    "alarms": {"oldest_job_seconds": 10, "no_capacity_minutes": 1},
    "monthly_budget_usd": 1,
    "worker": {
        "models": {"x": {"model": "x", "relative_cost": 0.01}},
        "loras": {"x": {"lora": "x", "trigger": "x", "weight": -2, "models": ["x", None]}},
        "embeddings": {"xy": {"embedding": "x"}},
        "max_batch": 1,
        "max_pixels": 4096,
        "receive_wait_seconds": 0,
        "picture_scale": 1,
        "torch_threads": 0,
        "stop_timeout_seconds": 0,
    },
}
LARGEST: Values = {
    "target": "localstack",
    "hot_reload_folder": "/srv/code",
    "discord_api_url": "http://stand-in:8700/api/v10",
    "project": "a-project-of-20-ltrs",
    "environment": "env-of-12-ls",
    "log_retention_days": 3653,
    "interactions_function": {"memory_mb": 10240, "timeout_seconds": 29},
    "replay_window_seconds": 86400,
    "generation_defaults": {"steps": 100, "guidance": 30, "width": 2048, "height": 2048},
    "throttling": {
        "rate_per_second": 10000,
        "burst": 5000,
        "per_source_and_minute": 2_000_000_000,
    },
    "visibility_timeout_seconds": 900,
    "max_receive_count": 100,
    "message_retention_seconds": 1209600,
    "dead_letter_retention_seconds": 1209600,
    "network": {"cidr_block": "10.0.0.0/16"},
    "fleet": {
        "spot_percentage": 100,
        "on_demand_base": 200,
        "minimum_tasks": 200,
        "maximum_tasks": 200,
        "root_volume": {"size_gb": 16384, "iops": 16000, "throughput_mb_per_second": 1000},
        "instance_warmup_seconds": 10000,
    },
    "scaling": {
        "seconds_per_job": 900,
        "jobs_at_once": 64,
        "target_wait_seconds": 900,
        "scale_in_hold_seconds": 3600,
        **{f"boot_{part}_seconds": 3600 for part in ("instance", "pull", "load")},
    },
    "limits": {
        "user_units_per_day": 1000000,
        "guild_units_per_day": 1000000,
        "units_per_day": 1000000,
        "cooldown_seconds": 3600,
        "jobs_in_flight": 100,
    },
    "audit_days": 3650,
    "alarms": {"oldest_job_seconds": 900, "no_capacity_minutes": 60},
    "worker": {
        "models": {"x": {"model": "x", "relative_cost": 1000}},
        "max_batch": 64,
        "max_pixels": 4194304,
        "receive_wait_seconds": 20,
        "picture_scale": 16,
        "torch_threads": 1024,
        "stop_timeout_seconds": 7200,
    },
}


ACCEPTED: dict[str, Values] = {"defaults": {}, "smallest": SMALLEST, "largest": LARGEST}
