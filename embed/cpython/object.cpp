#include "embed/cpython/object.hpp"

#include <vector>

namespace scaler::embed {

namespace {

std::string text_of(PyObject* object) {
  Py_ssize_t size = 0;
  const char* utf8 = object == nullptr ? nullptr : PyUnicode_AsUTF8AndSize(object, &size);
  if (utf8 == nullptr) {
    PyErr_Clear();
    return "?";
  }
  return {utf8, static_cast<std::size_t>(size)};
}

Object never_null(PyObject* new_reference) {
  SCALER_ASSERT(new_reference != nullptr, "no memory for a Python object");
  return Object::steal(new_reference);
}

}  // namespace

Error take_python_error(std::string_view context) {
  PyObject* type = nullptr;
  PyObject* value = nullptr;
  PyObject* traceback = nullptr;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  const Object type_owner = Object::steal(type);
  const Object value_owner = Object::steal(value);
  const Object traceback_owner = Object::steal(traceback);

  std::string text = "no Python exception was set";
  if (type != nullptr) {
    text = text_of(Object::steal(PyObject_GetAttrString(type, "__name__")).get());
    const std::string said = text_of(Object::steal(PyObject_Str(value)).get());
    PyErr_Clear();
    if (!said.empty()) text += ": " + said;
  }
  for (char& c : text)
    if (c == '\n' || c == '\r') c = ' ';
  if (!context.empty()) text.insert(0, std::string(context) + ": ");
  return {Errc::system, std::move(text)};
}

Result<Object> checked(PyObject* new_reference, std::string_view context) {
  if (new_reference == nullptr) return take_python_error(context);
  return Object::steal(new_reference);
}

Result<Object> Object::import(const char* module) {
  return checked(PyImport_ImportModule(module), std::string("importing ") + module);
}

Result<Object> Object::attribute(const char* name) const {
  return checked(PyObject_GetAttrString(object_, name));
}

Result<Object> Object::call(std::initializer_list<Object> arguments) const {
  const Object tuple = Object::steal(PyTuple_New(static_cast<Py_ssize_t>(arguments.size())));
  SCALER_ASSERT(static_cast<bool>(tuple), "no memory for the arguments of a call");
  Py_ssize_t index = 0;
  for (const Object& argument : arguments)
    PyTuple_SetItem(tuple.get(), index++, Object(argument).release());
  return checked(PyObject_CallObject(object_, tuple.get()));
}

Result<Object> Object::call_method(const char* name,
                                   std::initializer_list<Object> arguments) const {
  SCALER_TRY(method, attribute(name));
  return method.call(arguments);
}

Result<std::string> Object::text() const {
  Py_ssize_t size = 0;
  const char* utf8 = PyUnicode_AsUTF8AndSize(object_, &size);
  if (utf8 == nullptr) return take_python_error();
  return std::string(utf8, static_cast<std::size_t>(size));
}

Result<std::int64_t> Object::integer() const {
  const long long value = PyLong_AsLongLong(object_);
  if (value == -1 && PyErr_Occurred() != nullptr) return take_python_error();
  return std::int64_t{value};
}

Result<bool> Object::truth() const {
  const int value = PyObject_IsTrue(object_);
  if (value < 0) return take_python_error();
  return value == 1;
}

Object make_none() { return Object::borrow(Py_None); }
Object make_bool(bool value) { return Object::borrow(value ? Py_True : Py_False); }
Object make_integer(std::int64_t value) { return never_null(PyLong_FromLongLong(value)); }
Object make_text(std::string_view utf8) {
  return never_null(
      PyUnicode_DecodeUTF8(utf8.data(), static_cast<Py_ssize_t>(utf8.size()), "replace"));
}
Object make_bytes(ByteView view) {
  return never_null(PyBytes_FromStringAndSize(reinterpret_cast<const char*>(view.data()),
                                              static_cast<Py_ssize_t>(view.size())));
}

}  // namespace scaler::embed
