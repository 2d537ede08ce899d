"""Builds the wheel: the package, the native module and the program with its command names (PEP 517, and nothing else).

It runs CMake's preset `release` in build/release, so that a program built there before is not built again. What the
machine needs for that is what packaging/install-dependencies installs.
"""

import base64
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "release"
PACKAGE = ROOT / "embed" / "python" / "scaler"
NATIVE_TARGET = "scaler_extension_native"
NATIVE_MODULE = BUILD / "embed" / "native" / "_native.abi3.so"
PROGRAM = BUILD / "subcommands" / "scaler"
LINKS = ("scheduler", "object_storage_server", "worker_manager", "cluster", "top", "gui")
NOT_IN_SDIST = {"build", ".git", "__pycache__", ".venv", "dist"}
# Debian packages of which the program holds parts; what their authors want to be said goes along.
INSIDE = "libuv1-dev libcapnp-dev libfmt-dev libtomlplusplus-dev libcxxopts-dev libpython3.11-dev zlib1g-dev libexpat1-dev"
INSIDE += " libstdc++-12-dev python3-cloudpickle python3-tblib"
EARLIEST_DATE = (1980, 1, 1, 0, 0, 0)  # of a zip; the same sources give the same wheel

# A link to the program would be what it wants to be, but a wheel has none. Readlink: it may be linked to in its turn.
LINK_SCRIPT = """#!/bin/sh
exec "$(dirname "$(readlink -f "$0")")/scaler" {command} "$@"
"""


# ---- what a front end calls ----


def get_requires_for_build_wheel(config_settings=None):
    return []


def get_requires_for_build_sdist(config_settings=None):
    return []


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    """So that nobody builds everything only to know what it needs."""
    folder = Path(metadata_directory) / f"scaler-{version()}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(metadata())
    return folder.name


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    build_program()
    with tempfile.TemporaryDirectory() as folder:
        program = stripped(PROGRAM, folder)
        module = stripped(NATIVE_MODULE, folder)
        tag = f"cp38-abi3-{platform_tag(program, module)}"
        name = f"scaler-{version()}-{tag}.whl"
        with Wheel(Path(wheel_directory) / name, tag) as wheel:
            add_package(wheel, module)
            add_scripts(wheel, program)
    return name


def build_sdist(sdist_directory, config_settings=None):
    base = f"scaler-{version()}"
    name = base + ".tar.gz"
    with tarfile.open(Path(sdist_directory) / name, "w:gz", format=tarfile.PAX_FORMAT) as archive:
        for path in source_files():
            archive.add(path, f"{base}/{path.relative_to(ROOT)}", recursive=False)
        with tempfile.NamedTemporaryFile("w", suffix="PKG-INFO") as file:
            file.write(metadata())
            file.flush()
            archive.add(file.name, f"{base}/PKG-INFO")
    return name


# ---- building ----


def build_program():
    generator = ["cmake", "--preset", "release", "-Wno-dev", "-DSCALER_EXTENSION=ON"]
    if not (BUILD / "CMakeCache.txt").exists():
        generator.append("-DSCALER_UNITY=ON")  # half the work; a build that is there stays as it is
    build = ["cmake", "--build", str(BUILD), "-j", str(os.cpu_count()), "--target", "scaler", NATIVE_TARGET]
    for command in (generator, build):
        try:
            subprocess.run(command, cwd=ROOT, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise SystemExit(
                f"scaler: {' '.join(command[:3])} failed ({error}). Packages that a build needs may be missing: "
                "run packaging/install-dependencies as root, then try again."
            ) from error


def stripped(path, folder):
    copy = Path(folder) / path.name
    shutil.copy2(path, copy)
    subprocess.run(["strip", str(copy)], check=True)
    return copy


def platform_tag(*files):
    """The oldest C library that has every symbol version the files ask for."""
    newest = (2, 17)  # the first that these tags know
    for file in files:
        text = subprocess.run(["readelf", "-V", "-W", str(file)], check=True, stdout=subprocess.PIPE).stdout.decode()
        newest = max([newest] + [tuple(map(int, found)) for found in re.findall(r"GLIBC_(\d+)\.(\d+)", text)])
    return f"manylinux_{newest[0]}_{newest[1]}_{platform.machine()}"


# ---- what goes in ----


def add_package(wheel, module):
    for path in sorted(PACKAGE.rglob("*")):
        if path.is_file() and path.suffix in (".py", ".pyi", ".typed"):
            wheel.add(f"scaler/{path.relative_to(PACKAGE)}", path.read_bytes())
    # One module serves the processors of workers as well, where it may not depend on a package of the user's.
    preload = PACKAGE.parent / "scaler_runtime" / "preload.py"
    wheel.add("scaler/worker/_preload.py", preload.read_bytes())
    wheel.add(f"scaler/{module.name}", module.read_bytes(), 0o755)


def add_scripts(wheel, program):
    scripts = f"scaler-{version()}.data/scripts"
    wheel.add(f"{scripts}/scaler", program.read_bytes(), 0o755)
    for command in LINKS:
        wheel.add(f"{scripts}/scaler_{command}", LINK_SCRIPT.format(command=command).encode(), 0o755)


def source_files():
    for folder, folders, files in os.walk(ROOT):
        folders[:] = sorted(set(folders) - NOT_IN_SDIST)
        for name in sorted(files):
            if not name.endswith(".pyc") and name not in NOT_IN_SDIST:
                yield Path(folder) / name


def version():
    return re.search(r"project\(scaler VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text())[1]


def metadata():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {project['name']}",
        f"Version: {version()}",
        f"Summary: {project['description']}",
        f"License: {project['license']['text']}",
        f"Keywords: {','.join(project['keywords'])}",
        f"Requires-Python: {project['requires-python']}",
    ]
    lines += [f"Classifier: {classifier}" for classifier in project["classifiers"]]
    lines += [f"Requires-Dist: {requirement}" for requirement in project["dependencies"]]
    for extra, requirements in project["optional-dependencies"].items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f'Requires-Dist: {requirement}; extra == "{extra}"' for requirement in requirements]
    readme = (ROOT / project["readme"]).read_text()
    return "\n".join([*lines, "Description-Content-Type: text/markdown", "", readme])


class Wheel:
    """A zip with a list of its files and their digests at the end."""

    def __init__(self, path, tag):
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
        self._info = f"scaler-{version()}.dist-info"
        self._tag = tag
        self._record = []

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        if kind is None:
            self._finish()
        self._zip.close()

    def add(self, name, data, mode=0o644):
        entry = zipfile.ZipInfo(name, EARLIEST_DATE)
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = (0o100000 | mode) << 16
        self._zip.writestr(entry, data)
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        self._record.append(f"{name},sha256={digest},{len(data)}\n")

    def _finish(self):
        self.add(f"{self._info}/METADATA", metadata().encode())
        self.add(f"{self._info}/LICENSE", (ROOT / "LICENSE").read_bytes())
        for package in INSIDE.split():
            notice = Path("/usr/share/doc") / package / "copyright"
            if notice.exists():
                self.add(f"{self._info}/licenses/{package}", notice.read_bytes())
        self.add(
            f"{self._info}/WHEEL",
            f"Wheel-Version: 1.0\nGenerator: scaler\nRoot-Is-Purelib: false\nTag: {self._tag}\n".encode(),
        )
        record = f"{self._info}/RECORD"
        self._zip.writestr(record, "".join(self._record) + f"{record},,\n")
