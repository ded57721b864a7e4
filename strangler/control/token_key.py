"""Finds the key under which the tokens of clients are signed, the same on all replicas."""

import os
import secrets

from strangler.control.membership import Membership
from strangler.store.store import Store

VARIABLE = "STRANGLER_TOKEN_KEY"

NAME = "tokens"
"""What the store calls the key."""


async def token_key(store: Store, membership: Membership, *, from_disk: bool) -> bytes:
    """Give the key: from the environment, else from the store, which makes one; else from the disk.

    A replica that has none of them makes one up: tokens of others say nothing to it then.
    """
    configured = os.environ.get(VARIABLE, "")
    if configured:
        return configured.encode()
    if from_disk:
        return membership.token_key or secrets.token_bytes(32)
    membership.token_key = await store.secret(NAME)
    return membership.token_key
