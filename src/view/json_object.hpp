#pragma once

#include <fmt/format.h>

#include <concepts>
#include <string>
#include <string_view>
#include <vector>

#include "scaler/base/json.hpp"

namespace scaler::view {

// Writes one JSON object, key by key, in the order of the calls.
class JsonObject {
 public:
  JsonObject& text(std::string_view key, std::string_view value) {
    return raw(key, json::quoted(value));
  }
  template <std::integral Number>
  requires(!std::same_as<Number, bool>) JsonObject& number(std::string_view key, Number value) {
    return raw(key, fmt::format("{}", value));
  }
  JsonObject& truth(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
  // `value` is JSON already.
  JsonObject& raw(std::string_view key, std::string_view value) {
    body_ += fmt::format("{}{}:{}", body_.empty() ? "" : ",", json::quoted(key), value);
    return *this;
  }
  std::string take() const { return '{' + body_ + '}'; }

 private:
  std::string body_;
};

// [a,b] of what `write` makes of each item.
template <class Items, class Write>
std::string json_array(const Items& items, Write write) {
  std::string body;
  for (const auto& item : items) body += fmt::format("{}{}", body.empty() ? "" : ",", write(item));
  return '[' + body + ']';
}

}  // namespace scaler::view
