"""Of the mutants of a Cosmic Ray session, keep some of every module; see docs/testing.md.

    python tests/mutation/sample.py session.sqlite 30 0

keeps 30 of each module, drawn with seed 0, and marks the others as skipped.
"""

import random
import sys
from collections import defaultdict

from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import WorkerOutcome, WorkResult


def sample(session: str, count: int, seed: int) -> None:
    with use_db(session, WorkDB.Mode.open) as database:
        modules = defaultdict(list)
        for item in database.pending_work_items:
            mutation = item.mutations[0]
            key = (mutation.operator_name, mutation.occurrence)
            modules[str(mutation.module_path)].append((key, item.job_id))
        for module, items in sorted(modules.items()):
            random.Random(f"{seed} {module}").shuffle(items := sorted(items))
            print(f"{module}: {min(count, len(items))} of {len(items)}")
            for _, job in items[count:]:
                database.set_result(job, WorkResult(WorkerOutcome.SKIPPED))


if __name__ == "__main__":
    sample(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
