#pragma once

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "scaler/base/session.hpp"

// Drives a Session without a socket.
namespace scaler::support {

inline std::string read_golden(const std::string& name) {
  std::ifstream file(std::string(SCALER_GOLDEN_DIR) + "/" + name, std::ios::binary);
  SCALER_ASSERT(file.is_open(), name);
  return {std::istreambuf_iterator<char>(file), {}};
}

// One event as a line: "ready <identity>", "message <payload>", "ignored <why>", ...
inline std::string to_line(const SessionEvent& event) {
  struct Lines {
    std::string operator()(const PeerReady& e) const {
      return "ready " + std::string(e.identity.text());
    }
    std::string operator()(const MessageReceived& e) const {
      return "message " + std::string(e.payload.text());
    }
    std::string operator()(const MessageIgnored& e) const {
      return std::string("ignored ") + e.why;
    }
    std::string operator()(const TopicSubscribed& e) const {
      return "subscribed " + std::string(e.topic.text());
    }
    std::string operator()(const TopicUnsubscribed& e) const {
      return "unsubscribed " + std::string(e.topic.text());
    }
  };
  return std::visit(Lines{}, event);
}

// Everything the session has to say for now; an error is the line "error <text>".
inline void drain(Session& session, std::vector<std::string>& lines) {
  while (true) {
    auto event = session.next();
    if (!event) return lines.push_back("error " + event.error().text);
    if (!*event) return;
    lines.push_back(to_line(**event));
  }
}

// Feeds bytes as the kernel would, in reads of at most `read_bytes_max`, draining after each.
inline void feed(Session& session, std::string_view bytes, std::vector<std::string>& lines,
                 std::size_t read_bytes_max = std::size_t{1} << 20) {
  while (!bytes.empty()) {
    const auto room = session.receive_buffer();
    SCALER_ASSERT(!room.empty(), "receive_buffer() is empty");
    const std::size_t count = std::min({room.size(), bytes.size(), read_bytes_max});
    std::memcpy(room.data(), bytes.data(), count);
    session.received(count);
    bytes.remove_prefix(count);
    drain(session, lines);
    if (!lines.empty() && lines.back().starts_with("error ")) return;
  }
}

inline std::vector<std::string> feed(Session& session, std::string_view bytes) {
  std::vector<std::string> lines;
  feed(session, bytes, lines);
  return lines;
}

// At most `bytes_max` of what the session wants to write, as one writev would take it.
inline std::string take_output(Session& session, std::size_t bytes_max) {
  std::string output;
  for (const ByteView view : session.to_send())
    output += as_text(view.first(std::min(view.size(), bytes_max - output.size())));
  session.sent(output.size());
  return output;
}

inline std::string take_output(Session& session) {
  std::string output;
  while (!session.to_send().empty()) output += take_output(session, SIZE_MAX);
  return output;
}

// What `make()`'s session says to `bytes` when they come whole, in two pieces cut at every place,
// and byte by byte; the first difference, or nothing.
template <class Make>
std::string difference_between_cuts(Make make, std::string_view bytes, std::size_t step = 1) {
  auto whole_session = make();
  const std::vector<std::string> whole = feed(*whole_session, bytes);
  for (std::size_t cut = 1; cut < bytes.size(); cut += step) {
    auto session = make();
    std::vector<std::string> lines;
    feed(*session, bytes.substr(0, cut), lines);
    feed(*session, bytes.substr(cut), lines);
    if (lines != whole) return "cut at " + std::to_string(cut);
  }
  auto session = make();
  std::vector<std::string> lines;
  feed(*session, bytes, lines, 1);
  return lines == whole ? "" : "byte by byte";
}

}  // namespace scaler::support
