"""Runs: planned, made, kept in their folders and published; a single run, a grid, those of claims.

The command line, the Python API and the verdicts on claims call this room. It prints nothing and
knows no options: results and records are returned, notices are logged, and progress is reported
to a callable of the caller.
"""
