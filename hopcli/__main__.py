"""Run the command line as ``python -m hopcli``."""

from hopcli.cli import main

if __name__ == "__main__":
    main()
