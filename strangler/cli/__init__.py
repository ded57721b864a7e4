"""Verbs for people, each a thin call into what lies below."""
