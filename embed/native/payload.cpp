#include "embed/native/payload.hpp"

#include <array>
#include <cstring>
#include <new>
#include <span>

#include "embed/native/names.hpp"
#include "embed/native/pickling.hpp"
#include "scaler/base/memory_file.hpp"
#include "scaler/clientio/borrowed_file.hpp"

namespace scaler::native {

namespace {

constexpr int depth_max = 4;
constexpr int items_max = 200;
constexpr Duration file_patience = 1s;  // of a store that is busy

// What a look at an object has found so far.
struct Look {
  int items_left = items_max;
  std::size_t bytes = 0;  // of text and bytes
};

bool is_plain(PyObject* object, int depth, Look& look);

bool all_plain(PyObject* sequence, Py_ssize_t size, PyObject* (*item)(PyObject*, Py_ssize_t),
               int depth, Look& look) {
  for (Py_ssize_t i = 0; i < size; ++i)
    if (!is_plain(item(sequence, i), depth, look)) return false;
  return true;
}

bool all_plain_in_dict(PyObject* dict, int depth, Look& look) {
  PyObject *key, *value;
  Py_ssize_t place = 0;
  while (PyDict_Next(dict, &place, &key, &value))
    if (!is_plain(key, depth, look) || !is_plain(value, depth, look)) return false;
  return true;
}

// Exact types only: a subclass may be the user's, which plain pickle would name and not carry.
bool is_plain(PyObject* object, int depth, Look& look) {
  if (--look.items_left < 0) return false;
  if (PyBytes_CheckExact(object)) {
    look.bytes += static_cast<std::size_t>(PyBytes_Size(object));
    return true;
  }
  if (PyUnicode_CheckExact(object)) {
    look.bytes += static_cast<std::size_t>(PyUnicode_GetLength(object));
    return true;
  }
  if (object == Py_None || PyBool_Check(object) || PyLong_CheckExact(object) ||
      PyFloat_CheckExact(object) || Py_TYPE(object) == &PyComplex_Type)
    return true;
  if (depth == 0) return false;
  if (PyTuple_CheckExact(object))
    return all_plain(object, PyTuple_Size(object), PyTuple_GetItem, depth - 1, look);
  if (PyList_CheckExact(object))
    return all_plain(object, PyList_Size(object), PyList_GetItem, depth - 1, look);
  if (PyDict_CheckExact(object)) return all_plain_in_dict(object, depth - 1, look);
  return false;
}

// Opcodes, as Python's Lib/pickletools.py names them: PROTO 5, BINBYTES and a length of four bytes,
// the data, MEMOIZE, STOP. Just what pickle writes of `bytes` too large for a frame.
constexpr std::size_t pickle_head = 7;
constexpr std::string_view pickle_tail = "\x94.";

std::array<std::byte, pickle_head> pickle_head_of(ByteView data) {
  std::array<std::byte, pickle_head> head = {std::byte{0x80}, std::byte{5}, std::byte{'B'}};
  store_le32(head.data() + 3, static_cast<std::uint32_t>(data.size()));
  return head;
}

// Straight into a memory file of the store's, where there is one to be had.
Bytes write_to_file(clientio::ClientLink& link, std::span<const ByteView> parts,
                    std::size_t bytes) {
  const Bytes file = link.borrow_file(bytes, file_patience);
  auto* borrowed = clientio::BorrowedFile::of(file);
  if (borrowed == nullptr || file.size() < bytes) return {};
  if (!write_file(borrowed->descriptor(), parts)) return {};
  borrowed->close_descriptor();
  return file.slice(0, bytes);
}

// The parts as one payload. Other Python threads run while it copies much.
bool join(Session* session, std::span<const ByteView> parts, Bytes& payload) {
  std::size_t bytes = 0;
  for (const ByteView part : parts) bytes += part.size();
  PyThreadState* thread = bytes > copied_with_gil_max ? PyEval_SaveThread() : nullptr;
  if (thread != nullptr && session->link) payload = write_to_file(*session->link, parts, bytes);
  bool worked = true;
  if (payload.empty()) {
    try {
      Buffer buffer(bytes);
      for (const ByteView part : parts) buffer.append(part);
      payload = std::move(buffer).freeze();
    } catch (const std::bad_alloc&) {
      worked = false;
    }
  }
  if (thread != nullptr) PyEval_RestoreThread(thread);
  if (!worked) PyErr_NoMemory();
  return worked;
}

bool dump(Session* session, PyObject* pickler, PyObject* object, Bytes& payload) {
  PickleParts parts;
  return dump_into(pickler, object, parts) && join(session, parts.views(), payload);
}

}  // namespace

PyObject* serialize(Session* session, PyObject* object) {
  Look look;
  if (session->default_serializer && is_plain(object, depth_max, look))
    return PyObject_CallFunctionObjArgs(names.pickle_dumps, object, names.protocol, nullptr);
  PyObject* made = PyObject_CallFunctionObjArgs(session->serialize, object, nullptr);
  if (made == nullptr || PyBytes_Check(made)) return made;
  if (PyLong_Check(made) || PyUnicode_Check(made)) {  // bytes(5) would be five zeros
    PyErr_Format(PyExc_TypeError, "a serializer must return bytes, not %R", Py_TYPE(made));
    Py_DECREF(made);
    return nullptr;
  }
  PyObject* bytes = PyBytes_FromObject(made);
  Py_DECREF(made);
  return bytes;
}

namespace {

// As the default serializer does it, without a `bytes` in between where that could be large.
bool serialize_by_default(Session* session, PyObject* object, Bytes& payload) {
  ByteView view;
  if (PyBytes_CheckExact(object) && read_bytes(object, view) && view.size() > copied_with_gil_max &&
      view.size() <= 0xFFFFFFFF) {
    const auto head = pickle_head_of(view);
    const ByteView parts[] = {head, view, as_bytes(pickle_tail)};
    Py_INCREF(object);
    const bool joined = join(session, parts, payload);
    Py_DECREF(object);
    return joined;
  }
  Look look;
  if (!is_plain(object, depth_max, look)) {
    PyObject* pickler = cloud_pickler();
    return pickler != nullptr && dump(session, pickler, object, payload);
  }
  if (look.bytes >= large_pickle_bytes) return dump(session, names.pickler, object, payload);
  PyObject* bytes =
      PyObject_CallFunctionObjArgs(names.pickle_dumps, object, names.protocol, nullptr);
  if (bytes == nullptr) return false;
  payload = copy_payload(bytes);
  Py_DECREF(bytes);
  return true;
}

}  // namespace

bool serialize_into(Session* session, PyObject* object, Bytes& payload) {
  if (session->default_serializer) return serialize_by_default(session, object, payload);
  PyObject* bytes = serialize(session, object);
  if (bytes == nullptr) return false;
  const bool copied = copy_payload(session, bytes, payload);
  Py_DECREF(bytes);
  return copied;
}

bool copy_payload(Session* session, PyObject* bytes, Bytes& payload) {
  ByteView view;
  if (!read_bytes(bytes, view)) return false;
  Py_INCREF(bytes);
  const bool joined = join(session, {&view, 1}, payload);
  Py_DECREF(bytes);
  return joined;
}

Bytes copy_payload(PyObject* bytes) {
  ByteView view;
  if (!read_bytes(bytes, view)) {
    PyErr_Clear();
    return {};
  }
  if (view.size() <= copied_with_gil_max) return Bytes::copy_of(view);
  Py_INCREF(bytes);
  PyThreadState* thread = PyEval_SaveThread();
  Bytes copy = Bytes::copy_of(view);
  PyEval_RestoreThread(thread);
  Py_DECREF(bytes);
  return copy;
}

bool read_bytes(PyObject* object, ByteView& into) {
  char* data = nullptr;
  Py_ssize_t size = 0;
  if (PyBytes_AsStringAndSize(object, &data, &size) < 0) return false;
  into = {reinterpret_cast<std::byte*>(data), static_cast<std::size_t>(size)};
  return true;
}

bool read_object_id(PyObject* object, ObjectId& into) {
  ByteView view;
  if (!read_bytes(object, view)) return false;
  if (const auto id = ObjectId::from(view)) {
    into = *id;
    return true;
  }
  PyErr_SetString(PyExc_ValueError, "an object id has 32 bytes");
  return false;
}

}  // namespace scaler::native
