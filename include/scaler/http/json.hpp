#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scaler/base/result.hpp"

namespace scaler::http {

// A JSON value (RFC 8259). Numbers are doubles; of two equal names in an object the last counts.
// True and false are told from null, not from each other: nobody asks.
class Json {
 public:
  using List = std::vector<Json>;
  using Object = std::map<std::string, Json, std::less<>>;

  Json() = default;  // null
  explicit Json(bool) : kind_(Kind::truth) {}
  explicit Json(double number) : kind_(Kind::number), number_(number) {}
  explicit Json(std::string text) : kind_(Kind::text), text_(std::move(text)) {}
  explicit Json(List list) : kind_(Kind::list), list_(std::move(list)) {}
  explicit Json(Object members) : kind_(Kind::object), members_(std::move(members)) {}

  // Bounded: at most 32 levels deep. Text must be well-formed UTF-8 only as far as nobody looks.
  static Result<Json> parse(std::string_view text);

  const Json* find(std::string_view name) const;                 // in an object; null: not there
  std::optional<std::string> text(std::string_view name) const;  // a text member of an object
  std::optional<double> number(std::string_view name) const;
  bool is_object() const { return kind_ == Kind::object; }
  const std::string* as_text() const { return kind_ == Kind::text ? &text_ : nullptr; }
  const List* as_list() const { return kind_ == Kind::list ? &list_ : nullptr; }
  std::optional<double> as_number() const;
  const Object& members() const { return members_; }  // none of anything but an object

 private:
  enum class Kind : std::uint8_t { null, truth, number, text, list, object };
  Kind kind_ = Kind::null;
  double number_ = 0;
  std::string text_;
  List list_;
  Object members_;
};

// "text" with its quotes, escaped.
std::string json_text(std::string_view text);

}  // namespace scaler::http
