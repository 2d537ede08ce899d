#include "scaler/agent/channel_protocol.hpp"

#include <catch2/catch.hpp>

namespace scaler::agent {

namespace {

ObjectId object(unsigned number) {
  ObjectId id;
  id.bytes[31] = static_cast<std::byte>(number);
  return id;
}
TaskId task(unsigned number) {
  TaskId id;
  id.bytes[0] = static_cast<std::byte>(number);
  return id;
}

// One of each kind, with every field in use.
std::vector<Bytes> frames_to_processor() {
  return {encode(ToProcessor{GiveObject{object(1), Bytes::copy_of("payload")}}),
          encode(ToProcessor{GiveSerializer{Bytes::copy_of("Client|1"), Bytes::copy_of("s")}}),
          encode(ToProcessor{ForgetObjects{{object(1), object(2)}}}),
          encode(ToProcessor{RunTask{task(1),
                                     Bytes::copy_of("Client|1"),
                                     2147483647,
                                     true,
                                     object(3),
                                     {object(4), object(4)}}}),
          encode(ToProcessor{GiveFile{object(5), 1, 2, 3}}),
          encode(ToProcessor{LendFile{4, 5}})};
}
std::vector<Bytes> frames_from_processor() {
  return {
      encode(FromProcessor{ProcessorStarted{4000000000U}}),
      encode(FromProcessor{ProcessorReady{"3.11.2"}}),
      encode(FromProcessor{ProcessorFailed{"no module"}}),
      encode(FromProcessor{
          TaskFinished{task(2), true, Bytes::copy_of("pickle"), "ValueError", 1.5F, 1U << 30}}),
      encode(FromProcessor{TaskOutput{task(3), true, "line\n"}}),
      encode(FromProcessor{ProcessorLeaves{}}),
      encode(FromProcessor{TaskFinished{task(4), false, {}, "", 0, 0, std::uint64_t{1} << 40, 12}}),
      encode(FromProcessor{WantFile{std::uint64_t{1} << 41}}),
      encode(FromProcessor{FileDone{6, true}}),
      encode(FromProcessor{FileMissing{object(7), 8}})};
}

}  // namespace

TEST_CASE("what an agent says reaches its processor unchanged", "[agent]") {
  const auto frames = frames_to_processor();
  const auto given = std::get<GiveObject>(decode_to_processor(frames[0]).value());
  REQUIRE(given.id == object(1));
  REQUIRE(given.payload.text() == "payload");
  const auto serializer = std::get<GiveSerializer>(decode_to_processor(frames[1]).value());
  REQUIRE(serializer.client.text() == "Client|1");
  REQUIRE(serializer.payload.text() == "s");
  const auto forget = std::get<ForgetObjects>(decode_to_processor(frames[2]).value());
  REQUIRE(forget.ids == std::vector<ObjectId>{object(1), object(2)});
  const auto run = std::get<RunTask>(decode_to_processor(frames[3]).value());
  REQUIRE(run.id == task(1));
  REQUIRE(run.client.text() == "Client|1");
  REQUIRE(run.priority == 2147483647);
  REQUIRE(run.stream_output);
  REQUIRE(run.function == object(3));
  REQUIRE(run.arguments == std::vector<ObjectId>{object(4), object(4)});
}

TEST_CASE("what a processor says reaches its agent unchanged", "[agent]") {
  const auto frames = frames_from_processor();
  REQUIRE(std::get<ProcessorStarted>(decode_from_processor(frames[0]).value()).pid == 4000000000U);
  REQUIRE(std::get<ProcessorReady>(decode_from_processor(frames[1]).value()).python_version ==
          "3.11.2");
  REQUIRE(std::get<ProcessorFailed>(decode_from_processor(frames[2]).value()).reason ==
          "no module");
  const auto finished = std::get<TaskFinished>(decode_from_processor(frames[3]).value());
  REQUIRE(finished.id == task(2));
  REQUIRE(finished.failed);
  REQUIRE(finished.payload.text() == "pickle");
  REQUIRE(finished.failure == "ValueError");
  REQUIRE(finished.cpu_seconds == 1.5F);
  REQUIRE(finished.memory_peak_bytes == 1U << 30);
  const auto output = std::get<TaskOutput>(decode_from_processor(frames[4]).value());
  REQUIRE(output.id == task(3));
  REQUIRE(output.is_stderr);
  REQUIRE(output.text == "line\n");
}

TEST_CASE("a decoded payload is a part of its frame, not a copy", "[agent]") {
  const Bytes frame = encode(ToProcessor{GiveObject{object(1), Bytes::copy_of("payload")}});
  const auto given = std::get<GiveObject>(decode_to_processor(frame).value());
  REQUIRE(given.payload.data() == frame.data() + 33);
}

TEST_CASE("a frame cut anywhere before its payload is refused", "[agent]") {
  const auto check = [](const Bytes& frame, std::size_t payload_bytes, auto decode) {
    for (std::size_t length = 0; length + payload_bytes < frame.size(); ++length) {
      const auto decoded = decode(frame.slice(0, length));
      REQUIRE_FALSE(decoded);
      REQUIRE(decoded.error().code == Errc::bad_message);
    }
  };
  const std::size_t to_payload[] = {7, 1, 0, 0, 0, 0};
  const std::size_t from_payload[] = {0, 0, 0, 6, 0, 0, 0, 0, 0, 0};
  const auto to = frames_to_processor();
  for (std::size_t i = 0; i < to.size(); ++i) check(to[i], to_payload[i], decode_to_processor);
  const auto from = frames_from_processor();
  for (std::size_t i = 0; i < from.size(); ++i)
    check(from[i], from_payload[i], decode_from_processor);
}

TEST_CASE("bytes behind a message without payload are refused", "[agent]") {
  for (const Bytes& frame : {frames_to_processor()[2], frames_to_processor()[3],
                             frames_to_processor()[4], frames_to_processor()[5]})
    REQUIRE_FALSE(decode_to_processor(Bytes::copy_of(std::string(frame.text()) + "x")));
  for (const std::size_t i : {0U, 1U, 2U, 4U, 7U, 8U, 9U})
    REQUIRE_FALSE(decode_from_processor(
        Bytes::copy_of(std::string(frames_from_processor()[i].text()) + "x")));
}

TEST_CASE("the two directions do not understand each other's frames", "[agent]") {
  for (const Bytes& frame : frames_to_processor()) REQUIRE_FALSE(decode_from_processor(frame));
  for (const Bytes& frame : frames_from_processor()) REQUIRE_FALSE(decode_to_processor(frame));
  REQUIRE(decode_to_processor(Bytes::copy_of("\xee")).error().text == "unknown kind of frame 238");
  REQUIRE(decode_to_processor(Bytes{}).error().text == "empty frame");
}

TEST_CASE("what is said of files reaches the other end unchanged", "[agent]") {
  const auto to = frames_to_processor();
  const auto given = std::get<GiveFile>(decode_to_processor(to[4]).value());
  REQUIRE(given.id == object(5));
  REQUIRE((given.number == 1 && given.bytes == 2 && given.inode == 3));
  const auto lent = std::get<LendFile>(decode_to_processor(to[5]).value());
  REQUIRE((lent.number == 4 && lent.inode == 5));
  const auto from = frames_from_processor();
  const auto finished = std::get<TaskFinished>(decode_from_processor(from[6]).value());
  REQUIRE((finished.file == std::uint64_t{1} << 40 && finished.file_bytes == 12));
  REQUIRE(std::get<WantFile>(decode_from_processor(from[7]).value()).bytes == std::uint64_t{1}
                                                                                  << 41);
  const auto done = std::get<FileDone>(decode_from_processor(from[8]).value());
  REQUIRE((done.number == 6 && done.unsure));
  const auto missing = std::get<FileMissing>(decode_from_processor(from[9]).value());
  REQUIRE((missing.id == object(7) && missing.number == 8));
}

TEST_CASE("a list that announces more than its frame holds costs no memory", "[agent]") {
  const Bytes frame = Bytes::copy_of(std::string("\x03\xff\xff\xff\xff", 5));
  const auto decoded = decode_to_processor(frame);
  REQUIRE_FALSE(decoded);
  REQUIRE(decoded.error().text ==
          "ForgetObjects: field ids announces more ids than the frame holds");
}

TEST_CASE("truth values and durations must be such", "[agent]") {
  std::string output(encode(FromProcessor{TaskOutput{task(1), false, "x"}}).text());
  output[17] = 2;
  REQUIRE_FALSE(decode_from_processor(Bytes::copy_of(output)));
  for (const float seconds :
       {-1.0F, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()})
    REQUIRE_FALSE(decode_from_processor(
        encode(FromProcessor{TaskFinished{task(1), false, {}, "", seconds, 0}})));
}

}  // namespace scaler::agent
