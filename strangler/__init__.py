"""A strangler-fig migration proxy: domains leave a monolith one at a time, on evidence."""

from importlib.metadata import version

__version__ = version("strangler")
