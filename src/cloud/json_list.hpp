#pragma once

#include <string>
#include <string_view>

#include "scaler/http/json.hpp"

namespace scaler::cloud {

// ["a","b"]
template <class Texts>
std::string json_list(const Texts& texts) {
  std::string list = "[";
  for (const std::string& text : texts) {
    if (list.size() > 1) list += ',';
    list += http::json_text(text);
  }
  return list + ']';
}

inline const http::Json::List& list_of(const http::Json& object, std::string_view name) {
  static const http::Json::List none;
  const http::Json* member = object.find(name);
  return member == nullptr || member->as_list() == nullptr ? none : *member->as_list();
}

// Of a list; null: there is none.
inline const http::Json* first_of(const http::Json& object, std::string_view name) {
  const http::Json::List& list = list_of(object, name);
  return list.empty() ? nullptr : &list.front();
}

}  // namespace scaler::cloud
