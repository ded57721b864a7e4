"""Replacing `routes.yaml`: in one step, or not at all."""

from pathlib import Path

import pytest

from strangler.cli.failure import VerbError
from strangler.cli.routes_file import read_routes, replacing
from tests.cli.desk import ROUTES, Desk


def test_leaving_before_it_is_put_in_place_leaves_no_trace(desk: Desk) -> None:
    desk.write()
    file = read_routes(desk.routes)

    with pytest.raises(RuntimeError), replacing(file, "other"):
        raise RuntimeError

    assert desk.routes.read_text(encoding="utf-8") == ROUTES
    assert not desk.left_over()


def test_the_new_text_is_complete_on_the_disk_before_it_is_put_in_place(desk: Desk) -> None:
    desk.write()

    with replacing(read_routes(desk.routes), "other") as replacement:
        (beside,) = desk.left_over()
        assert (desk.directory / beside).read_text(encoding="utf-8") == "other"
        assert desk.routes.read_text(encoding="utf-8") == ROUTES
        replacement.put()

    assert desk.routes.read_text(encoding="utf-8") == "other"
    assert not desk.left_over()


def test_a_file_that_was_saved_meanwhile_is_not_overwritten(desk: Desk) -> None:
    desk.write()
    file = read_routes(desk.routes)
    desk.edit("25%", "26%")

    with pytest.raises(VerbError, match="was changed just now"), replacing(file, "other"):
        pytest.fail("the block must not be entered")

    assert "26%" in desk.routes.read_text(encoding="utf-8")
    assert not desk.left_over()


def test_a_file_that_went_away_is_not_made_anew(desk: Desk) -> None:
    desk.write()
    file = read_routes(desk.routes)
    desk.routes.unlink()

    with (
        pytest.raises(VerbError, match=r"cannot be replaced \(No such file or directory\)"),
        replacing(file, "other"),
    ):
        pytest.fail("the block must not be entered")


def test_a_text_that_cannot_be_put_in_place_is_kept_and_named(desk: Desk) -> None:
    desk.write()

    with replacing(read_routes(desk.routes), "other") as replacement:
        desk.routes.unlink()
        desk.routes.mkdir()  # like a mount of this one file, it is nothing to put a file over
        with pytest.raises(VerbError, match="the change is live, but") as raised:
            replacement.put()

    (beside,) = desk.left_over()
    assert str(Path(desk.directory, beside)) in str(raised.value)
    assert (desk.directory / beside).read_text(encoding="utf-8") == "other"
