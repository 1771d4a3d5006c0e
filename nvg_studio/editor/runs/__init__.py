"""Runs: requests, the queue, live runs, and results."""
