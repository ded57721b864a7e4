"""Two responses in, differences out: the walk, noise, clustering and redaction, all pure."""
