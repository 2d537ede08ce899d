#include "embed/native/future.hpp"

#include <chrono>
#include <cmath>

#include "embed/native/future_extra.hpp"
#include "embed/native/names.hpp"
#include "embed/native/pickling.hpp"
#include "embed/native/pump.hpp"

namespace scaler::native {

Future* future_of(PyObject* object) { return reinterpret_cast<Future*>(object); }
bool is_done(const Future* future) { return future->state != State::running; }

void track(Future* future) {
  if (future->tracked) return;
  future->tracked = true;
  PyObject_GC_Track(future);
}

FutureExtra* extra_of(Future* future) {
  if (future->extra == nullptr) {
    future->extra = new FutureExtra;
    track(future);
  }
  return future->extra;
}

client::Token token_of(Future* future) {
  Py_INCREF(as_object(future));
  return reinterpret_cast<client::Token>(future);
}

namespace {

Future* future_named(client::Token token) { return reinterpret_cast<Future*>(token); }

void keep_value(Future* future, PyObject* value) {
  future->value = value;
  if ((PyType_GetFlags(Py_TYPE(value)) & Py_TPFLAGS_HAVE_GC) != 0) track(future);
}

}  // namespace

// ---- settling ----

void tell_waiter(PyObject* waiter, Future* future) {
  PyObject* name = future->state == State::finished ? names.add_result
                   : future->state == State::failed ? names.add_exception
                                                    : names.add_cancelled;
  PyObject* result = PyObject_CallMethodObjArgs(waiter, name, as_object(future), nullptr);
  if (result == nullptr) PyErr_WriteUnraisable(waiter);
  Py_XDECREF(result);
}

void want_delivery(Future* future) {
  FutureExtra* extra = extra_of(future);
  if (extra->wants_delivery || is_done(future)) return;
  extra->wants_delivery = true;
  pump::want_delivery();
}

namespace {

void notify(Future* future) {
  FutureExtra* extra = future->extra;
  if (extra->wants_delivery) {
    extra->wants_delivery = false;
    pump::unwant_delivery();
  }
  PyObject* callbacks = extra->callbacks;
  extra->callbacks = nullptr;
  const Py_ssize_t calls = callbacks == nullptr ? 0 : PyList_Size(callbacks);
  for (Py_ssize_t i = 0; i < calls; ++i)
    pump::call_later(own(PyList_GetItem(callbacks, i)), as_object(future));
  Py_XDECREF(callbacks);
  PyObject* waiters = extra->waiters == nullptr ? nullptr : PyList_AsTuple(extra->waiters);
  const Py_ssize_t waiting = waiters == nullptr ? 0 : PyTuple_Size(waiters);
  for (Py_ssize_t i = 0; i < waiting; ++i) tell_waiter(PyTuple_GetItem(waiters, i), future);
  Py_XDECREF(waiters);
}

}  // namespace

bool settle(Future* future, State state, PyObject* value) {
  if (is_done(future)) {
    Py_XDECREF(value);
    return false;
  }
  if (value != nullptr) {
    keep_value(future, value);
    future->here = true;
  }
  future->state = state;
  if (future->extra != nullptr) notify(future);
  return true;
}

void settle_finished(client::Finished& finished) {
  Future* future = future_named(finished.token);
  if (!is_done(future)) {
    if (finished.profile) {
      future->profile = *finished.profile;
      future->has_profile = true;
    }
    future->payload = std::move(finished.payload);
    future->here = finished.here;
    settle(future, finished.failed ? State::failed : State::finished, nullptr);
  }
  Py_DECREF(as_object(future));
}

void settle_arrived(client::Arrived& arrived) {
  Future* future = future_named(arrived.token);
  future->payload = std::move(arrived.payload);
  future->here = true;
  Py_DECREF(as_object(future));
}

void settle_canceled(const client::Canceled& canceled) {
  Future* future = future_named(canceled.token);
  settle(future, State::cancelled, nullptr);
  Py_DECREF(as_object(future));
}

void settle_lost(const client::Lost& lost) {
  Future* future = future_named(lost.token);
  PyObject* exception = make_exception(lost.reason, lost.text);
  if (exception == nullptr) {  // no memory, or a broken package: then that is what happened
    PyObject *type, *traceback;
    PyErr_Fetch(&type, &exception, &traceback);
    PyErr_NormalizeException(&type, &exception, &traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    if (exception == nullptr) exception = none();
  }
  if (is_done(future) && !future->here && future->value == nullptr) {  // its bytes cannot be had
    keep_value(future, exception);
    future->state = State::failed;
    future->here = true;
  } else {
    settle(future, State::failed, exception);
  }
  Py_DECREF(as_object(future));
}

void log_callback_error(PyObject* future) {  // as the standard library: log, go on
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  if (traceback != nullptr) PyException_SetTraceback(value, traceback);
  PyObject* log = PyObject_GetAttrString(names.logger, "error");
  PyObject* arguments = Py_BuildValue("(sO)", "exception calling callback for %r", future);
  PyObject* keywords = Py_BuildValue("{sO}", "exc_info", value);
  PyObject* result = log != nullptr && arguments != nullptr && keywords != nullptr
                         ? PyObject_Call(log, arguments, keywords)
                         : nullptr;
  if (result == nullptr) PyErr_WriteUnraisable(future);
  for (PyObject* object : {result, log, arguments, keywords, type, value, traceback})
    Py_XDECREF(object);
}

// ---- waiting ----

int wait_done(Future* future, double seconds) {
  if (is_done(future)) return 1;
  if (future->session != nullptr && !check_not_forked(future->session)) return -1;
  return pump::wait([](void* what) { return is_done(static_cast<Future*>(what)); }, future,
                    seconds);
}

namespace {

// One fetch at a time is on its way, whoever waits for it.
bool fetch(Future* future, double seconds) {
  if (!check_not_forked(future->session)) return false;
  if (!future->fetching) {
    future->fetching = true;
    client::FetchResult request{future->id, token_of(future)};
    if (!post(future->session, std::move(request))) {
      future->fetching = false;
      Py_DECREF(as_object(future));
      return false;
    }
  }
  const auto came = [](void* what) { return static_cast<Future*>(what)->here; };
  const int waited = pump::wait(came, future, seconds);
  if (waited == 0) PyErr_SetObject(names.cf_timeout_error, nullptr);
  return waited == 1;
}

PyObject* unpickle(Future* future) {
  const Bytes payload = future->payload;  // another thread may be done before us
  const bool user_defined =
      future->state != State::failed && future->session->deserialize != nullptr;
  if (!user_defined && future->state != State::failed && reads_in_pieces(payload))
    return load_in_pieces(payload);
  auto* memory = reinterpret_cast<char*>(const_cast<std::byte*>(payload.data()));
  char nothing = 0;
  const auto size = static_cast<Py_ssize_t>(payload.size());
  PyObject* bytes = user_defined || size == 0
                        ? PyBytes_FromStringAndSize(size == 0 ? &nothing : memory, size)
                        : PyMemoryView_FromMemory(memory, size, PyBUF_READ);
  if (bytes == nullptr) return nullptr;
  PyObject* load = user_defined                     ? future->session->deserialize
                   : future->state == State::failed ? names.failure_loads
                                                    : names.pickle_loads;
  PyObject* value = PyObject_CallFunctionObjArgs(load, bytes, nullptr);
  Py_DECREF(bytes);
  return value;
}

// What the failure of a task holds must be an exception; and so is why something cannot be read.
PyObject* pending_exception() {
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  if (traceback != nullptr) PyException_SetTraceback(value, traceback);
  Py_XDECREF(type);
  Py_XDECREF(traceback);
  return value;
}

}  // namespace

bool load_value(Future* future, double seconds) {
  if (future->value != nullptr) return true;
  if (future->session == nullptr) {
    keep_value(future, none());
    return true;
  }
  if (!future->here && !fetch(future, seconds)) return false;
  if (future->value != nullptr) return true;
  PyObject* value = unpickle(future);
  const bool unreadable = value == nullptr;
  if (value == nullptr) value = pending_exception();
  if (!unreadable && future->state == State::failed && !PyExceptionInstance_Check(value)) {
    PyErr_Format(PyExc_TypeError, "the task failed with %R, which is no exception", value);
    Py_DECREF(value);
    value = pending_exception();
  }
  if (future->value != nullptr) {  // somebody else was quicker: one object for all
    Py_DECREF(value);
    return true;
  }
  keep_value(future, value);
  if (unreadable) future->state = State::failed;
  future->payload = Bytes();
  return true;
}

void raise_cancelled(const Future* future) {
  if (future->session == nullptr || !future->session->dropped)
    return PyErr_SetObject(names.cancelled_error, nullptr);
  PyErr_SetString(names.cancelled_error,
                  "nobody refers to the task's client any more, and a client that goes cancels "
                  "what has not ended: keep it until then");
}

PyObject* result_of(Future* future, double seconds) {
  const auto begin = std::chrono::steady_clock::now();
  if (future->value == nullptr) {
    const int waited = wait_done(future, seconds);
    if (waited == 0) PyErr_SetObject(names.cf_timeout_error, nullptr);
    if (waited != 1) return nullptr;
    if (future->state == State::cancelled) {
      raise_cancelled(future);
      return nullptr;
    }
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begin;
    if (!load_value(future, seconds < 0 ? seconds : std::fmax(0.0, seconds - passed.count())))
      return nullptr;
  }
  if (future->state != State::failed) return own(future->value);
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(future->value)), future->value);
  return nullptr;
}

}  // namespace scaler::native
