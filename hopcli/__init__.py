"""hopcli: associative memory on real data, from the command line and as a library."""

__version__ = "0.1.0"
