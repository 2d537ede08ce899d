#pragma once

// The one way to Python.h: PY_SSIZE_T_CLEAN has to come first, and its inline functions convert in
// ways that our warnings refuse.
#define PY_SSIZE_T_CLEAN
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include <Python.h>
#pragma GCC diagnostic pop
