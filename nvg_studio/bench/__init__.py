"""Measurements of speed and memory, side by side with the method written plainly."""
