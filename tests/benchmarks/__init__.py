"""Cost of a recall, compared with other programs: `make bench`."""
