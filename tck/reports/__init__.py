"""What is reported: results as data, as text, as JSON and as a page."""
