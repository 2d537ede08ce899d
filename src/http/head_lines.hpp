#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "scaler/base/result.hpp"

// The lines of a message's head, without the empty one.
namespace scaler::http {

inline constexpr std::string_view end_of_head = "\r\n\r\n";

inline Error http_error(std::string text) {
  return {Errc::bad_message, "http: " + std::move(text)};
}
std::string_view reason_of(int status);  // 404: "Not Found"

bool equal_ignoring_case(std::string_view a, std::string_view b);
std::string_view trimmed(std::string_view text);  // of spaces and tabs

// Takes what stands before `mark`, and the mark; all when there is none.
std::string_view take_until(std::string_view& rest, std::string_view mark);

}  // namespace scaler::http
