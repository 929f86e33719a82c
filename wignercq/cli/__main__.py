"""``python -m wignercq.cli``."""

import sys

from wignercq.cli.commands import main

sys.exit(main())
