"""`python -m headrace` is `headrace`, by the Python that runs it."""

import sys

from headrace.cli.main import main

sys.exit(main())
