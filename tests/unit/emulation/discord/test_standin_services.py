"""Snowflakes, signatures, rate limits, chaos, masking, events and series of the stand-in."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from discord_stand_in.api_middleware import mask_path
from discord_stand_in.chaos import Chaos, ChaosPlan, Fault
from discord_stand_in.clock import Clock, iso
from discord_stand_in.config import DIRECTORY
from discord_stand_in.interactions.payloads import merge
from discord_stand_in.rate_limits import RateLimiter
from discord_stand_in.signing import SIGNATURE_DEFECTS, Signer
from discord_stand_in.snowflakes import Snowflakes, created_at
from discord_stand_in.state.attachments import AttachmentStore
from discord_stand_in.state.directory import Directory
from discord_stand_in.state.events import EventLog
from discord_stand_in.state.interactions import Interaction, InteractionStore, InteractionType
from discord_stand_in.state.messages import Message, MessageStore
from discord_stand_in.state.reports import MAX_SERIES, SeriesStore
from discord_stand_in.state.retention import Retention

SEED = "11" * 32


class Fixed(Clock):
    """A clock that stands still until it is moved."""

    def now(self) -> float:
        return 1_700_000_000.0 + self.offset


def test_snowflakes_are_unique_ordered_and_hold_their_time() -> None:
    snowflakes = Snowflakes(Fixed())
    ids = [int(snowflakes.next()) for _ in range(5_000)]
    assert ids == sorted(set(ids))
    assert created_at(snowflakes.next(60)) == Fixed().now() - 60
    assert iso(Fixed().now()) == "2023-11-14T22:13:20.000+00:00"


@given(st.binary(), st.integers(0, 2**40))
def test_a_signature_is_over_the_timestamp_and_the_body(body: bytes, timestamp: int) -> None:
    signer = Signer(SEED)
    key = VerifyKey(bytes.fromhex(signer.verify_key))
    headers = signer.headers(body, timestamp)
    signature = bytes.fromhex(headers["X-Signature-Ed25519"])
    key.verify(headers["X-Signature-Timestamp"].encode() + body, signature)


@pytest.mark.parametrize("wrong", SIGNATURE_DEFECTS)
def test_an_invalid_signature_is_well_formed_and_does_not_verify(wrong: str) -> None:
    signer = Signer(SEED)
    key = VerifyKey(bytes.fromhex(signer.verify_key))
    headers = signer.invalid_headers(b"{}", 1_700_000_000, wrong)
    assert headers["X-Signature-Timestamp"] == "1700000000"
    signature = bytes.fromhex(headers["X-Signature-Ed25519"])
    with pytest.raises(BadSignatureError):
        key.verify(b"1700000000{}", signature)


@pytest.mark.parametrize(
    ("method", "path", "limit"),
    [
        ("POST", "/interactions/1/t/callback", 5),
        ("PATCH", "/webhooks/1/t/messages/@original", 5),
        ("GET", "/webhooks/1", 5),
        ("GET", "/applications/1/guilds/2/commands", 50),
        ("PUT", "/applications/1/commands", 20),
        ("PATCH", "/applications/@me", 20),
        ("POST", "/channels/1/messages", 5),
        ("GET", "/anything/else", 30),
    ],
)
def test_every_route_has_a_bucket(method: str, path: str, limit: int) -> None:
    limiter = RateLimiter(Fixed(), 100, enabled=True)
    results = [limiter.count_request(method, path, None) for _ in range(limit + 1)]
    assert [result.allowed for result in results] == [True] * limit + [False]
    assert results[0].limit == limit


def test_routes_of_one_kind_share_a_bucket_name_but_not_a_count() -> None:
    limiter = RateLimiter(Fixed(), 100, enabled=True)
    first = limiter.count_request("GET", "/webhooks/1/a/messages/2", None)
    second = limiter.count_request("GET", "/webhooks/1/b/messages/2", None)
    assert first.bucket == second.bucket
    assert first.remaining == second.remaining == 4


def test_chaos_with_the_same_seed_strikes_the_same_way() -> None:
    rolls = []
    for _ in range(2):
        chaos = Chaos(Fixed(), 0)
        chaos.set(ChaosPlan(seed=7, faults={"slow": Fault(probability=0.5)}))
        rolls.append([chaos.strike("slow") is not None for _ in range(50)])
    assert rolls[0] == rolls[1]
    assert 10 < sum(rolls[0]) < 40


def test_a_fault_with_a_path_strikes_no_other_path() -> None:
    chaos = Chaos(Fixed(), 0)
    chaos.set(ChaosPlan(faults={"slow": Fault(path="/webhooks/")}))
    assert chaos.strike("slow", "/channels/1") is None
    assert chaos.strike("slow", "/webhooks/1") is not None
    assert chaos.strike("dropped") is None


@pytest.mark.parametrize(
    ("path", "masked"),
    [
        ("/api/v10/webhooks/1/tok/messages/2", "/api/v10/webhooks/1/***/messages/2"),
        ("/api/v10/interactions/1/tok/callback", "/api/v10/interactions/1/***/callback"),
        ("/api/v10/webhooks/1", "/api/v10/webhooks/1"),
        ("/api/v10/channels/1/messages/2", "/api/v10/channels/1/messages/2"),
    ],
)
def test_mask_path_hides_tokens(path: str, masked: str) -> None:
    assert mask_path(path) == masked


def test_merge_replaces_values_that_are_not_objects() -> None:
    base = {"a": {"b": 1, "c": [1]}, "d": 1}
    assert merge(base, {"a": {"c": [2]}, "e": None}) == {
        "a": {"b": 1, "c": [2]},
        "d": 1,
        "e": None,
    }
    assert base["a"] == {"b": 1, "c": [1]}


def test_a_closed_log_ends_its_streams() -> None:
    async def read() -> list[str]:
        log = EventLog(Fixed())
        stream = log.stream(None)
        first = await anext(stream)
        log.publish("chaos", {"x": 1})
        second = await anext(stream)
        log.close()
        return [first, second, *[text async for text in stream]]

    texts = asyncio.run(read())
    assert texts[0].startswith("retry:")
    assert texts[1].startswith("id: 1\nevent: chaos\n")
    assert len(texts) == 2


def test_late_points_of_a_series_are_sorted_by_time() -> None:
    store = SeriesStore()
    for at in (1.0, 5.0, 3.0, 5.0, 2.0):
        assert store.add("queue_depth", at, at * 10)
    assert [at for at, _ in store.as_json()["queue_depth"]] == [1.0, 2.0, 3.0, 5.0, 5.0]


def test_the_number_of_series_is_limited() -> None:
    store = SeriesStore()
    assert all(store.add(f"series{n}", 0.0, 1.0) for n in range(MAX_SERIES))
    assert not store.add("one_more", 0.0, 1.0)
    assert store.add("series0", 1.0, 2.0)


def test_the_webhooks_of_a_channel_go_with_it() -> None:
    directory = Directory(DIRECTORY, Retention(Fixed(), 3, 900))
    channel_id = next(iter(directory.webhooks.values())).channel_id
    directory.delete_channel(channel_id)
    assert [one for one in directory.webhooks.values() if one.channel_id == channel_id] == []


def _interaction(number: int, at: float) -> Interaction:
    return Interaction(
        id=str(number),
        token=f"token-{number}",
        type=InteractionType.COMMAND,
        payload={},
        sent_payload={},
        user_id="1",
        channel_id="2",
        guild_id=None,
        created_at=at,
        expires_at=at + 900,
    )


def test_old_interactions_are_forgotten_and_those_with_valid_tokens_are_not() -> None:
    clock, forgotten = Fixed(), list[str]()
    store = InteractionStore(Retention(clock, 3, 900), forgotten.append)
    for number in range(5):
        store.add(_interaction(number, clock.now()))
    assert (len(store.all()), forgotten) == (5, [])
    clock.offset += 901
    store.add(_interaction(9_999, clock.now()))
    assert [one.id for one in store.all()] == ["3", "4", "9999"]
    assert forgotten == ["0", "1", "2"]
    assert store.forgotten == {"interactions": 3, "failed": 0}
    assert store.find("2") is store.find_by_token("token-2") is None
    assert store.find_by_token("token-3") is store.find("3") is not None


def test_what_is_over_of_the_rate_limits_is_forgotten() -> None:
    clock = Fixed()
    limiter = RateLimiter(clock, 2, enabled=True)
    for number in range(3_000):
        limiter.count_request("GET", f"/webhooks/1/{number}", None)
        clock.offset += 0.1
    assert len(limiter._windows) <= 1_001
    for number in range(3):
        limiter.count_status(f"10.0.0.{number}", 401)
        limiter.count_status("10.0.0.9", 401)
    assert limiter.is_banned("10.0.0.9")
    assert not limiter.is_banned("10.0.0.1")
    assert len(limiter._refused_at["10.0.0.9"]) == 2
    clock.offset += 601
    limiter.count_status("10.0.0.5", 401)
    assert list(limiter._refused_at) == ["10.0.0.5"]


async def _leave_unread() -> list[str]:
    log = EventLog(Fixed())
    stream = log.stream(None)
    received = [await anext(stream)]
    for _ in range(10_001):
        log.publish("x", {})
    received += [chunk async for chunk in stream]
    return received


def test_a_page_that_does_not_read_its_events_is_left() -> None:
    received = asyncio.run(asyncio.wait_for(_leave_unread(), 60))
    assert len(received) == 1 + 10_000


def test_a_message_keeps_its_newest_versions_and_counts_all() -> None:
    retention = Retention(Fixed(), 3, 900)
    files = AttachmentStore(None, "http://test", retention, 3600)
    store = MessageStore(files, "1", retention, lambda _message: None)
    message = store.add(Message("5", "2", {"id": "1"}, 0.0, content="0"))
    assert message.edits == 0
    for number in range(1, 301):
        message.content = str(number)
        store.add_version(message)
    assert message.edits == 300
    assert [version["content"] for version in message.history] == list(map(str, range(101, 301)))
