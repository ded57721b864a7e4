"""The datasets service: the first domain that was extracted from the monolith.

It answers the public datasets API by itself, follows the monolith's outbox to have the same data,
and relays its own writes back so that returning to the monolith loses nothing.
"""
