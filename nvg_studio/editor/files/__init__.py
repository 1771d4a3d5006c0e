"""Project files, autosave, preferences and the log file."""
