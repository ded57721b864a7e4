"""Recognises what must not be stored as it is: credentials, and data about persons.

By the name that something has, and by what it looks like. Where in doubt it is taken for a secret:
a hash where a value could have stood costs a look at the answers themselves, the other mistake
cannot be taken back.
"""

import re
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from math import log2

_WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+(?![a-z])")

_CREDENTIAL_STEMS = (
    *("password", "passwd", "passphrase", "passcode", "pwd", "secret", "token", "authorization"),
    *("apikey", "accesskey", "privatekey", "signingkey", "credential", "session", "cookie", "jwt"),
    *("bearer", "signature", "csrf", "xsrf", "cardnumber", "creditcard", "authenticate"),
)
_CREDENTIAL_STEM = re.compile("|".join(_CREDENTIAL_STEMS))
_CREDENTIAL_WORDS = frozenset({"auth", "sid", "pin", "otp", "totp", "cvv", "cvc", "pan", "key"})
_PERSONAL_STEMS = (
    *("email", "phone", "telephone", "mobile", "socialsecurity", "iban", "taxid", "passport"),
    *("birth", "firstname", "lastname", "surname", "givenname", "familyname", "fullname", "street"),
    *("postcode", "zipcode", "ipaddress"),
)
_PERSONAL_STEM = re.compile("|".join(_PERSONAL_STEMS))
_PERSONAL_WORDS = frozenset({"mail", "ssn", "bic", "dob", "fax", "address", "ip"})

_CREDENTIAL = re.compile(
    r"""
    eyJ[\w-]{5,}(?:\.[\w-]*){1,4}                              # a JSON Web Token (RFC 7519)
    | \b(?:Bearer|Basic|Digest|Negotiate)\s+[^\s"',]+          # RFC 9110 section 11.6.2
    | -----BEGIN[^-]*-----.*                                   # RFC 7468
    | \b(?:sk|pk|rk)[_-](?:live|test)[_-]\w+                   # keys that say what they are
    | \bgh[pousr]_\w{16,} | \bglpat-[\w-]{16,} | \bxox[abeprs]-[\w-]{8,}
    | \bA[KS]IA[0-9A-Z]{12,} | \bAIza[\w-]{20,}
    | (?<=://)[^/@\s]+(?=@)                                    # who logs in, in a URL
    | (?<=[?&;])(?:[^\s=&;\#"'<>]+=)[^\s&;\#"'<>]+             # a query's values
    """,
    re.VERBOSE | re.DOTALL,
)
_PERSONAL = re.compile(
    r"""
    [\w.+%-]+@[\w-]+(?:\.[\w-]+)+                              # e-mail
    | \b[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){2,7}(?:[ ]?[A-Z0-9]{1,4})?\b   # IBAN (ISO 13616)
    | \b\d{3}-\d{2}-\d{4}\b                                    # a US social security number
    | (?<![\w.])(?:\+|00)\d[\d ()./-]{6,}\d                    # a telephone number (E.164)
    | (?<![\w.])\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4}\b
    """,
    re.VERBOSE,
)
_CARD = re.compile(r"(?<![\w.])\d(?:[ -]?\d){12,18}(?![\w.])")
_LONG = re.compile(r"[A-Za-z0-9_+/=-]{20,}")

_NAMES = 4096
"""Names whose meaning is remembered: an API has some hundreds, asked for all the time."""

_NAME = 64
"""Characters of such a name at most: what is longer is data, of which memory must not fill up."""

_BEHIND_NAMES = frozenset(":=>")

# What stands behind a name in a text: `password=x`, `"token": "x y"`, `<secret>x y<`. The value may
# hold the next name.
_NAMED = re.compile(
    r"(?P<name>[A-Za-z][\w-]*)[\"']?\s*[:=>]\s*[\"']?"
    r"(?=(?P<value>(?<=[\"'])[^\"']+|(?<=>)[^<]+|[^\s\"'&<>,;]+))"
)

_RANDOM = 3.5
"""Bits per character from which on a long word is no word: prose and names have about 2 to 3.3, 20
characters of base64 nearly always more than 3.5, and hex about 3.3, which its digits tell."""

_DIGITS = 6
"""So many digits among letters in one long word are no name that a programmer gave."""


def is_credential_name(name: str) -> bool:
    """Decide by its name whether something is a credential."""
    return (_meaning if len(name) <= _NAME else _meant)(name)[0]


def is_secret_name(name: str) -> bool:
    """Decide by its name whether something is a credential or tells of a person."""
    return any((_meaning if len(name) <= _NAME else _meant)(name))


def looks_secret(text: str) -> bool:
    """Decide by its look whether there is a credential or personal data in a text."""
    return conceal(text, lambda _: "\0") != text


def conceal_credentials(text: str, mark: Callable[[str], str]) -> str:
    """Write `mark` of each credential in a text in its place; `mark` must not give secrets."""
    text = _conceal_named(text, is_credential_name, mark)
    text = _CREDENTIAL.sub(lambda found: mark(found[0]), text)
    text = _CARD.sub(lambda found: mark(found[0]) if _is_card(found[0]) else found[0], text)
    return _LONG.sub(lambda found: mark(found[0]) if is_random(found[0]) else found[0], text)


def conceal(text: str, mark: Callable[[str], str]) -> str:
    """Write `mark` of each credential, and of what tells of a person, in its place."""
    text = _conceal_named(text, is_secret_name, mark)
    text = _PERSONAL.sub(lambda found: mark(found[0]), text)
    return conceal_credentials(text, mark)


def is_random(word: str) -> bool:
    """Decide whether a long word was drawn by lot, as keys and tokens are."""
    if len(word) < 20:
        return False
    digits = sum(map(str.isdigit, word))
    if digits == len(word):
        return False  # a number; those of cards are known by their check digit
    counts = Counter(word)
    entropy = -sum(n / len(word) * log2(n / len(word)) for n in counts.values())
    mixed = word != word.lower() and word != word.upper()
    return digits >= _DIGITS or (entropy > _RANDOM and mixed and digits > 0)


def _meant(name: str) -> tuple[bool, bool]:
    """Decide whether a name is a credential's, and whether one of personal data."""
    return (
        _is_named(name, _CREDENTIAL_STEM, _CREDENTIAL_WORDS),
        _is_named(name, _PERSONAL_STEM, _PERSONAL_WORDS),
    )


_meaning = lru_cache(_NAMES)(_meant)


def _is_named(name: str, stem: re.Pattern[str], words: frozenset[str]) -> bool:
    parts = [part.lower() for part in _WORDS.findall(name)]
    return stem.search("".join(parts)) is not None or not words.isdisjoint(parts)


def _conceal_named(text: str, is_secret: Callable[[str], bool], mark: Callable[[str], str]) -> str:
    """Write `mark` of what stands behind the name of a secret in its place."""
    if _BEHIND_NAMES.isdisjoint(text):
        return text
    parts = []
    at = 0
    for found in _NAMED.finditer(text):
        start, end = found.span("value")
        if start >= at and is_secret(found["name"]):
            parts += [text[at:start], mark(found["value"])]
            at = end
    return "".join([*parts, text[at:]])


def _is_card(digits: str) -> bool:
    """Check the last digit as card numbers have it (ISO/IEC 7812-1 annex B, Luhn's formula)."""
    numbers = [int(each) for each in reversed(digits) if each.isdigit()]
    doubled = [sum(divmod(2 * each, 10)) for each in numbers[1::2]]
    return (sum(numbers[::2]) + sum(doubled)) % 10 == 0
