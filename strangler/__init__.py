"""A strangler-fig migration proxy: domains leave a monolith one at a time, on evidence."""

__version__ = "0.1.0"
