#include "embed/native/names.hpp"

namespace scaler::native {

Names names{};

namespace {

int find(PyObject*& into, const char* module, const char* name) {
  PyObject* found_in = PyImport_ImportModule(module);
  if (found_in == nullptr) return -1;
  into = PyObject_GetAttrString(found_in, name);
  Py_DECREF(found_in);
  return into == nullptr ? -1 : 0;
}

// A copy of its own, since a module is emptied while the interpreter ends.
int find_exceptions() {
  PyObject* module = PyImport_ImportModule("scaler.utility.exceptions");
  if (module == nullptr) return -1;
  names.exceptions = PyDict_Copy(PyModule_GetDict(module));
  Py_DECREF(module);
  return names.exceptions == nullptr ? -1 : 0;
}

}  // namespace

int find_names() {
  constexpr const char* futures = "concurrent.futures._base";
  constexpr const char* state_names[] = {"RUNNING", "CANCELLED_AND_NOTIFIED", "FINISHED",
                                         "FINISHED"};
  for (int i = 0; i < 4; ++i)
    if (find(names.state_names[i], futures, state_names[i]) < 0) return -1;
  if (find(names.cf_future, futures, "Future") < 0 ||
      find(names.cancelled_error, futures, "CancelledError") < 0 ||
      find(names.cf_timeout_error, futures, "TimeoutError") < 0 ||
      find(names.invalid_state_error, futures, "InvalidStateError") < 0 ||
      find(names.logger, futures, "LOGGER") < 0 ||
      find(names.pickle_dumps, "pickle", "dumps") < 0 ||
      find(names.pickle_loads, "pickle", "loads") < 0 ||
      find(names.pickler, "pickle", "Pickler") < 0 ||
      find(names.unpickler, "pickle", "Unpickler") < 0 ||
      find(names.stamp, "scaler.client.serializer.default", "STAMP") < 0 ||
      find(names.failure_loads, "scaler.client.failures", "loads") < 0 ||
      find(names.task_id_type, "scaler.utility.identifiers", "TaskID") < 0 ||
      find(names.reference_type, "scaler.client.object_reference", "ObjectReference") < 0 ||
      find_exceptions() < 0)
    return -1;
  names.protocol = PyLong_FromLong(5);
  names.dump = PyUnicode_InternFromString("dump");
  names.load = PyUnicode_InternFromString("load");
  names.add_result = PyUnicode_InternFromString("add_result");
  names.add_exception = PyUnicode_InternFromString("add_exception");
  names.add_cancelled = PyUnicode_InternFromString("add_cancelled");
  names.object_id = PyUnicode_InternFromString("object_id");
  PyObject* version = PySys_GetObject("hexversion");
  names.instances_visit_types = version != nullptr && PyLong_AsLong(version) >= 0x03090000;
  return PyErr_Occurred() != nullptr ? -1 : 0;
}

PyObject* cloud_pickler() {
  static PyObject* pickler = nullptr;
  if (pickler == nullptr) find(pickler, "cloudpickle", "CloudPickler");
  return pickler;
}

PyObject* exception_class(const char* name) {
  PyObject* found = PyDict_GetItemString(names.exceptions, name);
  if (found == nullptr) {
    PyErr_SetString(PyExc_AttributeError, name);
    return nullptr;
  }
  return own(found);
}

void raise(const char* exception, const char* text) {
  PyObject* type = exception_class(exception);
  if (type == nullptr) return;
  PyErr_SetString(type, text);
  Py_DECREF(type);
}

}  // namespace scaler::native
