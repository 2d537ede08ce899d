#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "embed/cpython/python.hpp"
#include "scaler/base/bytes.hpp"
#include "scaler/base/result.hpp"

namespace scaler::embed {

// Owns one reference, or none. Used with the GIL held, destruction included. Where a reference
// comes from is said at the place: steal() for a new reference, borrow() for one that stays
// somebody else's.
class Object {
 public:
  Object() = default;
  static Object steal(PyObject* new_reference) { return Object(new_reference); }
  static Object borrow(PyObject* borrowed) {
    Py_XINCREF(borrowed);
    return Object(borrowed);
  }
  Object(const Object& other) : object_(other.object_) { Py_XINCREF(object_); }
  Object(Object&& other) noexcept : object_(other.release()) {}
  Object& operator=(Object other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Object() { Py_XDECREF(object_); }

  PyObject* get() const { return object_; }
  [[nodiscard]] PyObject* release() { return std::exchange(object_, nullptr); }
  explicit operator bool() const { return object_ != nullptr; }

  // Each turns the Python exception into an Error ("ValueError: text") and clears it.
  static Result<Object> import(const char* module);
  Result<Object> attribute(const char* name) const;
  Result<Object> call(std::initializer_list<Object> arguments) const;
  Result<Object> call_method(const char* name, std::initializer_list<Object> arguments) const;
  Result<std::string> text() const;      // of a str
  Result<std::int64_t> integer() const;  // of an int
  Result<bool> truth() const;            // of anything

 private:
  explicit Object(PyObject* owned) : object_(owned) {}
  PyObject* object_ = nullptr;
};

// New Python objects. They fail only without memory, which ends the process.
Object make_none();
Object make_bool(bool value);
Object make_integer(std::int64_t value);
Object make_text(std::string_view utf8);  // wrong bytes are replaced
Object make_bytes(ByteView view);         // copies

// "ZeroDivisionError: division by zero" of the pending exception, which is cleared. `context` comes
// before it.
Error take_python_error(std::string_view context = {});
// The new reference, or the pending exception as an Error.
Result<Object> checked(PyObject* new_reference, std::string_view context = {});

}  // namespace scaler::embed
