"""What the user sees while a network trains, and the tables afterwards."""
