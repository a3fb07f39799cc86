"""Job messages are read back as they were written, and invalid ones are refused by name."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discord_diffusion.jobs.job import Job, has_newer_schema, read_header
from discord_diffusion.jobs.parameters import Box, GenerationParameters, SourceImage, Style
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
        mask=st.none() | st.just("https://cdn.discordapp.com/attachments/1/3/mask.png?ex=1"),
        box=st.none() | st.just(Box(0, 0, 8, 8)),
    ),
    style=st.none()
    | st.builds(
        Style,
        name=st.sampled_from(["ink", "a-1.b_c"]),
        prompt=texts.filter(bool),
        negative_prompt=texts,
        steps=st.none() | st.integers(1, 100),
        guidance=st.none() | st.floats(0, 30),
        scheduler=st.none() | st.just("DDIMScheduler"),
    ),
    lora=st.none() | st.sampled_from(["ink:1", "a.b:-0.5,gold-2:1,ink:0.75"]),
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
    units=st.integers(0, 2**31),
    schema_version=st.just(3),
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


SOURCE = {
    "url": "https://cdn.discordapp.com/cat.png",
    "strength": 0.5,
    "scale": 2,
    "mask": None,
    "box": None,
}


@given(jobs)
def test_a_job_is_read_back_as_it_was_written(job: Job) -> None:
    assert Job.from_json(job.to_json()) == job


@given(parameters)
def test_parameters_are_read_back_as_the_record_keeps_them(one: GenerationParameters) -> None:
    assert GenerationParameters.from_json(one.to_json()) == one


def test_parameters_of_an_older_record_get_the_defaults_of_later_fields() -> None:
    older = '{"prompt":"x","seed":1,"steps":2,"guidance":3,"width":64,"height":72,"images":4}'
    expected = GenerationParameters("x", 1, 2, 3.0, 64, 72, 4)
    assert GenerationParameters.from_json(older) == expected
    with pytest.raises(InvalidJobError, match=r"parameters\.prompt is missing"):
        GenerationParameters.from_json(older.replace('"prompt":"x",', ""))


@given(garbage)
def test_json_that_is_no_job_is_refused(content: object) -> None:
    with pytest.raises(InvalidJobError):
        Job.from_json(json.dumps(content))


@given(st.text())
def test_a_text_that_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(InvalidJobError):
        Job.from_json(text)


@given(jobs, st.data())
def test_a_job_with_a_wrong_field_is_refused_by_name_or_read(job: Job, data: Any) -> None:
    content = json.loads(job.to_json())
    inside = data.draw(st.sampled_from([content, content["parameters"]]))
    name = data.draw(st.sampled_from(sorted(inside)))
    if data.draw(st.booleans()):
        del inside[name]
    else:
        inside[name] = data.draw(garbage)
    problem = ""
    try:
        read = Job.from_json(json.dumps(content))
    except InvalidJobError as error:
        problem = str(error)
    if problem:
        assert name in problem or name == "parameters"
    else:
        assert Job.from_json(read.to_json()) == read


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("id", 5, "id is 5, not a snowflake"),
        ("id", "99999999999999999999", "not a snowflake"),
        ("id", "٣", "not a snowflake"),
        ("nsfw", 1, "not true or false"),
        ("schema_version", 4, "schema_version is 4, not 3"),
        ("schema_version", True, "schema_version is True"),
        ("surprise", 1, "'surprise' is no field"),
        ("parameters.steps", 101, "steps is 101, not a whole number from 1 to 100"),
        ("parameters.steps", True, "steps is True"),
        ("parameters.guidance", float("nan"), "guidance is nan"),
        ("parameters.guidance", 30.01, r"guidance is 30.01, not a number from 0.0 to 30.0"),
        ("parameters.guidance", -0.01, r"guidance is -0.01"),
        ("parameters.images", 5, "images is 5, not a whole number from 1 to 4"),
        ("parameters.images", 0, "images is 0"),
        ("parameters.seed", -1, "seed is -1"),
        ("parameters.height", 4104, "height is 4104, not a whole number from 8 to 4096"),
        ("parameters.surprise", 1, r"parameters\.'surprise' is no field of schema 3"),
        ("parameters", None, "parameters is None, not an object"),
        ("parameters", [], r"parameters is \[\], not an object"),
        ("parameters", "x", "parameters is 'x', not an object"),
        ("parameters.source", "x", r"parameters\.source is 'x', not an object"),
        ("parameters.source", {}, r"^parameters\.source\.url is missing"),
        ("parameters.source", SOURCE | {"url": None}, r"^parameters\.source\.url is missing$"),
        ("parameters.source", SOURCE | {"mood": 1}, r"parameters\.source\.'mood' is no field"),
        ("parameters.source", SOURCE | {"strength": 1.01}, r"source\.strength is 1.01"),
        ("parameters.source", SOURCE | {"strength": 0}, r"source\.strength is 0"),
        ("parameters.source", SOURCE | {"scale": 3}, r"source\.scale is 3"),
        ("parameters.source", SOURCE | {"mask": "m.png"}, r"source\.mask is 'm.png', not of"),
        ("parameters.source", SOURCE | {"box": [0, 0]}, r"source\.box is \[0, 0\], not an object"),
        ("parameters.source", SOURCE | {"box": {}}, r"source\.box\.left is missing"),
        ("parameters.style", {"name": None}, r"^parameters\.style\.name is missing"),
        ("parameters.width", 65, "not a multiple of 8"),
        ("parameters.height", 65, "not a multiple of 8"),
        ("parameters.prompt", "", "prompt is ''"),
        ("parameters.prompt", "x" * 6001, "not a text of 1 to 6000"),
    ],
)
def test_the_error_names_field_value_and_what_is_allowed(
    field: str, value: object, problem: str
) -> None:
    content = json.loads(JOB.to_json())
    *outer, name = field.split(".")
    (content[outer[0]] if outer else content)[name] = value
    with pytest.raises(InvalidJobError, match=problem):
        Job.from_json(json.dumps(content))


def test_the_token_is_in_no_representation_and_no_error() -> None:
    assert JOB.token not in repr(JOB)
    assert JOB.token not in str(JOB)
    content = json.loads(JOB.to_json()) | {"token": ["a-secret-token"]}
    with pytest.raises(InvalidJobError) as refused:
        Job.from_json(json.dumps(content))
    assert "a-secret-token" not in str(refused.value)


def test_the_token_expires_fifteen_minutes_after_the_interaction() -> None:
    # The example of Discord's own reference: 2016-04-30 11:18:25.796 UTC.
    job = replace(JOB, id="175928847299117063")
    assert job.created_at.isoformat() == "2016-04-30T11:18:25.796000+00:00"
    assert job.expires_at.isoformat() == "2016-04-30T11:33:25.796000+00:00"


@pytest.mark.parametrize(
    ("seed", "index", "expected"),
    [(42, 0, 42), (42, 3, 45), (2**32 - 2, 1, 2**32 - 1), (2**32 - 1, 1, 0), (2**32 - 1, 3, 2)],
)
def test_each_picture_has_the_next_seed_and_zero_comes_after_the_greatest(
    seed: int, index: int, expected: int
) -> None:
    assert replace(JOB.parameters, seed=seed).seed_of(index) == expected


def message_with(**parameters: object) -> str:
    """A job message with some parameters replaced."""
    content = json.loads(JOB.to_json())
    content["parameters"] |= parameters
    return json.dumps(content)


@pytest.mark.parametrize(
    "wrong",
    [
        {"prompt": "half \ud83d a character"},
        {"guidance": float("nan")},
        {"guidance": float("inf")},
        {"steps": 10**4000},
        {"steps": 12.0},
        {"width": 65},
        {"seed": 2**32},
    ],
)
def test_a_parameter_that_would_fail_while_drawing_is_refused_by_name(
    wrong: dict[str, object],
) -> None:
    (name,) = wrong
    with pytest.raises(InvalidJobError, match=name):
        Job.from_json(message_with(**wrong))


@pytest.mark.parametrize("depth", [10, 900, 990, 995, 1000, 100_000])
def test_nested_json_of_any_depth_is_refused(depth: int) -> None:
    deep = "[" * depth + "]" * depth
    for text in (deep, f'{{"schema_version":{deep}}}', message_with(prompt=0).replace("0", deep)):
        with pytest.raises(InvalidJobError):
            Job.from_json(text)


def test_the_header_of_a_message_that_is_no_valid_job_is_read() -> None:
    header = read_header(message_with(prompt=0))
    assert header is not None
    assert (header.id, header.application_id, header.token) == (JOB.id, "2", "a-secret-token")
    assert header.expires_at == JOB.expires_at
    assert "a-secret-token" not in repr(header)


@given(st.text() | garbage.map(json.dumps))
def test_a_message_without_a_header_has_none_and_is_of_no_newer_schema(body: str) -> None:
    assert read_header(body) is None
    assert not has_newer_schema(body)


@pytest.mark.parametrize("version", [4, 3, 1, True, "4", None])
def test_only_a_higher_version_is_a_newer_schema(version: object) -> None:
    body = json.dumps(json.loads(JOB.to_json()) | {"schema_version": version})
    assert has_newer_schema(body) == (version == 4)


def test_a_message_of_the_version_before_is_read_without_its_cost() -> None:
    content = json.loads(replace(JOB, units=250).to_json()) | {"schema_version": 1}
    del content["units"]
    assert Job.from_json(json.dumps(content)) == JOB
    with pytest.raises(InvalidJobError, match="units"):
        Job.from_json(json.dumps(content | {"schema_version": 2}))


def test_a_message_of_the_version_before_has_no_style_and_keeps_nothing_of_a_picture() -> None:
    source = SourceImage("https://cdn.discordapp.com/a.png", 0.5)
    job = replace(JOB, parameters=replace(JOB.parameters, source=source))
    content = json.loads(job.to_json())
    for name in ("mask", "box"):
        del content["parameters"]["source"][name]
    del content["parameters"]["style"], content["parameters"]["lora"]
    assert Job.from_json(json.dumps(content | {"schema_version": 2})) == job
    with pytest.raises(InvalidJobError, match=r"parameters.*missing"):
        Job.from_json(json.dumps(content))
    assert GenerationParameters.from_json(json.dumps(content["parameters"])) == job.parameters


@pytest.mark.parametrize("path", ["style", "lora", "source.mask", "source.box"])
def test_a_message_of_this_version_lacks_none_of_the_newer_fields(path: str) -> None:
    content = json.loads(message_with(source=SOURCE))
    *outer, name = ["parameters", *path.split(".")]
    inside = content
    for one in outer:
        inside = inside[one]
    del inside[name]
    with pytest.raises(InvalidJobError) as refused:
        Job.from_json(json.dumps(content))
    assert str(refused.value) == f"parameters.{path} is missing"


def test_a_box_is_inside_of_its_picture() -> None:
    source = SourceImage("https://cdn.discordapp.com/a.png", 1.0)
    for box in (Box(8, 0, 56, 64), Box(0, 8, 64, 56)):
        inside = replace(JOB.parameters, source=replace(source, box=box))
        assert GenerationParameters.from_json(inside.to_json()) == inside
    for box in (Box(16, 0, 56, 64), Box(0, 16, 64, 56)):
        outside = replace(JOB.parameters, source=replace(source, box=box))
        with pytest.raises(InvalidJobError, match=r"source\.box is .*not in the picture"):
            GenerationParameters.from_json(outside.to_json())


def test_a_message_is_one_line_of_compact_json() -> None:
    start = '{"id":"1127000000000000000","application_id":"2","token":"a-secret-token","locale"'
    assert JOB.to_json().startswith(start)
    assert JOB.parameters.to_json().startswith('{"prompt":"a red circle","seed":42,"steps":12')


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "the message is not JSON"),
        ("[1]", "the message is list, not an object"),
    ],
)
def test_a_message_that_is_no_object_is_refused(text: str, problem: str) -> None:
    with pytest.raises(InvalidJobError) as refused:
        Job.from_json(text)
    assert str(refused.value) == problem


FORMS = {"scheduler": "[A-Z][A-Za-z0-9]{0,63}", "model": "[a-z0-9][a-z0-9._-]{0,63}"}


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("id", 5, "5, not a snowflake"),
        ("token", "", "not a text"),
        ("token", 5, "not a text"),
        ("token", "x" * 2001, "longer than 2000 characters"),
        ("nsfw", 1, "1, not true or false"),
        ("nsfw", "x" * 58, f"'{'x' * 58}', not true or false"),
        ("nsfw", "x" * 59, f"'{'x' * 59}…, not true or false"),
        ("traceparent", "x", "'x', not of the form 00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}"),
        ("parameters.scheduler", "ddim", f"'ddim', not of the form {FORMS['scheduler']}"),
        ("parameters.model", 5, f"5, not of the form {FORMS['model']}"),
        ("parameters.prompt", "a\ud800", r"'a\ud800', which holds half a character"),
        ("parameters.prompt", "\udfff", r"'\udfff', which holds half a character"),
        ("parameters.width", 65, "65, not a multiple of 8"),
    ],
)
def test_the_whole_error_of_a_field(field: str, value: object, problem: str) -> None:
    content = json.loads(JOB.to_json())
    *outer, name = field.split(".")
    (content[outer[0]] if outer else content)[name] = value
    with pytest.raises(InvalidJobError) as refused:
        Job.from_json(json.dumps(content))
    assert str(refused.value) == f"{field} is {problem}"


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("prompt", ["x", "x" * 6000, "\ud7ff", "\ue000"]),
        ("negative_prompt", ["", "x" * 6000]),
        ("guidance", [0, 30]),
        ("steps", [1, 100]),
        ("images", [1, 4]),
        ("seed", [0, 2**32 - 1]),
        ("width", [8, 4096]),
        ("height", [8, 4096]),
        ("source", [SOURCE | {"strength": 0.01, "scale": 1}, SOURCE | {"strength": 1}]),
    ],
)
def test_the_bounds_of_parameters_are_allowed(name: str, values: list[object]) -> None:
    for value in values:
        read = json.loads(Job.from_json(message_with(**{name: value})).to_json())
        assert read["parameters"][name] == value


@pytest.mark.parametrize(
    ("field", "allowed", "refused"),
    [
        ("locale", ["x", "x" * 16], ["", "x" * 17]),
        ("attachment_size_limit", [1, 2**31], [0, 2**31 + 1]),
        ("id", ["0", str(2**64 - 1)], [str(2**64), ""]),
        ("token", ["x", "x" * 2000], ["", "x" * 2001]),
        ("units", [0, 2**31], [-1, 2**31 + 1]),
    ],
)
def test_each_field_is_allowed_up_to_its_bounds(
    field: str, allowed: list[object], refused: list[object]
) -> None:
    content = json.loads(JOB.to_json())
    for value in allowed:
        assert getattr(Job.from_json(json.dumps(content | {field: value})), field) == value
    for value in refused:
        with pytest.raises(InvalidJobError, match=f"^{field} is "):
            Job.from_json(json.dumps(content | {field: value}))


@pytest.mark.parametrize("name", ["id", "application_id", "token"])
@pytest.mark.parametrize("value", [5, "", None])
def test_a_header_lacks_none_of_what_answers_its_user(name: str, value: object) -> None:
    content = json.loads(message_with(prompt=0))
    assert read_header(json.dumps(content | {name: value})) is None
    del content[name]
    assert read_header(json.dumps(content)) is None


def test_a_header_has_a_token_that_fits_into_an_address() -> None:
    content = json.loads(message_with(prompt=0))
    for token in ("x", "x" * 2000):
        header = read_header(json.dumps(content | {"token": token}))
        assert header
        assert header.token == token
    assert read_header(json.dumps(content | {"token": "x" * 2001})) is None


@pytest.mark.parametrize("name", ["id", "application_id"])
def test_a_header_has_snowflakes(name: str) -> None:
    content = json.loads(message_with(prompt=0))
    assert read_header(json.dumps(content | {name: "1" * 19}))
    for wrong in ("1" * 20, "1a", "٣"):
        assert read_header(json.dumps(content | {name: wrong})) is None


def test_a_header_has_the_locale_if_it_is_a_text() -> None:
    content = json.loads(message_with(prompt=0))
    for locale, read in (("de", "de"), (5, ""), (None, "")):
        header = read_header(json.dumps(content | {"locale": locale}))
        assert header
        assert header.locale == read
