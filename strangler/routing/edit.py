"""Changes one value of a `routes.yaml` in its text: everything else stays as people wrote it.

Comments, blank lines, quotes, line ends and the style of mappings are theirs. What changes is the
text of one scalar, or one key that was not there. The result is read again, and refused unless it
says exactly what it said before but for that value.
"""

import re
from collections.abc import Sequence
from copy import deepcopy

import yaml

from strangler.routing.mistakes import RoutesError, did_you_mean, dotted
from strangler.routing.phase import Phase
from strangler.routing.shape import known_keys
from strangler.routing.source import Data, compose, read_source
from strangler.routing.spelling import PERCENT

_BOM = "\ufeff"
_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
# Safe without quotes in block and in flow style, as long as YAML reads it as text.
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.%/-]*")


class EditError(ValueError):
    """A value that cannot be changed in place; the message says why and what to do by hand."""


def set_phase(text: str, domain: str, phase: Phase) -> str:
    """Put a domain into a phase. Raises `EditError`."""
    _require_domain(text, domain)
    return set_value(text, ("domains", domain, "phase"), phase.value)


def set_weight(text: str, domain: str, weight: str) -> str:
    """Give a domain's canary a weight such as `50%`. Raises `EditError`."""
    if not PERCENT.fits(weight):
        raise EditError(f"{weight} is no weight: it must be between 0% and 100%, such as 10%")
    _require_domain(text, domain)
    return set_value(text, ("domains", domain, "canary", "weight"), weight)


def set_value(text: str, path: Sequence[str], value: str) -> str:
    """Set the value at a key path to a text, adding keys that are missing. Raises `EditError`."""
    body = text.removeprefix(_BOM)
    before = _data(body)
    edited = _edited(body, path, value)
    if _data(edited) != _with(before, path, value):
        raise _by_hand(path, "an anchor shares it, or it is written in an unusual way")
    return text[: len(text) - len(body)] + edited


def _require_domain(text: str, domain: str) -> None:
    data = _data(text)
    domains = data.get("domains") if isinstance(data, dict) else None
    known = domains if isinstance(domains, dict) else {}
    if domain not in known:
        raise EditError(f"there is no domain {domain}; {did_you_mean(domain, known)}")


def _data(text: str) -> Data:
    try:
        return read_source(text, "routes.yaml").data
    except RoutesError as error:
        raise EditError(f"the file cannot be read: {error}") from error


def _with(data: Data, path: Sequence[str], value: str) -> Data:
    """Give the data with the value set: what the edited text must say."""
    wanted = node = deepcopy(data)
    for key in path[:-1]:
        if node.get(key) is None:
            node[key] = {}
        node = node[key]
    node[path[-1]] = value
    return wanted


def _by_hand(path: Sequence[str], why: str) -> EditError:
    return EditError(f"{dotted(tuple(path))} cannot be changed in place: {why}; edit it by hand")


# --- where to change the text -------------------------------------------------------------------


def _edited(body: str, path: Sequence[str], value: str) -> str:
    node = compose(body, "routes.yaml")
    for depth, key in enumerate(path):
        if _is_null(node) and depth > 0:
            return _replaced(body, node, _flow(path[depth:], value))
        if not isinstance(node, yaml.MappingNode):
            raise _by_hand(path, f"{dotted(tuple(path[:depth]))} is no mapping")
        entry = next((entry for entry in node.value if entry[0].value == key), None)
        if entry is None:
            return _inserted(body, node, path, depth, value)
        if entry[1].start_mark.index < entry[0].end_mark.index:
            raise _by_hand(path, f"{dotted(tuple(path[: depth + 1]))} is an alias")
        node = entry[1]
    if not isinstance(node, yaml.ScalarNode) or body[node.start_mark.index :][:1] in set("&!|>"):
        raise _by_hand(path, "it is not written as a simple value")
    return _replaced(body, node, _quoted(value, node.style))


def _is_null(node: yaml.Node) -> bool:
    return node.tag == "tag:yaml.org,2002:null"


def _quoted(value: str, style: str | None) -> str:
    """Write a text in the quotes of the value that it replaces."""
    if style == "'":
        return "'" + value.replace("'", "''") + "'"
    if not style and _PLAIN.fullmatch(value) and _data(value) == value:
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _flow(path: Sequence[str], value: str) -> str:
    """Write `{canary: {weight: 10%}}` for what is missing below a key."""
    text = _quoted(value, None)
    for key in reversed(path):
        text = f"{{{key}: {text}}}"
    return text


def _replaced(body: str, node: yaml.Node, text: str) -> str:
    start, end = node.start_mark.index, node.end_mark.index
    space = " " if start == end and body[start - 1] == ":" else ""  # `phase:` with nothing behind
    return body[:start] + space + text + body[end:]


def _inserted(
    body: str, node: yaml.MappingNode, path: Sequence[str], depth: int, value: str
) -> str:
    entry = _flow(path[depth:], value)[1:-1]
    before = _predecessor(node, path, depth)
    if node.flow_style:
        if before is not None:
            return _put(body, before.end_mark.index, f", {entry}")
        opened = body.index("{", node.start_mark.index) + 1
        return _put(body, opened, f"{entry}, " if node.value else entry)
    first = node.value[0][0].start_mark
    indent = " " * first.column
    if before is None:
        return _put(body, first.index, f"{entry}{_line_end(body, first.index)}{indent}")
    end = _LINE_END.search(body, before.end_mark.index)
    at = len(body) if end is None else end.start()
    return _put(body, at, f"{_line_end(body, before.end_mark.index)}{indent}{entry}")


def _put(body: str, at: int, text: str) -> str:
    return body[:at] + text + body[at:]


def _line_end(body: str, at: int) -> str:
    """Give the line end of the line at an index, of the file's last one if it has none itself."""
    found = _LINE_END.search(body, at)
    if found is not None:
        return found[0]
    ends: list[str] = _LINE_END.findall(body)
    return ends[-1] if ends else "\n"


def _end_is_certain(key: yaml.Node, value: yaml.Node) -> bool:
    """Tell whether a value ends where its mark says: in brackets, or a scalar in one piece."""
    if value.start_mark.index < key.end_mark.index:
        return False  # an alias: its marks are where the anchor is
    if isinstance(value, yaml.CollectionNode):
        return bool(value.flow_style)
    return isinstance(value, yaml.ScalarNode) and value.style not in {"|", ">"}


def _predecessor(node: yaml.MappingNode, path: Sequence[str], depth: int) -> yaml.Node | None:
    """Find the value after which a new key reads best: of the last key that comes before it."""
    order = known_keys(tuple(path[:depth]))
    earlier = order[: order.index(path[depth])] if path[depth] in order else order
    fit = [
        value for key, value in node.value if key.value in earlier and _end_is_certain(key, value)
    ]
    return fit[-1] if fit else None
