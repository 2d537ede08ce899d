#include <algorithm>

#include "embed/native/core_type.hpp"
#include "embed/native/future.hpp"
#include "embed/native/names.hpp"
#include "embed/native/payload.hpp"

namespace scaler::native {

namespace {

// The first tasks of a map start while the others are still being pickled.
constexpr std::size_t first_chunk = 32;
constexpr std::size_t chunk_max = 256;
constexpr std::size_t large_bytes = 64 << 10;

bool add_reference(Session* session, PyObject* reference, client::NewTask& task) {
  PyObject* id_object = PyObject_GetAttr(reference, names.object_id);
  if (id_object == nullptr) return false;
  ObjectId id;
  const bool read = read_object_id(id_object, id);
  Py_DECREF(id_object);
  if (!read) return false;
  if (!session->references.contains(id)) {
    PyObject* type = exception_class("MissingObjects");
    if (type != nullptr) PyErr_Format(type, "unknown object: %R", reference);
    Py_XDECREF(type);
    return false;
  }
  task.arguments.push_back({id, false, false});
  return true;
}

bool add_argument(Session* session, PyObject* argument, client::Submit& request,
                  client::NewTask& task) {
  if (reinterpret_cast<PyObject*>(Py_TYPE(argument)) == names.reference_type)
    return add_reference(session, argument, task);
  Bytes payload;
  if (!serialize_into(session, argument, payload)) return false;
  const ObjectId id = new_object_id(session);
  task.arguments.push_back({id, true, payload.size() >= large_bytes});
  request.objects.push_back({id, {}, std::move(payload)});
  return true;
}

// Lets the exception that is set say which argument it is about. `item` of a map, or -1.
void blame_argument(Py_ssize_t argument, Py_ssize_t item) {
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  PyObject* calls = PyImport_ImportModule("scaler.client.calls");
  PyObject* what = item < 0 ? PyUnicode_FromFormat("args[%zd]", argument)
                            : PyUnicode_FromFormat("args[%zd] of item %zd", argument, item);
  PyObject* blamed = calls == nullptr || what == nullptr
                         ? nullptr
                         : PyObject_CallMethod(calls, "blame", "OO", value, what);
  if (blamed == nullptr) PyErr_Clear();
  Py_XDECREF(blamed);
  Py_XDECREF(what);
  Py_XDECREF(calls);
  PyErr_Restore(type, value, traceback);
}

// The future of one more task of `request`; null with an exception set, and the request as it was.
PyObject* add_task(Session* session, PyObject* arguments, client::Submit& request,
                   Py_ssize_t item = -1) {
  const std::size_t objects_before = request.objects.size();
  client::NewTask task;
  const Py_ssize_t count = PyTuple_Size(arguments);
  task.arguments.reserve(static_cast<std::size_t>(count));
  for (Py_ssize_t i = 0; i < count; ++i) {
    if (add_argument(session, PyTuple_GetItem(arguments, i), request, task)) continue;
    request.objects.resize(objects_before);
    blame_argument(i, item);
    return nullptr;
  }
  task.id = new_task_id(session);
  Future* future = make_future(session, task.id);
  if (future == nullptr) return nullptr;
  task.token = token_of(future);
  request.tasks.push_back(std::move(task));
  return as_object(future);
}

client::Submit request_like(const client::Submit& other) {
  client::Submit request;
  request.function = other.function;
  request.flags = other.flags;
  request.capabilities = other.capabilities;
  request.fetch = other.fetch;
  return request;
}

bool read_common(Session* session, PyObject* function, PyObject* capabilities, int priority,
                 client::Submit& request) {
  if (!check_usable(session) || !read_object_id(function, request.function)) return false;
  request.flags = {session->profiling, priority, session->streams};
  return capabilities == Py_None || read_capabilities(capabilities, request.capabilities);
}

bool post_tasks(Session* session, client::Submit& request) {
  if (post(session, client::Request(std::move(request)))) return true;
  drop_tokens(request);
  return false;
}

// Those that were not posted are nobody's to cancel, which the link finds out.
void abandon(Session* session, PyObject* futures) {
  client::Abandon request;
  const Py_ssize_t count = PyList_Size(futures);
  for (Py_ssize_t i = 0; i < count; ++i)
    request.tasks.push_back(reinterpret_cast<Future*>(PyList_GetItem(futures, i))->id);
  if (count > 0) session->link->post(std::move(request));
}

// Appends the futures of all rows; posts them in chunks. False with an exception set.
bool submit_rows(Session* session, PyObject* rows, client::Submit& request, PyObject* futures) {
  std::size_t chunk = first_chunk;
  while (PyObject* row = PyIter_Next(rows)) {
    PyObject* arguments = PyTuple_CheckExact(row) ? own(row) : PySequence_Tuple(row);
    Py_DECREF(row);
    if (arguments == nullptr) return false;
    PyObject* future = add_task(session, arguments, request, PyList_Size(futures));
    Py_DECREF(arguments);
    if (future == nullptr) return false;
    const int appended = PyList_Append(futures, future);
    Py_DECREF(future);
    if (appended < 0) return false;
    if (request.tasks.size() < chunk) continue;
    client::Submit next = request_like(request);
    if (!post_tasks(session, request)) return false;
    request = std::move(next);
    chunk = std::min(2 * chunk, chunk_max);
    if (wait_for_room(session) < 0) return false;
  }
  if (PyErr_Occurred() != nullptr) return false;
  return request.tasks.empty() || post_tasks(session, request);
}

}  // namespace

void drop_tokens(const client::Submit& request) {
  for (const client::NewTask& task : request.tasks)
    Py_DECREF(reinterpret_cast<PyObject*>(task.token));
}

PyObject* core_submit(PyObject* self, PyObject* arguments) {
  PyObject *function, *task_arguments, *capabilities;
  int priority;
  if (!PyArg_ParseTuple(arguments, "SO!Oi", &function, &PyTuple_Type, &task_arguments,
                        &capabilities, &priority))
    return nullptr;
  Session* session = session_of(self);
  client::Submit request;
  if (!read_common(session, function, capabilities, priority, request)) return nullptr;
  PyObject* future = add_task(session, task_arguments, request);
  if (future == nullptr) return nullptr;
  if (!post_tasks(session, request) || wait_for_room(session) < 0) {
    Py_DECREF(future);
    return nullptr;
  }
  return future;
}

PyObject* core_submit_many(PyObject* self, PyObject* arguments) {
  PyObject *function, *rows, *capabilities;
  int priority, eager;
  if (!PyArg_ParseTuple(arguments, "SOOip", &function, &rows, &capabilities, &priority, &eager))
    return nullptr;
  Session* session = session_of(self);
  client::Submit request;
  request.fetch = eager != 0 ? client::Fetch::eager : client::Fetch::lazy;
  if (!read_common(session, function, capabilities, priority, request)) return nullptr;
  PyObject* iterator = PyObject_GetIter(rows);
  PyObject* futures = iterator == nullptr ? nullptr : PyList_New(0);
  if (futures != nullptr && !submit_rows(session, iterator, request, futures)) {
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    drop_tokens(request);
    abandon(session, futures);
    Py_CLEAR(futures);
    PyErr_Restore(type, value, traceback);
  }
  Py_XDECREF(iterator);
  return futures;
}

}  // namespace scaler::native
