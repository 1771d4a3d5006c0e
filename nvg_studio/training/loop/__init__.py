"""The training loop: budget, processes, progress, record."""
