"""What runs outside the server: the fork server, a supervisor a step, and the start of a Python component in it.

These modules are run by the interpreters of steps, by file path: they import the standard library and each other
only, and keep to Python 3.9. The server imports `wire` and `linux` of them.
"""
