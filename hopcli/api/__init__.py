"""The Python interface: functions and records; the names are listed in ``hopcli`` itself."""
