"""Editing in place: the one value changes, and every byte that people wrote besides it stays."""

from dataclasses import dataclass, field
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from strangler.routing.compile import load
from strangler.routing.edit import EditError, set_phase, set_value, set_weight
from strangler.routing.phase import Phase
from tests.routing.building import SAMPLE


def test_promoting_the_sample_changes_one_word() -> None:
    edited = set_phase(SAMPLE, "datasets", Phase.SHADOW)
    assert edited == SAMPLE.replace("    phase: canary\n", "    phase: shadow\n")
    assert load(edited).domains["datasets"].phase is Phase.SHADOW


def test_a_weight_inside_braces_changes_alone() -> None:
    edited = set_weight(SAMPLE, "datasets", "50%")
    assert edited == SAMPLE.replace("weight: 10%,", "weight: 50%,")


def test_missing_keys_come_where_a_reader_looks_for_them() -> None:
    bare = SAMPLE.replace("    phase: canary\n", "").replace(
        '    canary: {weight: 10%, key: "header:x-user-id"}\n', ""
    )
    edited = set_weight(set_phase(bare, "datasets", Phase.CANARY), "datasets", "5%")
    assert edited == bare.replace(
        "    service: datasets\n",
        "    service: datasets\n    phase: canary\n    canary: {weight: 5%}\n",
    )
    assert load(edited).domains["datasets"].phase is Phase.CANARY


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # what is written around the value
        ("domains: {a: {phase: shadow}}", "domains: {a: {phase: canary}}"),
        ("domains: {a: {phase: 'shadow'}}", "domains: {a: {phase: 'canary'}}"),
        ('domains: {a: {phase: "shadow"}}', 'domains: {a: {phase: "canary"}}'),
        ('{"domains": {"a": {"phase": "shadow"}}}', '{"domains": {"a": {"phase": "canary"}}}'),
        (
            "domains:\n  a:\n    phase:   shadow   # why\n",
            "domains:\n  a:\n    phase:   canary   # why\n",
        ),
        (
            "domains:\n  a: # x\n\n    phase:\n      shadow",
            "domains:\n  a: # x\n\n    phase:\n      canary",
        ),
        ("domains:\r\n  a:\r\n    phase: shadow\r\n", "domains:\r\n  a:\r\n    phase: canary\r\n"),
        ("\ufeffdomains: {a: {phase: shadow}}", "\ufeffdomains: {a: {phase: canary}}"),
        ("é: {}\ndomains: {a: {phase: shadow}}", "é: {}\ndomains: {a: {phase: canary}}"),
        ("domains:\n  ? a\n  : phase: shadow\n", "domains:\n  ? a\n  : phase: canary\n"),
        # a key without a value
        ("domains:\n  a:\n    phase:\n", "domains:\n  a:\n    phase: canary\n"),
        ("domains:\n  a:\n    phase:   # ?\n", "domains:\n  a:\n    phase: canary   # ?\n"),
        ("domains:\n  a:\n    phase: ~\n", "domains:\n  a:\n    phase: canary\n"),
        ("domains:\n  a:", "domains:\n  a: {phase: canary}"),
        # a key that is missing
        ("domains: {a: {}}", "domains: {a: {phase: canary}}"),
        ("domains: {a: {service: s}}", "domains: {a: {service: s, phase: canary}}"),
        ("domains: {a: {routes: []}}", "domains: {a: {phase: canary, routes: []}}"),
        (
            "domains: {a: {service: s, # which\n  routes: []}}",
            "domains: {a: {service: s, phase: canary, # which\n  routes: []}}",
        ),
        (
            "domains:\n    a:\n        service: s  # which\n        # all\n        routes: []\n",
            (
                "domains:\n    a:\n        service: s  # which\n        phase: canary\n"
                "        # all\n        routes: []\n"
            ),
        ),
        ("domains:\n  a:\n    service: s", "domains:\n  a:\n    service: s\n    phase: canary"),
        (
            "domains:\r\n  a:\r\n    service: s\r\n  b: 1\n",
            "domains:\r\n  a:\r\n    service: s\r\n    phase: canary\r\n  b: 1\n",
        ),
        (
            "domains:\n  a:\n    routes:\n    - x\n",
            "domains:\n  a:\n    phase: canary\n    routes:\n    - x\n",
        ),
        (
            "domains:\n  a:\n    service: >\n      s\n    routes: []\n",
            "domains:\n  a:\n    phase: canary\n    service: >\n      s\n    routes: []\n",
        ),
        # anchors that nobody else shares the value through
        (
            "domains:\n  a: &a\n    phase: shadow\n  b: 1\n",
            "domains:\n  a: &a\n    phase: canary\n  b: 1\n",
        ),
        (
            "x: &x {phase: shadow}\ndomains:\n  a:\n    <<: *x\n",
            "x: &x {phase: shadow}\ndomains:\n  a:\n    phase: canary\n    <<: *x\n",
        ),
    ],
)
def test_everything_around_the_value_stays(before: str, after: str) -> None:
    assert set_phase(before, "a", Phase.CANARY) == after


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("domains: {b: {}}", "there is no domain a; known are b"),
        ("domains: {aa: {}}", "there is no domain a; did you mean aa?"),
        ("version: 1", "there is no domain a; known are none"),
        ("domains: [", "the file cannot be read"),
        ("domains: {a: [x]}", "domains.a is no mapping"),
        ("domains: {a: {phase: [x]}}", "it is not written as a simple value"),
        ("domains:\n  a:\n    phase: |\n      shadow\n", "it is not written as a simple value"),
        ("domains: {a: {phase: &p shadow}, b: *p}", "it is not written as a simple value"),
        ("domains: {a: {phase: !!str shadow}}", "it is not written as a simple value"),
        ("x: &x {phase: shadow}\ndomains: {a: *x}", "domains.a is an alias"),
        ("x: &p shadow\ndomains: {a: {phase: *p}}", "domains.a.phase is an alias"),
        ("domains: {a: &a {phase: shadow}, b: *a}", "an anchor shares it"),
        ("domains: {a: &a {service: x}, b: {<<: *a}}", "an anchor shares it"),
        ("domains: {a: {phase}}", "it is written in an unusual way"),
    ],
)
def test_what_cannot_be_changed_alone_is_left_to_people(text: str, why: str) -> None:
    with pytest.raises(EditError) as refused:
        set_phase(text, "a", Phase.CANARY)
    assert why in str(refused.value)


@pytest.mark.parametrize("weight", ["50", "101%", "-1%", "10%\n", "", "ten"])
def test_a_weight_that_is_none_is_refused_before_anything_is_edited(weight: str) -> None:
    with pytest.raises(EditError, match="must be between 0% and 100%"):
        set_weight(SAMPLE, "datasets", weight)


@pytest.mark.parametrize(
    "value",
    ["true", "12", "a: b", "it's", 'say "no"', "#x", "", " x ", "back\\slash", "10:30", "é"],
)
@pytest.mark.parametrize("old", ["plain", "'single'", '"double"'])
@pytest.mark.parametrize("frame", ["k: {}", "k: {{v: {}, w: 1}}", "k: [x]\nv:   {}   # c\n"])
def test_any_text_reads_back_as_itself(value: str, old: str, frame: str) -> None:
    text = frame.format(old)
    path = ("k", "v") if "{v" in text else ("v",) if "v:" in text else ("k",)
    edited = yaml.safe_load(set_value(text, path, value))
    for key in path:
        edited = edited[key]
    assert edited == value


def test_a_key_that_the_format_does_not_know_can_be_added_too() -> None:
    text = "domains: {a: {service: s}}\nelsewhere:\n  deep: {}\n"
    assert set_value(text, ("elsewhere", "deep", "key"), "x").endswith("deep: {key: x}\n")
    assert set_value(text, ("domains", "b", "service"), "t") == text.replace(
        "domains: {", "domains: {b: {service: t}, "
    )


# --- generated files: written piece by piece, so that the edited text is known beforehand --------

COMMENTS = st.sampled_from(["", "  # a: {b}", " # phase: retired"])
BLANKS = st.lists(
    st.sampled_from(["", "   ", "# canary: {weight: 99%}", "    # é 'x\""]), max_size=2
)
QUOTES = st.sampled_from(["", "'", '"'])


@dataclass
class Pen:
    """Writes lines, with noise between and behind them that no edit may touch."""

    data: Any
    end: str
    lines: list[str] = field(default_factory=list)

    def line(self, text: str, comment: bool = True) -> None:
        self.lines += self.data.draw(BLANKS)
        self.lines.append(text + (self.data.draw(COMMENTS) if comment else ""))

    def text(self) -> str:
        return self.end.join(self.lines) + self.data.draw(st.sampled_from(["", self.end]))


def quoted(quote: str, text: str) -> str:
    return f"{quote}{text}{quote}"


@given(st.data(), st.sampled_from(list(Phase)), st.sampled_from(["0%", "7.5%", "100%"]))
def test_an_edit_leaves_the_rest_of_any_file_as_it_was(
    data: Any, phase: Phase, weight: str
) -> None:
    draw = data.draw
    quote, step = draw(QUOTES), " " * draw(st.integers(1, 5))
    in_braces = draw(st.booleans())
    pen = Pen(data, draw(st.sampled_from(["\n", "\r\n"])))
    pen.line("version: 1")
    pen.line("domains:")
    pen.line(f"{step}other: {{phase: shadow, canary: {{weight: 1%}}}}")
    if in_braces:
        keys = [
            f"phase: {quoted(quote, 'PHASE')}",
            f"canary: {{weight: {quoted(quote, 'WEIGHT')}}}",
        ]
        keys += ["service: s", "'routes': [{path: /x, phase: canary}]"]
        pen.line(f"{step}a: {{{', '.join(draw(st.permutations(keys)))}}}")
    else:
        pen.line(f"{step}a:")
        blocks = [
            [f"phase: {quoted(quote, 'PHASE')}"],
            ["canary:", f"{step}weight:  {quoted(quote, 'WEIGHT')}", f"{step}key: address"],
            ["service: s"],
            ["routes:", f"{step}- path: /x", f"{step}  phase: canary"],
        ]
        for block in draw(st.permutations(blocks)):
            for line in block:
                pen.line(step * 2 + line)
    pen.line(f"{step}last: {{service: s}}")
    frame = pen.text()

    before = frame.replace("PHASE", "shadow").replace("WEIGHT", "10%")
    edited = set_weight(set_phase(before, "a", phase), "a", weight)
    assert edited == frame.replace("PHASE", phase.value).replace("WEIGHT", weight)
    assert set_weight(set_phase(edited, "a", Phase.SHADOW), "a", "10%") == before


@given(st.data())
def test_a_missing_key_is_one_new_line_in_a_block_and_one_new_piece_in_braces(data: Any) -> None:
    draw = data.draw
    step = " " * draw(st.integers(1, 5))
    pen = Pen(data, draw(st.sampled_from(["\n", "\r\n"])))
    pen.line("domains:")
    keys = draw(
        st.lists(
            st.sampled_from(["service: s", "shadow: {sample: 1%}", "fallback: true", "routes: []"]),
            min_size=1,
            unique=True,
        )
    )
    in_braces = draw(st.booleans())
    if in_braces:
        pen.line(f"{step}a: {{{', '.join(keys)}}}")
    else:
        pen.line(f"{step}a:")
        for key in keys:
            pen.line(step * 2 + key)
    pen.line(f"{step}b: 1")
    before = pen.text()

    edited = set_phase(before, "a", Phase.CANARY)
    assert yaml.safe_load(edited)["domains"]["a"]["phase"] == "canary"
    if in_braces:
        assert edited.replace(", phase: canary", "").replace("phase: canary, ", "") == before
    else:
        new = f"{step * 2}phase: canary{pen.end}"
        assert edited.replace(new, "", 1) == before or edited.removesuffix(pen.end + new) == before
