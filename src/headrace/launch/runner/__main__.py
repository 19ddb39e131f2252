"""Started as `python <this folder> CHANNEL STATUS OPTIONS`, or `... cold FILE`: makes the folder a package.

CHANNEL and STATUS are inherited file descriptors (see `wire`), OPTIONS a JSON object: {module, scratch, nofile}.
The package gets a private name, so that nothing here can hide a module of the user's.
"""

import importlib
import os
import sys
import types

folder = os.path.dirname(os.path.abspath(__file__))
if sys.path and os.path.abspath(sys.path[0]) == folder:
    del sys.path[0]
package = types.ModuleType("_headrace_runner")
package.__path__ = [folder]
sys.modules["_headrace_runner"] = package

if sys.argv[1] == "cold":
    importlib.import_module("_headrace_runner.cold").main(sys.argv[2])
else:
    forkserver = importlib.import_module("_headrace_runner.forkserver")
    step = forkserver.main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
    if step is not None:
        step()
