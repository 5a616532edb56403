"""The data that ship with hopcli, and how they were made."""
