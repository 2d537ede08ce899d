#pragma once

// The limited API of Python 3.8, by which one file serves every later CPython.
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x03080000
#endif
#include "embed/cpython/python.hpp"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#include <structmember.h>
#pragma GCC diagnostic pop

// Not declared by limited headers before 3.11, although PyMemoryView_FromMemory is.
#ifndef PyBUF_READ
#define PyBUF_READ 0x100
#endif

// The rule of this folder: a thread that waits for the GIL while the interpreter ends is ended
// there, by unwinding. So no object whose destructor calls Python is alive where the GIL is taken
// or where Python code runs; references are counted by hand, and no function on such a path is
// noexcept.
namespace scaler::native {

inline PyObject* own(PyObject* object) {
  Py_INCREF(object);
  return object;
}
inline PyObject* none() { return own(Py_None); }
inline PyObject* boolean(bool value) { return PyBool_FromLong(value ? 1 : 0); }

template <class Function>
PyCFunction method(Function function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

}  // namespace scaler::native
