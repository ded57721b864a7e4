"""`python -m loadtests`: Locust without its own command line, for other programs to call."""

import sys

from gevent import monkey

# Before anything else is imported that waits for sockets. Only this process is patched.
monkey.patch_all()

from loadtests.command import main  # noqa: E402 - after the patch

if __name__ == "__main__":
    sys.exit(main())
