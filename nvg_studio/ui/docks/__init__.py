"""The docks on the right: clusters, generation settings, history."""
