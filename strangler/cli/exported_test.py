"""The text of an exported test, with places for what tells one finding from another."""

TEMPLATE = '''\
"""@TITLE@ (finding @FINDING@).

Both systems are asked the same; what the finding speaks of must be alike. The environment tells
where they are, and headers such as credentials: STRANGLER_HEADERS='{"Authorization": "…"}'.
"""

import json
import os
import re
import urllib.error
import urllib.request

PRIMARY = @PRIMARY_URL@ + @PRIMARY_TARGET@
CANDIDATE = @CANDIDATE_URL@ + @CANDIDATE_TARGET@
METHOD = @METHOD@
KIND = @KIND@
PATHS = @PATHS@


def ask(url):
    headers = json.loads(os.environ.get("STRANGLER_HEADERS", "{}"))
    request = urllib.request.Request(url, method=METHOD, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.headers, answer.read()


def spots(value, steps, place="$"):
    """Give what stands at a path, by place; `[*]` is every element, `[?]` every member."""
    if not steps:
        return {place: value}
    step, rest = steps[0], steps[1:]
    if isinstance(value, list):
        inner = dict(enumerate(value)) if step == "[*]" else {}
    elif isinstance(value, dict):
        inner = value if step == "[?]" else {k: v for k, v in value.items() if "." + k == step}
    else:
        inner = {}
    found = {}
    for key, member in inner.items():
        found.update(spots(member, rest, f"{place}[{key!r}]"))
    return found


def kind_of(value):
    if isinstance(value, bool) or value is None:
        return str(value)
    return "number" if isinstance(value, (int, float)) else type(value).__name__


def seen(answer, path):
    """Give what the finding speaks of at one path."""
    status, headers, body = answer
    if KIND == "status":
        return status
    if path.startswith("header:"):
        return sorted(headers.get_all(path.removeprefix("header:").partition("/")[0], []))
    try:
        document = json.loads(body)
    except ValueError:
        return body
    found = spots(document, re.findall(r"\\[[*?]\\]|\\.[^.\\[]+", path))
    if KIND == "type":
        return {place: kind_of(value) for place, value in found.items()}
    return sorted(found) if KIND in ("missing", "extra") else found


def test_@NAME@():
    primary, candidate = ask(PRIMARY), ask(CANDIDATE)
    for path in PATHS:
        assert seen(candidate, path) == seen(primary, path), path
'''
