#include <catch2/catch.hpp>
#include <string>

#include "embed/fake_agent.hpp"
#include "scaler/base/memory_file.hpp"

namespace scaler::embed {
namespace {

using Catch::Matchers::StartsWith;

constexpr std::size_t size = std::size_t{2} << 20;

// PROTO 5, BINBYTES of `size` letters, STOP.
std::string pickled_letters(char letter) {
  return std::string(
             "\x80\x05"
             "B\x00\x00\x20\x00",
             7) +
         std::string(size, letter) + ".";
}

MemoryFile file_with(const std::string& content) {
  auto file = MemoryFile::create(content.size() + 1000);
  REQUIRE(file);
  const ByteView parts[] = {as_bytes(content)};
  REQUIRE(write_file(file->descriptor(), parts));
  return std::move(*file);
}

// A processor that has a serializer and the function `bytes`.
struct FilesEnv {
  FilesEnv() {
    REQUIRE_THAT(agent.hear_zygote(), StartsWith("R3."));
    seat = agent.start_processor();
    seat->tell(agent::GiveSerializer{Bytes::copy_of(client), Bytes::copy_of(default_serializer())});
    give_function("bytes");
  }
  void give_function(const std::string& name) {
    seat->tell(agent::GiveObject{object_id(1), Bytes::copy_of(pickled_name("builtins", name))});
  }
  agent::GiveFile given(const MemoryFile& file, std::size_t bytes) {
    return {object_id(2), 7, bytes, file_number_of(file.descriptor())};
  }
  void run() {
    seat->tell(
        agent::RunTask{task_id(1), Bytes::copy_of(client), 0, false, object_id(1), {object_id(2)}});
  }
  FakeAgent agent;
  std::unique_ptr<FakeSeat> seat;
};

// The pickle's last opcodes: BININT of `size`, STOP.
bool is_size(const Bytes& pickle) {
  return pickle.text().ends_with(std::string_view("J\x00\x00\x20\x00.", 6));
}

}  // namespace

TEST_CASE("an argument comes in a file, which is done when the argument is loaded", "[embed]") {
  FilesEnv env;
  env.give_function("len");
  const std::string content = pickled_letters('a');
  const MemoryFile file = file_with(content);
  env.seat->tell_with(env.given(file, content.size()), file.descriptor());
  env.run();
  const auto done = std::get<agent::FileDone>(env.seat->hear());
  REQUIRE((done.number == 7 && !done.unsure));
  REQUIRE(is_size(finished(*env.seat).payload));
}

TEST_CASE("a large result is written into the file that was lent for it", "[embed]") {
  FilesEnv env;
  const std::string content = pickled_letters('b');
  env.seat->tell(agent::GiveObject{object_id(2), Bytes::copy_of(content)});
  MemoryFile room;
  env.seat->on_file_wanted = [&](std::uint64_t bytes) {
    room = file_with(std::string(bytes, ' '));
    env.seat->tell(agent::ForgetObjects{{object_id(9)}});  // something else comes before
    env.seat->tell_with(agent::LendFile{5, file_number_of(room.descriptor())}, room.descriptor());
  };
  for (int i = 0; i < 2; ++i) {
    env.run();
    const auto answer = finished(*env.seat);
    REQUIRE((answer.file == 5 && answer.payload.empty()));
    const auto written = as_text(room.view().first(answer.file_bytes));
    REQUIRE(written.size() > size);
    REQUIRE(written.find(std::string(size, 'b')) != std::string::npos);
  }
}

TEST_CASE("an argument whose file got lost is asked for once more, whatever came meanwhile",
          "[embed]") {
  FilesEnv env;
  env.give_function("len");
  const std::string content = pickled_letters('c');
  const MemoryFile file = file_with(content);
  SECTION("there was no descriptor") { env.seat->tell(env.given(file, content.size())); }
  SECTION("the file is too short") {
    env.seat->tell_with(env.given(file, content.size() + 2000), file.descriptor());
  }
  env.run();
  const auto missing = std::get<agent::FileMissing>(env.seat->hear());
  REQUIRE((missing.id == object_id(2) && missing.number == 7));
  env.seat->tell(agent::GiveObject{object_id(2), Bytes::copy_of(content)});
  REQUIRE(is_size(finished(*env.seat).payload));
}

TEST_CASE("a result whose file got lost comes by the channel", "[embed]") {
  FilesEnv env;
  env.seat->tell(agent::GiveObject{object_id(2), Bytes::copy_of(pickled_letters('d'))});
  env.seat->on_file_wanted = [&](std::uint64_t) { env.seat->tell(agent::LendFile{5, 1}); };
  env.run();
  const auto done = std::get<agent::FileDone>(env.seat->hear());
  REQUIRE(done.number == 5);
  const auto answer = finished(*env.seat);
  REQUIRE(answer.file == 0);
  REQUIRE(answer.payload.size() > size);
}

}  // namespace scaler::embed
