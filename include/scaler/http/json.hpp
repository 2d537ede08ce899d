#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "scaler/base/result.hpp"

namespace scaler::http {

// A JSON value (RFC 8259). Numbers are doubles; of two equal names in an object the last counts.
class Json {
 public:
  using List = std::vector<Json>;
  using Object = std::map<std::string, Json, std::less<>>;

  Json() = default;
  template <class T>
  explicit Json(T value) : value_(std::move(value)) {}

  // Bounded: at most 32 levels deep. Text must be well-formed UTF-8 only as far as nobody looks.
  static Result<Json> parse(std::string_view text);

  const Json* find(std::string_view name) const;                 // in an object; null: not there
  std::optional<std::string> text(std::string_view name) const;  // a text member of an object
  std::optional<double> number(std::string_view name) const;
  bool is_object() const { return std::holds_alternative<Object>(value_); }
  const std::string* as_text() const { return std::get_if<std::string>(&value_); }
  const List* as_list() const { return std::get_if<List>(&value_); }
  std::optional<double> as_number() const;
  const Object& members() const;  // of an object; none of anything else

 private:
  std::variant<std::nullptr_t, bool, double, std::string, List, Object> value_ = nullptr;
};

// "text" with its quotes, escaped.
std::string json_text(std::string_view text);

}  // namespace scaler::http
