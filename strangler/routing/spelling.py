"""How the small values of `routes.yaml` are written, and what they mean.

Each is text with a spelling: the same pattern checks it here and in the JSON Schema for editors.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from typing import Annotated, Any, TypeAlias

from pydantic import (
    AfterValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainValidator,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from strangler.routing.pattern import Pattern, parse_pattern, parse_template
from strangler.routing.read_back import ReadBackPath, parse_read_back


@dataclass(frozen=True, slots=True)
class Spelling:
    """An annotation for text that must match `pattern`, else `message` is the mistake.

    `hints` gives better messages for texts that look like a known misunderstanding.
    """

    pattern: str
    message: str
    hints: Mapping[str, str] = field(default_factory=dict, hash=False)

    def fits(self, text: str) -> bool:
        """Tell whether a text is spelt so."""
        return re.fullmatch(self.pattern, text) is not None

    def check(self, value: object) -> str:
        """Give the value back, or raise what pydantic reports."""
        if isinstance(value, str):
            if self.fits(value):
                return value
            for pattern, hint in self.hints.items():
                if re.search(pattern, value):
                    raise PydanticCustomError("spelling", "{say}", {"say": hint})
        raise PydanticCustomError("spelling", "{say}", {"say": self.message})

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "pattern": self.pattern}


# RFC 9110 section 5.6.2
_FIELD_NAME = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_PORT = "(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?"


def _ipv6_or_name(url: str) -> str:
    bracketed = re.search(r"\[(.+)\]", url)
    if bracketed is not None:
        IPv6Address(bracketed[1])  # its ValueError says what is wrong
    return url


Name: TypeAlias = Annotated[
    str,
    Spelling(
        r"^[A-Za-z][A-Za-z0-9_-]{0,62}$",
        "must be a name: a letter, then letters, digits, _ and -, 63 at most",
    ),
]
PERCENT = Spelling(
    r"^(?:100(?:\.0{1,2})?|[0-9]{1,2}(?:\.[0-9]{1,2})?)%$",
    "must be between 0% and 100%, written like 10% or 0.25%",
)
Percent: TypeAlias = Annotated[str, PERCENT]
Duration: TypeAlias = Annotated[
    str,
    Spelling(
        r"^(?=.*[1-9])[0-9]{1,6}(?:\.[0-9]{1,3})?(?:ms|s|m|h)$",
        "must be a time above zero, written like 250ms, 5s or 2m",
    ),
]
Budget: TypeAlias = Annotated[
    str,
    Spelling(
        r"^(?!0{1,2}(?:\.0{1,2})?%$)[0-9]{1,2}(?:\.[0-9]{1,2})?%$",
        "must be above 0% and below 100%, written like 1% or 0.25%",
        {r"^0+(?:\.0+)?%$": "must be above 0%: no number of samples proves that it never happens"},
    ),
]
Period: TypeAlias = Annotated[
    str,
    Spelling(
        r"^(?=.*[1-9])[0-9]{1,6}(?:\.[0-9]{1,3})?(?:s|m|h|d)$",
        "must be a time above zero, written like 30m, 12h or 7d",
    ),
]
# A label of a host name (RFC 1123 section 2.1), with the underscores of container networks. What is
# longer or empty cannot be asked of any resolver.
_TARGET_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
TargetUrl: TypeAlias = Annotated[
    str,
    Spelling(
        rf"^https?://(?:\[[0-9A-Fa-f:.]+\]|{_TARGET_LABEL}(?:\.{_TARGET_LABEL})*):{_PORT}$",
        "must be http://HOST:PORT or https://HOST:PORT, without a path",
    ),
    AfterValidator(_ipv6_or_name),
]
ServerName: TypeAlias = Annotated[
    str,
    Spelling(
        rf"^{_TARGET_LABEL}(?:\.{_TARGET_LABEL})*$",
        "must be a host name such as orders.example.org",
        {":": "must be a host name alone, without scheme, port and path"},
    ),
]
PemPath: TypeAlias = Annotated[
    str,
    Spelling(
        r"^/[^\x00]*[^\x00/]$",
        "must be an absolute path: every replica reads the file itself, wherever it was started",
    ),
]
Host: TypeAlias = Annotated[
    str,
    Spelling(
        rf"^(?:(?:\*\.)?{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\])$",
        "must be a host such as example.org or *.example.org",
        {
            "[A-Z]": "must be in lower case, as hosts are compared",
            r":[0-9]+$": "must be without a port: hosts are compared by name",
        },
    ),
]
HeaderName: TypeAlias = Annotated[
    str, Spelling(rf"^{_FIELD_NAME}$", "must be the name of a header field")
]
CanaryKey: TypeAlias = Annotated[
    str,
    Spelling(
        rf"^(?:address|header:{_FIELD_NAME}|cookie:{_FIELD_NAME}|query:[^\x00-\x20&=#]+)$",
        "must be header:NAME, cookie:NAME, query:NAME or address",
    ),
]
TokenPlace: TypeAlias = Annotated[
    str,
    Spelling(
        rf"^(?:header|cookie):{_FIELD_NAME}$",
        "must be cookie:NAME or header:NAME",
    ),
]
Rule: TypeAlias = Annotated[
    str,
    Spelling(
        r"^(?:\$.*|header:\S+|status|body(?:/\S+)?)$",
        "must be a path such as $.items[*].updated_at, or header:NAME, status or body",
    ),
]


JsonPath: TypeAlias = Annotated[str, Spelling(r"^\$.*$", "must be a path such as $.items[*].price")]


def _tolerance(value: object) -> str:
    """Give an amount or a share as it would be written."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 1e-15 <= value < 1e15:
        return f"{value:.15f}".rstrip("0").rstrip(".")
    if isinstance(value, str) and PERCENT.fits(value) and float(value[:-1]) > 0:
        return value
    raise ValueError("must be a number above zero, such as 0.01, or a share, such as 0.1%")


def _members(value: object) -> tuple[str, ...]:
    """Give the names of one member or of several."""
    names = [value] if isinstance(value, str) else value
    if isinstance(names, list) and names and all(isinstance(n, str) and n for n in names):
        return tuple(names)
    raise ValueError("must be the name of a member, such as id, or a list of names")


Tolerance: TypeAlias = Annotated[
    str,
    PlainValidator(_tolerance),
    WithJsonSchema(
        {
            "oneOf": [
                {"type": "number", "exclusiveMinimum": 0},
                {"type": "string", "pattern": PERCENT.pattern},
            ]
        }
    ),
]
Members: TypeAlias = Annotated[
    tuple[str, ...],
    PlainValidator(_members),
    WithJsonSchema(
        {
            "oneOf": [
                {"type": "string", "minLength": 1},
                {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}},
            ]
        }
    ),
]


def _pattern(value: object) -> Pattern:
    if not isinstance(value, str):
        raise ValueError("must be text")
    return parse_pattern(value)


def _template(value: object) -> Pattern:
    if not isinstance(value, str):
        raise ValueError("must be text")
    return parse_template(value)


def _read_back(value: object) -> ReadBackPath:
    if not isinstance(value, str):
        raise ValueError("must be text")
    return parse_read_back(value)


def _prefix(text: str) -> str:
    pattern = parse_pattern(text)
    if pattern.rest or any(segment.literal is None for segment in pattern.segments):
        raise ValueError("must be a plain path, without parameters")
    return text


PathPattern: TypeAlias = Annotated[
    Pattern,
    PlainValidator(_pattern),
    WithJsonSchema({"type": "string", "pattern": "^/"}),
]
TemplatePath: TypeAlias = Annotated[
    Pattern,
    PlainValidator(_template),
    WithJsonSchema({"type": "string", "pattern": "^/"}),
]
ReadBackTemplate: TypeAlias = Annotated[
    ReadBackPath,
    PlainValidator(_read_back),
    WithJsonSchema({"type": "string", "pattern": "^/"}),
]
PlainPath: TypeAlias = Annotated[
    str, AfterValidator(_prefix), Field(json_schema_extra={"pattern": "^/[^{}*?]*$"})
]

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def seconds(duration: str) -> float:
    """Give a duration such as `250ms` in seconds."""
    number = duration.rstrip("dhms")
    return float(number) * _SECONDS[duration[len(number) :]]


def hundredths(percent: str) -> int:
    """Give a percentage in hundredths of a percent, 0 to 10,000: the buckets of a canary."""
    whole, _, part = percent.rstrip("%").partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0"))
