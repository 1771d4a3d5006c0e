"""The window: widgets, view models and actions. Torch is never imported here."""
