"""What hopcli does, as Python functions and records; the names are listed in hopcli itself."""
