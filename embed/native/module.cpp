#include <pthread.h>

#include "embed/native/core_type.hpp"
#include "embed/native/future.hpp"
#include "embed/native/names.hpp"
#include "embed/native/pickling.hpp"
#include "embed/native/pump.hpp"
#include "scaler/base/log.hpp"

// `scaler._native`: the client for Python, in one module for every CPython from 3.8 on.
namespace scaler::native {

namespace {

// Together less than the second that an exit may take.
constexpr double farewells_seconds = 0.8;
constexpr double callback_seconds = 0.2;

PyObject* at_exit(PyObject*, PyObject*) {
  end_all_sessions(farewells_seconds);
  pump::stop(callback_seconds);
  return none();
}

PyObject* quiet(PyObject*, PyObject*) {
  log::set_sink([](log::Level, std::string_view) {});
  return none();
}

PyMethodDef functions[] = {
    {"_at_exit", at_exit, METH_NOARGS, "Ends all clients; called when the interpreter exits."},
    {"_quiet", quiet, METH_NOARGS, "Silences the log lines of this module."},
    {nullptr, nullptr, 0, nullptr}};

int register_exit(PyObject* module) {
  PyObject* function = PyObject_GetAttrString(module, "_at_exit");
  PyObject* atexit = PyImport_ImportModule("atexit");
  PyObject* done = function == nullptr || atexit == nullptr
                       ? nullptr
                       : PyObject_CallMethod(atexit, "register", "O", function);
  Py_XDECREF(function);
  Py_XDECREF(atexit);
  Py_XDECREF(done);
  return done == nullptr ? -1 : 0;
}

void in_forked_child() {
  sessions_after_fork();
  pump::after_fork();
}

int execute(PyObject* module) {
  static bool executed = false;
  if (executed) {  // another interpreter, or a second import: the state here is one per process
    PyErr_SetString(PyExc_ImportError, "scaler._native can be imported once per process");
    return -1;
  }
  if (find_names() < 0 || make_future_type(module) < 0 || make_core_type(module) < 0 ||
      add_pickling_types() < 0 || register_exit(module) < 0)
    return -1;
  pthread_atfork(nullptr, nullptr, in_forked_child);
  executed = true;
  return 0;
}

PyModuleDef_Slot slots[] = {{Py_mod_exec, reinterpret_cast<void*>(execute)}, {0, nullptr}};
PyModuleDef definition = {PyModuleDef_HEAD_INIT,
                          "scaler._native",
                          "The native part of scaler.client.",
                          0,
                          functions,
                          slots,
                          nullptr,
                          nullptr,
                          nullptr};

}  // namespace

}  // namespace scaler::native

PyMODINIT_FUNC PyInit__native();
PyMODINIT_FUNC PyInit__native() { return PyModuleDef_Init(&scaler::native::definition); }
