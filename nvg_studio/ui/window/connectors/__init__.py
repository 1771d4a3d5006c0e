"""Each connects a dock with the controller that does its work, and keeps it up to date."""
