"""`python -m ecs_fleet_emulator`: LocalStack's runtime, which starts without collections.

A start makes a million objects that all stay, and takes a fifth longer if garbage is looked for
among them. `garbage_collection.begin` switches it on when the gateway listens. The fork
server of a restored task loads what it needs meanwhile.
"""

import gc

gc.disable()

from ecs_fleet_emulator import localemu_compat  # noqa: E402  # before any import of LocalStack

localemu_compat.install()

from ecs_fleet_emulator.tasks.forked_tasks import FORKED_TASKS  # noqa: E402  # before what takes long

FORKED_TASKS.start_early()

from localstack.runtime.main import main  # noqa: E402  # imports most of LocalStack

if __name__ == "__main__":
    main()
