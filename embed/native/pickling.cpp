#include "embed/native/pickling.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "embed/native/names.hpp"
#include "embed/native/payload.hpp"
#include "scaler/base/large_pages.hpp"

namespace scaler::native {

namespace {

constexpr std::size_t copied_with_gil_max = std::size_t{1} << 20;
constexpr std::size_t slack_bytes = std::size_t{64} << 10;  // what follows a large buffer fits in
constexpr std::size_t protocol_bytes = 2;                   // what a pickle begins with
constexpr std::size_t code_is_named_within = 4096;  // as the default serializer looks for it

PyObject* writer_type = nullptr;
PyObject* reader_type = nullptr;

// The files of a pickler and an unpickler, as far as they use one.
struct PickleWriter {
  PyObject_HEAD Buffer buffer;
  bool stamps;  // code by value is to say which Python made it
};
struct PickleReader {
  PyObject_HEAD Bytes pickle;
  std::size_t at;
};

PickleWriter* writer_of(PyObject* object) { return reinterpret_cast<PickleWriter*>(object); }
PickleReader* reader_of(PyObject* object) { return reinterpret_cast<PickleReader*>(object); }

// An object of our type with its C++ part made.
template <class Object, class Part>
PyObject* make(PyObject* type, Part Object::*part) {
  auto* made = PyObject_New(Object, reinterpret_cast<PyTypeObject*>(type));
  if (made == nullptr) return nullptr;
  new (&(made->*part)) Part();
  return reinterpret_cast<PyObject*>(made);
}

template <class Object, class Part, Part Object::*part>
void deallocate(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  (reinterpret_cast<Object*>(self)->*part).~Part();
  PyObject_Free(self);
  Py_DECREF(type);
}

// Room for exactly what is known to come, so that a large block does not move.
bool append(Buffer& buffer, ByteView data) {
  try {
    const std::size_t needed = buffer.size() + data.size();
    if (data.size() > copied_with_gil_max && needed > buffer.capacity())
      buffer.reserve(needed + slack_bytes);
    buffer.append(data);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

bool names_code(ByteView begin) {
  return as_text(begin).substr(0, code_is_named_within).find("CodeType") != std::string_view::npos;
}

// The same, with the stamp behind the protocol if the pickle begins with code.
bool append_stamped(PickleWriter* writer, ByteView data) {
  ByteView stamp;
  if (!writer->stamps || writer->buffer.size() != 0 || data.size() < protocol_bytes ||
      !names_code(data) || !read_bytes(names.stamp, stamp))
    return append(writer->buffer, data);
  return append(writer->buffer, data.first(protocol_bytes)) && append(writer->buffer, stamp) &&
         append(writer->buffer, data.subspan(protocol_bytes));
}

// write(data) -> int
PyObject* write(PyObject* self, PyObject* data) {
  Py_buffer view;
  if (PyObject_GetBuffer(data, &view, PyBUF_SIMPLE) != 0) return nullptr;
  const auto size = static_cast<std::size_t>(view.len);
  const bool large = size > copied_with_gil_max;
  PyThreadState* thread = large ? PyEval_SaveThread() : nullptr;
  const bool kept = append_stamped(writer_of(self), {static_cast<std::byte*>(view.buf), size});
  if (large) PyEval_RestoreThread(thread);
  PyBuffer_Release(&view);
  return kept ? PyLong_FromSize_t(size) : PyErr_NoMemory();
}

ByteView rest_of(const PickleReader* reader) { return reader->pickle.view().subspan(reader->at); }

// The next bytes, at most `wanted`, to where they belong.
std::size_t take(PickleReader* reader, std::byte* to, std::size_t wanted) {
  const ByteView from = rest_of(reader);
  const std::size_t size = std::min(from.size(), wanted);
  reader->at += size;
  if (size <= copied_with_gil_max) {
    std::memcpy(to, from.data(), size);
    return size;
  }
  PyThreadState* thread = PyEval_SaveThread();
  prefer_large_pages(to, size);
  std::memcpy(to, from.data(), size);
  PyEval_RestoreThread(thread);
  return size;
}

PyObject* take_bytes(PickleReader* reader, std::size_t wanted) {
  const std::size_t size = std::min(rest_of(reader).size(), wanted);
  PyObject* bytes = PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(size));
  if (bytes != nullptr) take(reader, reinterpret_cast<std::byte*>(PyBytes_AsString(bytes)), size);
  return bytes;
}

// read(size) -> bytes
PyObject* read(PyObject* self, PyObject* size) {
  const Py_ssize_t wanted = PyLong_AsSsize_t(size);
  if (wanted == -1 && PyErr_Occurred() != nullptr) return nullptr;
  return take_bytes(reader_of(self),
                    wanted < 0 ? ~std::size_t{0} : static_cast<std::size_t>(wanted));
}

// readline() -> bytes
PyObject* read_line(PyObject* self, PyObject*) {
  const std::string_view rest = as_text(rest_of(reader_of(self)));
  const std::size_t end = rest.find('\n');
  return take_bytes(reader_of(self), end == std::string_view::npos ? rest.size() : end + 1);
}

// readinto(buffer) -> int
PyObject* read_into(PyObject* self, PyObject* target) {
  Py_buffer view;
  if (PyObject_GetBuffer(target, &view, PyBUF_WRITABLE) != 0) return nullptr;
  const std::size_t size =
      take(reader_of(self), static_cast<std::byte*>(view.buf), static_cast<std::size_t>(view.len));
  PyBuffer_Release(&view);
  return PyLong_FromSize_t(size);
}

PyObject* make_type(const char* name, std::size_t bytes, destructor free, PyMethodDef* methods) {
  PyType_Slot slots[] = {
      {Py_tp_dealloc, reinterpret_cast<void*>(free)}, {Py_tp_methods, methods}, {0, nullptr}};
  PyType_Spec spec = {name, static_cast<int>(bytes), 0, Py_TPFLAGS_DEFAULT, slots};
  return PyType_FromSpec(&spec);
}

PyMethodDef writer_methods[] = {{"write", write, METH_O, nullptr}, {nullptr, nullptr, 0, nullptr}};
PyMethodDef reader_methods[] = {{"read", read, METH_O, nullptr},
                                {"readline", read_line, METH_NOARGS, nullptr},
                                {"readinto", read_into, METH_O, nullptr},
                                {nullptr, nullptr, 0, nullptr}};

}  // namespace

int add_pickling_types() {
  writer_type = make_type("scaler._native.PickleWriter", sizeof(PickleWriter),
                          deallocate<PickleWriter, Buffer, &PickleWriter::buffer>, writer_methods);
  reader_type = make_type("scaler._native.PickleReader", sizeof(PickleReader),
                          deallocate<PickleReader, Bytes, &PickleReader::pickle>, reader_methods);
  return writer_type == nullptr || reader_type == nullptr ? -1 : 0;
}

bool dump_into(PyObject* pickler_type, PyObject* object, Bytes& payload) {
  PyObject* writer = make(writer_type, &PickleWriter::buffer);
  if (writer == nullptr) return false;
  writer_of(writer)->stamps = pickler_type != names.pickler;
  PyObject* pickler = PyObject_CallFunctionObjArgs(pickler_type, writer, names.protocol, nullptr);
  PyObject* done = pickler == nullptr
                       ? nullptr
                       : PyObject_CallMethodObjArgs(pickler, names.dump, object, nullptr);
  if (done != nullptr) payload = std::move(writer_of(writer)->buffer).freeze();
  const bool worked = done != nullptr;
  Py_XDECREF(done);
  Py_XDECREF(pickler);
  Py_DECREF(writer);
  return worked;
}

bool reads_in_pieces(ByteView pickle) {
  constexpr std::byte protocol_opcode{0x80};
  return pickle.size() >= large_pickle_bytes && pickle[0] == protocol_opcode &&
         pickle[1] >= std::byte{4};
}

PyObject* load_in_pieces(const Bytes& pickle) {
  PyObject* reader = make(reader_type, &PickleReader::pickle);
  if (reader == nullptr) return nullptr;
  reader_of(reader)->pickle = pickle;
  reader_of(reader)->at = 0;
  PyObject* unpickler = PyObject_CallFunctionObjArgs(names.unpickler, reader, nullptr);
  PyObject* value =
      unpickler == nullptr ? nullptr : PyObject_CallMethodObjArgs(unpickler, names.load, nullptr);
  Py_XDECREF(unpickler);
  Py_DECREF(reader);
  return value;
}

}  // namespace scaler::native
