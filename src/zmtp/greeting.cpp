#include "zmtp/greeting.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/printable.hpp"
#include "scaler/base/assert.hpp"

namespace scaler::zmtp {
namespace {

constexpr std::byte signature_first{0xff};
constexpr std::byte signature_last{0x7f};
constexpr std::size_t signature_end_at = 9;
constexpr std::size_t major_at = 10;
constexpr std::size_t minor_at = 11;
constexpr std::size_t mechanism_at = 12;
constexpr std::size_t mechanism_bytes = 20;

Error not_zmtp(ByteView seen) {
  return {Errc::protocol,
          fmt::format("not a ZMTP greeting: expected ff, eight bytes and 7f, got \"{}\"",
                      printable(seen.first(std::min(seen.size(), major_at))))};
}

}  // namespace

std::array<std::byte, greeting_bytes> make_greeting(std::string_view mechanism,
                                                    std::size_t identity_bytes) {
  SCALER_ASSERT(mechanism.size() <= mechanism_bytes, mechanism);
  std::array<std::byte, greeting_bytes> greeting{};
  greeting[0] = signature_first;
  store_be64(greeting.data() + 1, identity_bytes + 1);
  greeting[signature_end_at] = signature_last;
  greeting[major_at] = std::byte{3};
  greeting[minor_at] = std::byte{1};
  const ByteView name = as_bytes(mechanism);
  std::copy(name.begin(), name.end(), greeting.begin() + mechanism_at);
  return greeting;
}

Status check_greeting_start(ByteView seen) {
  if (!seen.empty() && seen[0] != signature_first) return not_zmtp(seen);
  if (seen.size() > signature_end_at && seen[signature_end_at] != signature_last)
    return not_zmtp(seen);
  if (seen.size() > major_at && std::to_integer<int>(seen[major_at]) < 3)
    return Error{Errc::protocol,
                 fmt::format("the peer speaks ZMTP revision {}, we need 3.0 or newer",
                             std::to_integer<int>(seen[major_at]))};
  return ok();
}

Greeting parse_greeting(std::span<const std::byte, greeting_bytes> whole) {
  const std::string_view padded = as_text(whole.subspan(mechanism_at, mechanism_bytes));
  return {.major = std::to_integer<int>(whole[major_at]),
          .minor = std::to_integer<int>(whole[minor_at]),
          .mechanism = std::string(padded.substr(0, padded.find('\0')))};
}

}  // namespace scaler::zmtp
