"""One HTML page about a run, or about several side by side, that needs nothing but a browser."""
