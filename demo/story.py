"""The story: one domain leaves the monolith, while clients keep working. Every claim is checked."""

from typing import Any

from demo.checks import Checks
from demo.probes import SERVICE, Probes
from demo.screen import Screen
from demo.system import System

DOMAIN = "datasets"

COMPARED_BUGGY = 400
"""Comparisons with the buggy service: each of its faults shows many times among so many."""

COMPARED_FIXED = 250
"""Comparisons with the fixed one: a fault that had stayed would have shown about as often."""

EXCHANGES_BESIDE = 150
"""Requests that the other clients have answered in each state, before the story goes on."""

KEYS = [f"probe-{number}" for number in range(1000)]
"""Canary keys whose share is measured."""

EXPECTED = {
    ("value", ("$.mean_size_mb",)): "statistics are rounded",
    ("missing", ("$.items[*].retention_days",)): "archives in lists lack a field",
    ("status", ("status",)): "a missing version is answered 400, not 404",
}
"""The three regressions of the buggy build, as findings."""


class Story:
    """The chapters, in order. Each leaves the system as the next expects it."""

    def __init__(self, system: System) -> None:
        """Tell it of `system`."""
        self._system = system
        self._probes = Probes(system.url("proxy"))
        self._written = 0
        self.checks = Checks()
        self.screen = Screen(self.checks, system.traffic)

    def __repr__(self) -> str:
        """Show what is claimed so far."""
        return f"<Story {len(self.checks.made)} checks>"

    def close(self) -> None:
        """Close the story's own connections."""
        self._probes.close()

    def tell(self) -> None:
        """Tell all of it."""
        self.screen.title(
            "A monolith serves users, datasets and notifications. The domain `datasets`\n"
            "moves to a service of its own, step by step and back again, and its clients\n"
            "notice nothing."
        )
        self.begin()
        self.shadow_the_buggy_service()
        self.deploy_the_fix()
        self.open_the_canary()
        self.kill_the_service()
        self.move_the_writes()
        self.go_back_and_forth()
        self.report()

    def begin(self) -> None:
        """Start everything, and clients that stay to the end."""
        self.screen.chapter("Before", "The monolith runs; strangler is put in front of it.")
        self._system.start_monolith()
        self._system.start_service(buggy=True)
        self._system.start_proxy()
        self._system.start_traffic()
        self._probes.log_in()
        self.screen.say(
            f"clients talk to {self._system.url('proxy')}: readers, writers, streamers of files, "
            "WebSocket listeners"
        )

    def shadow_the_buggy_service(self) -> None:
        """Let a service with three faults answer copies of real requests."""
        self.screen.chapter(
            "Shadow", "The first build of the new service gets copies. It has three faults."
        )
        self.screen.until(
            "comparing",
            lambda: self._compared() >= COMPARED_BUGGY and len(self._findings()) >= len(EXPECTED),
            60,
        )
        found = {(each["kind"], tuple(each["paths"])): each for each in self._findings()}
        self.screen.check(
            "three findings, no more and no fewer",
            held=found.keys() == EXPECTED.keys(),
            detail=f"{len(found)} in {self._compared()} comparisons",
        )
        self.screen.table(
            "strangler diff list",
            ("id", "seen", "kind", "where", "what it is"),
            (
                (
                    each["id"][:8],
                    str(each["count"]),
                    kind,
                    "\n".join([each["route"], *paths]),
                    EXPECTED.get((kind, paths), "unexpected"),
                )
                for (kind, paths), each in found.items()
            ),
        )
        noise = {path for each in self._findings("--noise") for path in each["paths"]}
        self.screen.check(
            "what the monolith also shows against itself is noise",
            held={"$.generated_at", "$.computed_at"} <= noise,
            detail=f"{len(noise)} paths, such as $.generated_at and $.computed_at",
        )

    def deploy_the_fix(self) -> None:
        """Replace the service's build while clients keep working."""
        self.screen.chapter("The fix", "The service is stopped and its fixed build deployed.")
        self._system.stop_service()
        self._system.start_service()
        # What the old build had answered must be written before the count begins.
        self.screen.until("old copies end", self._no_copies_under_way, 20)
        before = {each["id"]: each["count"] for each in self._findings()}
        self.screen.check(
            "the gate to the canary is shut by what the old build answered",
            held=self._gate() == "shut",
        )
        self._move("gate", "--anew", why="the fixed build is deployed")
        already = self._compared()
        self.screen.until("comparing", lambda: self._compared() >= already + COMPARED_FIXED, 60)
        after = {each["id"]: each["count"] for each in self._findings()}
        compared = self._compared() - already
        self.screen.check(
            "nothing new is found, and nothing old again",
            held=after == before and compared >= COMPARED_FIXED,
            detail=f"{compared} more comparisons",
        )

    def open_the_canary(self) -> None:
        """Let the service answer some readers, then half of them."""
        self.screen.chapter("Canary", "The service answers a growing share of the readers.")
        self._wait_for_the_gate()
        self._move("promote", "--weight", "10%", why="shadow is clean")
        tenth = self._probes.inside(KEYS)
        self._share("10 %", tenth, 0.07, 0.13)
        self.screen.check(
            "a client stays on its side",
            held=self._probes.inside(KEYS[:300]) == tenth & set(KEYS[:300]),
        )
        self._wait_for_the_gate()
        self._move("promote", "--weight", "50%", why="a tenth is fine")
        half = self._probes.inside(KEYS)
        self._share("50 %", half, 0.45, 0.55)
        self.screen.check("raising the weight moved nobody back", held=tenth <= half)

    def _share(self, said: str, inside: set[str], least: float, most: float) -> None:
        share = len(inside) / len(KEYS)
        self.screen.check(
            f"weight {said} is {said} of the clients",
            held=least <= share <= most,
            detail=f"measured {share:.1%} of {len(KEYS)}",
        )

    def kill_the_service(self) -> None:
        """Take the service away in the middle of the canary."""
        self.screen.chapter("A crash", "The service is killed (SIGKILL) while half read from it.")
        failures = self._failures()
        self._system.kill_service()
        statuses = self._probes.statuses(KEYS[:400])
        self._let_clients_work("without the service")
        fallbacks = self._system.metrics().total("strangler_recoveries_total", recovery="fallback")
        self.screen.check(
            "no reader sees an error: the monolith steps in",
            held=statuses == {200} and fallbacks > 0 and self._failures() == failures,
            detail=f"{fallbacks} reads were taken over",
        )
        self._system.start_service()
        back = self.screen.until(
            "the service comes back", lambda: bool(self._probes.inside(KEYS[:50])), 20
        )
        self.screen.check("the service is back and answers again", held=back)
        self._move("gate", "--anew", why="the crash was ours")

    def move_the_writes(self) -> None:
        """Hand the writes over in one step."""
        self.screen.chapter("Extracted", "The service takes the writes too, all in one step.")
        self._wait_for_the_gate()
        self._move("promote", why="the canary is clean")
        self._written, system = self._probes.create("written after the move")
        self.screen.check("the service takes writes", held=system == SERVICE)
        self.screen.check(
            "the monolith has them too, so the way back is open",
            held=bool(self._described("first, at the service", self._system.url("monolith"))),
        )
        self._let_downloads_follow()
        self._let_clients_work("on the service")

    def _let_clients_work(self, where: str) -> None:
        """Go on only when the clients beside us have met this state too."""
        enough = self._requests() + EXCHANGES_BESIDE
        self.screen.until(f"clients work {where}", lambda: self._requests() >= enough, 30)

    def _let_downloads_follow(self) -> None:
        """Edit the file as an operator would: strangler follows the saved file."""
        before = self._system.live_revision()
        text = self._system.routes.read_text(encoding="utf-8")
        lagging = [line for line in text.splitlines(keepends=True) if "phase: shadow" in line]
        for line in lagging:
            text = text.replace(line, "")
        self._system.routes.write_text(text, encoding="utf-8")
        self.screen.until("the saved file", lambda: self._system.live_revision() > before, 15)
        self.screen.check(
            "a saved routes.yaml is live: downloads have followed their domain",
            held=len(lagging) == 1 and self._probes.downloader() == SERVICE,
        )

    def _described(self, text: str, at: str) -> str:
        system = self._probes.describe(self._written, text)
        return system if self._probes.description(self._written, at) == text else ""

    def go_back_and_forth(self) -> None:
        """Use the way back, with all that was written since."""
        self.screen.chapter("Back", "Somebody is not sure: everything goes back in one command.")
        self._move("rollback", why="a doubt")
        self.screen.check(
            "the monolith takes the writes again, and knows what the service took",
            held=self._described("second, at the monolith", "") not in {"", SERVICE},
        )
        self._let_clients_work("on the monolith")
        self._wait_for_the_gate()
        self._move("promote", why="the doubt was unfounded")
        self.screen.check(
            "and forward again: the service knows what the monolith took",
            held=self._described("third, at the service", "") == SERVICE,
        )
        self._let_clients_work("on the service")

    def report(self) -> None:
        """End the traffic, and let it look for all that it wrote."""
        self.screen.chapter("Report", "The clients stop, and look once more for all they wrote.")
        report = self._system.stop_traffic()
        requests, failures = report.get("requests", 0), report.get("failures", -1)
        self.screen.check(
            "no client saw a failure",
            held=requests > 0 and failures == 0,
            detail=f"{requests} requests, {failures} failures",
        )
        for name, failure in report.get("failures_by_name", {}).items():
            self.screen.say(f"[red]{failure['count']} of {name}[/red]: {failure['first']}")
        acknowledged = report.get("writes_acknowledged", 0)
        present = report.get("writes_present", -1)
        self.screen.check(
            "every acknowledged write is present",
            held=acknowledged > 0 and present == acknowledged,
            detail=f"{present} of {acknowledged}; {report.get('downloads', 0)} downloads and "
            f"{report.get('websocket_messages', 0)} WebSocket messages arrived whole",
        )
        self._ledger()
        lost = self._system.metrics().total("strangler_observations_lost_total")
        self.screen.check("no comparison was lost", held=lost == 0)

    def _ledger(self) -> None:
        entries = self._system.read("history")
        self.screen.table(
            "strangler history",
            ("revision", "who", "what", "why"),
            (
                (
                    str(entry["revision"]),
                    entry["actor"],
                    _what(entry),
                    entry["reason"],
                )
                for entry in entries
            ),
        )

    # Looking and moving.

    def _gate(self) -> str:
        """Give how the next gate stands."""
        return str(self._system.read("gate", DOMAIN)["outcome"])

    def _wait_for_the_gate(self) -> None:
        """Let clients give the evidence that the next step needs; readers of ours help along."""

        def opens() -> bool:
            self._probes.inside(KEYS[:100])
            return self._gate() == "open"

        held = self.screen.until("the gate opens", opens, 90)
        told = self._system.strangler("gate", DOMAIN).stdout.splitlines()
        self.screen.check(
            "the gate is open, on evidence", held=held, detail=told[0] if told else ""
        )
        for line in told[1:]:
            self.screen.say(f"[dim]{line.strip()}[/dim]")

    def _findings(self, *arguments: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._system.read("diff", "list", *arguments) or []
        return found

    def _compared(self) -> int:
        metrics = self._system.metrics()
        return sum(
            metrics.total("strangler_shadow_verdicts_total", verdict=verdict)
            for verdict in ("match", "ignored", "mismatch")
        )

    def _no_copies_under_way(self) -> bool:
        metrics = self._system.metrics()
        return not (
            metrics.total("strangler_shadow_copies_in_flight")
            + metrics.total("strangler_observations_waiting")
        )

    def _requests(self) -> int:
        return int(self._system.progress().get("requests", 0))

    def _failures(self) -> int:
        return int(self._system.progress().get("failures", 0))

    def _move(self, verb: str, *arguments: str, why: str) -> None:
        """Run a verb that makes a revision, and wait until every worker has it."""
        before = self._system.live_revision()
        typed = " ".join(["strangler", verb, DOMAIN, *arguments, "-m", f"'{why}'"])
        self.screen.say(f"[bold]$ {typed}[/bold]")
        done = self._system.strangler(verb, DOMAIN, *arguments, "-m", why)
        live = done.returncode == 0 and self.screen.until(
            "the workers follow", lambda: self._system.live_revision() > before, 15
        )
        self.screen.check(
            f"{verb}: live in every worker",
            held=live,
            detail=f"revision {self._system.live_revision()}" if live else done.stderr.strip(),
        )


def _what(entry: dict[str, Any]) -> str:
    """Say what a transition changed: the phase, the weight, or both."""
    moved = entry["from"] != entry["to"]
    phases = f"{entry['from']} → {entry['to']}" if moved else entry["to"]
    subject = entry["route"] or entry["domain"]
    return f"{subject}: {phases} {entry['detail']}".strip()
