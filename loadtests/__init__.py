"""Traffic for the reference systems: Locust users that remember what they were promised.

Only `memory`, `judgement` and `shapes` may be imported by other programs: importing Locust replaces
the blocking parts of the standard library by gevent's.
"""
