"""What a network says about new data: as columns of a table, as JSON, in files and streams."""
