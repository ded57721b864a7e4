"""Traffic for the reference systems: Locust users that remember what they were promised.

Nothing here may be imported into a process that is not meant for Locust, but for `memory`,
`judgement`, `shapes` and `report`: importing Locust replaces the blocking parts of the standard
library by gevent's.
"""
