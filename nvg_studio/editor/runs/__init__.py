"""Runs: what is asked for, what waits, live runs, and what becomes of results."""
