"""The ledger of revisions and the findings, in SQL through SQLAlchemy."""
