"""Dialogs: the command palette, shortcuts, about, and asking about unsaved changes."""
