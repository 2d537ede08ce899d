#include "embed/cpython/processor_methods.hpp"

#include <new>

namespace scaler::embed {

namespace {

constexpr std::size_t copied_bytes_max = 16 * 1024;

struct PayloadObject {
  PyObject_HEAD Bytes bytes;
};

PyObject* as_python(PayloadObject* self) { return reinterpret_cast<PyObject*>(self); }
PayloadObject* as_payload(PyObject* self) { return reinterpret_cast<PayloadObject*>(self); }

void deallocate(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  as_payload(self)->bytes.~Bytes();
  type->tp_free(self);
  Py_DECREF(type);
}

int get_buffer(PyObject* self, Py_buffer* view, int flags) {
  const Bytes& bytes = as_payload(self)->bytes;
  constexpr int read_only = 1;
  return PyBuffer_FillInfo(view, self, const_cast<std::byte*>(bytes.data()),
                           static_cast<Py_ssize_t>(bytes.size()), read_only, flags);
}

Py_ssize_t length(PyObject* self) {
  return static_cast<Py_ssize_t>(as_payload(self)->bytes.size());
}

PyTypeObject* payload_type() {
  static PyType_Slot slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(deallocate)},
                                {Py_bf_getbuffer, reinterpret_cast<void*>(get_buffer)},
                                {Py_sq_length, reinterpret_cast<void*>(length)},
                                {0, nullptr}};
  static PyType_Spec spec = {"_scaler_native.Payload", sizeof(PayloadObject), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
  static PyTypeObject* const type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  SCALER_ASSERT(type != nullptr, "no memory for a type");
  return type;
}

}  // namespace

Object make_payload(const Bytes& bytes) {
  if (bytes.size() <= copied_bytes_max) return make_bytes(bytes);
  auto* payload = PyObject_New(PayloadObject, payload_type());
  SCALER_ASSERT(payload != nullptr, "no memory for a payload object");
  new (&payload->bytes) Bytes(bytes);
  return Object::steal(as_python(payload));
}

}  // namespace scaler::embed
