"""Models beyond the one that ships: this machine's library, the published weights, importing and publishing.

No torch at import, so that the window may use it; what needs torch runs in a process of its own (`subprocess_task`).
"""
