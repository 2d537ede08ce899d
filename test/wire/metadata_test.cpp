#include <catch2/catch.hpp>
#include <cstring>

#include "scaler/wire/messages.hpp"

namespace scaler::wire {
namespace {

ByteView bytes_of(const char* literal, std::size_t size) { return as_bytes({literal, size}); }

}  // namespace

TEST_CASE("task flags are six bytes, big-endian", "[wire]") {
  const auto flags = decode_task_flags(bytes_of("\x01\x00\x00\x01\x02\x01", 6));
  REQUIRE(flags.has_value());
  REQUIRE(flags->profiling);
  REQUIRE(flags->priority == 258);
  REQUIRE(flags->stream_output);
  REQUIRE(encode_task_flags(*flags).text() == std::string("\x01\x00\x00\x01\x02\x01", 6));
}

TEST_CASE("no task flags mean profiling, priority 0 and no streaming", "[wire]") {
  const auto flags = decode_task_flags({});
  REQUIRE(flags.has_value());
  REQUIRE(flags->profiling);
  REQUIRE(flags->priority == 0);
  REQUIRE_FALSE(flags->stream_output);
}

TEST_CASE("task flags of another length or a negative priority are refused", "[wire]") {
  for (const std::size_t size : {1U, 5U, 7U, 16U})
    REQUIRE_FALSE(decode_task_flags(as_bytes(std::string(size, '\0'))).has_value());
  REQUIRE_FALSE(decode_task_flags(bytes_of("\x01\xff\xff\xff\xff\x00", 6)).has_value());
  REQUIRE_FALSE(decode_task_flags(bytes_of("\x01\x80\x00\x00\x00\x00", 6)).has_value());
}

TEST_CASE("a task profile is two floats around a count of bytes, big-endian", "[wire]") {
  // seen from a worker of 2.0.9
  const char seen[] = "\x3b\x11\x06\xd2\x00\x00\x00\x00\x00\x00\x00\x00\x3c\x23\xd7\x0a";
  const auto profile = decode_task_profile(bytes_of(seen, 16));
  REQUIRE(profile.has_value());
  REQUIRE(profile->duration_seconds == Approx(0.00221).epsilon(0.01));
  REQUIRE(profile->memory_peak_bytes == 0);
  REQUIRE(profile->cpu_seconds == Approx(0.01));
  REQUIRE(encode_task_profile(*profile) == Bytes::copy_of(bytes_of(seen, 16)));
}

TEST_CASE("a task profile of another length is refused, an empty one is all zeros", "[wire]") {
  for (const std::size_t size : {1U, 6U, 15U, 17U})
    REQUIRE_FALSE(decode_task_profile(as_bytes(std::string(size, '\0'))).has_value());
  REQUIRE(decode_task_profile({})->memory_peak_bytes == 0);
}

TEST_CASE("the monitor's names of kinds are those of the schema, capitalised", "[wire]") {
  REQUIRE(std::string(kind_name(Message(TaskResult{}))) == "TaskResult");
  REQUIRE(std::string(kind_name(Message(WorkerHeartbeatEcho{}))) == "WorkerHeartbeatEcho");
  REQUIRE(std::string(kind_name(std::variant_size_v<Message> - 1)) ==
          "WorkerManagerCommandResponse");
  REQUIRE(std::string(kind_name(std::variant_size_v<Message>)) == "unknown");
}

}  // namespace scaler::wire
