// A module as an extension is built: it holds the loop, a socket and the codec, so that linking it
// shows whether every part is position independent, and importing it whether every symbol is there.
#include <Python.h>

#include <memory>
#include <string_view>

#include "scaler/net/loop.hpp"
#include "scaler/net/timer.hpp"
#include "scaler/wire/codec.hpp"

namespace {

// decode(bytes) -> the error's text, or None if the bytes are a message
PyObject* decode(PyObject*, PyObject* frame) {
  char* data = nullptr;
  Py_ssize_t size = 0;
  if (PyBytes_AsStringAndSize(frame, &data, &size) < 0) return nullptr;
  const scaler::ByteView view(reinterpret_cast<const std::byte*>(data),
                              static_cast<std::size_t>(size));
  const auto message = scaler::wire::decode(scaler::Bytes::copy_of(view));
  if (message) Py_RETURN_NONE;
  const std::string& text = message.error().text;
  return PyUnicode_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size()));
}

// turn() -> how many timers of a loop fired: 1
PyObject* turn(PyObject*, PyObject*) {
  long fired = 0;
  {
    scaler::net::Loop loop;
    scaler::net::Timer timer(loop, [&] {
      ++fired;
      loop.stop();
    });
    timer.start_at(loop.now());
    loop.run();
  }
  return PyLong_FromLong(fired);
}

PyMethodDef methods[] = {
    {"decode", decode, METH_O, nullptr},
    {"turn", turn, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_probe", nullptr, -1, methods, nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__probe() { return PyModule_Create(&definition); }
