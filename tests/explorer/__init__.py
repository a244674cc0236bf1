"""The page of the explorer: its data, and what it shows in a browser."""
