"""The reference monolith: one process, one database, three domains, and the manners of its age."""
