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

constexpr std::size_t kept_bytes_min = std::size_t{64} << 10;  // smaller pieces are copied at once
constexpr std::size_t protocol_bytes = 2;                      // what a pickle begins with
constexpr std::size_t code_is_named_within = 4096;  // as the default serializer looks for it

PyObject* writer_type = nullptr;
PyObject* reader_type = nullptr;

// The files of a pickler and an unpickler, as far as they use one.
struct PickleWriter {
  PyObject_HEAD PickleParts* parts;
  bool stamps;  // code by value is to say which Python made it
};
struct PickleReader {
  PyObject_HEAD Bytes pickle;
  std::size_t at;
};

PickleWriter* writer_of(PyObject* object) { return reinterpret_cast<PickleWriter*>(object); }
PickleReader* reader_of(PyObject* object) { return reinterpret_cast<PickleReader*>(object); }

void free_writer(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  PyObject_Free(self);
  Py_DECREF(type);
}

void free_reader(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  reader_of(self)->pickle.~Bytes();
  PyObject_Free(self);
  Py_DECREF(type);
}

ByteView bytes_of(const Py_buffer& view) {
  return {static_cast<const std::byte*>(view.buf), static_cast<std::size_t>(view.len)};
}

bool names_code(ByteView begin) {
  return as_text(begin).substr(0, code_is_named_within).find("CodeType") != std::string_view::npos;
}

bool copy_stamped(PickleParts& parts, ByteView begin, ByteView stamp) {
  return parts.copy(begin.first(protocol_bytes)) && parts.copy(stamp) &&
         parts.copy(begin.subspan(protocol_bytes));
}

// Takes the view over. A pickle that begins with code gets the stamp behind the protocol.
bool add_stamped(PickleWriter* writer, Py_buffer& view) {
  PickleParts& parts = *writer->parts;
  const ByteView bytes = bytes_of(view);
  ByteView stamp;
  const bool stamped = writer->stamps && parts.empty() && bytes.size() >= protocol_bytes &&
                       names_code(bytes) && read_bytes(names.stamp, stamp);
  if (!stamped && bytes.size() >= kept_bytes_min && parts.keep(view)) return true;
  const bool added = stamped ? copy_stamped(parts, bytes, stamp) : parts.copy(bytes);
  PyBuffer_Release(&view);
  return added;
}

// write(data) -> int
PyObject* write(PyObject* self, PyObject* data) {
  PickleParts* parts = writer_of(self)->parts;
  if (parts == nullptr) {  // whoever kept the pickler writes on
    PyErr_SetString(PyExc_ValueError, "the pickle is complete");
    return nullptr;
  }
  Py_buffer view;
  if (PyObject_GetBuffer(data, &view, PyBUF_SIMPLE) != 0) return nullptr;
  const auto size = static_cast<std::size_t>(view.len);
  if (!add_stamped(writer_of(self), view)) return PyErr_NoMemory();
  return PyLong_FromSize_t(size);
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
  writer_type =
      make_type("scaler._native.PickleWriter", sizeof(PickleWriter), free_writer, writer_methods);
  reader_type =
      make_type("scaler._native.PickleReader", sizeof(PickleReader), free_reader, reader_methods);
  return writer_type == nullptr || reader_type == nullptr ? -1 : 0;
}

PickleParts::~PickleParts() {
  for (Piece& piece : pieces_)
    if (piece.kept) PyBuffer_Release(&piece.view);
}

bool PickleParts::keep(const Py_buffer& view) {
  try {
    pieces_.push_back({true, view, 0, 0});
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

bool PickleParts::copy(ByteView bytes) {
  try {
    if (pieces_.empty() || pieces_.back().kept) pieces_.push_back({false, {}, small_.size(), 0});
    small_.append(bytes);
    pieces_.back().bytes += bytes.size();
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

std::vector<ByteView> PickleParts::views() const {
  std::vector<ByteView> views;
  for (const Piece& piece : pieces_)
    if (piece.kept)
      views.push_back(bytes_of(piece.view));
    else
      views.push_back(small_.view().subspan(piece.begin, piece.bytes));
  return views;
}

bool dump_into(PyObject* pickler_type, PyObject* object, PickleParts& parts) {
  auto* made = PyObject_New(PickleWriter, reinterpret_cast<PyTypeObject*>(writer_type));
  if (made == nullptr) return false;
  made->parts = &parts;
  made->stamps = pickler_type != names.pickler;
  auto* writer = reinterpret_cast<PyObject*>(made);
  PyObject* pickler = PyObject_CallFunctionObjArgs(pickler_type, writer, names.protocol, nullptr);
  PyObject* done = pickler == nullptr
                       ? nullptr
                       : PyObject_CallMethodObjArgs(pickler, names.dump, object, nullptr);
  made->parts = nullptr;
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
  auto* made = PyObject_New(PickleReader, reinterpret_cast<PyTypeObject*>(reader_type));
  if (made == nullptr) return nullptr;
  new (&made->pickle) Bytes(pickle);
  made->at = 0;
  auto* reader = reinterpret_cast<PyObject*>(made);
  PyObject* unpickler = PyObject_CallFunctionObjArgs(names.unpickler, reader, nullptr);
  PyObject* value =
      unpickler == nullptr ? nullptr : PyObject_CallMethodObjArgs(unpickler, names.load, nullptr);
  Py_XDECREF(unpickler);
  Py_DECREF(reader);
  return value;
}

}  // namespace scaler::native
