"""Which transitions are legal and what a plan changes, all pure."""
