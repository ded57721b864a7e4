"""Values that an upstream makes anew for each answer: clocks, identifiers, chance, counters.

In a template `${NAME ARGUMENT…}` stands for such a value: alone in a string it keeps its type
(`${now epoch}` is a number), within other text it is written into it. Beside it there are lists of
chance, `{$shuffle: […]}`, `{$sample: N, of: […]}`, rows that are all alike, `{$repeat: N, of: …}`
with `${i}` for the row, and what is not always there: `{$sometimes: CHANCE, of: …}`; and values
that are written within texts: `{$json: …}`, `{$base64: …}`, `{$jwt: CLAIMS}`, `{$octets: HEX}`,
`{$zip: {NAME: TEXT}}`. Where each ask has a number of its own in its path, `${number}` is that
number, `${derived LEAST MOST}` one that follows from it on both sides, and `{$every: N, of: …,
else: …}` holds for every Nth.
"""

import base64
import io
import json
import re
import string
import time
import uuid
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from random import Random
from typing import Any, TypeAlias

Value: TypeAlias = Any
"""What YAML holds."""

_TOKEN = re.compile(r"\$\{([^{}]+)\}")
_SHIFT = re.compile(r"([+-]\d+)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LETTERS = string.ascii_letters + string.digits
_SUMMER = timezone(timedelta(hours=2))

_START = datetime.now(UTC)

_ABSENT = object()


@dataclass
class Asking:
    """One ask of one side: what was asked, the how-manieth it is, and the chance of this ask."""

    side: str
    number: int
    random: Random
    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict)
    row: int = 0

    def __repr__(self) -> str:
        return f"<Asking {self.side} {self.number} {self.path}>"


def rendered(template: Value, asking: Asking) -> Value:
    """Fill in a template; members and elements that chance leaves out are not there."""
    if isinstance(template, str):
        return _text(template, asking)
    if isinstance(template, list):
        filled = (rendered(each, asking) for each in template)
        return [each for each in filled if each is not _ABSENT]
    if not isinstance(template, dict):
        return template
    operator = next((name for name in template if str(name).startswith("$")), None)
    if operator in _OPERATORS:
        return _OPERATORS[operator](template, asking)
    members = ((_text(str(name), asking), rendered(v, asking)) for name, v in template.items())
    return {name: value for name, value in members if value is not _ABSENT}


def _text(template: str, asking: Asking) -> Value:
    whole = _TOKEN.fullmatch(template)
    if whole is not None:
        return _made(whole[1], asking)
    return _TOKEN.sub(lambda token: str(_made(token[1], asking)), template)


def _made(token: str, asking: Asking) -> Value:
    name, *arguments = token.split()
    return _MAKERS[name](asking, *arguments)


def _shuffled(template: dict[str, Value], asking: Asking) -> Value:
    elements = rendered(template["$shuffle"], asking)
    return asking.random.sample(elements, len(elements))


def _sampled(template: dict[str, Value], asking: Asking) -> Value:
    return asking.random.sample(rendered(template["of"], asking), template["$sample"])


def _repeated(template: dict[str, Value], asking: Asking) -> Value:
    rows = []
    for asking.row in range(template["$repeat"]):
        rows.append(rendered(template["of"], asking))
    return rows


def _sometimes(template: dict[str, Value], asking: Asking) -> Value:
    there = asking.random.random() < template["$sometimes"]
    return rendered(template["of"], asking) if there else _ABSENT


def _as_json(template: dict[str, Value], asking: Asking) -> str:
    return json.dumps(rendered(template["$json"], asking), separators=(",", ":"))


def _in_base64(template: dict[str, Value], asking: Asking) -> str:
    """Write a text, or anything else as JSON, in the alphabet for URLs."""
    value = rendered(template["$base64"], asking)
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _jwt(template: dict[str, Value], asking: Asking) -> str:
    """Sign claims, with a signature that nobody can foresee (RFC 7519)."""
    header = template.get("header", {"alg": "RS256", "typ": "JWT", "kid": "k-1"})
    parts = [_in_base64({"$base64": each}, asking) for each in (header, template["$jwt"])]
    signature = base64.urlsafe_b64encode(asking.random.randbytes(32)).decode().rstrip("=")
    return ".".join((*parts, signature))


def _zipped(template: dict[str, Value], asking: Asking) -> str:
    """Pack files as of now: an archive holds when each was made."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in rendered(template["$zip"], asking).items():
            archive.writestr(zipfile.ZipInfo(name, time.localtime()[:6]), text)
    return base64.b64encode(packed.getvalue()).decode()


def _octets(template: dict[str, Value], asking: Asking) -> str:
    return base64.b64encode(bytes.fromhex(rendered(template["$octets"], asking))).decode()


def _every(template: dict[str, Value], asking: Asking) -> Value:
    if _number(asking) % template["$every"] == 0:
        return rendered(template["of"], asking)
    return rendered(template["else"], asking) if "else" in template else _ABSENT


_OPERATORS: dict[str, Callable[[dict[str, Value], Asking], Value]] = {
    "$shuffle": _shuffled,
    "$sample": _sampled,
    "$repeat": _repeated,
    "$sometimes": _sometimes,
    "$json": _as_json,
    "$base64": _in_base64,
    "$jwt": _jwt,
    "$zip": _zipped,
    "$octets": _octets,
    "$every": _every,
}


def _now(_: Asking, style: str = "iso", shift: str = "+0s") -> Value:
    return _CLOCKS[style](datetime.now(UTC) + _duration(shift))


def _started(_: Asking, style: str = "iso", shift: str = "+0s") -> Value:
    """Tell when this program was started, as one does that reads its clock once."""
    return _CLOCKS[style](_START + _duration(shift))


def _duration(shift: str) -> timedelta:
    found = _SHIFT.fullmatch(shift)
    assert found is not None, f"a shift like -1h, not {shift!r}"
    return timedelta(seconds=int(found[1]) * _SECONDS[found[2]])


_CLOCKS: dict[str, Callable[[datetime], Value]] = {
    "iso": lambda now: now.strftime("%Y-%m-%dT%H:%M:%SZ"),
    "ms": lambda now: now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03}Z",
    "us": lambda now: now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    "utc-offset": lambda now: now.isoformat(timespec="milliseconds"),
    "summer": lambda now: now.astimezone(_SUMMER).isoformat(timespec="milliseconds"),
    "naive": lambda now: now.strftime("%Y-%m-%dT%H:%M:%S.%f"),
    "space": lambda now: now.strftime("%Y-%m-%d %H:%M:%S.%f"),
    "compact": lambda now: now.strftime("%Y%m%dT%H%M%S.%fZ"),
    "time": lambda now: now.strftime("%H:%M:%S.%f"),
    "http": lambda now: format_datetime(now, usegmt=True),
    "mail": format_datetime,
    "german": lambda now: now.strftime("%d.%m.%Y %H:%M:%S.%f"),
    "epoch": lambda now: int(now.timestamp()),
    "epoch-ms": lambda now: int(now.timestamp() * 1000),
    "epoch-us": lambda now: int(now.timestamp() * 1_000_000),
    "epoch-float": lambda now: now.timestamp(),
    "date": lambda now: now.strftime("%Y-%m-%d"),
    "syslog": lambda now: now.strftime("%b %d %H:%M:%S"),
    "apache": lambda now: now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
    "american": lambda now: now.strftime("%m/%d/%Y %I:%M:%S %p"),
    "go": lambda now: now.strftime("%Y-%m-%dT%H:%M:%S.%f").rstrip("0").rstrip(".") + "Z",
    "dotnet": lambda now: f"/Date({int(now.timestamp() * 1000)})/",
}


def _uuid(asking: Asking) -> str:
    return str(uuid.UUID(int=asking.random.getrandbits(128), version=4))


def _letters(asking: Asking, count: str, alphabet: str = _LETTERS) -> str:
    return "".join(asking.random.choices(alphabet, k=int(count)))


def _base64(asking: Asking, octets: str) -> str:
    return base64.b64encode(asking.random.randbytes(int(octets))).decode()


def _float(asking: Asking, least: str, most: str, places: str = "6") -> float:
    return round(asking.random.uniform(float(least), float(most)), int(places))


def _count(asking: Asking, first: str = "0", step: str = "1") -> int:
    """Count asks; the sides were not begun on one day."""
    begun = 0 if asking.side == "monolith" else 417
    return int(first) + begun + asking.number * int(step)


def _tick(asking: Asking, period: str, lag: str = "0") -> int:
    """Count periods (seconds) of the clock; the service learns of a new one `lag` seconds late."""
    late = float(lag) if asking.side == "service" else 0.0
    return int((time.time() - late) / float(period)) % 1_000_000


def _path(asking: Asking) -> str:
    return asking.path.partition("?")[0]


def _number(asking: Asking) -> int:
    """Give the last number of the path."""
    return int(re.findall(r"\d+", _path(asking))[-1])


def _derived(asking: Asking, least: str, most: str, salt: str = "") -> int:
    """Give a number that both sides give for this path."""
    return Random(_path(asking) + salt).randint(int(least), int(most))


def _object_id(asking: Asking) -> str:
    """Make an identifier that begins with the time, as MongoDB does."""
    return f"{int(time.time()):08x}" + _letters(asking, "16", "0123456789abcdef")


def _snowflake(asking: Asking) -> int:
    """Make a number that grows with the time and does not fit into a double."""
    return (int(time.time() * 1000) - 1_288_834_974_657) << 22 | asking.random.getrandbits(22)


def _uuid7(asking: Asking) -> str:
    """Make an identifier that begins with the time (RFC 9562 section 5.7)."""
    high = int(time.time() * 1000) << 16 | 0x7000 | asking.random.getrandbits(12)
    return str(uuid.UUID(int=high << 64 | 0b10 << 62 | asking.random.getrandbits(62)))


_MAKERS: dict[str, Callable[..., Value]] = {
    "now": _now,
    "started": _started,
    "uuid": _uuid,
    "UUID": lambda asking: _uuid(asking).upper(),
    "hex": lambda asking, count: _letters(asking, count, "0123456789abcdef"),
    "digits": lambda asking, count: _letters(asking, count, "123456789"),
    "token": _letters,
    "base64": _base64,
    "ulid": lambda asking: "01" + _letters(asking, "24", _CROCKFORD),
    "int": lambda asking, least, most: asking.random.randint(int(least), int(most)),
    "float": _float,
    "pick": lambda asking, *choices: asking.random.choice(choices),
    "count": _count,
    "tick": _tick,
    "i": lambda asking, first="0": int(first) + asking.row,
    "side": lambda asking: asking.side,
    "host": lambda asking: asking.headers["Host"],
    "header": lambda asking, name: asking.headers[name],
    "last": lambda asking: _path(asking).rpartition("/")[2],
    "number": _number,
    "derived": _derived,
    "chosen": lambda asking, *choices: choices[_derived(asking, "0", str(len(choices) - 1))],
    "object-id": _object_id,
    "snowflake": _snowflake,
    "uuid7": _uuid7,
    "ask": lambda asking: asking.number,
}
