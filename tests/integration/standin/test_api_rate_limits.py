"""Rate limits and bans, over HTTP."""

import pytest

from tests.standin_in_process import StandIn, StillClock, running

pytestmark = pytest.mark.anyio

ME = "/api/v10/users/@me"


async def test_every_response_has_the_headers_of_its_bucket() -> None:
    async with running(StillClock(), rate_limits=True) as standin:
        for response in (await standin.bot.get(ME), await standin.http.get(ME)):
            for name in ("Limit", "Remaining", "Reset", "Reset-After", "Bucket"):
                assert response.headers[f"X-RateLimit-{name}"]
            assert response.headers["Via"]
            assert "Retry-After" not in response.headers


async def test_without_rate_limits_no_client_is_told_to_wait(standin: StandIn) -> None:
    told = (await standin.bot.get(ME)).headers
    assert [name for name in told if name.lower().startswith("x-ratelimit")] == []


async def test_a_webhook_over_its_rate_limit_gets_429_until_the_window_ends() -> None:
    async with running(StillClock(), rate_limits=True) as standin:
        _, hook = await standin.answered_interaction()
        path = f"{hook}/messages/@original"
        for remaining in range(4, -1, -1):
            response = await standin.http.get(path)
            assert response.headers["X-RateLimit-Remaining"] == str(remaining)
        refused = await standin.http.get(path)
        assert refused.status_code == 429
        body = refused.json()
        assert isinstance(body["retry_after"], float)
        assert body["global"] is False
        assert refused.headers["X-RateLimit-Scope"] == "user"
        assert int(refused.headers["Retry-After"]) >= 1
        _, other = await standin.answered_interaction()
        assert (await standin.http.get(f"{other}/messages/@original")).status_code == 200
        standin.clock.offset += body["retry_after"]
        assert (await standin.http.get(path)).status_code == 200


async def test_a_bot_has_a_global_rate_limit() -> None:
    async with running(StillClock(), rate_limits=True) as standin:
        paths = [f"/api/v10/channels/{n}" for n in range(10)]
        paths += [f"/api/v10/guilds/{n}/channels" for n in range(10)] + [standin.commands] * 31
        responses = [await standin.bot.get(path) for path in paths]
        last = responses[-1]
        assert (last.status_code, last.json()["global"]) == (429, True)
        assert last.headers["X-RateLimit-Global"] == "true"


async def test_too_many_refused_requests_ban_the_address() -> None:
    async with running(StillClock(), rate_limits=True, invalid_requests=5) as standin:
        for _ in range(5):
            assert (await standin.http.get(ME)).status_code == 401
        banned = await standin.bot.get(ME)
        assert (banned.status_code, banned.headers["content-type"]) == (
            429,
            "text/plain; charset=utf-8",
        )
        assert "Via" not in banned.headers
        standin.clock.offset += 601
        assert (await standin.bot.get(ME)).status_code == 200


async def test_rate_limits_are_switched_off_and_on(standin: StandIn) -> None:
    on = await standin.http.put("/control/rate-limits", json={"enabled": True})
    assert on.json() == {"enabled": True}
    assert standin.backend.rate_limiter.enabled
    wrong = await standin.http.put("/control/rate-limits", json={"enabled": "perhaps"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, 50035)
