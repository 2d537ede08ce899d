#include "embed/native/core_type.hpp"

#include "embed/native/future.hpp"
#include "embed/native/names.hpp"
#include "embed/native/payload.hpp"
#include "embed/native/pump.hpp"

namespace scaler::native {

namespace {

constexpr double farewell_seconds = 2;   // until the link has said goodbye
constexpr double shutdown_seconds = 10;  // until the scheduler has answered

PyTypeObject* core_type = nullptr;

Duration seconds_of(double seconds) {
  constexpr double most = 1e9;
  return std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(seconds < most ? seconds : most));
}

bool read_address(const char* text, Address& into) {
  Result<Address> address = Address::parse(text);
  if (!address) {
    PyErr_SetString(PyExc_ValueError, address.error().text.c_str());
    return false;
  }
  into = std::move(*address);
  return true;
}

// Core(*, address, identity, object_storage_address, timeout_seconds, heartbeat_interval_seconds,
//      serializer, serialize, deserialize, explain, stream_output, profiling, ymq_first,
//      tls_cert, tls_key)
PyObject* new_core(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  static const char* words[] = {"address",
                                "identity",
                                "object_storage_address",
                                "timeout_seconds",
                                "heartbeat_interval_seconds",
                                "serializer",
                                "serialize",
                                "deserialize",
                                "explain",
                                "stream_output",
                                "profiling",
                                "ymq_first",
                                "tls_cert",
                                "tls_key",
                                nullptr};
  const char *address, *identity, *storage, *certificate, *key;
  double timeout, heartbeat;
  PyObject *serializer, *serialize, *deserialize, *explain;
  int streams, profiling, ymq_first;
  if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "$sszddSOOOpppzz",
                                   const_cast<char**>(words), &address, &identity, &storage,
                                   &timeout, &heartbeat, &serializer, &serialize, &deserialize,
                                   &explain, &streams, &profiling, &ymq_first, &certificate, &key))
    return nullptr;
  SessionOptions options;
  if (!read_address(address, options.link.scheduler)) return nullptr;
  if (storage != nullptr && !read_address(storage, options.link.client.object_storage.emplace()))
    return nullptr;
  if (certificate != nullptr && key != nullptr) {
    auto tls = clientio::open_tls(certificate, key);
    if (!tls) {
      PyErr_SetString(PyExc_ValueError, tls.error().text.c_str());
      return nullptr;
    }
    options.link.tls = std::move(*tls);
  }
  options.link.client.identity = identity;
  options.link.client.scheduler_address = address;
  options.link.client.timeout = seconds_of(timeout);
  options.link.client.heartbeat_interval = seconds_of(heartbeat);
  options.link.client.serializer = copy_payload(serializer);
  options.link.speaks_ymq_first = ymq_first != 0;
  options.serialize = serialize;
  options.explain = explain;
  options.default_serializer = deserialize == Py_None;
  options.deserialize = deserialize == Py_None ? nullptr : deserialize;
  options.streams = streams != 0;
  options.profiling = profiling != 0;
  PyObject* self = PyType_GenericAlloc(type, 0);
  if (self == nullptr) return nullptr;
  reinterpret_cast<Core*>(self)->session = start_session(std::move(options));
  return self;
}

// May run in any thread, a client's own included: it asks for the end and does not wait.
void deallocate_core(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  if (Session* session = session_of(self); session != nullptr) {
    session->dropped = true;
    if (session->generation == process_generation()) session->link->post(client::Disconnect{});
    release(session);
  }
  PyObject_Free(self);
  Py_DECREF(type);
}

void raise_end(const Session* session) {
  PyObject* exception = make_exception(session->end_reason, session->end_text);
  if (exception == nullptr) return;
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception)), exception);
  Py_DECREF(exception);
}

bool has_ended(void* session) { return static_cast<Session*>(session)->ended; }

PyObject* wait_ready(PyObject* self, PyObject*) {
  Session* session = session_of(self);
  const auto settled = [](void* what) {
    const auto* waiting = static_cast<Session*>(what);
    return waiting->ready || waiting->ended;
  };
  if (pump::wait(settled, session, -1) < 0) return nullptr;
  if (session->ready) return none();
  raise_end(session);
  return nullptr;
}

PyObject* check(PyObject* self, PyObject*) {
  pump::drain();
  return check_usable(session_of(self)) ? none() : nullptr;
}

PyObject* put(PyObject* self, PyObject* arguments) {
  PyObject *payload, *name;
  int as_reference;
  if (!PyArg_ParseTuple(arguments, "SSp", &payload, &name, &as_reference)) return nullptr;
  Session* session = session_of(self);
  if (!check_usable(session)) return nullptr;
  const ObjectId id = new_object_id(session);
  client::Upload request;
  Bytes bytes;
  if (!copy_payload(session, payload, bytes)) return nullptr;
  request.objects.push_back({id, copy_payload(name), std::move(bytes)});
  if (!post(session, std::move(request)) || wait_for_room(session) < 0) return nullptr;
  if (as_reference != 0) session->references.insert(id);
  return PyBytes_FromStringAndSize(reinterpret_cast<const char*>(id.bytes.data()), ObjectId::size);
}

PyObject* release_objects(PyObject* self, PyObject* ids) {
  Session* session = session_of(self);
  client::Release request;
  const Py_ssize_t count = PySequence_Size(ids);
  if (count < 0) return nullptr;
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* item = PySequence_GetItem(ids, i);
    ObjectId id;
    const bool read = item != nullptr && read_object_id(item, id);
    Py_XDECREF(item);
    if (!read) return nullptr;
    session->references.erase(id);
    request.objects.push_back(id);
  }
  tell(session, std::move(request));
  return none();
}

PyObject* knows(PyObject* self, PyObject* id_object) {
  ObjectId id;
  if (!read_object_id(id_object, id)) return nullptr;
  return boolean(session_of(self)->references.contains(id));
}

PyObject* abandon(PyObject* self, PyObject* futures) {
  Session* session = session_of(self);
  client::Abandon request;
  const Py_ssize_t count = PySequence_Size(futures);
  if (count < 0) return nullptr;
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* item = PySequence_GetItem(futures, i);
    if (item == nullptr) return nullptr;
    request.tasks.push_back(reinterpret_cast<Future*>(item)->id);  // the package passes no others
    Py_DECREF(item);
  }
  tell(session, std::move(request));
  return none();
}

PyObject* clear(PyObject* self, PyObject*) {
  Session* session = session_of(self);
  if (!check_usable(session) || !post(session, client::Clear{})) return nullptr;
  session->references.clear();
  // Every future has been told when this returns: the link answers at once, whatever the network.
  struct Asked {
    Session* session;
    std::uint64_t number;
  } asked{session, ++session->clears_asked};
  const auto cleared = [](void* what) {
    const auto* waiting = static_cast<Asked*>(what);
    return waiting->session->ended || waiting->session->clears_done >= waiting->number;
  };
  return pump::wait(cleared, &asked, -1) < 0 ? nullptr : none();
}

// Waits until the client has left, for a bounded time.
PyObject* disconnect(PyObject* self, PyObject*) {
  Session* session = session_of(self);
  if (session->generation != process_generation()) return none();
  session->link->post(client::Disconnect{});
  if (pump::wait(has_ended, session, farewell_seconds) < 0) return nullptr;
  PyThreadState* thread = PyEval_SaveThread();
  session->link->wait_ended(seconds_of(farewell_seconds / 2));
  PyEval_RestoreThread(thread);
  return none();
}

PyObject* close_soon(PyObject* self, PyObject*) {
  Session* session = session_of(self);
  if (session->generation == process_generation()) session->link->post(client::Disconnect{});
  return none();
}

// True: the scheduler ends, or has ended; False: it refused.
PyObject* shutdown(PyObject* self, PyObject*) {
  Session* session = session_of(self);
  if (!check_not_forked(session)) return nullptr;
  session->link->post(client::Shutdown{});
  if (pump::wait(has_ended, session, shutdown_seconds) < 0) return nullptr;
  return boolean(!session->shutdown_answered || session->shutdown_accepted);
}

PyObject* done_future(PyObject* self, PyObject* value) {
  Session* session = session_of(self);
  if (!check_not_forked(session)) return nullptr;
  return as_object(make_done_future(session, own(value)));
}

PyObject* serialize_value(PyObject* self, PyObject* value) {
  Session* session = session_of(self);
  return check_usable(session) ? serialize(session, value) : nullptr;
}

PyObject* get_ended(PyObject* self, void*) {
  pump::drain();
  return boolean(session_of(self)->ended);
}

PyObject* get_forked(PyObject* self, void*) {
  return boolean(session_of(self)->generation != process_generation());
}

PyMethodDef core_methods[] = {
    {"wait_ready", wait_ready, METH_NOARGS, "Wait for the connections; raises what came instead."},
    {"check_usable", check, METH_NOARGS,
     "Raises what stops the client from being used, if anything."},
    {"put", put, METH_VARARGS,
     "put(payload: bytes, name: bytes, as_reference: bool) -> id. Stays until released."},
    {"release", release_objects, METH_O, "release(ids): of what put() gave."},
    {"knows", knows, METH_O, "Whether an id is that of a reference which is still valid."},
    {"serialize", serialize_value, METH_O, "The bytes of an object, by the client's serializer."},
    {"submit", core_submit, METH_VARARGS,
     "submit(function_id, arguments: tuple, capabilities, priority) -> Future"},
    {"submit_many", core_submit_many, METH_VARARGS,
     "submit_many(function_id, rows, capabilities, priority, eager) -> [Future]"},
    {"submit_graph", core_submit_graph, METH_VARARGS,
     "submit_graph(objects, nodes, targets, capabilities, priority, eager) -> [Future]"},
    {"done_future", done_future, METH_O, "A future that holds the value already."},
    {"abandon", abandon, METH_O, "Cancel these futures, and do not wait."},
    {"clear", clear, METH_NOARGS, "Cancel all tasks, release all objects."},
    {"disconnect", disconnect, METH_NOARGS, "Leave, and wait for it, not for long."},
    {"close", close_soon, METH_NOARGS, "Leave, and do not wait."},
    {"shutdown", shutdown, METH_NOARGS, "Ask the scheduler to end; False if it refuses."},
    {nullptr, nullptr, 0, nullptr}};

PyGetSetDef core_attributes[] = {
    {"ended", get_ended, nullptr, "Whether the client has left or was lost.", nullptr},
    {"forked", get_forked, nullptr, "Whether this process is a fork of the client's.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

}  // namespace

bool read_capabilities(PyObject* object, wire::Capabilities& into) {
  const Py_ssize_t count = PySequence_Size(object);
  if (count < 0) return false;
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* pair = PySequence_GetItem(object, i);
    const char* name = nullptr;
    long long value = 0;
    const bool read = pair != nullptr && PyArg_ParseTuple(pair, "sL", &name, &value);
    if (read) into.push_back({name, value});
    Py_XDECREF(pair);
    if (!read) return false;
  }
  return true;
}

int make_core_type(PyObject* module) {
  static PyType_Slot slots[] = {{Py_tp_new, reinterpret_cast<void*>(new_core)},
                                {Py_tp_dealloc, reinterpret_cast<void*>(deallocate_core)},
                                {Py_tp_methods, core_methods},
                                {Py_tp_getset, core_attributes},
                                {0, nullptr}};
  static PyType_Spec spec = {"scaler._native.Core", sizeof(Core), 0, Py_TPFLAGS_DEFAULT, slots};
  core_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  if (core_type == nullptr) return -1;
  return PyModule_AddObject(module, "Core", own(reinterpret_cast<PyObject*>(core_type)));
}

}  // namespace scaler::native
