"""Many clusters one after another, each with a task: nothing may stay. soak_combos.py [COUNT] (200), some seconds a hundred."""

import sys
import threading

from processes import descendants, descriptors, is_free, wait_gone
from scaler import Client, SchedulerClusterCombo


def resident_kib():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4


def once():
    with SchedulerClusterCombo(n_workers=1, logging_paths=("/dev/null",)) as cluster:
        pids = descendants()
        with Client(address=cluster.get_address()) as client:
            assert client.submit(abs, -1).result(30) == 1
        addresses = [cluster.get_address(), str(cluster._object_storage_address)]
    wait_gone(pids)
    assert all(map(is_free, addresses)), addresses


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    for _ in range(3):
        once()
    before = descriptors(), threading.active_count(), len(descendants())
    kib = resident_kib()
    for _ in range(count):
        once()
    after = descriptors(), threading.active_count(), len(descendants())
    print(f"{count} clusters: descriptors, threads, children {before} -> {after}, resident {kib} -> {resident_kib()} KiB")
    sys.exit(0 if after == before else 1)


if __name__ == "__main__":
    main()
