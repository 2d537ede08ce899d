#include "embed/native/future_extra.hpp"

// What wait() and as_completed() touch of a future: `_condition` and `_waiters` are one short-lived
// object, which future_extra.hpp explains.
namespace scaler::native {

namespace {

struct Link {
  PyObject_HEAD Future* future;
};

PyTypeObject* link_type = nullptr;

Future* future_behind(PyObject* self) { return reinterpret_cast<Link*>(self)->future; }

void deallocate_link(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  Py_DECREF(as_object(future_behind(self)));
  PyObject_Free(self);
  Py_DECREF(type);
}

PyObject* enter(PyObject* self, PyObject*) {
  Future* future = future_behind(self);
  FutureExtra* extra = extra_of(future);
  if (extra->holds++ == 0) extra->snapshot = future->state;
  return boolean(true);
}

PyObject* leave(PyObject* self, PyObject*) {
  FutureExtra* extra = extra_of(future_behind(self));
  if (extra->holds <= 0) {
    PyErr_SetString(PyExc_RuntimeError, "release without acquire");
    return nullptr;
  }
  --extra->holds;
  return none();
}

PyObject* notify_all(PyObject*, PyObject*) { return none(); }

PyObject* append(PyObject* self, PyObject* waiter) {
  Future* future = future_behind(self);
  FutureExtra* extra = extra_of(future);
  if (extra->waiters == nullptr && (extra->waiters = PyList_New(0)) == nullptr) return nullptr;
  if (PyList_Append(extra->waiters, waiter) < 0) return nullptr;
  const bool settled_since =
      extra->holds > 0 && extra->snapshot == State::running && is_done(future);
  if (settled_since)
    tell_waiter(waiter, future);
  else
    want_delivery(future);
  return none();
}

PyObject* remove(PyObject* self, PyObject* waiter) {
  PyObject* list = extra_of(future_behind(self))->waiters;
  const Py_ssize_t size = list == nullptr ? 0 : PyList_Size(list);
  for (Py_ssize_t i = 0; i < size; ++i) {
    if (PyList_GetItem(list, i) != waiter) continue;
    return PyList_SetSlice(list, i, i + 1, nullptr) < 0 ? nullptr : none();
  }
  PyErr_SetString(PyExc_ValueError, "no such waiter");
  return nullptr;
}

PyMethodDef link_methods[] = {{"acquire", method(enter), METH_NOARGS, nullptr},
                              {"release", method(leave), METH_NOARGS, nullptr},
                              {"__enter__", method(enter), METH_NOARGS, nullptr},
                              {"__exit__", method(leave), METH_VARARGS, nullptr},
                              {"notify_all", method(notify_all), METH_NOARGS, nullptr},
                              {"append", method(append), METH_O, nullptr},
                              {"remove", method(remove), METH_O, nullptr},
                              {nullptr, nullptr, 0, nullptr}};

}  // namespace

int make_link_type() {
  static PyType_Slot slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(deallocate_link)},
                                {Py_tp_methods, link_methods},
                                {0, nullptr}};
  static PyType_Spec spec = {"scaler._native.FutureLink", sizeof(Link), 0, Py_TPFLAGS_DEFAULT,
                             slots};
  link_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  return link_type == nullptr ? -1 : 0;
}

PyObject* make_link(Future* future) {
  PyObject* object = PyType_GenericAlloc(link_type, 0);
  if (object == nullptr) return nullptr;
  Py_INCREF(as_object(future));
  reinterpret_cast<Link*>(object)->future = future;
  return object;
}

}  // namespace scaler::native
