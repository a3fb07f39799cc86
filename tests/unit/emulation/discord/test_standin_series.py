"""Series keep their points in order and their number small."""

from emulation.discord.state.reports import MAX_SERIES, SeriesStore


def test_points_that_come_late_are_put_where_they_belong() -> None:
    store = SeriesStore()
    for at in (1.0, 5.0, 3.0, 5.0, 2.0):
        assert store.add("queue_depth", at, at * 10)
    assert [at for at, _ in store.as_json()["queue_depth"]] == [1.0, 2.0, 3.0, 5.0, 5.0]


def test_a_caller_cannot_make_series_without_end() -> None:
    store = SeriesStore()
    assert all(store.add(f"series{n}", 0.0, 1.0) for n in range(MAX_SERIES))
    assert not store.add("one_more", 0.0, 1.0)
    assert store.add("series0", 1.0, 2.0)
