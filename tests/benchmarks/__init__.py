"""What a recall costs, against other programs: `make bench`."""
