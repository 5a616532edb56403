"""Planning, making, keeping and publishing of runs: a single run, a grid, the runs behind claims.

The command line, the Python API and the verdicts on claims call this room. It prints nothing and
knows no options: results and records are returned, notices are logged, and progress is reported
to a callable of the caller.
"""
