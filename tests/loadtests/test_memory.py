import threading

import pytest

from loadtests.memory import CONTENT, STATUS, Memory, Write, shown_by

ITEM = "/api/v1/datasets/17"


def write(path: str = ITEM, what: str = "PATCH", **shows: object) -> Write:
    return Write("ben", what, path, shows)


def losses(memory: Memory, **shown: object) -> list[tuple[str, object]]:
    """What an answer that is the same at every place does not show."""
    return [
        (loss.member, loss.wanted) for place in memory.places() for loss in place.lost_in(shown)
    ]


def test_what_is_shown_is_not_lost() -> None:
    memory = Memory()
    memory.acknowledge(write(description="new"))
    assert losses(memory, description="new", other=1) == []


def test_another_value_and_a_missing_member_are_losses() -> None:
    memory = Memory()
    memory.acknowledge(write(description="new", size_mb=1.5))
    assert losses(memory, description="old") == [("description", "new"), ("size_mb", 1.5)]


def test_null_is_not_the_same_as_missing() -> None:
    memory = Memory()
    memory.acknowledge(write(checksum=None))
    assert losses(memory, checksum=None) == []
    assert losses(memory) == [("checksum", None)]


def test_the_order_of_a_list_does_not_matter_but_its_items_do() -> None:
    memory = Memory()
    memory.acknowledge(write(tags=["a", "b"]))
    assert losses(memory, tags=["b", "a"]) == []
    assert losses(memory, tags=["b", "b", "a"]) == [("tags", ["a", "b"])]


def test_a_later_write_answers_for_what_it_changed_and_no_more() -> None:
    memory = Memory()
    created = memory.acknowledge(write(what="POST", name="n", description="first"))
    changed = memory.acknowledge(write(what="PATCH", description="second"))
    [place] = memory.places()
    lost = place.lost_in({"name": "?", "description": "first"})
    assert {(loss.member, loss.write) for loss in lost} == {
        ("name", created),
        ("description", changed),
    }
    assert memory.acknowledged == 2


def test_a_write_under_way_leaves_neither_the_old_nor_the_new_promised() -> None:
    memory = Memory()
    memory.acknowledge(write(name="n", description="first"))
    memory.unsettle(ITEM, ["description"])
    assert losses(memory, name="n", description="who knows") == []
    memory.acknowledge(write(description="second"))
    assert losses(memory, name="n", description="first") == [("description", "second")]


def test_a_deletion_replaces_what_was_at_and_below_its_path_and_nothing_beside() -> None:
    memory = Memory()
    memory.acknowledge(write(name="n"))
    memory.acknowledge(write(f"{ITEM}/versions/2", note="v"))
    memory.acknowledge(write(f"{ITEM}0", name="another"))
    memory.unsettle_below(ITEM)
    memory.acknowledge(Write("ben", "DELETE", ITEM, {STATUS: 404}))
    assert {place.path for place in memory.places()} == {ITEM, f"{ITEM}0"}
    assert losses(memory, **{STATUS: 404, "name": "another"}) == []
    assert losses(memory, **{STATUS: 200, "name": "another"}) == [(STATUS, 404)]


def test_a_place_with_nothing_to_show_is_not_looked_at() -> None:
    memory = Memory()
    memory.acknowledge(write(name="n"))
    memory.unsettle(ITEM, ["name"])
    assert memory.places() == []


def test_a_loss_says_what_is_wrong_in_one_line() -> None:
    [loss] = write(name="n").lost_in({"name": "m"})
    assert str(loss) == "PATCH: /api/v1/datasets/17 should show name 'n', shows 'm'"


def test_many_threads_may_write_at_once() -> None:
    memory = Memory()

    def work(number: int) -> None:
        for step in range(200):
            memory.unsettle(f"/{number}", ["step"])
            memory.acknowledge(write(f"/{number}", step=step))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert memory.acknowledged == 1600
    assert losses(memory, step=199) == []


@pytest.mark.parametrize(
    ("content_type", "body", "members"),
    [
        ("application/json", b'{"name": "n"}', {"name": "n"}),
        ("application/json; charset=utf-8", b'{"name": "n"}', {"name": "n"}),
        ("application/json", b"[1]", {}),
        ("application/json", b"{", {}),
        ("application/octet-stream", b'{"name": "n"}', {}),
    ],
)
def test_an_answer_shows_its_status_its_bytes_and_the_members_of_an_object(
    content_type: str, body: bytes, members: dict[str, str]
) -> None:
    shown = shown_by(200, content_type, body)
    assert len(shown.pop(CONTENT)) == 64
    assert shown == {STATUS: 200, **members}
