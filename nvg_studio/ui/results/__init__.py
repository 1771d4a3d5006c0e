"""The page of results in the middle of the window: a grid to choose from, and two of them compared."""
