"""The bill of a month: the standing costs of an idle deployment, and the costs of its jobs.

A month is thirty times the simulated day, with as many jobs as the load says.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from infra.capacity.figures import (
    MONTH_SECONDS,
    PICTURES_PER_JOB,
    Figures,
    Instance,
    counts,
    figures,
    instance_price,
    prices,
)
from infra.capacity.simulation.day import AFTERWARDS, DEFAULT, Variant, day_of
from infra.capacity.simulation.jobs import DAY
from infra.capacity.simulation.outcome import Day, Fate

REGIONS = ("us-east-2", "us-east-1")
"""The first is where a deployment goes by default."""
INSTANCE = "g4dn.xlarge"
SPOT_SHARE = 1.0
DAYS = MONTH_SECONDS / 86_400
MINUTES = MONTH_SECONDS / 60
MONTH_HOURS = MONTH_SECONDS / 3600
OBSERVATIONS_PER_MINUTE = 4
"""Observations of the scaling loop while there is a job or a task; otherwise it is one a minute."""
FREE_IOPS, FREE_THROUGHPUT = 3000, 125
"""The operations a second and MB a second that a gp3 volume's price includes."""
FREE_DASHBOARDS = 3


@dataclass(frozen=True)
class Line:
    """One line of a bill: a count of something, and dollars for each."""

    name: str
    count: float
    each: float

    @property
    def dollars(self) -> float:
        """The amount of the line."""
        return self.count * self.each


def total(lines: Iterable[Line]) -> float:
    """The amount of a bill, in dollars."""
    return sum(line.dollars for line in lines)


@dataclass(frozen=True)
class Use:
    """The use in a month of 30 days.

    `awake_hours` are those with a job or a task, `express_seconds` those of state machines,
    waiting included, `idle_seconds` those in which workers poll an empty queue.
    """

    requests: float = 0.0
    answered: float = 0.0
    observations: float = MINUTES
    awake_hours: float = 0.0
    express_seconds: float = 0.0
    instance_hours: float = 0.0
    idle_seconds: float = 0.0

    @property
    def pictures(self) -> float:
        """Pictures that users got."""
        return self.answered * PICTURES_PER_JOB


@dataclass(frozen=True)
class Load:
    """The number of pictures that are requested in a month of 30 days."""

    name: str
    pictures: float

    @property
    def jobs_per_day(self) -> float:
        """The same as jobs a day."""
        return self.pictures / PICTURES_PER_JOB / DAYS


IDLE = Load("nobody asks", 0)
SMALL = Load("1,000 pictures a day", 1000 * DAYS)
LARGE = Load("1,000,000 pictures a month", 1e6)
LOADS = (SMALL, LARGE)
COMMUNITY_SIZES = (50, 500, 5000)


def community(members: int) -> Load:
    """What a community of so many members asks for."""
    asks = members * counts()["active_share"] * counts()["commands_a_day"]
    return Load(f"{members:,} members", asks * PICTURES_PER_JOB * DAYS)


@dataclass(frozen=True)
class Bill:
    """A month's bill: the standing costs, the costs of jobs, and the use that they follow from."""

    standing: tuple[Line, ...]
    working: tuple[Line, ...]
    use: Use

    @property
    def dollars(self) -> float:
        """The whole bill."""
        return total(self.standing) + total(self.working)

    @property
    def per_thousand(self) -> float:
        """Dollars for 1,000 pictures that users got."""
        return self.dollars / self.use.pictures * 1000


def bill(
    load: Load,
    region: str = REGIONS[0],
    variant: Variant = DEFAULT,
    counted: Figures | None = None,
    spot_share: float = SPOT_SHARE,
) -> Bill:
    """The bill of a variant for a month of a load.

    Args:
        load: the number of pictures.
        region: the region whose instance prices are used.
        variant: how the deployment runs.
        counted: other counts than those of `counts.toml`.
        spot_share: share of the instances that are Spot, 0 to 1; none with a warm pool.

    Raises:
        LookupError: the price of an instance in the region is not known.
    """
    instance = instance_price(INSTANCE, region)
    if instance is None:
        raise LookupError(f"prices.toml has no price of {INSTANCE} in {region}")
    counted = counted or counts()
    use = use_in_month(day_of(variant, jobs=load.jobs_per_day)) if load.pictures else Use()
    standing = standing_costs(counted)
    if variant.pool_boot:
        spot_share = 0.0
        standing = (*standing, pool_volumes(1, counted))
    return Bill(standing, working_costs(use, instance, spot_share, counted), use)


def use_in_month(day: Day) -> Use:
    """The use of thirty days like the simulated one."""
    ledger = day.ledger
    more = max(0.0, ledger.observations - (DAY + AFTERWARDS) / 60)
    return Use(
        requests=day.arrived * DAYS,
        answered=day.count(Fate.ANSWERED) * DAYS,
        observations=ledger.observations * DAYS,
        awake_hours=more / (OBSERVATIONS_PER_MINUTE - 1) / 60 * DAYS,
        express_seconds=ledger.express_seconds * DAYS,
        instance_hours=day.gpu_hours * DAYS,
        idle_seconds=(ledger.instance_seconds - ledger.busy_seconds) * DAYS,
    )


def standing_costs(counted: Figures) -> tuple[Line, ...]:
    """The lines of a month without requests: one observation a minute, and stored data."""
    polls = MONTH_SECONDS / counted["poll_seconds"] * counted["dead_letter_pollers"]
    other_alarms = counted["alarms"] + counted["alarms_of_ecs"]
    dashboards = max(0, counted["dashboards"] - FREE_DASHBOARDS)
    return (
        *_observations(MINUTES, MINUTES * counted["observation_seconds"], counted),
        _line("high-resolution alarms", counted["alarms_high_resolution"], "alarm_high_resolution"),
        _line("other alarms, two of them ECS's own", other_alarms, "alarm"),
        _line("dashboards beyond three", dashboards, "dashboard"),
        _line("polls of the dead-letter queue", polls, "sqs_request"),
        _line("image in ECR, GB", counted["image_gigabytes"], "image_gigabyte"),
    )


def _line(name: str, count: float, price: str) -> Line:
    return Line(name, count, prices()[price])


def _observations(
    observations: float, machine_seconds: float, counted: Figures
) -> tuple[Line, ...]:
    """The lines of observing the queue: state machine, Lambda, the fleet's item, log."""
    machine = machine_seconds * figures()["express_gigabytes"]
    function = observations * counted["observation_seconds"] * counted["backlog_gigabytes"]
    logs = observations * counted["observation_log_gigabytes"]
    queries = observations * counted["reads_per_observation"]
    return (
        _line("scaling state machine, executions", MINUTES, "express_request"),
        _line("scaling state machine, GB-seconds", machine, "express_gigabyte_second"),
        _line("Lambda `backlog`, invocations", observations, "lambda_request"),
        _line("Lambda `backlog`, GB-seconds", function, "lambda_gigabyte_second"),
        _line("observations of the queue", observations, "sqs_request"),
        _line("the fleet's item in the table, writes", observations, "table_write"),
        _line("looks for the oldest job, in read units", queries, "table_read"),
        _line("logs, GB", logs, "log_gigabyte"),
    )


def working_costs(
    use: Use, instance: Instance, spot_share: float, counted: Figures
) -> tuple[Line, ...]:
    """The lines that a month's jobs add to `standing_costs`."""
    requests = use.requests
    function = requests * figures()["handler_seconds"] * counted["interactions_gigabytes"]
    polls = use.idle_seconds / counted["poll_seconds"]
    messages = requests * counted["requests_per_job"] + polls
    answers = use.answered * counted["answer_gigabytes"]
    return (
        *_instances(use.instance_hours, instance.hour(spot_share), counted),
        *_awake(use, counted),
        _line("API Gateway (REST)", requests, "api_gateway_rest"),
        _line("Lambda `interactions`, invocations", requests, "lambda_request"),
        _line("Lambda `interactions`, GB-seconds", function, "lambda_gigabyte_second"),
        *_confirmations(requests, counted),
        _line("SQS, jobs and polls", messages, "sqs_request"),
        _line("jobs table, writes", requests * counted["writes_per_job"], "table_write"),
        _line("jobs table, reads", requests * counted["reads_per_job"], "table_read"),
        _line("pictures to Discord, GB", answers, "egress_gigabyte"),
    )


def _confirmations(jobs: float, counted: Figures) -> tuple[Line, ...]:
    """The lines of the state machine `confirm`, which invokes `waiting` for each job."""
    machine = jobs * counted["confirmation_seconds"] * figures()["express_gigabytes"]
    function = jobs * counted["observation_seconds"] * counted["backlog_gigabytes"]
    return (
        _line("confirmations, executions", jobs, "express_request"),
        _line("confirmations, GB-seconds", machine, "express_gigabyte_second"),
        _line("Lambda `waiting`, invocations", jobs, "lambda_request"),
        _line("Lambda `waiting`, GB-seconds", function, "lambda_gigabyte_second"),
    )


def _awake(use: Use, counted: Figures) -> tuple[Line, ...]:
    """The metrics of an awake fleet, and its observations beyond one a minute, with `waiting`.

    A metric is billed for the hours in which it has a point.
    """
    more = max(0.0, use.observations - MINUTES)
    lines = _observations(more, max(0.0, use.express_seconds - MINUTES), counted)
    # Without the first line: the executions are as many as in an idle month.
    notices = more * counted["reads_per_notice"]
    dollars = total((*lines[1:], _line("runs of `waiting`, in read units", notices, "table_read")))
    metrics = counted["metrics"] + counted["worker_metrics"]
    return (
        Line("more observations while awake", more, dollars / more if more else 0.0),
        _line("PutMetricData", use.awake_hours * 60 * OBSERVATIONS_PER_MINUTE, "metric_request"),
        _line("custom metrics, months", metrics * use.awake_hours / MONTH_HOURS, "metric"),
    )


def pool_volumes(instances: int, counted: Figures) -> Line:
    """The volumes of the stopped instances of a warm pool; nothing else of them is billed."""
    return Line("volumes of the warm pool, months", instances, volume_month(counted))


def volume_month(counted: Figures) -> float:
    """Dollars for an instance's volume for a month."""
    price = prices()
    iops = max(0.0, counted["volume_iops"] - FREE_IOPS) * price["volume_iops"]
    throughput = counted["volume_throughput"] - FREE_THROUGHPUT
    faster = iops + max(0.0, throughput) * price["volume_throughput"]
    return counted["volume_gigabytes"] * price["volume_gigabyte"] + faster


def _instances(hours: float, dollars: float, counted: Figures) -> tuple[Line, ...]:
    return (
        Line("GPU instances, hours", hours, dollars),
        Line("their volumes, months", hours / MONTH_HOURS, volume_month(counted)),
        _line("their public addresses, hours", hours, "address"),
    )
