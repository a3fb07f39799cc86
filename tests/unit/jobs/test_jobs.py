"""A job crosses the queue whole, and what is no job is refused by name."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discord_diffusion.jobs.job import TOKEN_LIFETIME, Job
from discord_diffusion.jobs.parameters import GenerationParameters, SourceImage
from discord_diffusion.jobs.validation import InvalidJobError

snowflakes = st.integers(0, 2**64 - 1).map(str)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
parameters = st.builds(
    GenerationParameters,
    prompt=texts.filter(bool),
    negative_prompt=texts,
    seed=st.integers(0, 2**32 - 1),
    steps=st.integers(1, 100),
    guidance=st.floats(0, 30),
    width=st.integers(1, 512).map(lambda n: n * 8),
    height=st.integers(1, 512).map(lambda n: n * 8),
    images=st.integers(1, 4),
    scheduler=st.none() | st.just("DDIMScheduler"),
    model=st.none() | st.just("sd-1.5"),
    source=st.none()
    | st.builds(
        SourceImage,
        url=st.just("https://cdn.discordapp.com/attachments/1/2/cat.png?ex=1"),
        strength=st.floats(0.01, 1),
        scale=st.sampled_from([1, 2]),
    ),
)
jobs = st.builds(
    Job,
    id=snowflakes,
    application_id=snowflakes,
    token=texts.filter(bool),
    user_id=snowflakes,
    locale=st.sampled_from(["en-US", "de", "ja"]),
    parameters=parameters,
    channel_id=st.none() | snowflakes,
    guild_id=st.none() | snowflakes,
    attachment_size_limit=st.integers(1, 2**31),
    nsfw=st.booleans(),
    private=st.booleans(),
    spoiler=st.booleans(),
    safety_check=st.booleans(),
    traceparent=st.none() | st.just(f"00-{'a' * 32}-{'b' * 16}-01"),
    schema_version=st.just(1),
)
garbage = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
)

JOB = Job(
    id="1127000000000000000",
    application_id="2",
    token="a-secret-token",
    user_id="3",
    locale="en-US",
    parameters=GenerationParameters("a red circle", 42, 12, 3.0, 64, 64, 4),
)


@given(jobs)
def test_a_job_is_read_back_as_it_was_written(job: Job) -> None:
    assert Job.from_json(job.to_json()) == job


@given(garbage)
def test_garbage_is_refused_and_nothing_else_happens(content: object) -> None:
    with pytest.raises(InvalidJobError):
        Job.from_json(json.dumps(content))


@given(st.text())
def test_text_that_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(InvalidJobError):
        Job.from_json(text)


@given(jobs, st.data())
def test_a_job_with_one_field_gone_or_replaced_is_refused_or_read(job: Job, data: Any) -> None:
    content = json.loads(job.to_json())
    inside = data.draw(st.sampled_from([content, content["parameters"]]))
    name = data.draw(st.sampled_from(sorted(inside)))
    if data.draw(st.booleans()):
        del inside[name]
    else:
        inside[name] = data.draw(garbage)
    told = ""
    try:
        read = Job.from_json(json.dumps(content))
    except InvalidJobError as error:
        told = str(error)
    if told:
        assert name in told or name == "parameters"
    else:
        assert Job.from_json(read.to_json()) == read


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("id", 5, "id is 5, not a snowflake"),
        ("id", "99999999999999999999", "not a snowflake"),
        ("id", "٣", "not a snowflake"),
        ("nsfw", 1, "not true or false"),
        ("schema_version", 2, "schema_version is 2, not 1"),
        ("schema_version", True, "schema_version is True"),
        ("surprise", 1, "'surprise' is no field"),
        ("parameters.steps", 101, "steps is 101, not a whole number from 1 to 100"),
        ("parameters.steps", True, "steps is True"),
        ("parameters.guidance", float("nan"), "guidance is nan"),
        ("parameters.width", 65, "not a multiple of 8"),
        ("parameters.prompt", "", "prompt is ''"),
        ("parameters.prompt", "x" * 6001, "not a text of 1 to 6000"),
    ],
)
def test_the_error_names_field_value_and_what_is_allowed(
    field: str, value: object, told: str
) -> None:
    content = json.loads(JOB.to_json())
    *outer, name = field.split(".")
    (content[outer[0]] if outer else content)[name] = value
    with pytest.raises(InvalidJobError, match=told):
        Job.from_json(json.dumps(content))


def test_the_token_is_in_no_representation_and_no_error() -> None:
    assert JOB.token not in repr(JOB)
    assert JOB.token not in str(JOB)
    content = json.loads(JOB.to_json()) | {"token": ["a-secret-token"]}
    with pytest.raises(InvalidJobError) as refused:
        Job.from_json(json.dumps(content))
    assert "a-secret-token" not in str(refused.value)


def test_the_token_lives_fifteen_minutes_from_the_interaction() -> None:
    # The example of Discord's own reference: 2016-04-30 11:18:25.796 UTC.
    job = replace(JOB, id="175928847299117063")
    assert job.created_at.isoformat() == "2016-04-30T11:18:25.796000+00:00"
    assert job.expires_at - job.created_at == TOKEN_LIFETIME
