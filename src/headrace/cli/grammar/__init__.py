"""The grammar of the command line, a file a group of commands. Imports `argparse` only."""
