"""Where runs are done: in a process of its own, asked by jobs and answering with events; in tests from a script."""
