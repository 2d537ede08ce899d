"""`--preload module.path:name` or `module.path:name(literals)`: what a processor calls before its first task."""

import ast
import importlib
import logging
import os


class PreloadSpecError(Exception):
    """The text of --preload is wrong, or does not fit what it names."""


def parse_preload_spec(spec):
    """(module path, function name, positional arguments, keyword arguments)."""
    module_path, colon, text = spec.partition(":")
    if not colon or not module_path:
        raise PreloadSpecError(f"preload must have the form 'module.sub:func' or 'module.sub:func(arguments)', not {spec!r}")
    try:
        expression = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise PreloadSpecError(f"failed to parse {text!r} as a name or a call") from None
    if isinstance(expression, ast.Name):
        return module_path, expression.id, (), {}
    if not isinstance(expression, ast.Call):
        raise PreloadSpecError(f"failed to parse {text!r} as a name or a call")
    if not isinstance(expression.func, ast.Name):
        raise PreloadSpecError(f"the function in {text!r} must be a simple name")
    try:
        args = tuple(ast.literal_eval(argument) for argument in expression.args)
        kwargs = {keyword.arg: ast.literal_eval(keyword.value) for keyword in expression.keywords}
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise PreloadSpecError(f"the arguments in {text!r} must be literals") from None
    if None in kwargs:  # f(**{...})
        raise PreloadSpecError(f"the arguments in {text!r} must be literals, each with a name of its own")
    return module_path, expression.func.id, args, kwargs


def execute_preload(spec):
    """Imports the module and calls the function. Raises PreloadSpecError, ImportError, or what the function raises."""
    module_path, name, args, kwargs = parse_preload_spec(spec)
    module = _import(module_path)
    try:
        target = getattr(module, name)
    except AttributeError:
        raise PreloadSpecError(f"failed to find attribute {name!r} in {module_path!r}") from None
    if not callable(target):
        raise PreloadSpecError(f"{module_path}:{name} must be callable, and is of type {type(target).__name__}")
    logging.info("preloading: %s:%s with args=%s kwargs=%s", module_path, name, args, kwargs)
    try:
        target(*args, **kwargs)
    except TypeError as error:
        raise PreloadSpecError(f"{module_path}:{name}: {error}") from error


def _import(module_path):
    try:
        return importlib.import_module(module_path)
    except ImportError as error:
        if module_path.endswith(".py") and os.path.exists(module_path):
            hint = module_path[: -len(".py")].strip("./").replace("/", ".")
            raise PreloadSpecError(f"{module_path!r} is a file; name the module instead, {hint!r}") from error
        raise
