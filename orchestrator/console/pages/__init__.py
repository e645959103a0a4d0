"""The pages: for each a view-model and how it is taken from the door."""
