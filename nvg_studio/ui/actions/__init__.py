"""The table of actions, and the QActions made from it."""
