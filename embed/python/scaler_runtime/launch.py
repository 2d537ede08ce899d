"""What `scaler run` and `scaler python` do before the user's program."""

import os
import sys


def prepare(executable):
    """`executable`: a command that starts this interpreter again; empty if there is none."""
    if executable:
        sys.executable = executable


def start_cluster(workers, logging_level):
    """Object storage, scheduler and workers that end with this process; Client() without an address finds them."""
    from scaler.cluster.combo import SchedulerClusterCombo
    from scaler.config.section.scheduler import PolicyConfig

    global cluster
    cluster = SchedulerClusterCombo(
        n_workers=workers,
        scaler_policy=PolicyConfig(policy_content="allocate=even_load; scaling=no"),
        logging_paths=("/dev/stderr",),  # standard output is the program's
        logging_level=logging_level,
    )
    os.environ["SCALER_ADDRESS"] = cluster.get_address()
