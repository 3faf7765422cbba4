"""Of the mutants of a Cosmic Ray session, keep some of every module; see docs/testing.md.

    python tests/mutation/sample.py session.sqlite 30 0

keeps 30 of each module, drawn with seed 0, and marks the others as skipped. Paths of modules after
that keep mutants of these modules only.
"""

import random
import sys
from collections import defaultdict
from collections.abc import Collection

from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import WorkerOutcome, WorkResult


def sample(session: str, count: int, seed: int, only: Collection[str] = ()) -> None:
    with use_db(session, WorkDB.Mode.open) as database:
        modules = defaultdict(list)
        for item in database.pending_work_items:
            mutation = item.mutations[0]
            key = (mutation.operator_name, mutation.occurrence)
            modules[str(mutation.module_path)].append((key, item.job_id))
        for module, items in sorted(modules.items()):
            random.Random(f"{seed} {module}").shuffle(items := sorted(items))
            kept = 0 if only and module not in only else min(count, len(items))
            print(f"{module}: {kept} of {len(items)}")
            for _, job in items[kept:]:
                database.set_result(job, WorkResult(WorkerOutcome.SKIPPED))


if __name__ == "__main__":
    sample(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
