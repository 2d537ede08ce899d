#include <new>

#include "embed/native/future_extra.hpp"
#include "embed/native/names.hpp"
#include "embed/native/pump.hpp"

// How it is a Future: type Future = (Base, concurrent.futures.Future). Base has its own dict and
// weak reference slots, so it is the layout base; the Python class only joins the MRO. Deriving
// from the Python class alone would inherit its managed dict, which the limited API cannot clear.
namespace scaler::native {

namespace {

PyTypeObject* future_type = nullptr;

// ---- life ----

Future* allocate(PyTypeObject* type) {
  PyObject* object = PyType_GenericAlloc(type, 0);  // zeroed, which is what Bytes() is as well
  if (object == nullptr) return nullptr;
  PyObject_GC_UnTrack(object);  // nothing to find in it yet: keeps many out of collections
  Future* future = future_of(object);
  new (&future->payload) Bytes();
  return future;
}

// Only tests make one by hand: ScalerFuture(task, ...), with whatever stands for the rest.
PyObject* new_future(PyTypeObject* type, PyObject* arguments, PyObject*) {
  Future* future = allocate(type);
  if (future == nullptr) return nullptr;
  if (type != future_type) track(future);  // a subclass may have slots of its own
  if (PyTuple_Size(arguments) > 0) {
    PyObject* id = PyObject_GetAttrString(PyTuple_GetItem(arguments, 0), "task_id");
    char* bytes = nullptr;
    Py_ssize_t size = 0;
    if (id != nullptr && PyBytes_Check(id) && PyBytes_AsStringAndSize(id, &bytes, &size) == 0)
      if (const auto given =
              TaskId::from({reinterpret_cast<std::byte*>(bytes), static_cast<std::size_t>(size)}))
        future->id = *given;
    PyErr_Clear();
    Py_XDECREF(id);
  }
  return as_object(future);
}

int init_future(PyObject*, PyObject*, PyObject*) { return 0; }  // hides the Python __init__

int traverse(PyObject* self, visitproc visit, void* arg) {
  Future* future = future_of(self);
  if (names.instances_visit_types) Py_VISIT(Py_TYPE(self));
  Py_VISIT(future->dict);
  Py_VISIT(future->value);
  if (future->extra != nullptr) {
    Py_VISIT(future->extra->callbacks);
    Py_VISIT(future->extra->waiters);
  }
  return 0;
}

int clear_future(PyObject* self) {
  Future* future = future_of(self);
  Py_CLEAR(future->dict);
  Py_CLEAR(future->value);
  if (future->extra != nullptr) {
    Py_CLEAR(future->extra->callbacks);
    Py_CLEAR(future->extra->waiters);
  }
  return 0;
}

// A result that nobody will ask for leaves the store.
void give_up_result(Future* future) {
  Session* session = future->session;
  if (future->here || future->state == State::cancelled || future->state == State::running) return;
  tell(session, client::Abandon{{future->id}});
}

void deallocate_future(PyObject* self) {
  Future* future = future_of(self);
  PyTypeObject* type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);  // always: a subclass's own deallocation has tracked it again
  if (future->weak != nullptr) PyObject_ClearWeakRefs(self);
  clear_future(self);
  if (Session* session = future->session; session != nullptr) {
    give_up_result(future);
    release(session);
  }
  delete future->extra;
  future->payload.~Bytes();
  PyObject_GC_Del(self);
  Py_DECREF(type);
}

// ---- arguments ----

// (timeout=None): negative for none; false with an exception set.
bool read_timeout(PyObject* const* arguments, Py_ssize_t count, PyObject* keywords,
                  double& seconds) {
  seconds = -1;
  const Py_ssize_t named = keywords == nullptr ? 0 : PyTuple_Size(keywords);
  if (count + named == 0) return true;
  if (count + named > 1 || (named != 0 && PyUnicode_CompareWithASCIIString(
                                              PyTuple_GetItem(keywords, 0), "timeout") != 0)) {
    PyErr_SetString(PyExc_TypeError, "takes at most one argument, timeout");
    return false;
  }
  if (arguments[0] == Py_None) return true;
  seconds = PyFloat_AsDouble(arguments[0]);
  if (seconds == -1 && PyErr_Occurred() != nullptr) return false;
  if (!(seconds > 0)) seconds = 0;
  return true;
}

// ---- methods ----

PyObject* result(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  double seconds;
  if (!read_timeout(arguments, count, keywords, seconds)) return nullptr;
  return result_of(future_of(self), seconds);
}

PyObject* exception(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                    PyObject* keywords) {
  double seconds;
  if (!read_timeout(arguments, count, keywords, seconds)) return nullptr;
  Future* future = future_of(self);
  const int waited = wait_done(future, seconds);
  if (waited == 0) PyErr_SetObject(names.cf_timeout_error, nullptr);
  if (waited != 1) return nullptr;
  if (future->state == State::cancelled) {
    raise_cancelled(future);
    return nullptr;
  }
  if (!load_value(future, seconds)) return nullptr;
  return own(future->state == State::failed ? future->value : Py_None);
}

PyObject* done(PyObject* self, PyObject*) {
  pump::drain();
  return boolean(is_done(future_of(self)));
}

PyObject* running(PyObject* self, PyObject*) {
  pump::drain();
  return boolean(!is_done(future_of(self)));
}

PyObject* cancelled(PyObject* self, PyObject*) {
  pump::drain();
  return boolean(future_of(self)->state == State::cancelled);
}

// Asks the scheduler and waits for what becomes of it.
PyObject* cancel(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  double seconds;
  if (!read_timeout(arguments, count, keywords, seconds)) return nullptr;
  Future* future = future_of(self);
  pump::drain();
  if (future->session == nullptr) {
    settle(future, State::cancelled, nullptr);
  } else if (!is_done(future)) {
    if (!check_not_forked(future->session)) return nullptr;
    future->session->link->post(client::Cancel{future->id});
    const int waited = wait_done(future, seconds);
    if (waited == 0) PyErr_SetObject(names.cf_timeout_error, nullptr);
    if (waited != 1) return nullptr;
  }
  return boolean(future->state == State::cancelled);
}

PyObject* add_done_callback(PyObject* self, PyObject* callback) {
  Future* future = future_of(self);
  pump::drain();
  if (is_done(future)) {
    PyObject* called = PyObject_CallFunctionObjArgs(callback, self, nullptr);
    if (called == nullptr) {
      if (!PyErr_ExceptionMatches(PyExc_Exception)) return nullptr;
      log_callback_error(self);
    }
    Py_XDECREF(called);
    return none();
  }
  FutureExtra* extra = extra_of(future);
  if (extra->callbacks == nullptr && (extra->callbacks = PyList_New(0)) == nullptr) return nullptr;
  if (PyList_Append(extra->callbacks, callback) < 0) return nullptr;
  want_delivery(future);
  return none();
}

PyObject* set(PyObject* self, State state, PyObject* value) {
  if (settle(future_of(self), state, own(value))) return none();
  PyErr_Format(names.invalid_state_error, "%S: %R",
               names.state_names[static_cast<int>(future_of(self)->state)], self);
  return nullptr;
}

// (value, profiling_info=None)
PyObject* read_value(PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  const Py_ssize_t named = keywords == nullptr ? 0 : PyTuple_Size(keywords);
  if (count + named >= 1 && count + named <= 2) return arguments[0];
  PyErr_SetString(PyExc_TypeError, "takes a value, and perhaps profiling_info");
  return nullptr;
}

PyObject* set_result(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                     PyObject* keywords) {
  PyObject* value = read_value(arguments, count, keywords);
  return value == nullptr ? nullptr : set(self, State::finished, value);
}

PyObject* set_exception(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                        PyObject* keywords) {
  PyObject* value = read_value(arguments, count, keywords);
  if (value == nullptr) return nullptr;
  if (PyExceptionInstance_Check(value)) return set(self, State::failed, value);
  PyErr_SetString(PyExc_TypeError, "exception instance expected");
  return nullptr;
}

PyObject* set_running_or_notify_cancel(PyObject*, PyObject*) {
  PyErr_SetString(PyExc_RuntimeError, "only the client says when a task runs or is cancelled");
  return nullptr;
}

PyObject* profiling_info(PyObject* self, PyObject*) {
  Future* future = future_of(self);
  pump::drain();
  if (!future->has_profile) {
    PyErr_Format(PyExc_ValueError, "didn't receive profiling info for %R yet", self);
    return nullptr;
  }
  PyObject* module = PyImport_ImportModule("scaler.utility.metadata.profile_result");
  if (module == nullptr) return nullptr;
  PyObject* info = PyObject_CallMethod(
      module, "ProfileResult", "dKd", static_cast<double>(future->profile.duration_seconds),
      static_cast<unsigned long long>(future->profile.memory_peak_bytes),
      static_cast<double>(future->profile.cpu_seconds));
  Py_DECREF(module);
  return info;
}

PyObject* reduce(PyObject*, PyObject*) {
  PyErr_SetString(PyExc_TypeError, "cannot pickle a future: it belongs to the client that made it");
  return nullptr;
}

PyObject* await(PyObject* self) {
  PyObject* asyncio = PyImport_ImportModule("asyncio");
  PyObject* wrapped =
      asyncio == nullptr ? nullptr : PyObject_CallMethod(asyncio, "wrap_future", "O", self);
  PyObject* iterator =
      wrapped == nullptr ? nullptr : PyObject_CallMethod(wrapped, "__await__", nullptr);
  Py_XDECREF(asyncio);
  Py_XDECREF(wrapped);
  return iterator;
}

PyObject* represent(PyObject* self) {  // slots do not look at the second base
  return PyObject_CallMethod(names.cf_future, "__repr__", "O", self);
}

// ---- attributes ----

PyObject* get_link(PyObject* self, void*) {
  pump::drain();
  return make_link(future_of(self));
}

PyObject* get_state(PyObject* self, void*) {
  const Future* future = future_of(self);
  const bool held = future->extra != nullptr && future->extra->holds > 0;
  if (!held) pump::drain();
  return own(names.state_names[static_cast<int>(held ? future->extra->snapshot : future->state)]);
}

PyObject* get_value(PyObject* self, void* of_failed) {
  const Future* future = future_of(self);
  const State wanted = of_failed != nullptr ? State::failed : State::finished;
  return own(future->state == wanted && future->value != nullptr ? future->value : Py_None);
}

PyObject* get_callbacks(PyObject* self, void*) {
  const FutureExtra* extra = future_of(self)->extra;
  if (extra == nullptr || extra->callbacks == nullptr) return PyList_New(0);
  return PyList_GetSlice(extra->callbacks, 0, PyList_Size(extra->callbacks));
}

PyObject* get_task_id(PyObject* self, void*) {
  const TaskId& id = future_of(self)->id;
  return PyObject_CallFunction(names.task_id_type, "y#",
                               reinterpret_cast<const char*>(id.bytes.data()),
                               static_cast<Py_ssize_t>(TaskId::size));
}

PyObject* get_dict(PyObject* self, void*) {
  Future* future = future_of(self);
  track(future);
  if (future->dict == nullptr) future->dict = PyDict_New();
  return future->dict == nullptr ? nullptr : own(future->dict);
}

int set_attribute(PyObject* self, PyObject* name, PyObject* value) {
  track(future_of(self));
  return PyObject_GenericSetAttr(self, name, value);
}

constexpr int fast = METH_FASTCALL | METH_KEYWORDS;

PyMethodDef future_methods[] = {
    {"result", method(result), fast,
     "result(timeout=None)\n--\n\nWait for the task and return what it returned, or raise what it "
     "raised.\n\n:param timeout: seconds; None waits as long as it takes.\n"
     ":raises concurrent.futures.TimeoutError: they have passed; the task goes on.\n"
     ":raises concurrent.futures.CancelledError: it was cancelled.\n"
     ":raises ProcessorDiedError: the process that ran it ended.\n"
     ":raises WorkerDiedError: so did one worker after the other that had it.\n"
     ":raises TimeoutError: the scheduler was lost.\n"
     ":raises ObjectStorageException: the object storage was lost.\n\n"
     ">>> client.submit(pow, 2, 5).result(timeout=10)\n32"},
    {"exception", method(exception), fast,
     "exception(timeout=None)\n--\n\nWait for the task and return what it raised, or None."
     "\n\n:param timeout: as for result(), which tells what else may be raised.\n\n"
     ">>> client.submit(divmod, 1, 0).exception()\n"
     "ZeroDivisionError('integer division or modulo by zero')"},
    {"done", method(done), METH_NOARGS,
     "done()\n--\n\nWhether the task is over, by result, failure or cancellation. Never waits.\n\n"
     ">>> client.submit(pow, 2, 5).done()\nFalse"},
    {"running", method(running), METH_NOARGS,
     "running()\n--\n\nTrue until the task is over, also while it is queued.\n\n"
     ">>> client.submit(pow, 2, 5).running()\nTrue"},
    {"cancelled", method(cancelled), METH_NOARGS,
     "cancelled()\n--\n\nWhether the task was cancelled.\n\n"
     ">>> client.submit(pow, 2, 5).cancelled()\nFalse"},
    {"cancel", method(cancel), fast,
     "cancel(timeout=None)\n--\n\nCancel the task, even if it runs, or the whole graph it belongs "
     "to. Waits for the answer; True if it was cancelled.\n\n"
     ":param timeout: seconds to wait for the answer; None waits as long as it takes.\n"
     ":raises concurrent.futures.TimeoutError: they have passed.\n\n"
     ">>> client.submit(time.sleep, 60).cancel()\nTrue"},
    {"add_done_callback", method(add_done_callback), METH_O,
     "add_done_callback(fn)\n--\n\nCall fn(future) when the task is over, in a thread of the "
     "client; at once if it is. What fn raises is logged.\n\n"
     ">>> client.submit(pow, 2, 5).add_done_callback(lambda future: print(future.result()))"},
    {"set_result", method(set_result), fast, "For tests and executors."},
    {"set_exception", method(set_exception), fast, "For tests and executors."},
    {"set_running_or_notify_cancel", method(set_running_or_notify_cancel), METH_NOARGS,
     "Not for users: raises RuntimeError."},
    {"profiling_info", method(profiling_info), METH_NOARGS,
     "profiling_info()\n--\n\nWhat the task cost, as a ProfileResult of seconds and bytes.\n\n"
     ":raises ValueError: it is not known yet.\n\n"
     ">>> future = client.submit(time.sleep, 1)\n>>> future.result()\n"
     ">>> future.profiling_info().duration_s\n1.0001"},
    {"__reduce__", method(reduce), METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr}};

PyGetSetDef future_attributes[] = {{"task_id", get_task_id, nullptr, "The task's TaskID.", nullptr},
                                   {"_condition", get_link, nullptr, nullptr, nullptr},
                                   {"_waiters", get_link, nullptr, nullptr, nullptr},
                                   {"_state", get_state, nullptr, nullptr, nullptr},
                                   {"_result", get_value, nullptr, nullptr, nullptr},
                                   {"_exception", get_value, nullptr, nullptr, &future_type},
                                   {"_done_callbacks", get_callbacks, nullptr, nullptr, nullptr},
                                   {"__dict__", get_dict, nullptr, nullptr, nullptr},
                                   {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyMemberDef members[] = {  // read by PyType_FromSpec from 3.9 on
    {"__dictoffset__", T_PYSSIZET, offsetof(Future, dict), READONLY, nullptr},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(Future, weak), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr}};

template <class Function>
void* slot(Function function) {
  return reinterpret_cast<void*>(function);
}

// Slots are not inherited from a second base, so both types name them all.
#define SCALER_FUTURE_LIFE                                                        \
  {Py_tp_new, slot(new_future)}, {Py_tp_init, slot(init_future)},                 \
      {Py_tp_dealloc, slot(deallocate_future)}, {Py_tp_traverse, slot(traverse)}, \
      {Py_tp_clear, slot(clear_future)}, {Py_tp_setattro, slot(set_attribute)},   \
      {Py_tp_repr, slot(represent)}, {                                            \
    Py_am_await, slot(await)                                                      \
  }

constexpr unsigned flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC;

// Python 3.8 cannot set the two offsets from a spec: there a Python class of the same layout is
// the base.
PyObject* make_root() {
  if (names.instances_visit_types) return own(reinterpret_cast<PyObject*>(&PyBaseObject_Type));
  return PyObject_CallFunction(reinterpret_cast<PyObject*>(&PyType_Type), "s(){s(ss)}", "_Root",
                               "__slots__", "__dict__", "__weakref__");
}

PyObject* make_base() {
  static PyType_Slot slots[] = {SCALER_FUTURE_LIFE,
                                {Py_tp_methods, future_methods},
                                {Py_tp_getset, future_attributes},
                                {Py_tp_members, members},
                                {0, nullptr}};
  static PyType_Spec spec = {"scaler._native.FutureBase", sizeof(Future), 0, flags, slots};
  PyObject* root = make_root();
  if (root == nullptr) return nullptr;
  PyObject* bases = PyTuple_Pack(1, root);
  PyObject* type = bases == nullptr ? nullptr : PyType_FromSpecWithBases(&spec, bases);
  Py_XDECREF(bases);
  Py_DECREF(root);
  return type;
}

}  // namespace

int make_future_type(PyObject* module) {
  static const char doc[] =
      "The result of a task, sooner or later: a concurrent.futures.Future, so wait(), "
      "as_completed() and asyncio.wrap_future() take it, and coroutines may await it.\n\n"
      ">>> future = client.submit(pow, 2, 5)\n>>> future.result()\n32";
  static PyType_Slot slots[] = {
      SCALER_FUTURE_LIFE, {Py_tp_doc, const_cast<char*>(doc)}, {0, nullptr}};
  static PyType_Spec spec = {"scaler.client.future.ScalerFuture", sizeof(Future), 0, flags, slots};
  PyObject* base = make_base();
  if (base == nullptr) return -1;
  PyObject* bases = PyTuple_Pack(2, base, names.cf_future);
  Py_DECREF(base);
  if (bases == nullptr) return -1;
  PyObject* type = PyType_FromSpecWithBases(&spec, bases);
  Py_DECREF(bases);
  if (type == nullptr || make_link_type() < 0) return -1;
  future_type = reinterpret_cast<PyTypeObject*>(type);
  return PyModule_AddObject(module, "Future", own(type));
}

Future* make_future(Session* session, const TaskId& id) {
  Future* future = allocate(future_type);
  if (future == nullptr) return nullptr;
  future->session = session;
  retain(session);
  future->id = id;
  return future;
}

Future* make_done_future(Session* session, PyObject* value) {
  Future* future = make_future(session, new_task_id(session));
  if (future == nullptr)
    Py_DECREF(value);
  else
    settle(future, State::finished, value);
  return future;
}

}  // namespace scaler::native
