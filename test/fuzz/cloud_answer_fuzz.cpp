// Any bytes as what a cloud's service answers: an HTTP response, whose body is taken for XML. Cut
// into pieces of any size the answer stays the same, and its texts are no larger than it is.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

#include "scaler/base/assert.hpp"
#include "scaler/cloud/caller.hpp"
#include "scaler/cloud/xml.hpp"

namespace {

using namespace scaler;

// The first answer, or nothing if there is none.
std::optional<std::string> answer_in(std::string_view bytes, std::size_t piece) {
  const auto session = cloud::make_response_session();
  while (!bytes.empty()) {
    const auto room = session->receive_buffer();
    const std::size_t count = std::min({room.size(), bytes.size(), piece});
    std::memcpy(room.data(), bytes.data(), count);
    session->received(count);
    bytes.remove_prefix(count);
    auto event = session->next();
    if (!event) return std::nullopt;
    if (*event) return std::string(std::get<MessageReceived>(**event).payload.text());
  }
  return std::nullopt;
}

std::size_t bytes_of(const cloud::Xml& xml) {
  std::size_t sum = xml.name.size() + xml.text.size();
  for (const cloud::Xml& child : xml.children) sum += bytes_of(child);
  return sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = answer_in(bytes, bytes.size());
  if (whole) {
    SCALER_ASSERT(answer_in(bytes, 1) == whole, "an answer that depends on how it was cut");
    SCALER_ASSERT(bool(cloud::parse_response(*whole)), "an answer without a status");
  }
  const std::string copy = whole ? cloud::parse_response(*whole)->body : std::string(bytes);
  if (const auto xml = cloud::Xml::parse(copy))
    SCALER_ASSERT(bytes_of(*xml) <= copy.size(), "more text than there was");
  for (const cloud::Service service : {cloud::Service::ecs, cloud::Service::iam})
    SCALER_ASSERT(cloud::error_in(service, copy).second.find('\n') == std::string::npos, "a line");
  return 0;
}
