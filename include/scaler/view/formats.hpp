#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// How the screens write numbers and names, as those of release 2.0.9 do.
namespace scaler::view {

std::string bytes_text(std::uint64_t bytes);       // "1023B", "1K", "40.0M", "20.7G": of 1024
std::string count_text(std::uint64_t count);       // "53,704"
std::string percent_text(std::uint64_t permille);  // of one core: "0.5%", "123.4%"
std::string lag_text(std::uint64_t lag_us);        // "0.1ms", "1ms", "2s", "1001+s"
std::string seen_text(std::uint64_t seconds);      // since last seen: "7s", "60+s"
std::uint64_t megabytes_of(std::uint64_t bytes);   // of 1 000 000 bytes, truncated

// Whether a character controls a terminal or the direction of text, or shows nothing.
bool is_unsafe(char32_t code);
// Any bytes as UTF-8 that is safe to show: U+FFFD stands for what is not UTF-8, and for characters
// that control a terminal or the direction of text.
std::string display_text(std::string_view bytes);

}  // namespace scaler::view
