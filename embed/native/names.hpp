#pragma once

#include "embed/native/python_api.hpp"

namespace scaler::native {

// Python objects that the module needs again and again. Found once, when the module is imported,
// and kept for the life of the process.
struct Names {
  PyObject* cf_future;  // concurrent.futures.Future
  PyObject* cancelled_error;
  PyObject* cf_timeout_error;
  PyObject* invalid_state_error;
  PyObject* logger;          // of concurrent.futures
  PyObject* state_names[4];  // by State
  PyObject* pickle_dumps;
  PyObject* pickle_loads;
  PyObject* pickler;    // pickle.Pickler
  PyObject* unpickler;  // pickle.Unpickler
  PyObject* dump;       // methods of theirs
  PyObject* load;
  PyObject* stamp;          // scaler.client.serializer.default.STAMP
  PyObject* failure_loads;  // scaler.client.failures.loads
  PyObject* protocol;       // pickle's, as an int
  PyObject* add_result;
  PyObject* add_exception;
  PyObject* add_cancelled;
  PyObject* object_id;         // attribute of an ObjectReference
  PyObject* task_id_type;      // scaler.utility.identifiers.TaskID
  PyObject* reference_type;    // scaler.client.object_reference.ObjectReference
  PyObject* exceptions;        // what scaler.utility.exceptions holds, by name
  bool instances_visit_types;  // from 3.9
};
extern Names names;

// cloudpickle's; looked for at first use, since it takes long to import. Borrowed, or null with an
// exception set.
PyObject* cloud_pickler();

int find_names();  // -1 with an exception set

// A class of scaler.utility.exceptions; a new reference, or null with an exception set.
PyObject* exception_class(const char* name);

// Raises a class of that module.
void raise(const char* exception, const char* text);

}  // namespace scaler::native
