"""Functions pickled elsewhere: read those of other cloudpickle releases, refuse those of other Python versions.

Pickled code carries no version, and the interpreter does not check what it runs: the code of another minor version may work,
or fail oddly, or crash. Our own clients stamp such pickles with their version. In those of others each code object is compared,
when it is made, with what this version's compiler could have written.
"""

import functools
import opcode
import platform
import sys
import types

_STAMP = b"scaler: made by Python "  # behind protocol, opcode and length of a text that is dropped again
_STAMP_AT = 4
_OWN_VERSION = "%d.%d" % sys.version_info[:2]
_RESUMES = {151: "3.11 or 3.12", 149: "3.13", 128: "3.14"}  # what functions of each version begin with
_NEW_CODE = sys.version_info >= (3, 11)
_ARGUMENTS = 18 if _NEW_CODE else 16  # of types.CodeType
_RESUME = opcode.opmap.get("RESUME")  # every function begins with it since 3.11
_KNOWN = frozenset(opcode.opmap.values())


def _caches():
    """How many cache entries follow each instruction: since 3.11, by number, and since 3.13 by name."""
    entries = getattr(opcode, "_inline_cache_entries", ())
    if isinstance(entries, dict):
        return {opcode.opmap[name]: count for name, count in entries.items() if name in opcode.opmap}
    return dict(enumerate(entries))


_CACHES = _caches()


def install():
    """Makes cloudpickle build code through us. Called once, after it was imported; without it there is nothing to do."""
    package = sys.modules.get("cloudpickle")
    module = sys.modules.get("cloudpickle.cloudpickle")
    if module is None or not hasattr(module, "_builtin_type"):
        return
    _add_newer_names(package, module)
    plain = module._builtin_type

    @functools.wraps(plain)  # pickles still name it by its module and name
    def _builtin_type(name):
        return make_code if name == "CodeType" else plain(name)

    for holder in (module, sys.modules.get("cloudpickle.cloudpickle_fast")):
        if getattr(holder, "_builtin_type", None) is plain:
            holder._builtin_type = _builtin_type


def _add_newer_names(package, module):
    """Releases since 3.0 keep in one module what older ones had in two; their pickles name the one."""
    for name, value in vars(getattr(package, "cloudpickle_fast", module)).items():
        if name in ("_function_setstate", "_class_setstate") and not hasattr(module, name):
            setattr(module, name, value)


def check_stamp(payload):
    """Raises when a client that says its version has another one. `payload` is bytes, or a view of them."""
    begin = _STAMP_AT + len(_STAMP)
    if payload[_STAMP_AT:begin] == _STAMP:
        theirs = bytes(payload[begin : _STAMP_AT + payload[_STAMP_AT - 1]]).decode("ascii", "replace")
        if theirs != _OWN_VERSION:
            raise _of_version(theirs)


def make_code(*arguments):
    if len(arguments) != _ARGUMENTS:
        raise _of_version("3.10 or older" if _NEW_CODE else "3.11 or newer")
    code = types.CodeType(*arguments)
    if not fits(code.co_code):
        raise _of_version(_version_of(code.co_code))
    return code


def _version_of(code):
    """As well as the first instructions tell."""
    theirs = next((_RESUMES[number] for number in code[:16:2] if number in _RESUMES), "of another minor version")
    return "3.12" if theirs.startswith(_OWN_VERSION) else "3.11" if theirs.endswith(_OWN_VERSION) else theirs


def _of_version(theirs):
    return TypeError(  # a class that every client has
        f"it was pickled by Python {theirs}, and this worker runs Python {platform.python_version()}: client and workers "
        "need the same minor version"
    )


def fits(code):
    """Whether every instruction is one of this version, with as many cache entries as it has here."""
    resumes = _RESUME is None
    at, end = 0, len(code)
    while at < end:
        number = code[at]
        if number not in _KNOWN or number == 0:
            return False
        resumes = resumes or number == _RESUME
        at += 2
        caches = 2 * _CACHES.get(number, 0)
        if any(code[at : at + caches]):
            return False
        at += caches
    return resumes and at == end
