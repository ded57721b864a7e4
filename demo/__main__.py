"""`python -m demo`: tell the story; with `DEMO_EXIT=1` end by itself, 0 if every check held.

`DEMO_HOME` is where its files go (default `.strangler/demo`); what is there is removed.
"""

import os
import signal
import sys
from pathlib import Path

from demo.programs import StoryError
from demo.story import Story
from demo.system import HOME, System


def main() -> int:
    """Tell the story, then leave everything running for a look, or stop it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    system = System(Path(os.environ.get("DEMO_HOME", "") or HOME))
    story = Story(system)
    try:
        story.tell()
        story.screen.verdict()
        if os.environ.get("DEMO_EXIT", "") != "1":
            linger(story, system)
    except StoryError as error:
        print(f"the story broke off: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        story.screen.say("stopping")
    finally:
        story.close()
        system.stop()
    return 0 if story.checks.held else 1


def linger(story: Story, system: System) -> None:
    """Say what is left to look at, until Ctrl-C."""
    for line in (
        "Everything still runs. Have a look, and press Ctrl-C to stop:",
        f"  the proxy      {system.url('proxy')}/api/v1/datasets",
        f"  its metrics    {system.url('admin')}/metrics",
        f"  the log files  {system.home}",
        f"  .venv/bin/strangler status --store {system.store}",
        f"  .venv/bin/strangler diff list --store {system.store}",
    ):
        story.screen.say(line)
    signal.pause()


if __name__ == "__main__":
    sys.exit(main())
