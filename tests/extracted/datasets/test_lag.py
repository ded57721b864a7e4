"""The lag is what one side has and the other does not, either way; unknown is not nought."""

from pathlib import Path

from tests.extracted.datasets.sides import Side, start_monolith, until

LIST = "/api/v1/datasets"


def test_the_lag_is_nought_once_all_is_on_both_sides(pair: tuple[Side, Side]) -> None:
    for side in pair:
        side.create(name="one more")
    _, service = pair

    until(lambda: service.get("/lag") == 0)


def test_while_the_monolith_is_away_the_lag_is_not_known(
    fresh_pair: tuple[Side, Side], tmp_path: Path
) -> None:
    monolith, service = fresh_pair
    port = monolith.program.port
    monolith.program.stop()
    service.create(name="while it is away")
    answer = service.ask("GET", "/lag")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "LAG_UNKNOWN")

    again = start_monolith(tmp_path, port)
    try:
        until(lambda: service.ask("GET", "/lag").content == b"0")
    finally:
        again.stop()
