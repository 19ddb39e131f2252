"""The command line. A client of the HTTP API like any other, but for `up` (the server itself) and `gc` and `shell`,
which work on the home directory. Nothing here is imported before the command that needs it is known.
"""
