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

// Peers from 2.2 leave the two unused lists of a delete null, where 2.0 and we write empty ones.
bool has_null_lists(const Transcript& transcript, const Message& message) {
  const auto* instruction = std::get_if<ObjectInstruction>(&message);
  return instruction != nullptr && instruction->type == ObjectInstructionType::remove &&
         (transcript.is_of("2.2") || transcript.is_of("2.6"));
}

std::size_t different_words(const Bytes& a, const Bytes& b) {
  if (a.size() != b.size()) return std::string::npos;
  std::size_t different = 0;
  for (std::size_t at = 0; at + 8 <= a.size(); at += 8)
    if (load_le64(a.data() + at) != load_le64(b.data() + at)) ++different;
  return different;
}

Message decoded(const Transcript& transcript, const Bytes& frame) {
  Result<Message> message = decode(frame, dialect_of(transcript));
  REQUIRE((message ? "" : message.error().text) == "");
  return std::move(*message);
}

}  // namespace

TEST_CASE("every recorded message decodes, and encodes to the bytes it came in", "[wire]") {
  std::size_t messages = 0;
  for (const Transcript& transcript : message_transcripts()) {
    for (std::size_t i = 0; i < transcript.messages.size(); ++i) {
      const Bytes& frame = transcript.messages[i];
      const Message message = decoded(transcript, frame);
      const Bytes again = encode(message);
      INFO(transcript.name() << " message " << i << ", " << kind_name(message));
      REQUIRE(decoded(transcript, again) == message);
      if (has_null_lists(transcript, message)) {
        REQUIRE(different_words(again, frame) <= 2);
      } else if (!has_grown(transcript, message)) {
        REQUIRE(to_hex(again) == to_hex(frame));
      }
      REQUIRE(kind_of(frame) == message.index());
      ++messages;
    }
  }
  REQUIRE(messages > 1000);
}

TEST_CASE("a command of 2.0 differs from ours only by its missing last pointer", "[wire]") {
  std::size_t commands = 0;
  for (const Transcript& transcript : support::golden_transcripts("2.0.9-worker-manager")) {
    for (const Bytes& frame : transcript.messages) {
      const Message message = decoded(transcript, frame);
      if (!std::holds_alternative<WorkerManagerCommand>(message)) continue;
      REQUIRE(encode(message).size() == frame.size() + 8);
      ++commands;
    }
  }
  REQUIRE(commands > 0);
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
