"""Loads what the agent pickled without Python: pickle_check.py PATH_OF_PICKLE_SAMPLE."""

import pickle
import subprocess
import sys
import types


class ProcessorDiedError(Exception):
    pass


def stub_exceptions_module() -> None:
    for name in ("scaler", "scaler.utility", "scaler.utility.exceptions"):
        sys.modules[name] = types.ModuleType(name)
    ProcessorDiedError.__module__ = "scaler.utility.exceptions"
    sys.modules["scaler.utility.exceptions"].ProcessorDiedError = ProcessorDiedError


def main() -> None:
    stub_exceptions_module()
    lines = subprocess.run([sys.argv[1]], check=True, capture_output=True, text=True).stdout.split()
    loaded = [pickle.loads(bytes.fromhex(line)) for line in lines]
    expected = [
        (ProcessorDiedError, "process_status='zombie': processor 1 ended by signal 9 (Killed)"),
        (TimeoutError, "t" * 1000),
        (ValueError, "caf\u00e9"),
    ]
    assert [(type(error), str(error)) for error in loaded] == expected, loaded
    assert all(len(error.args) == 1 for error in loaded)


if __name__ == "__main__":
    main()
