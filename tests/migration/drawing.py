"""Random tables: several domains in any phases, routes with conditions and phases of their own."""

from typing import Any

import yaml
from hypothesis import strategies as st

from strangler.routing.compile import load
from strangler.routing.mistakes import RoutesError
from strangler.routing.phase import Phase
from strangler.routing.table import RouteTable

PATHS = ["/", "/a", "/a/", "/a/b", "/a/{id}", "/a/{id:int}", "/a/{id:int}/b", "/a/{key:uuid}"]
PATHS += ["/a/**", "/a/{id}/**", "/b", "/b/{x}/{y:int}", "/b/**", "/**", "/caf%C3%A9/{id}"]
PATHS += ["/A", "/a%20B/{id}", "/x%2Fy", "/b/%2a"]
KEYS = ["address", "header:x-user", "cookie:sid", "query:u"]
UPSTREAMS = {
    name: {"targets": [f"http://127.0.0.1:{port}"]}
    for port, name in enumerate(["old", "new", "newer"], 9000)
}

phases = st.sampled_from([phase.value for phase in Phase])
weights = st.sampled_from(["0%", "0.01%", "10%", "50%", "99.5%", "100%"])


@st.composite
def routes(draw: st.DrawFn) -> dict[str, Any]:
    route: dict[str, Any] = {"path": draw(st.sampled_from(PATHS))}
    drawn = {
        "methods": st.lists(st.sampled_from(["GET", "POST"]), min_size=1, max_size=2, unique=True),
        "hosts": st.just(["shop.example"]) | st.just(["*.example"]),
        "headers": st.just({"x-a": "1"}) | st.just({"x-a": "*"}),
        "query": st.just({"v": "2"}) | st.just({"v": "*"}),
        "effect": st.sampled_from(["read", "write"]),
        "fallback": st.booleans(),
    }
    for name, values in drawn.items():
        if draw(st.integers(0, 4)) == 0:
            route[name] = draw(values)
    if draw(st.integers(0, 2)) == 0:
        route["phase"] = draw(phases)
        route["effect"] = "read"  # or the domain could have two writers
    return route


@st.composite
def documents(draw: st.DrawFn, most_routes: int = 8) -> str:
    """Draw the text of a table that compiles."""
    ambiguous = draw(st.sampled_from(["refuse", "refuse", "route", "forward"]))
    drawn = draw(st.lists(routes(), max_size=most_routes))
    names = draw(st.lists(st.sampled_from("dfg"), min_size=1, max_size=3, unique=True))
    domains: dict[str, Any] = {name: _domain(draw) for name in names}
    text = _text(domains, ambiguous)
    for route in drawn:
        mine = domains[draw(st.sampled_from(names))]["routes"]
        mine.append(route)
        try:
            load(_text(domains, ambiguous))
        except RoutesError:  # it ties with one that is there
            mine.pop()
        else:
            text = _text(domains, ambiguous)
    return text


def _domain(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "service": draw(st.sampled_from(["new", "newer"])),
        "phase": draw(phases),
        "canary": {"weight": draw(weights), "key": draw(st.sampled_from(KEYS))},
        "shadow": {"sample": draw(weights), "reversed": draw(st.booleans())},
        "routes": [],
    }


def _text(domains: dict[str, Any], ambiguous: str) -> str:
    kept = {name: domain for name, domain in domains.items() if domain["routes"]}
    whole = {"version": 1, "upstreams": UPSTREAMS, "monolith": "old", "domains": kept}
    return yaml.safe_dump({**whole, "ambiguous_paths": ambiguous}, sort_keys=False)


def tables() -> st.SearchStrategy[RouteTable]:
    return documents().map(load)
