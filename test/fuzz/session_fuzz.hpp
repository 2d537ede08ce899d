#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "scaler/base/session.hpp"

// What the fuzz targets of both codecs share. An input is a script: after the byte that a target
// takes for its options, each step is one byte and what it asks for:
//   00..ef  that many bytes (or all that are left) arrive, and the session is asked for its events
//   f0..f7  we send a message of 0 to 1792 bytes
//   f8..ff  the kernel takes a piece of what we want to write
namespace scaler::fuzz {

struct Heard {
  std::vector<std::string> events;
  bool failed = false;
  bool ready = false;
  friend bool operator==(const Heard&, const Heard&) = default;
};

inline std::string to_line(const SessionEvent& event) {
  struct Lines {
    std::string operator()(const PeerReady& e) const {
      return "ready " + std::string(e.identity.text()) + (e.speaks_scaler ? " scaler" : "");
    }
    std::string operator()(const MessageReceived& e) const {
      return "message " + std::string(e.payload.text());
    }
    std::string operator()(const MessageIgnored& e) const { return e.why; }
    std::string operator()(const TopicSubscribed& e) const {
      return "+" + std::string(e.topic.text());
    }
    std::string operator()(const TopicUnsubscribed& e) const {
      return "-" + std::string(e.topic.text());
    }
  };
  return std::visit(Lines{}, event);
}

// Whether "ready" must come before anything else, or may, once, at any time.
enum class Ready : std::uint8_t { first, any_time };

// Lets `bytes` arrive; checks that the session is modest about memory and says "ready" when it may,
// and once.
inline void arrive(Session& session, std::string_view bytes, Heard& heard,
                   Ready when = Ready::first) {
  while (!bytes.empty() && !heard.failed) {
    const auto room = session.receive_buffer();
    SCALER_ASSERT(!room.empty(), "receive_buffer() is empty");
    SCALER_ASSERT(room.size() <= std::size_t{1} << 20, "room for more than could have arrived");
    const std::size_t count = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), count);
    session.received(count);
    bytes.remove_prefix(count);
    while (true) {
      auto event = session.next();
      heard.failed = !event;
      if (!event || !*event) break;
      const bool ready = std::holds_alternative<PeerReady>(**event);
      SCALER_ASSERT(when == Ready::any_time || ready == heard.events.empty(),
                    "ready must come first, and once");
      SCALER_ASSERT(!ready || !std::exchange(heard.ready, true), "ready twice");
      heard.events.push_back(to_line(**event));
    }
  }
}

// One writev that took at most `bytes_max`.
inline void write(Session& session, std::size_t bytes_max) {
  std::size_t offered = 0;
  SCALER_ASSERT(session.to_send().size() <= 64, "too many views");
  for (const ByteView view : session.to_send()) {
    SCALER_ASSERT(!view.empty(), "an empty view");
    offered += view.size();
  }
  session.sent(std::min(offered, bytes_max));
}

// Plays the script, then lets the same bytes arrive whole: both must tell the same story.
inline void play(const std::function<std::unique_ptr<Session>()>& make, std::string_view script,
                 bool may_send, Ready when = Ready::first) {
  auto session = make();
  Heard heard;
  std::string arrived;
  while (!script.empty()) {
    const auto step = static_cast<unsigned char>(script.front());
    script.remove_prefix(1);
    if (step < 0xf0) {
      const std::string_view piece = script.substr(0, step);
      script.remove_prefix(piece.size());
      arrived += piece;
      arrive(*session, piece, heard, when);
    } else if (step < 0xf8) {
      if (may_send) session->send(Bytes::copy_of(std::string((step - 0xf0U) * 256, 's')));
    } else {
      write(*session, 1 + (step - 0xf8U) * 97);
    }
  }
  auto whole_session = make();
  Heard whole;
  arrive(*whole_session, arrived, whole, when);
  SCALER_ASSERT(heard == whole, "another story when cut");

  while (!session->to_send().empty()) write(*session, SIZE_MAX);
}

}  // namespace scaler::fuzz
