#!/usr/bin/env python3
"""Count words over many files, one task per chunk of lines.

    python wordcount.py tcp://127.0.0.1:6378 [FILE ...]

Without files it reads every licence text in /usr/share/common-licenses. Each chunk of 200 lines is one task that returns a
Counter; the counters are added up here. The program uses nothing but the public client API, so it runs unchanged against any
scheduler that speaks the protocol.
"""

import argparse
import collections
import pathlib
import re
import sys
import time

from scaler import Client

LICENCES = pathlib.Path("/usr/share/common-licenses")
LINES_PER_TASK = 200


def count_words(text):
    """Words of one chunk, lower case, with how often each occurs."""
    return collections.Counter(re.findall(r"[a-z]+(?:'[a-z]+)?", text.lower()))


def chunks_of(paths):
    for path in paths:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        for start in range(0, len(lines), LINES_PER_TASK):
            yield "\n".join(lines[start : start + LINES_PER_TASK])


def main():
    parser = argparse.ArgumentParser(description="Count words over many files on a scaler cluster.")
    parser.add_argument("address", help="scheduler address, for example tcp://127.0.0.1:6378")
    parser.add_argument("files", nargs="*", type=pathlib.Path, default=[], help="text files (default: the licence texts of Debian)")
    parser.add_argument("--top", type=int, default=10, help="how many words to print (default: 10)")
    arguments = parser.parse_args()

    paths = arguments.files or sorted({p.resolve() for p in LICENCES.iterdir() if p.is_file()})
    if not paths:
        sys.exit("wordcount: no files to read")
    try:
        chunks = list(chunks_of(paths))
    except OSError as error:
        sys.exit(f"wordcount: {error}")

    with Client(address=arguments.address) as client:
        start = time.perf_counter()
        total = sum(client.map(count_words, chunks), collections.Counter())
        elapsed = time.perf_counter() - start

    for word, count in total.most_common(arguments.top):
        print(f"{count:8d}  {word}")
    print(
        f"{sum(total.values())} words, {len(total)} different, in {len(paths)} files: "
        f"{len(chunks)} tasks in {elapsed:.3f} s"
    )


if __name__ == "__main__":
    main()
