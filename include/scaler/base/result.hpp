#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "scaler/base/assert.hpp"

namespace scaler {

// What kind of trouble it is; the text says the rest. The kind decides what the receiver does
// (docs: README, "errors").
enum class Errc {
  protocol,     // a peer sent bytes that no version of the protocol allows: its connection ends
  bad_message,  // one message could not be decoded: that message is dropped
  too_large,    // above a limit that the error names
  usage,        // a wrong option, file or value: exit code 2
  unavailable,  // refused, reset, no such host: retry or exit code 1
  system,       // any other failure of the operating system: exit code 1
  not_found,
};

struct Error {
  Errc code = Errc::system;
  std::string text;  // one line, no full stop: what, where, what was expected

  // The same error, seen from further out: "loading a.toml: port: not a number".
  Error within(const std::string& context) && {
    text.insert(0, context + ": ");
    return std::move(*this);
  }
};

// Our stand-in for std::expected until the compiler has it.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Error error)
      : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  T& value() {
    SCALER_ASSERT(state_.index() == 0, std::get<1>(state_).text);
    return std::get<0>(state_);
  }
  const T& value() const {
    SCALER_ASSERT(state_.index() == 0, std::get<1>(state_).text);
    return std::get<0>(state_);
  }
  Error& error() {
    SCALER_ASSERT(state_.index() == 1, "error() of a Result that holds a value");
    return std::get<1>(state_);
  }
  const Error& error() const {
    SCALER_ASSERT(state_.index() == 1, "error() of a Result that holds a value");
    return std::get<1>(state_);
  }

 private:
  std::variant<T, Error> state_;
};

// A Result without a value: success, or an Error.
struct Nothing {};
using Status = Result<Nothing>;
inline Status ok() { return Nothing{}; }

}  // namespace scaler

#define SCALER_CONCAT_INNER(a, b) a##b
#define SCALER_CONCAT(a, b) SCALER_CONCAT_INNER(a, b)

// Declares `name` from a Result, or returns its error from the enclosing function.
#define SCALER_TRY(name, ...)                                                                \
  auto SCALER_CONCAT(name, _result) = (__VA_ARGS__);                                         \
  if (!SCALER_CONCAT(name, _result)) return std::move(SCALER_CONCAT(name, _result).error()); \
  auto name = std::move(*SCALER_CONCAT(name, _result))

// The same for a Status, which has no value to name.
#define SCALER_CHECK(...)                                   \
  do {                                                      \
    if (auto scaler_status = (__VA_ARGS__); !scaler_status) \
      return std::move(scaler_status.error());              \
  } while (false)
