#pragma once

// The one way to Python.h: PY_SSIZE_T_CLEAN has to come first, and its inline functions convert in
// ways that our warnings refuse.
#define PY_SSIZE_T_CLEAN
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include <Python.h>
#pragma GCC diagnostic pop

// What a processor is made of is compiled twice: into the program, and with the limited API of
// Python 3.8 into the module that other interpreters load. This is what all of them from 3.8 on
// export though their headers keep it from the limited API; the structure is the same in each.
#ifdef Py_LIMITED_API
#ifndef METH_FASTCALL
#define METH_FASTCALL 0x0080
#endif
#if Py_LIMITED_API + 0 < 0x030b0000
struct Py_buffer {
  void* buf;
  PyObject* obj;
  Py_ssize_t len;
  Py_ssize_t itemsize;
  int readonly;
  int ndim;
  char* format;
  Py_ssize_t* shape;
  Py_ssize_t* strides;
  Py_ssize_t* suboffsets;
  void* internal;
};
#define PyBUF_SIMPLE 0
#define PyBUF_WRITABLE 0x0001
extern "C" {
int PyObject_GetBuffer(PyObject* object, Py_buffer* view, int flags);
void PyBuffer_Release(Py_buffer* view);
const char* PyUnicode_AsUTF8AndSize(PyObject* text, Py_ssize_t* size);
void PyOS_BeforeFork(void);
void PyOS_AfterFork_Parent(void);
void PyOS_AfterFork_Child(void);
}
#endif
#endif
