#include <catch2/catch.hpp>
#include <map>

#include "scaler/wire/codec.hpp"
#include "support/transcript.hpp"

namespace scaler::wire {
namespace {

using support::Transcript;

ManagerDialect dialect_of(const Transcript& transcript) {
  if (transcript.is_of("2.6")) return ManagerDialect::v2_6;
  return transcript.is_of("2.2") ? ManagerDialect::v2_2 : ManagerDialect::v2_0;
}

std::vector<Transcript> message_transcripts() {
  std::vector<Transcript> transcripts = support::golden_transcripts();
  std::erase_if(transcripts, [](const Transcript& transcript) {
    return transcript.capture.find("object-storage") != std::string::npos;
  });
  return transcripts;
}

// Structs that have grown since the sender's release come out longer.
bool has_grown(const Transcript& transcript, const Message& message) {
  const bool before_2_0 = transcript.is_of("1.");
  const bool before_2_2 = before_2_0 || transcript.is_of("2.0");
  const bool is_echo = std::holds_alternative<ClientHeartbeatEcho>(message) ||
                       std::holds_alternative<WorkerHeartbeatEcho>(message);
  return (is_echo && before_2_2) ||
         (std::holds_alternative<WorkerHeartbeat>(message) && before_2_0) ||
         (std::holds_alternative<WorkerManagerCommand>(message) && before_2_2);
}

}  // namespace

TEST_CASE("every recorded message decodes, and encodes to the bytes it came in", "[wire]") {
  std::map<std::string, int> different;
  std::size_t messages = 0;
  for (const Transcript& transcript : message_transcripts()) {
    for (std::size_t i = 0; i < transcript.messages.size(); ++i) {
      INFO(transcript.name() << " message " << i);
      const Bytes& frame = transcript.messages[i];
      const Result<Message> message = decode(frame, dialect_of(transcript));
      REQUIRE((message ? "" : message.error().text) == "");
      ++messages;
      if (has_grown(transcript, *message)) {
        REQUIRE(*decode(encode(*message), dialect_of(transcript)) == *message);
      } else {
        INFO(kind_name(*message) << " of " << frame.size() << " bytes");
        if (!(encode(*message) == frame))
          ++different[transcript.capture + " " + kind_name(*message)];
      }
    }
  }
  for (const auto& [what, count] : different) WARN(what << " " << count);
  CHECK(different.empty());
  REQUIRE(messages > 1000);
}

TEST_CASE("the recordings hold every kind that peers send each other", "[wire]") {
  std::map<std::string, int> seen;
  for (const Transcript& transcript : message_transcripts())
    for (const Bytes& frame : transcript.messages)
      ++seen[kind_name(*decode(frame, dialect_of(transcript)))];
  for (const char* kind : {"Task",
                           "TaskCancel",
                           "TaskCancelConfirm",
                           "TaskResult",
                           "TaskLog",
                           "GraphTask",
                           "ObjectInstruction",
                           "ClientHeartbeat",
                           "ClientHeartbeatEcho",
                           "WorkerHeartbeat",
                           "WorkerHeartbeatEcho",
                           "DisconnectRequest",
                           "StateScheduler",
                           "StateWorker",
                           "StateTask",
                           "StateGraphTask",
                           "ClientDisconnect",
                           "ClientShutdownResponse",
                           "WorkerManagerHeartbeat",
                           "WorkerManagerHeartbeatEcho",
                           "WorkerManagerCommand",
                           "WorkerManagerCommandResponse"}) {
    INFO(kind);
    CHECK(seen[kind] > 0);
  }
}

}  // namespace scaler::wire
