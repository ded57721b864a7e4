"""Differences are grouped by route, kind and set of paths."""

import subprocess
import sys

from strangler.compare.finding import cluster
from strangler.compare.verdict import Difference, Kind
from tests.compare.answers import compare_json

SIGN_ONE = """
from strangler.compare.finding import cluster
from strangler.compare.verdict import Difference, Kind

print(cluster("GET /a", [Difference("$.a", "$.a", Kind.VALUE, 1, 2)])[0].signature)
"""


def test_there_is_one_cluster_for_each_kind():
    differences = compare_json(
        {"b": 1, "a": 1, "rows": [{"x": 1, "y": 1}, {"x": 2, "y": 2}]},
        {"b": 2, "a": 2, "rows": [{"x": 1}, {"x": 2}]},
    ).differences
    assert [(each.kind, each.paths) for each in cluster("GET /a", differences)] == [
        (Kind.VALUE, ("$.a", "$.b")),
        (Kind.MISSING, ("$.rows[*].y",)),
    ]
    assert cluster("GET /a", []) == []


def test_route_kind_and_paths_each_make_another_class():
    def signature(route="GET /a", path="$.a", kind=Kind.VALUE):
        return cluster(route, [Difference(path, path, kind, 1, 2)])[0].signature

    assert (
        len({signature(), signature("GET /b"), signature(path="$.b"), signature(kind=Kind.TYPE)})
        == 4
    )
    assert signature() == signature()


def test_keys_that_are_data_do_not_make_classes():
    signatures = {
        cluster("r", compare_json({key: {"n": 1}}, {key: {"n": 2}}).differences)[0].signature
        for key in ("a@b.c", "17", "c0ffee12-9b2d-4e19-8a3f-1234567890ab")
    }
    assert len(signatures) == 1


def test_a_signature_is_the_same_in_every_process():
    here = cluster("GET /a", [Difference("$.a", "$.a", Kind.VALUE, 1, 2)])[0].signature
    for seed in ("1", "2"):
        told = subprocess.run(
            [sys.executable, "-c", SIGN_ONE],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert told.stdout.strip() == here
